"""Which cases there are, and how one is played and judged."""

from __future__ import annotations

import logging
import random
from dataclasses import replace

from ..runner import Outcome
from .case import Case
from .hostile import hostile_cases
from .link import link_cases
from .messages import message_cases
from .play import play
from .verdict import problem

SAMPLE = 220
"""Cases that are played through Bumble too."""


def all_cases(seed: int, sample: int = SAMPLE) -> list[Case]:
    """Every case on the direct radio, and `sample` of them through Bumble; each with a seed."""
    listed = [*link_cases(), *message_cases(), *hostile_cases()]
    direct = [replace(case, seed=seed + index) for index, case in enumerate(listed)]
    chosen = random.Random(seed).sample(direct, min(sample, len(direct)))
    return [*direct, *(case.on("bumble") for case in chosen)]


def perform(case: Case) -> Outcome:
    """Play a case and judge it."""
    # Bumble warns of packets on links that are gone: here that is what is tried.
    logging.getLogger("bumble").setLevel(logging.ERROR)
    group = f"{case.setting.name}|{case.kind}"
    try:
        played = play(case)
    except Exception as error:  # noqa: BLE001 - told as the case's failure, the others go on
        wrong = f"the bench failed: {type(error).__name__}: {error}"
        return Outcome(case.name, group, wrong, {"radio": case.radio, "outcome": "none"})
    struck = played.struck
    figures: dict[str, float | str] = {
        "radio": case.radio,
        "outcome": struck.said or "none",
        "light": struck.light or "none",
        "settled_s": round(struck.seconds, 3),
        "att_requests": struck.requests,
        "executed": struck.executed,
    }
    return Outcome(case.name, group, problem(case, played), figures)
