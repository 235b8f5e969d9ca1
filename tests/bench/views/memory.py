"""Memory: the smallest heaps, the peaks of each phase, and what many presses leave."""

from collections.abc import Sequence

from ..charts import Bars, Group, Mark, Part, Row
from ..heap import Fragmentation, Phase
from ..memory import Results
from ..page import Chart, Headline
from ..words import Word


def charts(results: Results) -> list[Chart]:
    """Smallest heaps, peaks, fragmentation, and words of 32 bits."""
    drawn: list[Chart] = []
    if results.smallest:
        drawn.append(_smallest(results))
    scenes = dict.fromkeys((each.scene, each.vintage) for each in results.phases)
    drawn += [
        _phases([each for each in results.phases if (each.scene, each.vintage) == scene])
        for scene in scenes
    ]
    if results.fragmentation:
        drawn.append(_fragmentation(results.fragmentation))
    if results.words:
        drawn.append(_words(results.words))
    return drawn


def headlines(results: Results) -> list[Headline]:
    """The most that anything needs."""
    most = max(results.smallest, key=lambda each: each.bytes, default=None)
    if most is None:
        return []
    return [
        Headline(
            f"{most.bytes / 1024:.0f} KiB",
            f"of heap, with words of 64 bits, do for everything; most takes {most.scene} with a car"
            f" of {most.vintage}",
        )
    ]


def _smallest(results: Results) -> Bars:
    return Bars(
        "The smallest heap that will do",
        "Found by halving, with words of 64 bits; what the stand-ins for a chip's own modules have"
        f" ({results.stand_ins_bytes / 1024:,.0f} KiB) comes on top.",
        "KiB of heap",
        [
            Group(
                scene,
                [
                    Row(
                        f"car of {each.vintage}",
                        [Part("", each.bytes / 1024, "blue")],
                        f"{each.bytes / 1024:,.0f} KiB",
                    )
                    for each in results.smallest
                    if each.scene == scene
                ],
            )
            for scene in dict.fromkeys(each.scene for each in results.smallest)
        ],
        [Mark(results.budget_bytes / 1024, f"budget {results.budget_bytes / 1024:,.0f} KiB")],
    )


def _phases(phases: Sequence[Phase]) -> Bars:
    first = phases[0]
    return Bars(
        f"Heap by phase: {first.scene}, car of {first.vintage}",
        "What is in use at the end of each phase, and the most while it lasts.",
        "KiB of heap",
        [
            Group(
                "",
                [
                    Row(
                        each.phase,
                        [
                            Part("at its end", each.live_bytes / 1024, "blue"),
                            Part("at most", (each.peak_bytes - each.live_bytes) / 1024, "sky"),
                        ],
                        f"{each.peak_bytes / 1024:,.0f} KiB",
                    )
                    for each in phases
                ],
            )
        ],
    )


def _fragmentation(crumbs: Sequence[Fragmentation]) -> Bars:
    def row(label: str, free: int, largest: int) -> Row:
        parts = [
            Part("largest free block", largest / 1024, "blue"),
            Part("other free blocks", (free - largest) / 1024, "amber"),
        ]
        return Row(label, parts, f"{largest / 1024:,.0f} of {free / 1024:,.0f} KiB")

    return Bars(
        "What many presses leave of the heap",
        "Free heap after the first press and after the last, and how much of it is in one piece.",
        "KiB of heap",
        [
            Group(
                f"{each.scene}, car of {each.vintage}: {each.presses:,} presses in"
                f" {each.lives:,} {'life' if each.lives == 1 else 'lives'}",
                [
                    row("first", each.free_before, each.largest_before),
                    row("last", each.free_after, each.largest_after),
                ],
            )
            for each in crumbs
        ],
    )


def _words(words: Sequence[Word]) -> Bars:
    return Bars(
        "Words of 32 and of 64 bits",
        "What sets of modules add to the heap in two builds of MicroPython; a chip has 32 bits.",
        "KiB of heap",
        [
            Group(
                each.what,
                [
                    Row(
                        "32 bits",
                        [Part("", each.bytes_32 / 1024, "blue")],
                        f"{each.bytes_32 / 1024:,.1f} KiB",
                    ),
                    Row(
                        "64 bits",
                        [Part("", each.bytes_64 / 1024, "grey")],
                        f"{each.bytes_64 / 1024:,.1f} KiB",
                    ),
                ],
            )
            for each in words
        ],
    )
