"""Shortens the firmware's own names before it is compiled: they are a third of what a fob holds.

An .mpy keeps every name of its module as text, and so does the chip's memory once it is loaded. One
map for all modules gives each name that only the firmware uses a short one, wherever it stands: as
long as no two names become one, the program stays the same. Numbers that one module takes from
another are put where they are used: see host_tools.installation.link.
"""

import ast
import keyword
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import count, product
from pathlib import PurePosixPath
from string import ascii_letters

from host_tools.installation import identifiers
from host_tools.installation.identifiers import NAME_FIELDS
from host_tools.installation.link import constants, link, numbers, variables
from host_tools.resources import firmware_sources

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
callable chr copy dir format hash id isalpha isdigit islower isspace isupper iter little lower
lstrip object ord popitem pow repr reverse rfind rindex round rsplit rstrip sep sort step upper
bytecode
"""

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
        kept = MICROPYTHON_NAMES | _KEPT | set(identifiers.from_outside(trees))
        for tree in trees.values():
            link(tree, self._numbers)
        self._families = identifiers.families(trees)
        met = {module: set(identifiers.met(tree)) for module, tree in trees.items()}
        stored = {name for tree in trees.values() for name in identifiers.stored(tree)}
        own = {name for name in stored - kept if not name.startswith("__")}
        hidden = {name for known in self._numbers.values() for name in known}
        for tree in trees.values():
            hidden |= {name for name in constants(tree) if name.startswith("_")}
        # mpy-cross leaves out a constant whose name begins so.
        self.shared = {name: f"_{name}_" for name in own & hidden}
        self._local: dict[str, dict[str, str]] = {module: {} for module in trees}
        given = {name for tree in trees.values() for name in identifiers.given_to_others(tree)}
        everything = set().union(*met.values())
        self._share_out(own - hidden, met, given, taken=everything - own)
        self._short = set(self.shared.values()).union(*(m.values() for m in self._local.values()))

    def _share_out(
        self, own: set[str], met: Mapping[str, set[str]], given: set[str], taken: set[str]
    ) -> None:
        """Give out the short names that are not `taken`: what is met most often gets the shortest.

        `given` are names of attributes that one module may give to an object of another's.
        """
        uses: dict[str, Counter[str]] = {name: Counter() for name in sorted(own)}
        for module, names in met.items():
            for name in names & own:
                uses[name][self._families[module]] += 1
        # Whose turn it is: a shared name's, or that of the n-th of every family's own.
        turns: Counter[str | int] = Counter()
        owned: dict[str, list[str]] = {}
        for name, where in sorted(uses.items(), key=lambda item: (-item[1].total(), item[0])):
            if len(where) > 1 or name in given:
                turns[name] = where.total()
            else:
                (family,) = where
                names_of_family = owned.setdefault(family, [])
                turns[len(names_of_family)] += where.total()
                names_of_family.append(name)
        taken = taken | set(keyword.kwlist)
        fresh = (short for short in _short_names() if short not in taken)
        for turn, _ in sorted(turns.items(), key=lambda item: (-item[1], str(item[0]))):
            short = next(fresh)
            if isinstance(turn, str):
                self.shared[turn] = short
                continue
            for family, names_of_family in owned.items():
                if turn < len(names_of_family):
                    self._local[family][names_of_family[turn]] = short

    def names(self, path: str) -> dict[str, str]:
        """Long names to short ones, in the module at `path` or a program that is none of them."""
        return self._names(_module(path))

    def apply(self, path: str, source: bytes) -> bytes:
        """The source of a module with its names shortened; `path` as among the map's sources.

        One that is not of the firmware may import what is: its own names give way to short ones.
        Raises SyntaxError, ValueError.
        """
        tree = link(ast.parse(source), self._numbers)
        names = self.names(path)
        bound = {*identifiers.stored(tree), *variables(tree)}

        def short(name: str) -> str:
            if name in names:
                return names[name]
            return f"{name}__" if name in self._short and name in bound else name

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
                case _ if (field := NAME_FIELDS.get(type(node))) and (name := getattr(node, field)):
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
    return Shortening(firmware_sources())


def _module(path: str) -> str:
    return ".".join(PurePosixPath(path).with_suffix("").parts)


def _short_names() -> Iterator[str]:
    yield from _NUMBERED.split()
    for length in count(1):
        for letters in product(ascii_letters, repeat=length):
            yield "".join(letters)
