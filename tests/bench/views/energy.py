"""Energy: where the charge of a press and of a day goes."""

from ..charts import Bars, Group, Part, Row
from ..energy import Day, Results, Stay
from ..page import Chart, Headline

_DAY_STYLES = {
    "asleep": "grey",
    "start": "amber",
    "radio": "blue",
    "waiting": "sky",
    "light": "pink",
    "passive entry": "mint",
}
_STAY_STYLES = {
    "boot": "umber",
    "program": "amber",
    "radio on": "mint",
    "listening": "blue",
    "connected": "teal",
    "waiting": "sky",
    "resting": "grey",
    "light": "pink",
}


def charts(results: Results) -> list[Chart]:
    """Of a press, of a day on each board, and how long a cell lasts."""
    drawn: list[Chart] = []
    days = sorted(results.days, key=lambda day: day.total_mah)
    if results.stays:
        drawn.append(_stays(results.stays, days[0].chip if days else results.stays[0].chip))
    if days:
        drawn += [_days(days, results.presses), _shares(days, results.presses)]
        drawn += [_lasting(days, cell, results.presses) for cell in list(days[0].days)[:1]]
    return drawn


def headlines(results: Results) -> list[Headline]:
    """How long a cell lasts on the best board."""
    best = min(results.days, key=lambda day: day.total_mah, default=None)
    if best is None or not best.days:
        return []
    cell, days = next(iter(best.days.items()))
    return [
        Headline(
            f"{days:,.0f} days",
            f"from a {cell} at {results.presses} presses a day on a {best.board} (estimated from"
            " measured times and currents of data sheets)",
        )
    ]


def _stays(stays: list[Stay], chip: str) -> Bars:
    shown = [stay for stay in stays if stay.chip == chip] or stays
    return Bars(
        f"Charge of one stay awake, on an {shown[0].chip}",
        "From the wake to sleep again; times of radio and light are measured, boot and computing"
        " are estimated, as are currents without a data sheet.",
        "microampere-hours",
        [
            Group(
                "",
                [
                    Row(
                        f"{stay.case}, {stay.protocol}" if stay.protocol else stay.case,
                        [
                            Part(part.part, part.uah, _STAY_STYLES.get(part.part, "grey"))
                            for part in stay.parts
                        ],
                        f"{stay.uah:,.0f}",
                    )
                    for stay in shown
                ],
            )
        ],
    )


def _days(days: list[Day], presses: int) -> Bars:
    return Bars(
        f"A day with {presses} presses on each board",
        "Charge drawn from the cell; * where nobody is known to have measured the board asleep, so"
        " that the chip's current stands for it, to which the board can only add.",
        "mAh a day",
        [
            Group(
                "",
                [
                    Row(
                        _name(day),
                        [
                            Part(part, mah, _DAY_STYLES.get(part, "grey"))
                            for part, mah in day.mah.items()
                        ],
                        f"{day.total_mah:,.3g}",
                    )
                    for day in days
                ],
            )
        ],
    )


def _shares(days: list[Day], presses: int) -> Bars:
    return Bars(
        f"Where a day's charge goes, with {presses} presses",
        "The same in shares of each board's day.",
        "per cent of a day's charge",
        [
            Group(
                "",
                [
                    Row(
                        _name(day),
                        [
                            Part(part, 100 * mah / day.total_mah, _DAY_STYLES.get(part, "grey"))
                            for part, mah in day.mah.items()
                        ],
                        f"{day.total_mah:,.3g} mAh",
                    )
                    for day in days
                    if day.total_mah
                ],
            )
        ],
    )


def _lasting(days: list[Day], cell: str, presses: int) -> Bars:
    return Bars(
        f"How long a {cell} lasts, with {presses} presses a day",
        "The cell's own losses included; * as above.",
        "days",
        [
            Group(
                "",
                [
                    Row(_name(day), [Part("", day.days[cell], "green")], f"{day.days[cell]:,.0f}")
                    for day in days
                    if cell in day.days
                ],
            )
        ],
    )


def _name(day: Day) -> str:
    return f"{day.board}{' *' if day.sleep_estimated else ''}"
