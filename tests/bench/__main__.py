"""`make bench`: what the firmware's cryptography costs beside others, measured in one run."""

import json
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from tests.bench.measure import (
    OURS,
    Heap,
    Timing,
    measure_heap,
    measure_times,
    operations,
    prepared,
)

METHOD = (
    "Times: median of {runs} runs with random keys, the contenders taking turns in one MicroPython"
    " process with a heap of {heap}, garbage collected before each. Allocated: all one call asks"
    " for. Needed: by how much the smallest heap that suffices exceeds the smallest that holds the"
    " modules. Objects on this 64-bit machine are about twice as large as on an ESP32."
)


@click.command()
@click.option("--runs", default=41, show_default=True, type=click.IntRange(min=1))
@click.option("--heap", default="160K", show_default=True, help="Heap to time with, as a board's.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures for machines.")
def main(runs: int, heap: str, as_json: bool) -> None:
    """Measure the firmware's cryptography beside others."""
    method = METHOD.format(runs=runs, heap=heap)
    with prepared(heap) as (interpreter, libraries):
        version = interpreter.eval("__import__('sys').version")
        subjects = operations(runs)
        timings = [t for subject in subjects for t in measure_times(subject, interpreter)]
        heaps = [measure_heap(subject, libraries) for subject in subjects]
    if as_json:
        figures = {
            "interpreter": version,
            "method": method,
            "times": [asdict(timing) for timing in timings],
            "heap": [asdict(heap) for heap in heaps],
        }
        print(json.dumps(figures, indent=2))
        return
    console = Console()
    console.print(time_table(timings))
    console.print(heap_table(heaps))
    console.print(f"{method}\n{version}", style="dim", highlight=False)


def time_table(timings: list[Timing]) -> Table:
    """Contenders of an operation below each other, ours first and the measure of the others."""
    table = Table(box=None, pad_edge=False)
    table.add_column("time")
    table.add_column("median", justify="right")
    table.add_column("fastest", justify="right")
    table.add_column("of ours", justify="right")
    ours = {timing.operation: timing.median_us for timing in timings if timing.program == OURS}
    for timing in timings:
        if timing.program == OURS:
            table.add_row(f"[bold]{timing.operation}[/]")
        table.add_row(
            f"  {timing.program}",
            f"{timing.median_us / 1000:.3f} ms",
            f"{timing.fastest_us / 1000:.3f} ms",
            f"{timing.median_us / ours[timing.operation]:.2f} x",
        )
    return table


def heap_table(heaps: list[Heap]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("\nheap of one call")
    table.add_column("\nallocated", justify="right")
    table.add_column("\nneeded", justify="right")
    for heap in heaps:
        table.add_row(heap.operation, f"{heap.allocated_bytes:,} B", f"{heap.needed_kib} KiB")
    return table


if __name__ == "__main__":
    main()
