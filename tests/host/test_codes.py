"""The firmware's numbers against the .proto file: names, numbers, kinds, oneofs, sub-messages."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from host_tools.protocol import errors_pb2, keys_pb2, vcsec_pb2
from tests.interpreter import Interpreter

Schema = dict[int, tuple[str, int, Any]]

_READING = """
def named(module, kind):
    module = load(module)
    names = [name for name in dir(module) if name.upper() == name and name[0] != "_"]
    values = [(name, getattr(module, name)) for name in names]
    return {name: value for name, value in values if isinstance(value, kind)}

def unreached(roots, schemas):
    todo, seen = list(roots), set()
    while todo:
        schema = todo.pop()
        seen.add(id(schema))
        todo += [sub for _, _, sub in schema.values() if sub is not None]
    return [name for name in schemas if id(schemas[name]) not in seen]
"""
_TYPES = {
    "UINT32": FieldDescriptor.TYPE_UINT32,
    "UINT64": FieldDescriptor.TYPE_UINT64,
    "INT32": FieldDescriptor.TYPE_INT32,
    "ENUM": FieldDescriptor.TYPE_ENUM,
    "BOOL": FieldDescriptor.TYPE_BOOL,
    "FIXED32": FieldDescriptor.TYPE_FIXED32,
    "FIXED64": FieldDescriptor.TYPE_FIXED64,
    "BYTES": FieldDescriptor.TYPE_BYTES,
    "STRING": FieldDescriptor.TYPE_STRING,
    "MESSAGE": FieldDescriptor.TYPE_MESSAGE,
}
_ROOTS = {
    "TO_VCSEC_MESSAGE": vcsec_pb2.ToVCSECMessage.DESCRIPTOR,
    "FROM_VCSEC_MESSAGE": vcsec_pb2.FromVCSECMessage.DESCRIPTOR,
}


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
    schemas: dict[str, Schema] = firmware.eval("named('fob.messages', dict)")
    return [field for root in _ROOTS for field in _walk(_ROOTS[root], schemas[root])]


def _walk(
    message: Descriptor, schema: Schema
) -> Iterator[tuple[Descriptor, int, tuple[str, int, Any]]]:
    for number, field in schema.items():
        yield message, number, field
        if field[2] is not None:
            yield from _walk(message.fields_by_number[number].message_type, field[2])


def _enum_values() -> dict[str, int]:
    enums: list[EnumDescriptor] = [
        enum
        for module in (errors_pb2, keys_pb2, vcsec_pb2)
        for enum in module.DESCRIPTOR.enum_types_by_name.values()
    ]
    return {value.name: value.number for enum in enums for value in enum.values}


def test_every_code_has_the_number_of_its_name_in_the_proto_file(firmware: Interpreter) -> None:
    codes: dict[str, int] = firmware.eval("named('fob.codes', int)")
    proto = _enum_values()
    assert len(codes) > 25
    assert codes == {name: proto.get(name) for name in codes}


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
    types = {kinds[name]: number for name, number in _TYPES.items()}
    assert len(types) == len(_TYPES)
    for message, number, (name, kind, sub) in fields:
        field = message.fields_by_number[number]
        assert types[kind & ~flags] == field.type, (message.full_name, name)
        assert bool(kind & kinds["REPEATED"]) == field.is_repeated, (message.full_name, name)
        assert (sub is not None) == (field.message_type is not None), (message.full_name, name)


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


def test_every_schema_is_part_of_a_message_to_or_from_the_car(firmware: Interpreter) -> None:
    names = "TO_VCSEC_MESSAGE, FROM_VCSEC_MESSAGE"
    firmware.exec(f"from fob.messages import {names}")
    assert firmware.eval(f"unreached([{names}], named('fob.messages', dict))") == []
