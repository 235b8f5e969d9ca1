"""Size: which module takes how much, of what kind, and what that buys."""

from collections.abc import Callable

from ..charts import Bars, Group, Mark, Part, Row
from ..page import Chart, Headline
from ..size import BUDGET, Bytes, Module, Results
from ..treemap import Tile, Treemap

_KINDS: dict[str, tuple[str, Callable[[Bytes], int]]] = {
    "bytecode": ("blue", lambda size: size.bytecode),
    "names": ("amber", lambda size: size.names),
    "constants": ("mint", lambda size: size.constants),
    "header": ("grey", lambda size: size.header),
}
_PACKAGES = {
    "fob": ("fob: what a key does", "blue"),
    "hal": ("hal: pins, flash, radio", "mint"),
    "": ("start and the laptop's side", "amber"),
}


def charts(results: Results) -> list[Chart]:
    """All of it, module by module, and by what it is for."""
    if not results.installed:
        return []
    larger = _larger(results)
    modules = [each for each in results.modules if larger in each.installed]
    modules.sort(key=lambda each: -each.installed[larger].total)
    drawn: list[Chart] = [_totals(results)]
    if modules:
        drawn += [_map(modules, larger), _modules(modules, larger)]
    if results.rooms:
        drawn.append(_rooms(results, larger))
    return drawn


def headlines(results: Results) -> list[Headline]:
    """What is installed of the larger architecture."""
    if not results.installed:
        return []
    larger = _larger(results)
    return [
        Headline(
            f"{results.installed[larger].total:,} B",
            f"of .mpy are installed in all, on {larger}",
        )
    ]


def _larger(results: Results) -> str:
    return max(results.installed, key=lambda name: results.installed[name].total)


def _parts(size: Bytes) -> list[Part]:
    return [Part(kind, of(size), style) for kind, (style, of) in _KINDS.items()]


def _totals(results: Results) -> Bars:
    return Bars(
        "All that is installed",
        "The firmware as it is installed, and the same sources compiled plainly, for each"
        " architecture.",
        "bytes of .mpy",
        [
            Group(
                architecture,
                [
                    Row("installed", _parts(installed), f"{installed.total:,}"),
                    *(
                        [Row("plainly", _parts(plain), f"{plain.total:,}")]
                        if (plain := results.plain.get(architecture))
                        else []
                    ),
                ],
            )
            for architecture, installed in results.installed.items()
        ],
        [Mark(BUDGET, f"budget {BUDGET:,}")],
    )


def _map(modules: list[Module], architecture: str) -> Treemap:
    tiles = [
        Tile(
            each.module,
            each.installed[architecture].total,
            *_PACKAGES.get(each.module.rpartition(".")[0], _PACKAGES[""]),
        )
        for each in modules
    ]
    return Treemap(
        "Which module takes how much room",
        f"Each rectangle is a module, as large as its .mpy for {architecture}.",
        tiles,
        "B",
    )


def _modules(modules: list[Module], architecture: str) -> Bars:
    rows = [
        Row(
            each.module,
            _parts(each.installed[architecture]),
            f"{each.installed[architecture].total:,}",
        )
        for each in modules
    ]
    return Bars(
        "What the bytes of each module are",
        f"Bytecode, names and constants of each module, for {architecture}.",
        "bytes of .mpy",
        [Group("", rows)],
    )


def _rooms(results: Results, architecture: str) -> Bars:
    rows = [
        Row(room.room, [Part("", room.installed[architecture], "blue")], f"{size:,}")
        for room in results.rooms
        if (size := room.installed.get(architecture)) is not None
    ]
    return Bars(
        "What has to be there for what a fob does",
        "The modules that are loaded for each; they overlap.",
        f"bytes of .mpy, {architecture}",
        [Group("", rows)],
    )
