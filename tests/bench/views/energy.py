"""Energy: where the charge of a press and of a day goes."""

from collections import Counter
from collections.abc import Sequence

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
        chip = days[0].chip if days else results.stays[0].chip
        stays = [stay for stay in results.stays if stay.chip == chip] or results.stays
        drawn += _stays(stays)
    if days:
        drawn.append(_shares(days, results.presses))
    if cell := _common_cell(days):
        drawn.append(_lasting(days, cell, results.presses))
    return drawn


def headlines(results: Results) -> list[Headline]:
    """How long a cell lasts on the board where it lasts longest."""
    cell = _common_cell(results.days)
    if cell is None:
        return []
    best = max((day for day in results.days if cell in day.days), key=lambda day: day.days[cell])
    return [
        Headline(
            f"{best.days[cell]:,.0f} days",
            f"from a {cell} at {results.presses} presses a day on a {best.board} (estimated from"
            " measured times and currents of data sheets)",
        )
    ]


def _common_cell(days: Sequence[Day]) -> str | None:
    """The cell that most boards have a place for."""
    counted = Counter(cell for day in days for cell in day.days)
    return next((cell for cell, _ in counted.most_common(1)), None)


def _stays(stays: Sequence[Stay]) -> list[Bars]:
    # Minutes would leave nothing to see of presses.
    minutes = [stay for stay in stays if "minute" in stay.case]
    presses = [stay for stay in stays if stay not in minutes]
    told = {
        f"Charge of one press, on an {stays[0].chip}": presses,
        f"Charge of a minute of passive entry, on an {stays[0].chip}": minutes,
    }
    return [
        Bars(
            title,
            "From the wake to sleep again; times of radio and light are measured, those of boot and"
            " computing estimated, and currents are other people's.",
            "microampere-hours",
            [Group("", [_stay(stay) for stay in shown])],
            order=tuple(_STAY_STYLES),
        )
        for title, shown in told.items()
        if shown
    ]


def _stay(stay: Stay) -> Row:
    parts = [Part(each.part, each.uah, _STAY_STYLES.get(each.part, "grey")) for each in stay.parts]
    label = f"{stay.case}, {stay.protocol}" if stay.protocol else stay.case
    return Row(label, parts, f"{stay.uah:,.0f}")


def _shares(days: Sequence[Day], presses: int) -> Bars:
    return Bars(
        f"Where a day's charge goes, with {presses} presses",
        "Shares of what each board draws from the cell; * where nobody is known to have measured"
        " the board asleep, so that the chip's current stands for it: a board can only add to it.",
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


def _lasting(days: Sequence[Day], cell: str, presses: int) -> Bars:
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
