"""The outcomes as people read them, and where the two radios differ."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..runner import Outcome, Report

_COSTS = ("warm press|no fault", "after a night|no fault")


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
    parts: list[RenderableType] = [_rows(headings=True)]
    for phase, outcomes in groupby(sorted(report.outcomes, key=_phase), key=_phase):
        rows = _rows()
        kinds: dict[str, list[Outcome]] = {}
        for outcome in outcomes:
            kinds.setdefault(outcome.group.partition("|")[2], []).append(outcome)
        for kind, those in kinds.items():
            rows.add_row(f"  {kind}", *_cells(those))
        parts += [Text(phase, "bold"), rows]
    radios = Counter(map(_radio, report.outcomes))
    years = Counter(str(each.figures["vintage"]) for each in report.outcomes)
    different = [outcome for outcome in report.outcomes if "direct_outcome" in outcome.figures]
    return Group(
        *parts,
        f"\n{radios['direct']} cases on the direct radio, {radios['bumble']} through Bumble,"
        f" {len(report.failures)} wrong, in {report.seconds:.0f} s",
        "cars of " + ", ".join(f"{year}: {cases} cases" for year, cases in sorted(years.items())),
        *_costs(report.outcomes),
        f"{len(different)} came out otherwise through Bumble",
        *(
            f"  {each.case}: {_ending(each)}, directly {each.figures['direct_outcome']}"
            for each in different
        ),
        *(_repeated(failure) for failure in report.failures),
    )


def _costs(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """What a press costs where nothing goes wrong, at an MTU of 115."""
    for outcome in outcomes:
        if outcome.group.endswith(_COSTS) and _radio(outcome) == "direct":
            requests = outcome.figures["att_requests"]
            yield f"  {_phase(outcome)}: {requests} ATT requests from connection to acceptance"


def _rows(headings: bool = False) -> Table:
    # One table for each phase, so that its name may be long; in 80 columns.
    rows = Table(box=None, padding=(0, 1, 0, 0), show_header=headings)
    rows.add_column("fault, by phase", width=24)
    for heading, width in (("cases", 5), ("Bumble", 6)):
        rows.add_column(heading, justify="right", width=width)
    rows.add_column("outcome", width=12)
    rows.add_column("light", width=7)
    for heading, width in (("asleep\nafter s", 8), ("ATT", 5), ("wrong", 5)):
        rows.add_column(heading, justify="right", width=width)
    return rows


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
