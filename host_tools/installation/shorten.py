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
from collections.abc import Container, Iterator, Mapping
from functools import lru_cache
from itertools import count, product
from pathlib import PurePosixPath
from string import ascii_letters

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

# What a laptop calls by its name; and where its JSON, or fob.json, names the arguments.
_CALLED = frozenset({"call", "main"})
_CALLED_BY_KEYWORD = frozenset({"fob.console", "fob.errands", "hal.light"})

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
        self._numbers = {module: dict(_numbers(tree)) for module, tree in trees.items()}
        own: set[str] = set()
        kept = MICROPYTHON_NAMES | _CALLED
        uses: Counter[str] = Counter()
        hidden = {name for numbers in self._numbers.values() for name in numbers}
        for tree in trees.values():
            nodes = list(ast.walk(tree))
            uses.update({name for node in nodes for name in _names(node)})
            own.update(_stored(tree))
            kept |= {name for node in nodes for name in _asked_for(node)}
            kept |= {name for node in nodes for name in _imported(node, trees.keys())}
            hidden.update(name for name in _constants(tree) if name.startswith("_"))
        for module in _CALLED_BY_KEYWORD & trees.keys():
            kept |= {node.arg for node in ast.walk(trees[module]) if isinstance(node, ast.arg)}
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
        tree = ast.parse(source)
        _Numbers(self._numbers, tree).visit(tree)
        modules = {alias for node in ast.walk(tree) for alias in self._modules(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Global | ast.Nonlocal):
                node.names = [self._shortened(name) for name in node.names]
            elif node in modules:
                # Files keep their names.
                node.asname = self._shortened(node.asname or node.name)
            elif (field := _FIELDS.get(type(node))) and (name := getattr(node, field)):
                setattr(node, field, self._shortened(name))
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


class _Numbers(ast.NodeTransformer):
    """Puts other modules' numbers where a module uses them, and drops their import."""

    def __init__(self, numbers: Mapping[str, Mapping[str, int]], tree: ast.Module) -> None:
        self._numbers = numbers
        self._values: dict[str, int] = {}
        self._modules: dict[str, Mapping[str, int]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._modules[alias.name] = numbers.get(alias.name, {})
            elif isinstance(node, ast.ImportFrom):
                known = numbers.get(node.module or "", {})
                for alias in node.names:
                    name = alias.name
                    self._modules[name] = numbers.get(f"{node.module}.{name}", {})
                    if name in known:
                        self._values[name] = known[name]
        # An argument or a variable of the same name is something else.
        for name in _stored(tree, everywhere=True):
            self._modules.pop(name, None)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        known = self._numbers.get(node.module or "", {})
        node.names = [alias for alias in node.names if alias.name not in known]
        return node if node.names else None

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self._values:
            return ast.Constant(self._values[node.id])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name):
            known = self._modules.get(node.value.id, {})
            if node.attr in known:
                return ast.Constant(known[node.attr])
        return self.generic_visit(node)  # type: ignore[return-value]


def _module(path: str) -> str:
    return ".".join(PurePosixPath(path).with_suffix("").parts)


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Names to what `NAME = const(...)` at the top of a module gives them."""
    return {
        target.id: node.value.args[0]
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "const"
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _numbers(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The constants that are numbers, which may be made of those before them."""
    known: dict[str, object] = {}
    for name, value in _constants(tree).items():
        try:
            code = compile(ast.Expression(value), name, "eval")
            known[name] = eval(code, {"__builtins__": {}}, known)  # the firmware's own source
        except NameError:
            continue
        number = known[name]
        if isinstance(number, int):
            yield name, number


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


def _imported(node: ast.AST, own: Container[str | None]) -> Iterator[str]:
    """Names that a node takes from MicroPython's modules."""
    if isinstance(node, ast.ImportFrom) and node.module not in own:
        yield from (alias.name for alias in node.names)


def _short_names() -> Iterator[str]:
    for length in count(1):
        for letters in product(ascii_letters, repeat=length):
            yield "".join(letters)
