"""Section crypto: what key agreement and sealing cost, beside utinyec and `cryptography`."""

from dataclasses import dataclass

from rich.table import Table

from tests.bench.counting import Work, count_work
from tests.bench.measure import (
    OURS,
    Heap,
    Operation,
    Speed,
    measure_heap,
    measure_times,
    operations,
    prepared,
)
from tests.bench.sealing import presses_seal

TITLE = "Cryptography"

_HEAP_KIB = 160
_RIVAL = "utinyec"


@dataclass(frozen=True)
class Results:
    """heap_bytes: of the interpreter that was timed. p256_ratio: how many times as long utinyec's
    agreement takes as ours, by the medians."""

    heap_bytes: int
    runs: int
    p256_ratio: float
    speeds: list[Speed]
    work: list[Work]
    heaps: list[Heap]


def METHOD(results: Results) -> str:
    """How it was measured."""
    return (
        f"Times: median of {results.runs} runs with random keys, the contenders taking turns in one"
        f" MicroPython process with a heap of {results.heap_bytes // 1024} kB, garbage collected"
        " before each; `cryptography` and PyCryptodome do the same in another interpreter and in C,"
        " in the same run: they show the scale, and that the results agree. What a press seals and"
        " opens was told by presses of virtual fobs. Products: counted in one agreement, in copies"
        " of both programs in which each operator is a call that counts; only factors of 200 bits"
        " and more, those of inversions apart. Allocated: all that one call asks for. Needed: by"
        " how much the smallest heap that suffices exceeds the smallest that holds the modules, to"
        " 256 bytes, with words of 64 bits; section memory compares them with a chip's."
    )


def measure(quick: bool) -> Results:
    """Measure; quick: fewer runs, and the heap of key agreement and sealing alone."""
    runs = 5 if quick else 31
    subjects = operations(runs, presses_seal())
    with prepared(f"{_HEAP_KIB}K") as (interpreter, libraries):
        speeds = [speed for each in subjects for speed in measure_times(each, interpreter)]
        heaps = [measure_heap(each, libraries) for each in _weighed(subjects, quick)]
    agreement = subjects[0]
    private, peer = agreement.cases[0]
    ratio = next(
        speed.of_ours
        for speed in speeds
        if speed.operation == agreement.name and speed.program == _RIVAL
    )
    return Results(_HEAP_KIB * 1024, runs, ratio, speeds, count_work(private, peer), heaps)


def _weighed(subjects: list[Operation], quick: bool) -> list[Operation]:
    return [subjects[0], subjects[-1]] if quick else subjects


def tables(results: Results) -> list[Table]:
    """Times, the work of an agreement, heap."""
    return [_speed_table(results), _work_table(results), _heap_table(results)]


def _speed_table(results: Results) -> Table:
    """Contenders of an operation below each other, ours first and the measure of the others."""
    table = Table(box=None, pad_edge=False)
    table.add_column("time")
    table.add_column("interpreter")
    table.add_column("median", justify="right")
    table.add_column("fastest", justify="right")
    table.add_column("of ours", justify="right")
    for speed in results.speeds:
        if speed.program == OURS:
            table.add_row(f"[bold]{speed.operation}[/]")
        table.add_row(
            f"  {speed.program}",
            speed.interpreter,
            f"{speed.median_us / 1000:.3f} ms",
            f"{speed.fastest_us / 1000:.3f} ms",
            f"{speed.of_ours:.2f} x",
        )
    table.add_section()
    table.add_row(f"[bold]{_RIVAL} takes {results.p256_ratio:.1f} times as long to agree[/]")
    return table


def _work_table(results: Results) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("one key agreement")
    for heading in ("products", "squares among them", "reductions", "inversions"):
        table.add_column(heading, justify="right")
    for work in results.work:
        counts = (work.products, work.squares, work.reductions, work.inversions)
        table.add_row(work.program, *(f"{count:,}" for count in counts))
    return table


def _heap_table(results: Results) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("heap of one call")
    table.add_column("allocated", justify="right")
    table.add_column("needed", justify="right")
    for heap in results.heaps:
        table.add_row(heap.operation, f"{heap.allocated_bytes:,} B", f"{heap.needed_bytes:,} B")
    return table
