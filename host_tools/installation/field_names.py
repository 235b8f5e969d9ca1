"""Shortens names of message fields that only the firmware reads and writes, before it is compiled.

The firmware names fields as proto/ does. An .mpy keeps each name as text in every module that says
it, and so does the chip's memory. What a laptop shares with the fob keeps its names: what actions
say and what a car's status holds.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import count

from host_tools.resources import firmware_sources

_SCHEMAS = ("fob/messages.py", "fob/routable.py", "fob/whitelist.py")
_SHARED = ("UNSIGNED_MESSAGE", "VEHICLE_STATUS")
"""Schemas of what a laptop writes or reads, by field name: with all that is in them."""
_NEXT_TO_THE_LAPTOP = (
    "laptop.py",
    "life.py",
    "fob/config.py",
    "fob/console.py",
    "fob/errands.py",
    "fob/settings.py",
)
# What is no longer may be a word of something else, and would hardly get shorter.
_LONG = 11
_FIELD = 4


class FieldNames:
    """The short names of a firmware's fields, from its modules: {path: source}."""

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        trees = {path: ast.parse(source) for path, source in sources.items()}
        schemas = {name: fields for path in _SCHEMAS for name, fields in _schemas(trees.get(path))}
        shared = {field for name in _SHARED for field in _all_fields(schemas, name)}
        for path in _NEXT_TO_THE_LAPTOP:
            shared.update(_texts(trees.get(path)))
        named = {field for name in schemas for field in _all_fields(schemas, name)}
        taken = {text for tree in trees.values() for text in _texts(tree)}
        fresh = (name for name in (f"{number:x}" for number in count()) if name not in taken)
        own = sorted(name for name in named - shared if len(name) >= _LONG)
        self.short_names: Mapping[str, str] = dict(zip(own, fresh, strict=False))

    def apply(self, source: bytes) -> bytes:
        """The source of a module that names fields so. Raises SyntaxError, ValueError."""
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                node.value = self.short_names.get(node.value, node.value)
        return ast.unparse(tree).encode()


@lru_cache
def firmware_field_names() -> FieldNames:
    """Those of the firmware which these tools install."""
    return FieldNames(firmware_sources())


def _schemas(tree: ast.Module | None) -> Iterator[tuple[str, list[ast.expr]]]:
    """Name and elements of each schema of a module: see firmware/fob/protobuf.py."""
    for node in tree.body if tree else ():
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.List(elts=[ast.Constant(), ast.Constant(value=str()), *_] as elements),
            ) if len(elements) % _FIELD == 0:
                yield name, elements


def _all_fields(schemas: Mapping[str, list[ast.expr]], name: str) -> Iterable[str]:
    """Names of the fields of a schema, and of those in it."""
    elements = schemas.get(name, [])
    for at in range(0, len(elements), _FIELD):
        match elements[at + 1], elements[at + 3]:
            case ast.Constant(value=str(field)), sub:
                yield field
                if isinstance(sub, ast.Name):
                    yield from _all_fields(schemas, sub.id)


def _texts(tree: ast.Module | None) -> Iterator[str]:
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
