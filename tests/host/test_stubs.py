"""The stand-ins offer nothing that an ESP32 lacks: names, parameters and values of its own stubs.

A stand-in may leave out what the firmware does not use. What it has must be callable on the board
in the same ways, or the firmware could come to lean on it.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PORT = ROOT / "host_tools" / "simulator" / "port"
STUBS = Path(sys.prefix) / "typings"  # where `make setup` puts them
STAND_INS = ["bluetooth", "esp32", "machine", "neopixel"]
# Where the stubs of 1.29 differ from the documentation that they were made from: they lost a
# parameter of two methods, and the form gap_connect(None) that cancels.
ERRATA = {
    "bluetooth": """
class BLE:
    def gatts_notify(self, conn_handle, value_handle, data=None, /): ...
    def gatts_indicate(self, conn_handle, value_handle, data=None, /): ...
    def gap_connect(self, addr_type, addr=None, scan_duration_ms=2000,
                    min_conn_interval_us=None, max_conn_interval_us=None, /): ...
"""
}
# What every object has; stubs do not list it.
OF_ANY_OBJECT = {"__new__", "__repr__", "__str__", "__eq__", "__hash__", "__init__"}


@dataclass
class Names:
    """What one name space offers: functions with their overloads, values if literal, classes."""

    functions: dict[str, list[ast.arguments]] = field(default_factory=dict)
    values: dict[str, object] = field(default_factory=dict)
    classes: dict[str, "Names"] = field(default_factory=dict)

    def public(self) -> Iterator[str]:
        for name in [*self.functions, *self.values, *self.classes]:
            if not name.startswith("_") or name.endswith("__"):
                yield name


def read(body: list[ast.stmt], *, method: bool = False) -> Names:
    found = Names()
    for node in body:
        if isinstance(node, ast.FunctionDef):
            static = any(getattr(d, "id", "") == "staticmethod" for d in node.decorator_list)
            if method and not static:
                del (node.args.posonlyargs or node.args.args)[0]  # self or cls
            found.functions.setdefault(node.name, []).append(node.args)
            if node.name == "__init__":
                found.values |= dict.fromkeys(attributes(node))
        elif isinstance(node, ast.ClassDef):
            found.classes[node.name] = read(node.body, method=True)
        elif isinstance(node, ast.ImportFrom):
            found.values |= {alias.asname or alias.name: None for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                assign(found, target, node.value)
        elif isinstance(node, ast.If | ast.Try):
            raise AssertionError(f"line {node.lineno}: a stand-in has one shape only")
    return found


def assign(found: Names, target: ast.expr, value: ast.expr | None) -> None:
    if isinstance(target, ast.Tuple):
        for part in target.elts:
            assign(found, part, None)
    elif isinstance(target, ast.Name):
        if isinstance(value, ast.Name) and value.id in found.functions:
            found.functions[target.id] = found.functions[value.id]
        else:
            found.values[target.id] = value.value if isinstance(value, ast.Constant) else None


def attributes(method: ast.FunctionDef) -> Iterator[str]:
    """Attributes that a method sets on its object."""
    for node in ast.walk(method):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def stub_names(body: list[ast.stmt]) -> Names:
    # The stubs choose between versions of Python in places; both branches count.
    flat = [inner for node in body for inner in (node.body if isinstance(node, ast.If) else [node])]
    return read(flat)


def positional(arguments: ast.arguments) -> list[ast.arg]:
    return [*arguments.posonlyargs, *arguments.args]


def accepts(overloads: list[ast.arguments], stand_in: ast.arguments) -> bool:
    """Whether each parameter of the stand-in is one of the board's, in some overload of its."""
    by_name = {a.arg for board in overloads for a in [*board.args, *board.kwonlyargs]}
    any_name = any(board.kwarg for board in overloads)
    return (
        any(accepts_positions(board, stand_in) for board in overloads)
        and (any_name or not stand_in.kwarg)
        and (any_name or all(a.arg in by_name for a in stand_in.kwonlyargs))
    )


