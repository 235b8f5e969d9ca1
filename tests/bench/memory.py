"""Section memory: the smallest heap that will do, what takes it, and how it crumbles."""

import os
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain

from rich.table import Table

from host_tools.simulator.car import Vintage
from host_tools.simulator.process import STAND_INS
from tests.bench.heap import (
    Fragmentation,
    Phase,
    after_many_lives,
    after_one_long_life,
    in_use_at_start,
    phases,
)
from tests.bench.scenes import SCENES, smallest_heap
from tests.bench.words import Word, compare_words

TITLE = "Memory"

_BUDGET = 160 * 1024
_VINTAGES: tuple[Vintage, ...] = ("2021", "2023", "2026")
_FINELY, _ROUGHLY = 1024, 8192
_PHASED: tuple[tuple[str, Vintage], ...] = (
    ("pairing", "2021"),
    ("pairing", "2026"),
    ("press", "2021"),
    ("press", "2026"),
    ("passive entry", "2026"),
)


@dataclass(frozen=True)
class Smallest:
    """The smallest heap, besides the stand-ins' share, with which a scene passes."""

    scene: str
    vintage: Vintage
    bytes: int


@dataclass(frozen=True)
class Results:
    """Bytes of heap on a build with words of 64 bits.

    stand_ins_bytes  what the stand-ins for a chip's own modules have besides, subtracted always.
    in_use_bytes     what is in use before the firmware begins: they, and tables of names.
    budget_bytes     what a scene may need.
    resolution       to which `smallest` was found.
    words            what the firmware's modules take where words are of 32 bits; words_missing says
                     why there are none.
    """

    stand_ins_bytes: int
    in_use_bytes: int
    budget_bytes: int
    resolution: int
    smallest: list[Smallest]
    phases: list[Phase]
    fragmentation: list[Fragmentation]
    words: list[Word]
    words_missing: str


def METHOD(results: Results) -> str:
    """How it was measured."""
    presses = max(each.presses for each in results.fragmentation)
    return (
        "The firmware, unchanged, on MicroPython with words of 64 bits, in virtual time. A chip has"
        f" in ROM what stand-ins do here: they have {results.stand_ins_bytes:,} bytes besides what"
        f" is told ({results.in_use_bytes:,} are in use before it begins, with tables of names)."
        f" Smallest: found by halving, to {results.resolution:,} bytes, each time a whole new fob."
        " Pairing: then press, sleep, press. Passive entry: armed by a press, three handles pulled,"
        " a press. Phases: what is in use after a collection at the end of each and at its worst"
        " sample, taken at each len(), import, and call of radio and cipher. Fragmentation: at the"
        f" same moment after the first and the last of up to {presses:,} presses; lives are as many"
        " as its rows say, for a fob's heap ends in sleep, after every press. Words of 32 bits:"
        " growth by imports on MicroPython's port to WebAssembly, which cannot be held to a heap;"
        " what a scene needs there is estimated from the share that all modules take."
    )


def measure(quick: bool) -> Results:
    """Measure; quick: newer cars alone, rough heaps, few presses."""
    vintages = _VINTAGES[-1:] if quick else _VINTAGES
    resolution = _ROUGHLY if quick else _FINELY
    phased = [("press", "2026")] if quick else _PHASED
    lives, presses = (3, 4) if quick else (100, 1000)
    # Time is virtual, so what one process does is no other's business.
    with ProcessPoolExecutor(os.cpu_count() or 1) as pool:
        long_life = pool.submit(after_one_long_life, "2026", presses, _BUDGET)
        short_lives = pool.submit(after_many_lives, "2026", lives, _BUDGET)
        found: dict[tuple[str, Vintage], Future[int]] = {
            (scene, vintage): pool.submit(smallest_heap, scene, vintage, resolution)
            for scene in SCENES
            for vintage in vintages
        }
        told = [pool.submit(phases, scene, vintage) for scene, vintage in phased]
        in_use = pool.submit(in_use_at_start)
        words, words_missing = compare_words()
        return Results(
            stand_ins_bytes=STAND_INS,
            in_use_bytes=in_use.result(),
            budget_bytes=_BUDGET,
            resolution=resolution,
            smallest=[Smallest(*which, each.result()) for which, each in found.items()],
            phases=list(chain.from_iterable(each.result() for each in told)),
            fragmentation=[short_lives.result(), long_life.result()],
            words=words,
            words_missing=words_missing,
        )


def tables(results: Results) -> list[Table]:
    """Smallest heaps, phases, fragmentation, and words of 32 bits where they were compared."""
    return [
        _smallest_table(results),
        _phase_table(results),
        _fragmentation_table(results),
        _word_table(results),
    ]


def _smallest_table(results: Results) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("smallest heap")
    vintages = list(dict.fromkeys(each.vintage for each in results.smallest))
    for vintage in vintages:
        table.add_column(f"car of {vintage}", justify="right")
    for scene in dict.fromkeys(each.scene for each in results.smallest):
        row = [each for each in results.smallest if each.scene == scene]
        table.add_row(scene, *(_kib(each.bytes) for each in row))
    table.add_row("allowed", *(_kib(results.budget_bytes) for _ in vintages))
    return table


def _phase_table(results: Results) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("heap in use by phase")
    table.add_column("at its end", justify="right")
    table.add_column("at most", justify="right")
    scene = None
    for each in results.phases:
        if (each.scene, each.vintage) != scene:
            scene = each.scene, each.vintage
            table.add_row(f"[bold]{each.scene}, car of {each.vintage}[/]")
        table.add_row(f"  {each.phase}", f"{each.live_bytes:,} B", f"{each.peak_bytes:,} B")
    return table


def _fragmentation_table(results: Results) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("largest free block of all that is free", "presses", "lives"):
        table.add_column(heading, justify="left" if heading[0] == "l" else "right")
    for heading in ("after the first", "after the last"):
        table.add_column(heading, justify="right")
    for each in results.fragmentation:
        table.add_row(
            f"{each.scene}, car of {each.vintage}",
            f"{each.presses:,}",
            f"{each.lives:,}",
            f"{each.largest_before:,} of {each.free_before:,} B",
            f"{each.largest_after:,} of {each.free_after:,} B",
        )
    return table


def _word_table(results: Results) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("heap by the size of a word")
    if not results.words:
        table.add_row(results.words_missing)
        return table
    for heading in ("32 bits", "64 bits", ""):
        table.add_column(heading, justify="right")
    for each in results.words:
        share = f"{each.bytes_32 / each.bytes_64:.0%}"
        table.add_row(each.what, f"{each.bytes_32:,} B", f"{each.bytes_64:,} B", share)
    whole = results.words[-1]
    for scene in SCENES:
        most = max(each.bytes for each in results.smallest if each.scene == scene)
        estimate = most * whole.bytes_32 // whole.bytes_64
        table.add_row(f"{scene}: smallest heap", f"{_kib(estimate)} (estimated)", _kib(most))
    return table


def _kib(size: int) -> str:
    return f"{size / 1024:.0f} KiB"
