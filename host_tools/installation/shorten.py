"""Shortens the firmware's own names before it is compiled: they are a third of what a fob holds.

An .mpy keeps every name of its module as text, and so does the chip's memory once it is loaded. One
map for all modules gives each name that only the firmware uses a short one, wherever it stands: as
long as no two names become one, the program stays the same. Numbers that one module takes from
another (`NAME = const(n)`) are put where they are used, and need no name at all.
"""

import ast
import builtins
import keyword
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import count, product
from pathlib import PurePosixPath
from string import ascii_letters

from host_tools.installation.link import constants, link, numbers
from host_tools.resources import resource_folder

_ALSO_MICROPYTHONS = """
Counter HOLD alarm args block board broken build cancel code config connect count data decode
difference digest done duty encode end error expected feed find flags get idle index info key keys
lines link load memory message modules n name next offset on open pack partial path pin pull put
quiet read readable reason remove run scan send set sha256 shift size sleep start state stop text
times unpack value values wait writable write
"""
MICROPYTHON_NAMES = frozenset(_ALSO_MICROPYTHONS.split())
"""Names of the firmware's own that MicroPython has too. Which of the two one stands for is known
only when it runs, so they stay. A test compares them with the stubs of the ESP32 port."""

# What a laptop calls by its name, and a name that an .mpy has for nothing.
_KEPT = frozenset({"call", "main", "self"})

# The attribute of a node that is a name; lists of names, and a second one, come besides.
_FIELDS: dict[type[ast.AST], str] = {
    ast.AsyncFunctionDef: "name",
    ast.Attribute: "attr",
    ast.ClassDef: "name",
    ast.ExceptHandler: "name",
    ast.FunctionDef: "name",
    ast.Name: "id",
    ast.alias: "name",
    ast.arg: "arg",
    ast.keyword: "arg",
}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

_PLACE = re.compile(r'File "\w+"(?:, line \d+,)? in (\w+)')


