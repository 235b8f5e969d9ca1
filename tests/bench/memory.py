"""Section memory: the smallest heap that will do, what takes it, and how it crumbles."""

from dataclasses import dataclass

from rich.table import Table

from host_tools.simulator.car import Vintage

TITLE = "Memory"
METHOD = ""


@dataclass(frozen=True)
class Smallest:
    """The smallest heap, without the stand-ins' share, with which a scene passes."""

    scene: str
    vintage: Vintage
    bytes: int


@dataclass(frozen=True)
class Phase:
    """A stretch of a scene, in order: what was alive at its end, and the most while it lasted."""

    scene: str
    vintage: Vintage
    phase: str
    live_bytes: int
    peak_bytes: int


@dataclass(frozen=True)
class Fragmentation:
    """A heap before and after many presses: what is free, and the largest block of it."""

    scene: str
    vintage: Vintage
    presses: int
    free_before: int
    largest_before: int
    free_after: int
    largest_after: int


@dataclass(frozen=True)
class Word:
    """The same on a build whose words are of 32 bits and of 64 bits."""

    what: str
    bytes_32: int
    bytes_64: int


@dataclass(frozen=True)
class Results:
    word_bits: int
    """Of the interpreter that all but `words` was measured on."""
    stand_ins_bytes: int
    """Heap that the stand-ins for a chip's C modules take, subtracted everywhere."""
    budget_bytes: int
    smallest: list[Smallest]
    phases: list[Phase]
    fragmentation: list[Fragmentation]
    words: list[Word]
    words_missing: str
    """Why `words` is empty, and what to do about it."""


def measure(quick: bool) -> Results:
    raise NotImplementedError


def tables(results: Results) -> list[Table]:
    raise NotImplementedError
