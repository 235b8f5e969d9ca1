"""What a press, a day and an armed minute draw from the cell, on every board."""

from dataclasses import dataclass

from rich.table import Table

TITLE = "Energy"

METHOD = ""


@dataclass(frozen=True)
class Part:
    """One part of a stay awake, at one current.

    part        "boot", "program" (loading and computing), "waiting" (for a finger, or the light to
                end), "listening" (search and dial), "connected", "light".
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
    """From a wake to sleep again, on one chip. joules: at the 3.7 V of a lithium cell.

    case        "warm press" (minutes after the last), "press after a night", "cold press" (after
                the battery was out), "missed car", "stuck button" (one look of the timer),
                "armed minute" (passive entry, connected), "armed minute, no car".
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
    """One current of a chip: state "asleep", "awake", "listening", "connected", "boot", "light"."""

    chip: str
    state: str
    ma: float
    estimated: bool
    source: str


@dataclass(frozen=True)
class Day:
    """A day on one board.

    sleep_ua    of the whole board; `sleep_estimated`: nobody is known to have measured it, so it is
                the chip's alone, which the board can only add to.
    mah         where it goes: "asleep", "boot", "program", "radio", "waiting", "light", "passive".
    days        cell by name to how long it lasts, losses of its own included.
    """

    board: str
    chip: str
    sleep_ua: float
    sleep_estimated: bool
    mah: dict[str, float]
    total_mah: float
    days: dict[str, float]


@dataclass(frozen=True)
class Results:
    """presses: a day, the first of them after a night."""

    presses: int
    currents: list[Current]
    stays: list[Stay]
    days: list[Day]


def measure(quick: bool) -> Results:
    """Measure the courses in virtual time, and reckon."""
    raise NotImplementedError


def tables(results: Results) -> list[Table]:
    """Currents, what each stay awake draws, and a day of every board."""
    return []
