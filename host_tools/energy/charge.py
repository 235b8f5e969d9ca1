"""What a stay awake draws, part by part: measured courses, and estimates of what only a chip can
show."""

from collections.abc import Mapping
from dataclasses import dataclass

from host_tools.board.definition import BoardDefinition
from host_tools.board.wiring import PULL_OHMS
from host_tools.energy.courses import ARMED, COLD, STUCK, UNMET, Course, course
from host_tools.energy.currents import CHIP_CURRENTS, light_current
from host_tools.energy.figures import Figure

BOOT = Figure(
    0.42,
    "an ESP32-S3 from deep sleep to main.py, stock MicroPython (418 ms, glenn20's notes); taken for"
    " every chip",
    estimated=True,
)
PROGRAM = Figure(
    0.35,
    "reading and loading some 30 modules, sealing and opening messages: our guess, not measured on"
    " a chip",
    estimated=True,
)
LOOK = Figure(0.1, "the start of the program as far as its look at the buttons: our guess", True)
AGREEMENT = Figure(0.5, "a P-256 key agreement in MicroPython: our guess", estimated=True)
RADIO = Figure(
    0.25, "switching Bluetooth on: 200 ms (micropython#5489), 240-350 ms (esp-idf#8136)", True
)

ESTIMATES: Mapping[str, Figure] = {
    "boot": BOOT,
    "program": PROGRAM,
    "key agreement": AGREEMENT,
    "radio on": RADIO,
    "look": LOOK,
}
"""Seconds."""

_SUPPLY_UV = 3_300_000
# Typical of the data sheets, as of the ESP32's (v5.2, table 5-3).
_CHIPS_PULL_OHMS = 45_000
_DAY_SECONDS = 86_400

UAH = 1e6 / 3600 / 1000
"""Microampere-hours in a milliampere-second."""


@dataclass(frozen=True)
class Part:
    """One part of a stay awake, at one current.

    part        "boot", "program" (loading, computing), "radio on", "waiting" (the radio is off),
                "resting" (it is on, and nothing is to be done, as while the light is shown),
                "listening" (search and dial), "connected", "light".
    measured    the seconds are, in virtual time; otherwise they are an estimate.
    """

    part: str
    seconds: float
    measured: bool
    ma: float

    @property
    def uah(self) -> float:
        """Charge in microampere-hours."""
        return self.seconds * self.ma * UAH


def parts(stay: Course, board: BoardDefinition) -> list[Part]:
    """What a course is made of on a board, in the order of time, the light last."""
    currents = CHIP_CURRENTS[board.chip.name]
    running, idle = currents.running.value, currents.idle.value
    found = []
    if stay.case not in (ARMED, UNMET):
        found.append(Part("boot", BOOT.value, False, running))
        found.append(Part("program", _program(stay), False, running))
        if stay.case != STUCK:
            found.append(Part("radio on", RADIO.value, False, running))
    found += [
        Part("waiting", stay.idle, True, idle),
        Part("resting", stay.resting, True, currents.resting.value),
        Part("listening", stay.listening, True, currents.listening.value),
        Part("connected", stay.connected, True, currents.connected.value),
        Part("light", stay.light, True, light_current(board.light).value),
    ]
    return [part for part in found if part.seconds]


def charge(stay: Course, board: BoardDefinition) -> float:
    """Microampere-hours of a course."""
    return sum(part.uah for part in parts(stay, board))


def stuck_day(board: BoardDefinition) -> float:
    """Microampere-hours that a button which stays down takes in a day: the looks at it, and what
    flows through its resistor all the while."""
    ohms = PULL_OHMS if board.pull == "external" else _CHIPS_PULL_OHMS
    looks = charge(course(STUCK), board) * _DAY_SECONDS / course(STUCK).every
    return looks + _SUPPLY_UV / ohms * _DAY_SECONDS / 3600


def _program(stay: Course) -> float:
    if stay.case == STUCK:
        return LOOK.value
    return PROGRAM.value + (AGREEMENT.value if stay.case == COLD else 0)
