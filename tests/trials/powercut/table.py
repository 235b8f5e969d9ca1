"""The outcomes as people read them, by phase of the fob's life."""

from rich.table import Table

from ..runner import Outcome, Report


def table(report: Report) -> Table:
    """Phases below each other, and all of them in the end."""
    shown = Table(box=None, pad_edge=False)
    shown.add_column("phase")
    for name in ("lives", "operations", "clean", "torn", "second cuts", "failures"):
        shown.add_column(name, justify="right")
    totals = [0] * 6
    for phase in dict.fromkeys(outcome.group for outcome in report.outcomes):
        row = _row([each for each in report.outcomes if each.group == phase])
        totals = [total + number for total, number in zip(totals, row, strict=True)]
        shown.add_row(phase, *map(str, row))
    shown.add_row("[bold]all[/]", *(f"[bold]{total}[/]" for total in totals))
    cuts = totals[2] + totals[3] + totals[4]
    shown.caption = f"{cuts} cuts in {report.seconds:.0f} s, {totals[5]} failures"
    shown.caption_justify = "left"
    return shown


def _row(outcomes: list[Outcome]) -> list[int]:
    written = " ".join(str(each.figures.get("operations", "")) for each in outcomes).split()
    struck = [each for each in outcomes if "cuts" in each.figures]
    torn = sum("torn" in each.case for each in struck)
    return [
        len(written),
        sum(map(int, written)),
        len(struck) - torn,
        torn,
        sum(each.figures["cuts"] == 2 for each in struck),
        sum(bool(each.problem) for each in outcomes),
    ]