class Shortening:
    """The map of a firmware's names, made from all its modules: {path: source}.

    `short_names` has every long one's short one. It depends on nothing but the sources.
    """

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        trees = {_module(path): ast.parse(source) for path, source in sources.items()}
        self._numbers = {module: numbers(tree) for module, tree in trees.items()}
        packages = {module.partition(".")[0] for module in trees}
        kept = MICROPYTHON_NAMES | _KEPT
        for tree in trees.values():
            kept |= {name for node in ast.walk(tree) for name in _imported(node, packages)}
            link(tree, self._numbers)
        own: set[str] = set()
        uses: Counter[str] = Counter()
        hidden = {name for numbers in self._numbers.values() for name in numbers}
        for tree in trees.values():
            nodes = list(ast.walk(tree))
            uses.update({name for node in nodes for name in _names(node)})
            own.update(_stored(tree))
            kept |= {name for node in nodes for name in _asked_for(node)}
            hidden.update(name for name in constants(tree) if name.startswith("_"))
        kept |= set(_arguments_from_outside(trees.values()))
        own = {name for name in own - kept if not name.startswith("__")}
        taken = (uses.keys() - own) | set(dir(builtins)) | set(keyword.kwlist)
        fresh = (name for name in _short_names() if name not in taken)
        self.short_names: Mapping[str, str] = {
            # mpy-cross leaves out a constant whose name begins so.
            name: f"_{name}_" if name in hidden else next(fresh)
            for name in sorted(own, key=lambda name: (-uses[name], name))
        }
        self._long = {short: long for long, short in self.short_names.items()}

    def apply(self, path: str, source: bytes) -> bytes:
        """The source of a module with its names shortened; `path` as among the map's sources.

        One that is not of the firmware may import what is: its own names give way to short ones.
        Raises SyntaxError, ValueError.
        """
        tree = link(ast.parse(source), self._numbers)
        modules = {alias for node in ast.walk(tree) for alias in self._modules(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Global | ast.Nonlocal):
                node.names = [self._shortened(name) for name in node.names]
            elif node in modules:
                # Files keep their names.
                given = node.asname or node.name
                short = self._shortened(given)
                node.asname = short if short != node.name else None
            elif (field := _FIELDS.get(type(node))) and (name := getattr(node, field)):
                setattr(node, field, self._shortened(name))
            if isinstance(node, ast.alias) and node not in modules and node.asname:
                node.asname = self._shortened(node.asname)
        return ast.unparse(ast.fix_missing_locations(tree)).encode()

    def _modules(self, node: ast.AST) -> Iterator[ast.alias]:
        """Of the names that a node imports, those of modules of the firmware."""
        if isinstance(node, ast.Import):
            yield from (alias for alias in node.names if alias.name in self._numbers)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if f"{node.module}.{alias.name}" in self._numbers:
                    yield alias

    def _shortened(self, name: str) -> str:
        return self.short_names.get(name) or (f"{name}__" if name in self._long else name)

    def explained(self, text: str) -> str:
        """A report of a crash, with the long name of each function behind its short one."""
        return _PLACE.sub(self._explained_place, text)

    def _explained_place(self, place: re.Match[str]) -> str:
        long = self._long.get(place[1])
        return f"{place[0]} ({long})" if long else place[0]


@lru_cache
def firmware_shortening() -> Shortening:
    """That of the firmware which these tools install."""
    folder = resource_folder("firmware")
    return Shortening(
        {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.py")}
    )


def _module(path: str) -> str:
    return ".".join(PurePosixPath(path).with_suffix("").parts)


def _names(node: ast.AST) -> Iterator[str]:
    """The names in a node itself."""
    if isinstance(node, ast.Global | ast.Nonlocal):
        yield from node.names
    for field in (_FIELDS.get(type(node)), "asname"):
        name = getattr(node, field or "", None)
        if name:
            yield name


def _stored(tree: ast.AST, *, everywhere: bool = False) -> Iterator[str]:
    """Names that a module gives to something and an .mpy keeps; with `everywhere` also variables
    of functions, which it does not."""
    pending: list[tuple[ast.AST, bool]] = [(tree, False)]
    while pending:
        node, inside = pending.pop()
        match node:
            case ast.Name(id=name, ctx=ast.Store()) if everywhere or not inside:
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()) if not everywhere:
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Global(names=names):
                yield from names
            case ast.alias(asname=str(name)):
                yield name
        inside = inside or isinstance(node, _FUNCTIONS)
        pending += ((child, inside) for child in ast.iter_child_nodes(node))


def _asked_for(node: ast.AST) -> Iterator[str]:
    """Names that a node has in a string."""
    match node:
        case ast.Call(func=ast.Name(id="getattr" | "hasattr" | "setattr"), args=args):
            yield from (
                each.value
                for each in args
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )


def _imported(node: ast.AST, own: Container[str]) -> Iterator[str]:
    """Names that a node takes from MicroPython's modules."""
    if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] not in own:
        yield from (alias.name for alias in node.names)


def _arguments_from_outside(trees: Iterable[ast.Module]) -> Iterator[str]:
    """Arguments that no call in the firmware names: f(**fields) leaves that to a laptop's JSON."""
    nodes = [node for tree in trees for node in ast.walk(tree)]
    called: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Call) and any(each.arg is None for each in node.keywords):
            called.update(
                _names(node.func.value if isinstance(node.func, ast.Subscript) else node.func)
            )
    for node in nodes:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict(values=values))
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict(values=values))
            ) if name in called:
                # A table of what can be called so.
                called.update(name for value in values for name in _names(value))
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and node.name in called:
            yield from (each.arg for each in node.args.args)


def _short_names() -> Iterator[str]:
    for length in count(1):
        for letters in product(ascii_letters, repeat=length):
            yield "".join(letters)
