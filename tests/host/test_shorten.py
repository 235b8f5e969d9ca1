"""The firmware's names, shortened for the board."""

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path

from host_tools.installation.layout import imported_modules
from host_tools.installation.shorten import MICROPYTHON_NAMES, Shortening, firmware_shortening
from host_tools.resources import firmware_sources
from tests.host.test_stubs import STUBS
from tests.interpreter import Interpreter

# Modules of stubs whose names every program meets, besides those of what it imports.
BUILT_IN = {"builtins", "_asyncio", "_collections_abc", "_io", "_mpy_shed", "__builtins__"}

COLOURS = b"""
from micropython import const
RED = const(1 << 2)
_BLUE = const(RED | 1)
WARM = (RED, _BLUE)
"""
PAINTER = b"""
from micropython import const
from room import colours
from room.colours import RED
_SIZE = const(7)
class Painter:
    def __init__(self, favourite, coats=2):
        self._favourite = favourite
        self.coats = coats
    def paint(self):
        return [self._favourite, RED, colours.RED, colours.WARM, self.coats, _SIZE]
"""
HOUSE = b"""
from room.painter import Painter
from room import painter as craftsman
def painted():
    class Other(craftsman.Painter):
        pass
    return Painter('green').paint() + Other('black', coats=3).paint()
"""
MAIN = b"import house\nresult = house.painted()\n"
SOURCES = {
    "room/colours.py": COLOURS,
    "room/painter.py": PAINTER,
    "house.py": HOUSE,
    "main.py": MAIN,
}


def names(source: bytes) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        for field in ("id", "attr", "name", "arg", "asname"):
            name = getattr(node, field, None)
            if isinstance(name, str):
                yield name


def defined(stub: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(stub.read_bytes())):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
                yield name


def known_to_micropython() -> set[str]:
    """All public names that the stubs of what the firmware imports, and of what needs no import,
    define; and the arguments there that the firmware might name."""
    found: set[str] = set()
    passed = {
        node.arg
        for source in firmware_sources().values()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.keyword)
    }
    for stub in STUBS.rglob("*.pyi"):
        parts = stub.relative_to(STUBS).with_suffix("").parts
        module = parts[parts[0] == "stdlib"]
        if module in BUILT_IN | imported_modules():
            found.update(defined(stub))
            nodes = ast.walk(ast.parse(stub.read_bytes()))
            found |= passed & {node.arg for node in nodes if isinstance(node, ast.arg)}
    return {name for name in found if not name.startswith("_")}


def test_no_name_is_shortened_that_micropython_has_too() -> None:
    known = known_to_micropython()
    assert {"ticks_ms", "Pin", "gattc_write", "append"} <= known
    for path in firmware_sources():
        assert not known & firmware_shortening().names(path).keys(), path


def test_the_names_that_are_kept_for_micropythons_sake_are_all_needed() -> None:
    used = {name for source in firmware_sources().values() for name in names(source)}
    assert used >= MICROPYTHON_NAMES
    assert known_to_micropython() >= MICROPYTHON_NAMES


def test_no_two_names_of_a_module_become_one() -> None:
    for path, source in firmware_sources().items():
        short = firmware_shortening().names(path)
        assert len(set(short.values())) == len(short), path
        assert not (set(names(source)) - short.keys()) & set(short.values()), path


def test_what_two_modules_share_is_called_the_same_in_both() -> None:
    shortening = firmware_shortening()
    for path in firmware_sources():
        local = shortening.names(path).keys() - shortening.shared.keys()
        for other, theirs in firmware_sources().items():
            if shortening.names(other) != shortening.names(path):
                assert not local & set(names(theirs)), (path, other)


def test_nobody_asks_for_a_constant_that_is_compiled_away() -> None:
    shortening = firmware_shortening()
    for path, source in firmware_sources().items():
        for node in ast.walk(ast.parse(shortening.apply(path, source))):
            if isinstance(node, ast.ImportFrom):
                assert not any(alias.name.endswith("_") for alias in node.names), path
            elif isinstance(node, ast.Attribute) and not node.attr.startswith("__"):
                assert not node.attr.endswith("_"), f"{path}: {node.attr}"


def test_the_map_depends_on_nothing_but_the_sources() -> None:
    orders = [Shortening(dict(order)) for order in itertools.permutations(SOURCES.items())]
    for path in SOURCES:
        assert all(each.names(path) == orders[0].names(path) for each in orders)


def test_an_heirs_own_names_differ_from_those_it_inherits() -> None:
    shortening = Shortening(
        {
            "room/base.py": b"class Base:\n    def __init__(self):\n        self._inner = 1\n",
            "heir.py": b"from room import base\n"
            b"class Heir(base.Base):\n    def more(self):\n        self._outer = 2\n",
        }
    )
    inner = shortening.names("room/base.py")["_inner"]
    assert shortening.names("heir.py")["_outer"] != inner


def test_what_one_module_gives_anothers_object_differs_from_what_that_has() -> None:
    shortening = Shortening(
        {
            "room/base.py": b"class Base:\n    def __init__(self):\n        self._inner = 1\n",
            "giver.py": b"def give(base):\n    base.present = 2\n",
        }
    )
    assert shortening.names("giver.py")["present"] != shortening.names("room/base.py")["_inner"]


def test_a_shortened_program_does_what_the_long_one_does(tmp_path: Path) -> None:
    results = []
    for kind, change in (("long", lambda _, source: source), ("short", Shortening(SOURCES).apply)):
        folder = tmp_path / kind
        for path, source in SOURCES.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(change(path, source))
        program = change("main.py", MAIN)
        with Interpreter(path=[folder]) as interpreter:
            interpreter.exec(program.decode())
            results.append(interpreter.eval(firmware_name(program)))
    assert results[0] == results[1] == ["green", 4, 4, (4, 5), 2, 7, "black", 4, 4, (4, 5), 3, 7]


def firmware_name(program: bytes) -> str:
    """What a program calls its result."""
    (assigned,) = (node for node in ast.parse(program).body if isinstance(node, ast.Assign))
    return ast.unparse(assigned.targets[0])


def test_own_names_get_short_and_numbers_of_others_are_put_where_they_are_used() -> None:
    shortened = Shortening(SOURCES).apply("room/painter.py", PAINTER)
    found = set(names(shortened))
    assert not found & {"Painter", "paint", "favourite", "_favourite", "coats", "RED"}
    assert b"4" in shortened


def test_a_program_beside_the_firmware_keeps_its_own_names_apart() -> None:
    shortening = Shortening(SOURCES)
    short = shortening.shared["painted"]
    program = f"import house\n{short} = house.painted()\n".encode()
    found = list(names(shortening.apply("other.py", program)))
    assert found.count(short) == 1


def test_a_crash_is_told_with_the_long_name_of_its_function() -> None:
    shortening = Shortening(SOURCES)
    short = shortening.names("room/painter.py")["paint"]
    told = shortening.explained(f'crash: KeyError at File "painter" in {short}')
    assert told == f'crash: KeyError at File "painter" in {short} (paint)'
    assert shortening.explained('crash: KeyError at File "x" in main') == (
        'crash: KeyError at File "x" in main'
    )
