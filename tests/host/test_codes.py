"""Names, numbers, kinds and oneofs in the firmware (and its tests) against the .proto files."""

import ast
import runpy
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from host_tools.protocol import (
    errors_pb2,
    keys_pb2,
    signatures_pb2,
    universal_message_pb2,
    vcsec_pb2,
)
from tests.interpreter import FIRMWARE, Interpreter
from tests.schemas import Schema, by_number

_READING = """
def named(module, kind):
    module = load(module)
    names = [name for name in dir(module) if name.upper() == name and name[0] != "_"]
    values = [(name, getattr(module, name)) for name in names]
    return {name: value for name, value in values if isinstance(value, kind)}

def schemas(module):
    lists = named(module, list)
    return {name: flat for name, flat in lists.items() if len(flat) > 3 and type(flat[1]) is str}

def unreached(roots, schemas):
    todo, seen = list(roots), set()
    while todo:
        schema = todo.pop()
        seen.add(id(schema))
        todo += [sub for sub in schema if isinstance(sub, list)]
    return [name for name in schemas if id(schemas[name]) not in seen]
"""
_TYPES = {
    FieldDescriptor.TYPE_UINT32: "UINT32",
    FieldDescriptor.TYPE_INT32: "INT32",
    FieldDescriptor.TYPE_ENUM: "ENUM",
    FieldDescriptor.TYPE_FIXED32: "FIXED32",
    FieldDescriptor.TYPE_BYTES: "BYTES",
    FieldDescriptor.TYPE_MESSAGE: "MESSAGE",
}
_ROOTS = {
    "fob.messages": {
        "TO_VCSEC_MESSAGE": vcsec_pb2.ToVCSECMessage.DESCRIPTOR,
        "FROM_VCSEC_MESSAGE": vcsec_pb2.FromVCSECMessage.DESCRIPTOR,
    },
    "fob.whitelist": {"WHITELIST_OPERATION": vcsec_pb2.WhitelistOperation.DESCRIPTOR},
    "fob.keychain": {
        "WHITELIST_INFO": vcsec_pb2.WhitelistInfo.DESCRIPTOR,
        "WHITELIST_ENTRY_INFO": vcsec_pb2.WhitelistEntryInfo.DESCRIPTOR,
    },
    "fob.routable": {
        "ROUTABLE_MESSAGE": universal_message_pb2.RoutableMessage.DESCRIPTOR,
        "SESSION_INFO": signatures_pb2.SessionInfo.DESCRIPTOR,
    },
}
_CODES = Path(__file__).parents[1] / "unit" / "codes.py"
_FILES = (errors_pb2, keys_pb2, signatures_pb2, universal_message_pb2, vcsec_pb2)


@pytest.fixture
def firmware(interpreter: Interpreter) -> Interpreter:
    interpreter.exec(_READING)
    return interpreter


@pytest.fixture
def kinds(firmware: Interpreter) -> dict[str, int]:
    numbers: dict[str, int] = firmware.eval("named('fob.protobuf', int)")
    return numbers


@pytest.fixture
def fields(firmware: Interpreter) -> list[tuple[Descriptor, int, tuple[str, int, Any]]]:
    """Every field of every schema that a message to or from the car can contain."""
    found = []
    for module, roots in _ROOTS.items():
        schemas: dict[str, Any] = firmware.eval(f"schemas({module!r})")
        for root, message in roots.items():
            found += _walk(message, by_number(schemas[root]))
    return found


def _walk(
    message: Descriptor, schema: Schema
) -> Iterator[tuple[Descriptor, int, tuple[str, int, Any]]]:
    for number, field in schema.items():
        yield message, number, field
        if field[2] is not None:
            yield from _walk(message.fields_by_number[number].message_type, field[2])


def _enums() -> list[EnumDescriptor]:
    return [enum for file in _FILES for enum in file.DESCRIPTOR.enum_types_by_name.values()]


def _enum_values() -> dict[str, int]:
    return {value.name: value.number for enum in _enums() for value in enum.values}


