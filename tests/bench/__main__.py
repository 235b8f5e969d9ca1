"""`make bench`: what cryptography, waking and finding the car cost beside the alternatives."""

import json
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from tests.bench.connect import Finding, measure_finding
from tests.bench.measure import (
    OURS,
    Heap,
    Timing,
    measure_heap,
    measure_times,
    operations,
    prepared,
)
from tests.bench.requests import RTC_PPM, Cost, measure_requests
from tests.bench.start import Start, measure_start

METHOD = (
    "Times: median of {runs} runs with random keys, the contenders taking turns in one MicroPython"
    " process with a heap of {heap}, garbage collected before each. Allocated: all one call asks"
    " for. Needed: by how much the smallest heap that suffices exceeds the smallest that holds the"
    " modules. Objects on this 64-bit machine are about twice as large as on an ESP32."
)
START_METHOD = (
    "A press from deep sleep with a cached session, on the virtual board: real time per import,"
    " median of {wakes} wakes; heap after a collection, on a 64-bit machine. Only ratios mean"
    " anything for a chip."
)
# Bytes of heap from which a module is listed by itself.
HEAVY_BYTES = 2000
FINDING_METHOD = (
    "Virtual time from the finger's release to the car's acceptance, median of {presses} presses"
    " from sleep, at the same moments for both. * is what the firmware does."
)

REQUEST_METHOD = (
    "ATT requests of the fob from the connection to the car's acceptance, frames both ways, and"
    f" virtual time from the finger's release; MTU 115; the fob's clock runs {RTC_PPM} ppm fast in"
    " its sleep."
)


@click.command()
@click.option("--runs", default=41, show_default=True, type=click.IntRange(min=1))
@click.option("--heap", default="160K", show_default=True, help="Heap to time with, as a board's.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures for machines.")
def main(runs: int, heap: str, as_json: bool) -> None:
    """Measure cryptography, waking and finding the car, beside the alternatives."""
    method = METHOD.format(runs=runs, heap=heap)
    with prepared(heap) as (interpreter, libraries):
        version = interpreter.eval("__import__('sys').version")
        subjects = operations(runs)
        timings = [t for subject in subjects for t in measure_times(subject, interpreter)]
        heaps = [measure_heap(subject, libraries) for subject in subjects]
    starts = [measure_start("2021"), measure_start("2026")]
    findings = measure_finding()
    costs = measure_requests()
    start_method = START_METHOD.format(wakes=starts[0].wakes)
    finding_method = FINDING_METHOD.format(presses=findings[0].presses)
    if as_json:
        figures = {
            "interpreter": version,
            "method": method,
            "times": [asdict(timing) for timing in timings],
            "heap": [asdict(heap) for heap in heaps],
            "start": {"method": start_method, "cars": [asdict(start) for start in starts]},
            "requests": {"method": REQUEST_METHOD, "presses": [asdict(cost) for cost in costs]},
            "finding": {
                "method": finding_method,
                "presses": [asdict(finding) for finding in findings],
            },
        }
        print(json.dumps(figures, indent=2))
        return
    console = Console()
    console.print(time_table(timings))
    console.print(heap_table(heaps))
    console.print(f"{method}\n{version}\n", style="dim", highlight=False)
    for start in starts:
        console.print(start_table(start))
    console.print(f"{start_method}\n", style="dim", highlight=False)
    console.print(finding_table(findings))
    console.print(f"{finding_method}\n", style="dim", highlight=False)
    console.print(request_table(costs))
    console.print(REQUEST_METHOD, style="dim", highlight=False)


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


def start_table(start: Start) -> Table:
    """The heaviest imports of a wake, all of them together, and what was not needed."""
    table = Table(box=None, pad_edge=False)
    table.add_column(f"a press from sleep, car of {start.vintage}, imports")
    table.add_column("time", justify="right")
    table.add_column("heap", justify="right")
    heavy = [each for each in start.imports if each.heap_bytes >= HEAVY_BYTES]
    for each in sorted(heavy, key=lambda each: -each.heap_bytes):
        table.add_row(each.module, f"{each.us / 1000:.1f} ms", f"{each.heap_bytes:,} B")
    rest = len(start.imports) - len(heavy)
    table.add_row(
        f"all, with {rest} lighter ones", f"{start.us / 1000:.1f} ms", f"{start.heap_bytes:,} B"
    )
    table.add_row(f"needless: {', '.join(start.needless) or 'none'}")
    return table


def finding_table(findings: list[Finding]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("the car's address")
    table.add_column("advertises every", justify="right")
    strategies = list(dict.fromkeys(finding.strategy for finding in findings))
    for strategy in strategies:
        table.add_column(strategy, justify="right")
    rows: dict[tuple[str, float], list[Finding]] = {}
    for finding in findings:
        rows.setdefault((finding.situation, finding.advertising_ms), []).append(finding)
    for (situation, advertising_ms), row in rows.items():
        table.add_row(
            situation,
            f"{advertising_ms:.0f} ms",
            *(f"{each.median_ms:.0f} ms{' *' if each.chosen else '  '}" for each in row),
        )
    return table


def request_table(costs: list[Cost]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("car", "press", "protocol"):
        table.add_column(heading)
    for heading in ("ATT requests", "frames", "time"):
        table.add_column(heading, justify="right")
    for cost in costs:
        first = cost.situation == costs[0].situation
        table.add_row(
            cost.vintage if first else "",
            cost.situation,
            cost.protocol,
            str(cost.att_requests),
            str(cost.frames),
            f"{cost.ms:.0f} ms",
        )
    return table


if __name__ == "__main__":
    main()
