"""Start: from the wake to the first radio call, import after import."""

from collections.abc import Sequence

from ..charts import Bars, Group, Part, Row
from ..page import Chart, Headline
from ..start import Module, Results, Start

_USED = {
    "before the radio": ("used before the radio", "blue"),
    "on the air": ("used on the air", "amber"),
    "never": ("never used", "pink"),
    "no functions": ("no functions", "grey"),
}
_STEP_STYLES = ("blue", "amber", "mint", "pink", "grey", "umber", "sky", "teal", "orange", "green")


def charts(results: Results) -> list[Chart]:
    """Steps, a waterfall of imports for each car, and .py against .mpy."""
    if not results.starts:
        return []
    drawn: list[Chart] = [_steps(results.starts)]
    drawn += [_waterfall(each) for each in results.starts if each.modules]
    drawn.append(_compiled(results.starts))
    return drawn


def headlines(results: Results) -> list[Headline]:
    """None: times of this computer say nothing of a chip's."""
    return []


def _steps(starts: Sequence[Start]) -> Bars:
    names = dict.fromkeys(step.name for start in starts for step in start.steps)
    styles = {name: _STEP_STYLES[at % len(_STEP_STYLES)] for at, name in enumerate(names)}
    return Bars(
        "From the wake to the first radio call",
        "A press from deep sleep with a session that is remembered, in real time on this computer:"
        " only the shares mean anything for a chip.",
        "ms of this computer",
        [
            Group(
                "",
                [
                    Row(
                        f"car of {start.vintage}",
                        [
                            Part(step.name, step.us / 1000, styles[step.name])
                            for step in start.steps
                        ],
                        f"{start.radio_us / 1000:,.1f} ms",
                    )
                    for start in starts
                ],
            )
        ],
    )


def _waterfall(start: Start) -> Bars:
    rows, at = [], 0.0
    for module in start.modules:
        rows.append(_import(module, at))
        at += module.us / 1000
    return Bars(
        f"Imports one after the other, car of {start.vintage}",
        "Each module without what it imports itself, from the wake to sleep again, and the heap"
        " that it keeps. The colour says when the first of its functions ran.",
        "ms of this computer, spent on importing",
        [Group("", rows)],
        order=tuple(name for name, _ in _USED.values()),
    )


def _import(module: Module, at: float) -> Row:
    name, style = _USED.get(module.used, (module.used, "grey"))
    heap = f"{module.heap_bytes / 1024:,.1f} KiB"
    return Row(module.name, [Part(name, module.us / 1000, style)], heap, at)


def _compiled(starts: Sequence[Start]) -> Bars:
    return Bars(
        "Modules as .mpy and as source",
        "Importing all that a press imports; behind each the heap that is kept.",
        "ms of this computer, spent on importing",
        [
            Group(
                f"car of {start.vintage}",
                [
                    Row(
                        ".mpy",
                        [Part("", sum(each.us for each in start.modules) / 1000, "blue")],
                        f"{sum(each.heap_bytes for each in start.modules) / 1024:,.0f} KiB",
                    ),
                    Row(
                        ".py",
                        [Part("", sum(each.source_us for each in start.modules) / 1000, "grey")],
                        f"{sum(each.source_heap_bytes for each in start.modules) / 1024:,.0f} KiB",
                    ),
                ],
            )
            for start in starts
        ],
    )
