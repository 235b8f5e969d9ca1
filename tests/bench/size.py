"""How large the firmware is on a board, by module, by kind of byte and by what it is for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table

from host_tools.installation.compile import CHIPS, compile_module
from host_tools.installation.install import program
from host_tools.resources import firmware_sources
from tests.bench.mpy import Mpy, parse
from tests.bench.rooms import observe

BUDGET = 56_000
"""Bytes that all installed .mpy together may take on the larger architecture; a test holds them to
it."""

_COMPILED = ".mpy"

TITLE = "Size of the firmware"

METHOD = (
    "What `fob flash` installs, compiled by mpy-cross for each architecture and taken apart by the"
    " rules of the .mpy format: bytecode with its line and variable tables, names (the table of"
    " interned strings), constants, and the file's header. Compiled plainly: the same sources and"
    " options without what the installation does to shorten them. What is loaded for a press and so"
    " on was observed in sys.modules of the virtual board, from the wake to sleep."
)


@dataclass(frozen=True)
class Bytes:
    """The bytes of one .mpy, or the sum of several; they add up to `total`."""

    bytecode: int
    names: int
    constants: int
    header: int

    @property
    def total(self) -> int:
        return self.bytecode + self.names + self.constants + self.header

    def __add__(self, other: "Bytes") -> "Bytes":
        return Bytes(
            self.bytecode + other.bytecode,
            self.names + other.names,
            self.constants + other.constants,
            self.header + other.header,
        )


@dataclass(frozen=True)
class Module:
    """One file of the firmware.

    module      as imported: "fob.vehicle".
    source      bytes of the .py.
    installed   architecture to what is installed, `plain` to what it would be without shortening;
                a start script, which stays source, has neither.
    functions   in it, the module's own code included.
    """

    module: str
    source: int
    functions: int
    installed: dict[str, Bytes]
    plain: dict[str, Bytes]


@dataclass(frozen=True)
class Room:
    """The modules that a fob loads for one thing that it does, as observed, and their bytes on each
    architecture. Rooms overlap, but for the last: what none of the others loads."""

    room: str
    modules: list[str]
    installed: dict[str, int]


@dataclass(frozen=True)
class Results:
    """installed, plain: all .mpy, by architecture; scripts: the start scripts, which are source."""

    modules: list[Module]
    rooms: list[Room]
    installed: dict[str, Bytes]
    plain: dict[str, Bytes]
    scripts: int


_TABLE = {"box": None, "pad_edge": False}


def measure(quick: bool) -> Results:
    """Compile the firmware as it is installed, and plainly; `quick` is the same."""
    modules = measure_modules()
    first = program(next(iter(CHIPS)))
    return Results(
        modules=modules,
        rooms=_rooms(modules),
        installed=_totals([module.installed for module in modules]),
        plain=_totals([module.plain for module in modules]),
        scripts=sum(len(data) for path, data in first.items() if not path.endswith(_COMPILED)),
    )


def measure_modules() -> list[Module]:
    """Every .mpy that `fob flash` installs."""
    sources = firmware_sources()
    programs = {march: program(march) for march in CHIPS}
    modules = []
    for path in programs[next(iter(CHIPS))]:
        if not path.endswith(_COMPILED):
            continue
        name = f"{path.removeprefix('/').removesuffix(_COMPILED)}.py"
        source = sources[name]
        parsed = {march: parse(files[path]) for march, files in programs.items()}
        plain = {march: parse(compile_module(source, name, march)) for march in CHIPS}
        modules.append(
            Module(
                module=_dotted(name),
                source=len(source),
                functions=next(iter(parsed.values())).functions,
                installed={march: _bytes(each) for march, each in parsed.items()},
                plain={march: _bytes(each) for march, each in plain.items()},
            )
        )
    return modules


def larger(totals: Mapping[str, Bytes]) -> Bytes:
    """The bytes of the architecture that has more of them."""
    return max(totals.values(), key=lambda each: each.total)


def tables(results: Results) -> list[Table]:
    """The totals, the rooms, and the modules."""
    return [_total_table(results), _room_table(results), _module_table(results)]


def _bytes(parsed: Mpy) -> Bytes:
    return Bytes(parsed.bytecode, parsed.names, parsed.constants, parsed.header)


def _dotted(name: str) -> str:
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _totals(parts: Sequence[Mapping[str, Bytes]]) -> dict[str, Bytes]:
    return {march: sum((each[march] for each in parts), Bytes(0, 0, 0, 0)) for march in CHIPS}


def _rooms(modules: Sequence[Module]) -> list[Room]:
    seen = observe()
    known = {module.module: module for module in modules}
    everywhere = set().union(*seen.values())
    seen["none of these: laptop, several cars, failures"] = known.keys() - everywhere
    return [
        Room(
            room,
            sorted(loaded & known.keys()),
            {
                march: sum(known[name].installed[march].total for name in loaded & known.keys())
                for march in CHIPS
            },
        )
        for room, loaded in seen.items()
    ]


def _total_table(results: Results) -> Table:
    table = Table(**_TABLE)
    table.add_column("all .mpy")
    for heading in ("bytes", "bytecode", "names", "constants", "headers"):
        table.add_column(heading, justify="right")
    for march, chips in CHIPS.items():
        for words, each in (
            ("installed", results.installed[march]),
            ("compiled plainly", results.plain[march]),
        ):
            table.add_row(f"{march} ({chips}), {words}", *_cells(each))
    source = sum(module.source for module in results.modules)
    table.add_row(
        f"{len(results.modules)} modules as source,"
        f" and {results.scripts:,} B of start scripts besides",
        f"{source:,}",
    )
    return table


def _room_table(results: Results) -> Table:
    table = Table(**_TABLE)
    table.add_column("what is loaded for")
    table.add_column("modules", justify="right")
    for march in CHIPS:
        table.add_column(march, justify="right")
    for room in results.rooms:
        sizes = (f"{room.installed[march]:,}" for march in CHIPS)
        table.add_row(room.room, str(len(room.modules)), *sizes)
    return table


def _module_table(results: Results) -> Table:
    march = max(results.installed, key=lambda march: results.installed[march].total)
    table = Table(**_TABLE)
    table.add_column(f"module ({march})")
    for heading in ("bytes", "bytecode", "names", "constants", "functions", "plainly", "source"):
        table.add_column(heading, justify="right")
    for module in sorted(results.modules, key=lambda each: -each.installed[march].total):
        total, bytecode, names, constants, _ = _cells(module.installed[march])
        table.add_row(
            module.module,
            total,
            bytecode,
            names,
            constants,
            str(module.functions),
            f"{module.plain[march].total:,}",
            f"{module.source:,}",
        )
    return table


def _cells(each: Bytes) -> list[str]:
    numbers = (each.total, each.bytecode, each.names, each.constants, each.header)
    return [f"{number:,}" for number in numbers]
