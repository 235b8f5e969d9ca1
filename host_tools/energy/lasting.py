"""How long a cell lasts in a fob, and where its charge goes."""

from collections import defaultdict
from dataclasses import dataclass

from host_tools.board.definition import BoardDefinition
from host_tools.energy.cells import Cell
from host_tools.energy.charge import parts
from host_tools.energy.courses import ARMED, NIGHT, WARM, course
from host_tools.energy.currents import sleep_current
from host_tools.energy.figures import Figure

AS_YOU_SAY = "as you say"

MOST_DAYS = 5 * 365.0
"""No promise is made beyond: cells age."""

_YEAR = 365.0
_DAY_HOURS = 24.0

USES = ("asleep", "start", "radio", "waiting", "light", "passive entry", "cell")
"""Where charge goes, in the order of a picture. start: boot and program; waiting: for the finger,
and for the light to end, the radio on or off; cell: what the cell loses by itself."""

_USE_OF = {
    "boot": "start",
    "program": "start",
    "radio on": "radio",
    "listening": "radio",
    "connected": "radio",
    "waiting": "waiting",
    "resting": "waiting",
    "light": "light",
}


@dataclass(frozen=True)
class Habits:
    """A day with a fob."""

    presses: float = 10
    passive_minutes: float = 0


@dataclass(frozen=True)
class Day:
    """mAh that a day takes, by use but for the cell's own losses."""

    board: BoardDefinition
    asleep: Figure
    mah: dict[str, float]

    @property
    def total(self) -> float:
        return sum(self.mah.values())

    def asleep_at(self, microamperes: float) -> "Day":
        """The same day with another current asleep, measured on one's own board."""
        mah = self.mah | {"asleep": microamperes / 1000 * _DAY_HOURS}
        return Day(self.board, Figure(microamperes, AS_YOU_SAY), mah)


@dataclass(frozen=True)
class Lasting:
    """How long a cell lasts. mah: what a day takes by USES, its own losses with it."""

    day: Day
    cell: Cell
    days: float
    mah: dict[str, float]

    @property
    def ages(self) -> bool:
        """It would last longer than MOST_DAYS, which `days` is then."""
        return self.days >= MOST_DAYS


def a_day(board: BoardDefinition, habits: Habits) -> Day:
    """What a day takes: the first press after a night, the others minutes apart."""
    asleep = sleep_current(board)
    mah: dict[str, float] = defaultdict(float)
    mah["asleep"] = asleep.value / 1000 * _DAY_HOURS
    first = min(habits.presses, 1)
    for case, times in ((NIGHT, first), (WARM, habits.presses - first)):
        for part in parts(course(case), board):
            mah[_USE_OF[part.part]] += times * part.uah / 1000
    armed = sum(part.uah for part in parts(course(ARMED), board)) / 1000
    mah["passive entry"] = habits.passive_minutes * armed
    return Day(board, asleep, dict(mah))


def lasting(day: Day, cell: Cell) -> Lasting:
    """How long a fresh or full cell lasts."""
    lost = cell.mah * cell.lost.value / _YEAR
    days = cell.mah * cell.usable.value / (day.total + lost)
    mah = {use: day.mah.get(use, 0.0) for use in USES} | {"cell": lost}
    return Lasting(day, cell, min(days, MOST_DAYS), mah)


def mah_for(day: Day, cell: Cell, days: float) -> float | None:
    """Capacity that lasts so long, of cells like this one; None where their losses forbid it."""
    left = cell.usable.value - cell.lost.value * days / _YEAR
    return day.total * days / left if left > 0 else None
