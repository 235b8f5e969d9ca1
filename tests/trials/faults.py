"""Every fault of the air, one at a time: what becomes of the press, and of the one after it.

`python -m tests.trials.faults`. What is played is listed by faults_link, faults_messages and
faults_hostile; faults_verdict says what is right. Each case runs with the car directly behind the
radio edge, a seeded sample of them through Bumble too.
"""

from __future__ import annotations

import logging
import random
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

import click
from rich.console import Group
from rich.table import Table
from rich.text import Text

from tests.trials.faults_case import Case
from tests.trials.faults_hostile import hostile_cases
from tests.trials.faults_link import link_cases
from tests.trials.faults_messages import message_cases
from tests.trials.faults_play import play
from tests.trials.faults_verdict import problem
from tests.trials.runner import Outcome, Report, conclude, run_cases

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


def compared(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The same outcomes; where Bumble's was another than the direct radio's, it says so."""
    listed = list(outcomes)
    direct = {outcome.case: outcome for outcome in listed if _radio(outcome) == "direct"}
    return [_beside(outcome, direct) for outcome in listed]


def _beside(outcome: Outcome, direct: dict[str, Outcome]) -> Outcome:
    twin = direct.get("direct" + outcome.case.removeprefix("bumble"))
    if _radio(outcome) != "bumble" or twin is None or _ending(twin) == _ending(outcome):
        return outcome
    return replace(outcome, figures={**outcome.figures, "direct_outcome": _ending(twin)})


def _radio(outcome: Outcome) -> str:
    return str(outcome.figures["radio"])


def _ending(outcome: Outcome) -> str:
    return str(outcome.figures["outcome"])


def table(report: Report) -> Group:
    """The outcomes by phase and fault, the counts, and where the two radios differ."""
    rows = Table(box=None, pad_edge=False)
    rows.add_column("fault, by phase")
    for heading in ("cases", "Bumble"):
        rows.add_column(heading, justify="right", no_wrap=True)
    rows.add_column("outcome")
    rows.add_column("light")
    for heading in ("asleep\nafter s", "ATT", "wrong"):
        rows.add_column(heading, justify="right", no_wrap=True)
    for phase, outcomes in groupby(sorted(report.outcomes, key=_phase), key=_phase):
        rows.add_row(f"[bold]{phase}[/]")
        kinds: dict[str, list[Outcome]] = {}
        for outcome in outcomes:
            kinds.setdefault(outcome.group.partition("|")[2], []).append(outcome)
        for kind, those in kinds.items():
            rows.add_row(f"  {kind}", *_cells(those))
    radios = Counter(map(_radio, report.outcomes))
    different = [outcome for outcome in report.outcomes if "direct_outcome" in outcome.figures]
    return Group(
        rows,
        f"\n{radios['direct']} cases on the direct radio, {radios['bumble']} through Bumble,"
        f" {len(report.failures)} wrong, in {report.seconds:.0f} s",
        f"{len(different)} came out otherwise through Bumble",
        *(
            f"  {each.case}: {_ending(each)}, directly {each.figures['direct_outcome']}"
            for each in different
        ),
        *(_repeated(failure) for failure in report.failures),
    )


def _phase(outcome: Outcome) -> str:
    return outcome.group.partition("|")[0]


def _cells(outcomes: Sequence[Outcome]) -> list[str]:
    radios = Counter(map(_radio, outcomes))
    settled = [float(each.figures.get("settled_s", 0)) for each in outcomes]
    requests = [int(each.figures.get("att_requests", 0)) for each in outcomes]
    wrong = sum(bool(each.problem) for each in outcomes)
    return [
        str(radios["direct"]),
        str(radios["bumble"] or ""),
        _counted(_ending(each) for each in outcomes),
        ", ".join(sorted({str(each.figures.get("light", "none")) for each in outcomes})),
        f"{min(settled):.1f}-{max(settled):.1f}",
        f"{min(requests)}-{max(requests)}",
        f"[bold red]{wrong}[/]" if wrong else "",
    ]


def _counted(endings: Iterable[str]) -> str:
    counts = Counter(endings).most_common()
    return ", ".join(name if len(counts) == 1 else f"{name} {count}" for name, count in counts)


def _repeated(failure: Outcome) -> Text:
    command = f"python -m tests.trials.faults --only {shlex.quote(failure.case)}"
    # To be copied: in one line, however long.
    return Text(f"repeat: {command}", no_wrap=True, overflow="ignore")


@click.command()
@click.option("--seed", default=1, show_default=True, help="Of keys, times and the sample.")
@click.option("--jobs", default=0, help="Processes at a time; by default one for each core.")
@click.option("--json", "as_json", is_flag=True, help="Everything, for machines.")
@click.option("--bumble", default=SAMPLE, show_default=True, help="Cases through Bumble too.")
@click.option("--only", multiple=True, metavar="CASE", help="Cases with this in their name.")
def main(seed: int, jobs: int, as_json: bool, bumble: int, only: tuple[str, ...]) -> None:
    """Try every fault of the air on pairing and pressing; exits with 1 if one comes out wrong."""
    cases = all_cases(seed, bumble)
    if only:
        cases = [case for case in cases if any(text in case.name for text in only)]
        if not cases:
            raise click.BadParameter("no case has this in its name", param_hint="--only")
    report = run_cases("faults", cases, perform, jobs=jobs)
    report = replace(report, outcomes=compared(report.outcomes))
    conclude(report, as_json=as_json, table=table)


if __name__ == "__main__":
    main()
