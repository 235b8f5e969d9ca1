"""What a press, an armed minute and a day draw from the cell, on every chip and board."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.table import Table

from host_tools.advice.battery_life import duration
from host_tools.board.catalogue import load_board, real_boards
from host_tools.board.definition import BoardDefinition
from host_tools.energy import charge
from host_tools.energy.cells import CELLS, fits
from host_tools.energy.courses import ARMED, STUCK, UNMET, Course
from host_tools.energy.currents import CHIP_CURRENTS, light_current
from host_tools.energy.figures import Figure, current
from host_tools.energy.lasting import USES, Habits, a_day, lasting
from tests.bench.courses import PRESSES, measure_courses

TITLE = "Energy"

_QUICK_PRESSES = 1
_JOULES = 3.7 * 3600 / 1e6


def METHOD(results: "Results") -> str:
    """How it was measured."""
    estimates = ", ".join(f"{e.name} {e.value:g} s ({e.source})" for e in results.estimates)
    return (
        "What radio and light do from the wake to sleep was measured on the virtual board in"
        " virtual time, in which computing takes none; a press is the mean of some that lock and"
        f" some that unlock. Estimated, for only a chip can show it: {estimates}. Currents are from"
        " the chips' data sheets and, of whole boards asleep, from other people's measurements;"
        " each has its source in the table, and those that were inferred are marked with ~. A day"
        f" has {results.presses} presses, the first of them after a night, and is reckoned as `fob"
        " battery-life` does: with the courses that it has on file, which a test holds to such a"
        " measurement; how long a cell lasts counts what the cell loses by itself (estimated)."
        " Charge is counted as if the regulator were linear, as it is on most of these boards."
    )


@dataclass(frozen=True)
class Part:
    """One part of a stay awake, at one current.

    part        as in host_tools/energy/charge.py: "boot", "program", "radio on", "waiting",
                "resting", "listening", "connected", "light".
    measured    seconds in virtual time; otherwise they are an estimate.
    uah         charge in microampere-hours.
    """

    part: str
    seconds: float
    measured: bool
    ma: float
    uah: float


@dataclass(frozen=True)
class Stay:
    """From a wake to sleep again, on one chip with an LED. joules: at 3.7 V, a lithium cell's.

    case        as in host_tools/energy/courses.py: "warm press", "press after a night", "cold
                press", "missed car", "stuck button", "armed minute", "armed minute, no car".
    protocol    "legacy", "signed"; "" where it makes no difference.
    """

    chip: str
    case: str
    protocol: str
    parts: list[Part]
    uah: float
    joules: float


@dataclass(frozen=True)
class Current:
    """One current of a chip: state "asleep", "running", "idle", "resting", "listening",
    "connected", "peak", "light"; a board's asleep has the board's name for a chip."""

    chip: str
    state: str
    ma: float
    estimated: bool
    source: str


@dataclass(frozen=True)
class Estimate:
    """Seconds that only a chip can show."""

    name: str
    value: float
    source: str


@dataclass(frozen=True)
class Day:
    """A day on one board.

    sleep_ua    of the whole board; `sleep_estimated`: nobody is known to have measured it, so it is
                the chip's alone, which the board can only add to. sleep_most_ua: as much was
                measured on others of its name.
    mah         where it goes, by host_tools.energy.lasting.USES but for the cell's own loss.
    days        cell by name to how long it lasts, losses of its own included; without those that
                the board has no place for.
    """

    board: str
    chip: str
    sleep_ua: float
    sleep_most_ua: float | None
    sleep_estimated: bool
    mah: dict[str, float]
    total_mah: float
    days: dict[str, float]


@dataclass(frozen=True)
class Results:
    """presses: in a day. courses: what was measured; days are reckoned with those on file, which
    the shipped tools have (host_tools/energy/courses.toml)."""

    presses: int
    courses: list[Course]
    estimates: list[Estimate]
    currents: list[Current]
    stays: list[Stay]
    days: list[Day]


def measure(quick: bool) -> Results:
    """Measure the courses in virtual time, and reckon."""
    courses = measure_courses(_QUICK_PRESSES if quick else PRESSES)
    boards = [load_board(name) for name in real_boards()]
    habits = Habits()
    return Results(
        presses=int(habits.presses),
        courses=courses,
        estimates=[
            Estimate(name, each.value, each.source) for name, each in charge.ESTIMATES.items()
        ],
        currents=[*_chip_currents(boards), *_board_currents(boards)],
        stays=[_stay(each, board) for board in _one_of_each_chip(boards) for each in courses],
        days=[_day(board, habits) for board in boards],
    )


def tables(results: Results) -> list[Table]:
    """What each stay awake draws, where it goes, a day on every board, and the currents."""
    return [
        _stay_table(results.stays),
        _part_table(results.stays),
        _day_table(results.days),
        _current_table(results.currents),
    ]


def _one_of_each_chip(boards: Iterable[BoardDefinition]) -> list[BoardDefinition]:
    found: dict[str, BoardDefinition] = {}
    for board in boards:
        found.setdefault(board.chip.name, board)
    return list(found.values())


def _stay(course: Course, board: BoardDefinition) -> Stay:
    parts = [
        Part(each.part, each.seconds, each.measured, each.ma, each.uah)
        for each in charge.parts(course, board)
    ]
    uah = sum(part.uah for part in parts)
    protocol = "" if course.protocol == "any" else course.protocol
    return Stay(board.chip.name, course.case, protocol, parts, uah, uah * _JOULES)


def _chip_currents(boards: Iterable[BoardDefinition]) -> list[Current]:
    found = []
    for board in _one_of_each_chip(boards):
        chip = board.chip.name
        for state in ("asleep", "running", "idle", "resting", "listening", "connected", "peak"):
            figure: Figure = getattr(CHIP_CURRENTS[chip], state)
            ma = figure.value / 1000 if state == "asleep" else figure.value
            found.append(Current(chip, state, ma, figure.estimated, figure.source))
        light = light_current(board.light)
        found.append(Current(chip, "light", light.value, light.estimated, light.source))
    return found


def _board_currents(boards: Iterable[BoardDefinition]) -> list[Current]:
    return [
        Current(board.slug, "asleep", board.sleep_ua / 1000, False, board.sleep_source)
        for board in boards
        if board.sleep_ua is not None
    ]


def _day(board: BoardDefinition, habits: Habits) -> Day:
    day = a_day(board, habits)
    days = {name: lasting(day, cell).days for name, cell in CELLS.items() if fits(board, cell)}
    return Day(
        board=board.slug,
        chip=board.chip.name,
        sleep_ua=day.asleep.value,
        sleep_most_ua=board.sleep_most_ua,
        sleep_estimated=day.asleep.estimated,
        mah=day.mah,
        total_mah=day.total,
        days=days,
    )


def _stay_table(stays: list[Stay]) -> Table:
    chips = list(dict.fromkeys(stay.chip for stay in stays))
    table = _table("uAh of one", "protocol", numbers=chips)
    rows: dict[tuple[str, str], dict[str, Stay]] = {}
    for stay in stays:
        rows.setdefault((stay.case, stay.protocol), {})[stay.chip] = stay
    for (case, protocol), row in rows.items():
        cells = (f"{row[chip].uah:.1f} ({row[chip].joules:.2f} J)" for chip in chips)
        table.add_row(_case(case), protocol, *cells)
    return table


def _case(case: str) -> str:
    return f"{case}, one look" if case == STUCK else case


def _part_table(stays: list[Stay]) -> Table:
    """Of the first chip: the times are the same on all."""
    chip = stays[0].chip
    shown = [stay for stay in stays if stay.chip == chip and stay.case not in (ARMED, UNMET)]
    names = list(dict.fromkeys(part.part for stay in shown for part in stay.parts))
    table = _table(f"{chip}, ms at mA", "protocol", numbers=names)
    for stay in shown:
        by_name = {part.part: part for part in stay.parts}
        cells = (
            f"{_mark(not part.measured)}{part.seconds * 1000:.0f} at {part.ma:g}" if part else ""
            for part in (by_name.get(name) for name in names)
        )
        table.add_row(stay.case, stay.protocol, *cells)
    return table


def _day_table(days: list[Day]) -> Table:
    uses = [use for use in USES if any(day.mah.get(use) for day in days)]
    cells = [name for name in CELLS if any(name in day.days for day in days)]
    table = _table("mAh of a day on", "asleep", numbers=[*uses, *cells])
    for day in days:
        asleep = _mark(day.sleep_estimated) + current(day.sleep_ua)
        if day.sleep_most_ua is not None:
            asleep += f" to {current(day.sleep_most_ua)}"
        spent = (f"{day.mah[use]:.3f}" for use in uses)
        lives = (duration(day.days[name]) if name in day.days else "-" for name in cells)
        table.add_row(day.board, asleep, *spent, *lives)
    return table


def _current_table(currents: list[Current]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("chip, board", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("mA", justify="right", no_wrap=True)
    table.add_column("source", overflow="fold")
    for each in currents:
        table.add_row(each.chip, each.state, f"{_mark(each.estimated)}{each.ma:g}", each.source)
    return table


def _table(*texts: str, numbers: Iterable[str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for text in texts:
        table.add_column(text)
    for number in numbers:
        table.add_column(number, justify="right")
    return table


def _mark(estimated: bool) -> str:
    return "~" if estimated else ""
