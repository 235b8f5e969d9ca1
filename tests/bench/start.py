"""Section start: what a press from deep sleep costs before the fob is on the air."""

from dataclasses import dataclass

from rich.table import Table

from host_tools.simulator.car import Vintage

TITLE = "Start"
METHOD = ""


@dataclass(frozen=True)
class Module:
    """A module without what it imports itself, compiled and as source; `needed`: when something of
    it was used first: "before the radio", "on the air" or "never"."""

    name: str
    when: str
    needed: str
    file_bytes: int
    us: float
    heap_bytes: int
    source_bytes: int
    source_us: float
    source_heap_bytes: int


@dataclass(frozen=True)
class FileRead:
    """A file that is no module, read before the first radio call."""

    path: str
    opens: int
    bytes: int


@dataclass(frozen=True)
class Step:
    """A share of the time from the wake to the first radio call."""

    name: str
    us: float


@dataclass(frozen=True)
class Start:
    """A press from deep sleep with a session that is remembered."""

    vintage: Vintage
    wakes: int
    radio_us: float
    """From the first line of boot.py to the first radio call, compiled modules."""
    radio_source_us: float
    """The same with modules as source."""
    modules: list[Module]
    files: list[FileRead]
    steps: list[Step]
    needless: list[str]
    """Modules of which nothing was used by the end of the press."""


@dataclass(frozen=True)
class Results:
    starts: list[Start]


def measure(quick: bool) -> Results:
    raise NotImplementedError


def tables(results: Results) -> list[Table]:
    raise NotImplementedError
