"""Cryptography: the contenders beside each other, what they compute, and what it takes of heap."""

from ..charts import Bars, Group, Part, Row
from ..counting import Work
from ..crypto import Results
from ..measure import Heap, Speed
from ..page import Chart, Headline


def charts(results: Results) -> list[Chart]:
    """Times, operations, heap."""
    drawn: list[Chart] = []
    if results.speeds:
        drawn.append(_speeds(results.speeds))
    if results.work:
        drawn.append(_work(results.work))
    if results.heaps:
        drawn.append(_heaps(results.heaps))
    return drawn


def headlines(results: Results) -> list[Headline]:
    """P-256 beside utinyec."""
    return [
        Headline(
            f"{results.p256_ratio:.1f} ×",
            "as fast as utinyec in a P-256 key agreement, in the same interpreter",
        )
    ]


def _speeds(speeds: list[Speed]) -> Bars:
    groups = []
    for operation in dict.fromkeys(each.operation for each in speeds):
        contenders = [each for each in speeds if each.operation == operation]
        slowest = max(each.median_us for each in contenders) or 1
        groups.append(
            Group(
                operation,
                [
                    Row(
                        f"{each.program} ({each.interpreter})" if _is_host(each) else each.program,
                        [
                            Part(
                                "",
                                100 * each.median_us / slowest,
                                "blue" if each.of_ours == 1 else "grey",
                            )
                        ],
                        f"{_time(each.median_us)}, {each.of_ours:.3g} ×",
                    )
                    for each in contenders
                ],
            )
        )
    return Bars(
        "Time of one operation",
        "Medians, and how many times ours that is; within each operation the slowest is as long as"
        " the scale.",
        "per cent of the slowest contender",
        groups,
    )


def _is_host(speed: Speed) -> bool:
    return "MicroPython" not in speed.interpreter and speed.interpreter not in speed.program


def _time(us: float) -> str:
    return f"{us / 1000:,.3g} ms" if us >= 1000 else f"{us:,.3g} µs"


def _work(work: list[Work]) -> Bars:
    kinds = {
        "products": lambda each: each.products,
        "reductions modulo the prime": lambda each: each.reductions,
        "inversions": lambda each: each.inversions,
    }
    return Bars(
        "What one key agreement computes",
        "Operations on big integers, counted.",
        "operations",
        [
            Group(
                kind,
                [
                    Row(
                        each.program,
                        [Part("", of(each), "blue" if each is work[0] else "grey")],
                        f"{of(each):,}",
                    )
                    for each in work
                ],
            )
            for kind, of in kinds.items()
        ],
    )


def _heaps(heaps: list[Heap]) -> Bars:
    return Bars(
        "Heap that one call asks for",
        "All of it, garbage included; behind each by how much it raises the smallest heap that"
        " will do.",
        "bytes allocated",
        [
            Group(
                "",
                [
                    Row(
                        each.operation,
                        [Part("", each.allocated_bytes, "blue")],
                        f"{each.allocated_bytes:,} ({each.needed_bytes:,})",
                    )
                    for each in heaps
                ],
            )
        ],
    )
