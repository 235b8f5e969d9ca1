"""The soak as people read it."""

from collections import Counter

from rich.table import Table

from ..runner import Report


def table(report: Report) -> Table:
    """Its presses by radio, and everything that was counted in its lives."""
    total: Counter[str] = Counter()
    for outcome in report.outcomes:
        for name, figure in outcome.figures.items():
            if isinstance(figure, int):
                total[name] += figure
    shown = Table(title="soak", show_header=False)
    shown.add_column(justify="right")
    shown.add_column()
    for radio in ("direct", "bumble"):
        lives = [outcome for outcome in report.outcomes if outcome.group == radio]
        presses = sum(int(outcome.figures.get("presses", 0)) for outcome in lives)
        shown.add_row(str(presses), f"presses in {len(lives)} lives through the {radio} radio")
    rate = total["presses"] / report.seconds * 60 if report.seconds else 0
    shown.add_row(f"{rate:.0f}", f"presses a minute ({report.seconds:.0f} s)")
    longest = max(
        (float(each.figures.get("longest awake", 0)) for each in report.outcomes), default=0
    )
    shown.add_row(f"{longest:.0f}", "seconds awake at most")
    for name, count in sorted(total.items(), key=lambda entry: -entry[1]):
        if name != "presses":
            shown.add_row(str(count), name)
    shown.add_row(str(len(report.failures)), "lives in which something was wrong")
    return shown
