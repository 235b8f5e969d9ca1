"""The mutation engine: draws inputs, feeds them, goes on from those that came out in a new way."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.fuzz.corpus import CORPUS, starting_inputs
from tests.fuzz.mutation import Mutator
from tests.fuzz.target import Finding, Run, Target

MOST_FINDINGS = 20
"""Causes after which a target is given up: it needs mending, not more inputs."""
_MOST_KINDS = 5000
_SHRINKING = 400


@dataclass(frozen=True)
class Budget:
    """Ends a campaign: after `seconds` of the clock, after `count` inputs, whichever is first."""

    seconds: float | None = None
    count: int | None = None

    def done(self, inputs: int, seconds: float) -> float:
        """How much of it is spent, 0 to 1."""
        shares = [0.0]
        if self.count is not None:
            shares.append(inputs / self.count)
        if self.seconds is not None:
            shares.append(seconds / self.seconds if self.seconds else 1.0)
        return min(1.0, max(shares))


@dataclass
class Campaign:
    """What came of one. findings: one of each cause, as small as shrinking made it."""

    target: str
    seed: int
    engine: str
    inputs: int = 0
    seconds: float = 0.0
    kinds: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def fuzz(
    target: Target,
    seed: int,
    budget: Budget,
    *,
    corpus: Path = CORPUS,
    told: Callable[[Campaign, int], None] = lambda campaign, count: None,
    found: Callable[[Campaign], None] = lambda campaign: None,
) -> Campaign:
    """Seeds and corpus first, then mutations of them.

    The same target, corpus, seed and count give the same inputs; the clock decides only how far a
    campaign comes. told: called after each batch, with how many inputs it had. found: called after
    each finding.
    """
    campaign = Campaign(target.name, seed, "mutation")
    began = time.monotonic()
    pool = starting_inputs(target, corpus) or [b""]
    waiting = list(pool)
    mutator = Mutator(Random(f"{target.name} {seed}"), target.dictionary, target.largest)
    causes: set[str] = set()

    def spent() -> bool:
        campaign.seconds = time.monotonic() - began
        done = budget.done(campaign.inputs, campaign.seconds)
        return len(causes) >= MOST_FINDINGS or done >= 1.0

    with target.open() as run:
        while not spent():
            size = target.batch
            if budget.count is not None:
                size = min(size, budget.count - campaign.inputs)
            batch = [waiting.pop(0) if waiting else mutator.draw(pool) for _ in range(size)]
            for data, result in zip(batch, run(batch), strict=True):
                if isinstance(result, Finding):
                    if result.cause not in causes:
                        causes.add(result.cause)
                        campaign.findings.append(shrink(run, result))
                        found(campaign)
                elif result in campaign.kinds:
                    campaign.kinds[result] += 1
                elif len(campaign.kinds) < _MOST_KINDS:
                    campaign.kinds[result] = 1
                    pool.append(data)
            campaign.inputs += size
            told(campaign, size)
    return campaign


def shrink(run: Run, finding: Finding, tries: int = _SHRINKING) -> Finding:
    """A smaller input with the same cause, as far as a few tries go."""
    size = len(finding.data) // 2
    while size and tries > 0:
        data = finding.data
        smaller = [data[:at] + data[at + size :] for at in range(0, len(data), size)][:tries]
        tries -= len(smaller)
        found = _first_like(finding, run(smaller))
        if found:
            finding = found
        else:
            size //= 2
        size = min(size, len(finding.data))
    return finding


def _first_like(finding: Finding, results: Sequence[object]) -> Finding | None:
    alike = (each for each in results if isinstance(each, Finding) and each.cause == finding.cause)
    return next(alike, None)
