"""Section crypto: what key agreement and sealing cost, beside utinyec and `cryptography`."""

from dataclasses import dataclass

from rich.table import Table

TITLE = "Cryptography"
METHOD = ""


@dataclass(frozen=True)
class Speed:
    """One operation by one program; `of_ours`: its median time divided by the firmware's."""

    operation: str
    program: str
    interpreter: str
    runs: int
    median_us: float
    fastest_us: float
    of_ours: float


@dataclass(frozen=True)
class Work:
    """One key agreement, counted: products and reductions of big integers modulo the prime."""

    program: str
    multiplications: int
    squarings: int
    reductions: int
    inversions: int


@dataclass(frozen=True)
class Heap:
    """Of one call: all that it asks for, and by how much it raises the smallest heap that will
    do."""

    operation: str
    allocated_bytes: int
    allocations: int
    needed_bytes: int


@dataclass(frozen=True)
class Results:
    heap_bytes: int
    """Of the interpreter that was timed."""
    p256_ratio: float
    """How many times as long utinyec's agreement takes as ours."""
    speeds: list[Speed]
    work: list[Work]
    heaps: list[Heap]


def measure(quick: bool) -> Results:
    raise NotImplementedError


def tables(results: Results) -> list[Table]:
    raise NotImplementedError