def _prefix(enum: EnumDescriptor) -> str:
    """The words with which the names of all its values begin."""
    words = zip(*(value.name.split("_") for value in enum.values), strict=False)
    return "".join(f"{same[0]}_" for same in takewhile(lambda word: len({*word}) == 1, words))


def _private_constants() -> Iterator[tuple[str, str, ast.expr]]:
    """File, name without its underscore, and value of every `_NAME = const(value)` of fob/."""
    for path in sorted((FIRMWARE / "fob").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Name)
                and node.targets[0].id.startswith("_")
                and isinstance(node.value, ast.Call)
                and ast.unparse(node.value.func) == "const"
            ):
                yield path.name, node.targets[0].id[1:], node.value.args[0]


def test_every_code_of_the_tests_has_the_number_of_its_name_in_a_proto_file() -> None:
    module = runpy.run_path(str(_CODES))
    codes = {name: value for name, value in module.items() if not name.startswith("_")}
    proto = _enum_values()
    assert len(codes) > 10
    assert codes == {name: proto.get(name) for name in codes}


def test_the_same_name_has_the_same_number_in_all_proto_files() -> None:
    values = [(value.name, value.number) for enum in _enums() for value in enum.values]
    assert len(set(values)) == len(_enum_values())


def test_every_private_code_has_the_number_of_its_name_in_a_proto_file() -> None:
    """Also FLAG_...: there, as in the proto file, a number is that of a bit."""
    prefixes = tuple({_prefix(enum) for enum in _enums()} - {""})
    assert {"TAG_", "FLAG_", "DOMAIN_", "SIGNATURE_TYPE_", "MESSAGEFAULT_ERROR_"} < {*prefixes}
    proto = _enum_values()
    compared = 0
    for file, name, value in _private_constants():
        if name.startswith(prefixes):
            assert (name, ast.literal_eval(value)) == (name, proto.get(name)), file
            compared += 1
    assert compared > 50


def test_every_field_has_the_name_of_its_number_in_the_proto_file(
    fields: list[tuple[Descriptor, int, tuple[str, int, Any]]],
) -> None:
    assert len(fields) > 40
    for message, number, (name, _, _) in fields:
        assert number in message.fields_by_number, (message.full_name, name)
        assert message.fields_by_number[number].name == name


def test_every_field_is_of_the_kind_in_the_proto_file(
    fields: list[tuple[Descriptor, int, tuple[str, int, Any]]], kinds: dict[str, int]
) -> None:
    flags = kinds["REPEATED"] | kinds["ONEOF"] | kinds["ONEOF_2"]
    for message, number, (name, kind, sub) in fields:
        field = message.fields_by_number[number]
        assert kind & ~flags == kinds[_TYPES[field.type]], (message.full_name, name)
        assert bool(kind & kinds["REPEATED"]) == field.is_repeated, (message.full_name, name)
        # A message may be left encoded, for the module that needs what is in it.
        assert sub is None or field.message_type is not None, (message.full_name, name)


def test_fields_share_a_oneof_exactly_where_they_do_in_the_proto_file(
    fields: list[tuple[Descriptor, int, tuple[str, int, Any]]], kinds: dict[str, int]
) -> None:
    oneofs = kinds["ONEOF"] | kinds["ONEOF_2"]
    marks: dict[tuple[str, str], set[int]] = {}
    for message, number, (name, kind, _) in fields:
        oneof = message.fields_by_number[number].containing_oneof
        assert bool(kind & oneofs) == (oneof is not None), (message.full_name, name)
        if oneof is not None:
            marks.setdefault((message.full_name, oneof.name), set()).add(kind & oneofs)
    assert all(len(mark) == 1 for mark in marks.values())
    for message in {name for name, _ in marks}:
        used = [mark for (owner, _), mark in marks.items() if owner == message]
        assert len(set.union(*used)) == len(used), f"two oneofs of {message} have the same mark"


@pytest.mark.parametrize("module", _ROOTS)
def test_every_schema_is_part_of_a_message_to_or_from_the_car(
    firmware: Interpreter, module: str
) -> None:
    names = ", ".join(_ROOTS[module])
    firmware.exec(f"from {module} import {names}")
    assert firmware.eval(f"unreached([{names}], schemas({module!r}))") == []
