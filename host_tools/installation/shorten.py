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
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
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

# Names that every MicroPython has, so that an .mpy needs but their number (py/makeqstrdata.py), and
# that nobody needs as they are.
_NUMBERED = """
isalpha isdigit islower isspace isupper little lstrip popitem reverse rfind rindex rsplit rstrip sep
step bytecode
"""

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

_PLACE = re.compile(r'File "(\w+)"(?:, line \d+,)? in (\w+)')


class Shortening:
    """The map of a firmware's names, made from all its modules: {path: source}.

    It depends on nothing but the sources. `shared` has the short names of those that several
    modules use. Names that one module alone uses share the rest of the short ones with those of all
    others, for the chip keeps each only once; modules with classes that inherit from each other
    count as one here.
    """

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        trees = {_module(path): ast.parse(source) for path, source in sources.items()}
        self._numbers = {module: numbers(tree) for module, tree in trees.items()}
        packages = {module.partition(".")[0] for module in trees}
        kept = MICROPYTHON_NAMES | _KEPT
        for tree in trees.values():
            kept |= {name for node in ast.walk(tree) for name in _imported(node, packages)}
            link(tree, self._numbers)
        kept |= set(_arguments_from_outside(trees.values()))
        self._families = _families(trees)
        own: set[str] = set()
        met: set[str] = set()
        uses: dict[str, Counter[str]] = {}
        public: set[str] = set()
        hidden = {name for numbers in self._numbers.values() for name in numbers}
        for module, tree in trees.items():
            nodes = list(ast.walk(tree))
            names = {name for node in nodes for name in _names(node)}
            met |= names
            for name in names:
                uses.setdefault(name, Counter())[self._families[module]] += 1
            own.update(_stored(tree))
            kept |= {name for node in nodes for name in _asked_for(node)}
            public.update(name for node in nodes for name in _given_to_others(node))
            hidden.update(name for name in constants(tree) if name.startswith("_"))
        own = {name for name in own - kept if not name.startswith("__")}
        # mpy-cross leaves out a constant whose name begins so.
        self.shared: dict[str, str] = {name: f"_{name}_" for name in own & hidden}
        self._local: dict[str, dict[str, str]] = {family: {} for family in self._families.values()}
        # What is to have a short name: a shared one, or the n-th of each family.
        wanted: Counter[str | int] = Counter()
        ranks: dict[str, list[str]] = {family: [] for family in self._local}
        for name in sorted(own - hidden, key=lambda name: (-uses[name].total(), name)):
            if len(uses[name]) > 1 or name in public:
                wanted[name] = uses[name].total()
            else:
                ((family, number),) = uses[name].items()
                wanted[len(ranks[family])] += number
                ranks[family].append(name)
        taken = (met - own) | set(dir(builtins)) | set(keyword.kwlist)
        fresh = (name for name in _short_names() if name not in taken)
        for each, _ in sorted(wanted.items(), key=lambda item: (-item[1], str(item[0]))):
            short = next(fresh)
            if isinstance(each, str):
                self.shared[each] = short
            else:
                for family, names_ in ranks.items():
                    if each < len(names_):
                        self._local[family][names_[each]] = short
        self._given = set(self.shared.values()).union(*(m.values() for m in self._local.values()))

    def names(self, path: str) -> dict[str, str]:
        """Long names to short ones, in the module at `path` or a program that is none of them."""
        return self._names(_module(path))

    def apply(self, path: str, source: bytes) -> bytes:
        """The source of a module with its names shortened; `path` as among the map's sources.

        One that is not of the firmware may import what is: its own names give way to short ones.
        Raises SyntaxError, ValueError.
        """
        names = self.names(path)

        def short(name: str) -> str:
            return names.get(name) or (f"{name}__" if name in self._given else name)

        tree = link(ast.parse(source), self._numbers)
        for node in ast.walk(tree):
            match node:
                case ast.Global() | ast.Nonlocal():
                    node.names = [short(name) for name in node.names]
                case ast.ImportFrom() | ast.Import():
                    package = getattr(node, "module", "")
                    for alias in node.names:
                        self._rename(alias, package, short)
                case ast.alias():
                    pass
                case _ if (field := _FIELDS.get(type(node))) and (name := getattr(node, field)):
                    setattr(node, field, short(name))
        return ast.unparse(ast.fix_missing_locations(tree)).encode()

    def _rename(self, alias: ast.alias, package: str | None, short: Callable[[str], str]) -> None:
        here = short(alias.asname or alias.name)
        if package in self._numbers:
            alias.name = short(alias.name)
        # Modules keep their names, their files do.
        alias.asname = here if here != alias.name else None

    def explained(self, text: str) -> str:
        """A report of a crash, with the long name of its function behind the short one."""
        return _PLACE.sub(self._explained_place, text)

    def _explained_place(self, place: re.Match[str]) -> str:
        for module in self._families:
            if module.rpartition(".")[2] == place[1]:
                for long, short in self._names(module).items():
                    if short == place[2]:
                        return f"{place[0]} ({long})"
        return place[0]

    def _names(self, module: str) -> dict[str, str]:
        return self.shared | self._local.get(self._families.get(module, ""), {})


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


def _given_to_others(node: ast.AST) -> Iterator[str]:
    """Names of attributes that a node gives to an object which need not be of its own module."""
    match node:
        case ast.Attribute(value=ast.Name(id="self")):
            pass
        case ast.Attribute(attr=name, ctx=ast.Store()):
            yield name


def _families(trees: Mapping[str, ast.Module]) -> dict[str, str]:
    """Modules to the one that stands for all whose classes inherit from each other's."""
    classes = {
        node.name: module
        for module, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    families = {module: module for module in trees}
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                for name in (name for base in node.bases for name in _names(base)):
                    old, new = families[module], families[classes.get(name, module)]
                    families = {each: new if of == old else of for each, of in families.items()}
    return families


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
    yield from _NUMBERED.split()
    for length in count(1):
        for letters in product(ascii_letters, repeat=length):
            yield "".join(letters)