def accepts_positions(board: ast.arguments, stand_in: ast.arguments) -> bool:
    if board.vararg:
        return True
    ours, theirs = positional(stand_in), positional(board)
    if stand_in.vararg or len(ours) > len(theirs):
        return False
    # Names that the board does not take by keyword are free.
    pairs = zip(ours, theirs, strict=False)
    return all(a.arg == b.arg for a, b in pairs if b not in board.posonlyargs)


def required(arguments: ast.arguments) -> int:
    return len(positional(arguments)) - len(arguments.defaults)


def differences(stand_in: Names, board: Names, where: str) -> Iterator[str]:
    for name in stand_in.public():
        full = f"{where}.{name}"
        if name in stand_in.classes:
            if name not in board.classes:
                yield f"{full} is no class of the board"
            else:
                yield from differences(stand_in.classes[name], board.classes[name], full)
        elif name in stand_in.functions and name in board.functions:
            overloads = board.functions[name]
            for taken in stand_in.functions[name]:
                if not accepts(overloads, taken):
                    yield f"{full}({ast.unparse(taken)}) takes more than the board's"
                if required(taken) < min(required(overload) for overload in overloads):
                    yield f"{full}({ast.unparse(taken)}) needs less than the board's"
        elif name in OF_ANY_OBJECT:
            continue
        elif name not in set(board.public()):
            yield f"{full} is not on the board"
        else:
            ours, theirs = stand_in.values.get(name), board.values.get(name)
            if ours is not None and theirs is not None and ours != theirs:
                yield f"{full} is {ours!r}, the board's is {theirs!r}"


def compare(source: str, stub: str, name: str = "module", errata: str = "") -> list[str]:
    board = stub_names(ast.parse(stub).body)
    for owner, corrected in read(ast.parse(errata).body).classes.items():
        board.classes[owner].functions |= corrected.functions
    return list(differences(read(ast.parse(source).body), board, name))


@pytest.mark.parametrize("name", STAND_INS)
def test_a_stand_in_offers_only_what_the_board_has(name: str) -> None:
    source = (PORT / f"{name}.py").read_text("utf-8")
    stub = (STUBS / f"{name}.pyi").read_text("utf-8")
    assert compare(source, stub, name, ERRATA.get(name, "")) == []


@pytest.mark.parametrize(
    ("stand_in", "complaint"),
    [
        ("def reset(): pass", None),
        ("def reset(hard=False): pass", "module.reset(hard=False) takes more than the board's"),
        ("def freq(hz=None): pass", None),
        ("def config(param=None, **kwargs): pass", None),
        ("def config(*args): pass", "module.config(*args) takes more than the board's"),
        ("def dupont(): pass", "module.dupont is not on the board"),
        ("IN = 2", "module.IN is 2, the board's is 1"),
        ("_private = 3\nimport time", None),
        ("class Pin:\n def value(self, level=None): pass", None),
        ("class Pin:\n def irq(self, handler=None, *, wake=None): pass", None),
        (
            "class Pin:\n def irq(self, handler=None, *, hard=None): pass",
            "module.Pin.irq(handler=None, *, hard=None) takes more than the board's",
        ),
        (
            "class Pin:\n def irq(self, call=None): pass",
            "module.Pin.irq(call=None) takes more than the board's",
        ),
        (
            "class Pin:\n def __init__(self, id=0): pass",
            "module.Pin.__init__(id=0) needs less than the board's",
        ),
        (
            "class Pin:\n def __init__(self, id): self.number = id",
            "module.Pin.number is not on the board",
        ),
    ],
)
def test_the_comparison_notices_what_the_board_lacks(stand_in: str, complaint: str | None) -> None:
    stub = (
        "IN: Final[int] = 1\n"
        "def reset() -> NoReturn: ...\n"
        "@overload\n"
        "def freq() -> int: ...\n"
        "@overload\n"
        "def freq(hz: int, /) -> None: ...\n"
        "@overload\n"
        "def config(param: str, /) -> Any: ...\n"
        "@overload\n"
        "def config(**kwargs) -> None: ...\n"
        "class Pin:\n"
        " def __init__(self, id: int) -> None: ...\n"
        " def irq(self, handler=None, trigger=3, *, wake=None) -> None: ...\n"
        " def value(self, x=None, /) -> int: ...\n"
    )
    assert compare(stand_in, stub) == ([complaint] if complaint else [])
