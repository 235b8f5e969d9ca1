"""The firmware's codec against the official library, on random messages and random bytes.

The official library is given the firmware's own schemas (test_codes compares those with the
.proto file), and one more, ANYTHING, that has every kind of field.
"""

import functools
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.interpreter import Interpreter
from tests.schemas import Schema, by_number, flattened

# Each kind of fob.protobuf by its number; the fixture checks it.
_KINDS = {
    "UINT32": (0x00, FieldDescriptor.TYPE_UINT32, st.integers(0, 2**32 - 1)),
    "UINT64": (0x80, FieldDescriptor.TYPE_UINT64, st.integers(0, 2**64 - 1)),
    "INT32": (0x20, FieldDescriptor.TYPE_INT32, st.integers(-(2**31), 2**31 - 1)),
    "FIXED32": (0x05, FieldDescriptor.TYPE_FIXED32, st.integers(0, 2**32 - 1)),
    "FIXED64": (0x81, FieldDescriptor.TYPE_FIXED64, st.integers(0, 2**64 - 1)),
    "BYTES": (0x02, FieldDescriptor.TYPE_BYTES, st.binary(max_size=200)),
}
_BY_NUMBER = {number: (kind, values) for number, kind, values in _KINDS.values()}
_MESSAGE = 0x02
_ONEOF, _ONEOF_2, _REPEATED = 0x08, 0x10, 0x40
_ONEOFS = _ONEOF | _ONEOF_2
_KIND = ~(_ONEOFS | _REPEATED)

_INNER: Schema = {
    1: ("number", 0, None),
    2: ("choice", 0x20 | _ONEOF, None),
    3: ("octets", 2, None),
}
ANYTHING: Schema = {
    **{1 + at: (f"plain{at}", kind, None) for at, kind in enumerate(_BY_NUMBER)},
    **{21 + at: (f"one{at}", kind | _ONEOF, None) for at, kind in enumerate(_BY_NUMBER)},
    **{31 + at: (f"other{at}", kind | _ONEOF_2, None) for at, kind in enumerate(_BY_NUMBER)},
    **{41 + at: (f"list{at}", kind | _REPEATED, None) for at, kind in enumerate(_BY_NUMBER)},
    10: ("plain", _MESSAGE, _INNER),
    30: ("one", _MESSAGE | _ONEOF, _INNER),
    40: ("other", _MESSAGE | _ONEOF_2, _INNER),
    50: ("list", _MESSAGE | _REPEATED, _INNER),
    536870911: ("last", 0, None),
}
_OWN = {
    "TO_VCSEC_MESSAGE": "messages",
    "FROM_VCSEC_MESSAGE": "messages",
    "UNSIGNED_MESSAGE": "messages",
    "WHITELIST_OPERATION": "whitelist",
    "PERMISSION_CHANGE": "whitelist",
    "VEHICLE_STATUS": "messages",
    "AUTHENTICATION_REQUEST": "messages",
    "WHITELIST_INFO": "keychain",
    "WHITELIST_ENTRY_INFO": "keychain",
}

_FIRMWARE = """
from fob import keychain, messages, protobuf, whitelist
from fob.errors import DecodeError

def decoded(schema, data):
    try:
        return protobuf.decode(schema, data)
    except DecodeError:
        return None
"""


@pytest.fixture(scope="module")
def schemas(interpreter: Interpreter) -> dict[str, Schema]:
    """Schemas by the names they have in MicroPython too."""
    interpreter.exec(_FIRMWARE)
    interpreter.exec(f"ANYTHING = {flattened(ANYTHING)}")
    for name, (number, _, _) in _KINDS.items():
        assert interpreter.eval(f"protobuf.{name}") == number
    assert interpreter.eval("protobuf.ENUM, protobuf.MESSAGE") == (_KINDS["INT32"][0], _MESSAGE)
    flags = interpreter.eval("protobuf.REPEATED, protobuf.ONEOF, protobuf.ONEOF_2")
    assert flags == (_REPEATED, _ONEOF, _ONEOF_2)
    for name, module in _OWN.items():
        interpreter.exec(f"{name} = {module}.{name}")
    own = {name: by_number(interpreter.eval(name)) for name in _OWN}
    return {"ANYTHING": ANYTHING, **own}


@functools.cache
def _official(schema_text: str) -> type[Message]:
    """The official library's class for a schema (given as its repr, which can be cached)."""
    file = descriptor_pb2.FileDescriptorProto(name="schema.proto", syntax="proto3")
    _describe(file, "Root", eval(schema_text))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("Root"))


def official(schema: Schema) -> type[Message]:
    return _official(repr(schema))


def _describe(file: descriptor_pb2.FileDescriptorProto, name: str, schema: Schema) -> None:
    message = file.message_type.add(name=name)
    marks = sorted({kind & _ONEOFS for _, kind, _ in schema.values()} - {0})
    for mark in marks:
        message.oneof_decl.add(name=f"oneof{mark}")
    for number, (field_name, kind, sub) in schema.items():
        field = message.field.add(name=field_name, number=number)
        field.type = _BY_NUMBER[kind & _KIND][0]
        repeated = bool(kind & _REPEATED)
        field.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
        if kind & _ONEOFS:
            field.oneof_index = marks.index(kind & _ONEOFS)
        if sub is not None:
            field.type = FieldDescriptor.TYPE_MESSAGE
            field.type_name = f".{name}_{field_name}"
            _describe(file, f"{name}_{field_name}", sub)


def fill(message: Message, values: dict[str, Any]) -> Message:
    """Set the fields of an official message as the firmware's dict has them."""
    for name, value in values.items():
        if isinstance(value, dict):
            getattr(message, name).SetInParent()
            fill(getattr(message, name), value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for item in value:
                fill(getattr(message, name).add(), item)
        elif isinstance(value, list):
            getattr(message, name).extend(value)
        else:
            setattr(message, name, value)
    return message


def messages_of(schema: Schema) -> st.SearchStrategy[dict[str, Any]]:
    """Random messages in the firmware's form, with at most one member of each oneof."""
    plain = {name: _values(kind, sub) for name, kind, sub in schema.values() if not kind & _ONEOFS}
    parts = [st.fixed_dictionaries({}, optional=plain)]
    for mark in (_ONEOF, _ONEOF_2):
        members = [field for field in schema.values() if field[1] & mark]
        choices = [st.fixed_dictionaries({name: _values(k, s)}) for name, k, s in members]
        parts.append(st.one_of(st.just({}), *choices))
    return st.tuples(*parts).map(lambda chosen: {k: v for part in chosen for k, v in part.items()})


def _values(kind: int, sub: Schema | None) -> st.SearchStrategy[Any]:
    one = messages_of(sub) if sub is not None else _BY_NUMBER[kind & _KIND][1]
    return st.lists(one, max_size=4) if kind & _REPEATED else one


_STRATEGIES: dict[str, st.SearchStrategy[dict[str, Any]]] = {}


def draw_message(data: st.DataObject, schemas: dict[str, Schema], name: str) -> dict[str, Any]:
    if name not in _STRATEGIES:
        _STRATEGIES[name] = messages_of(schemas[name])
    message: dict[str, Any] = data.draw(_STRATEGIES[name])
    return message


def without_defaults(schema: Schema, message: dict[str, Any]) -> dict[str, Any]:
    """The message without what the official library cannot tell from a field that is not there."""
    kept = {}
    for name, kind, sub in schema.values():
        if name not in message:
            continue
        value = message[name]
        if sub is not None and kind & _REPEATED:
            value = [without_defaults(sub, item) for item in value]
        elif sub is not None:
            value = without_defaults(sub, value)
        if value or kind & _ONEOFS or (sub is not None and not kind & _REPEATED):
            kept[name] = value
    return kept


def agree_on(interpreter: Interpreter, schemas: dict[str, Schema], name: str, raw: bytes) -> bool:
    """Compare how both read `raw`; true when it is a message.

    Differences by design, refused by the firmware alone: a group that is well-formed, and a
    varint of ten bytes whose value does not fit 64 bits.
    """
    ours = interpreter.eval(f"decoded({name}, {raw})")
    try:
        theirs = official(schemas[name]).FromString(raw)
    except DecodeError:
        assert ours is None, "only the firmware takes this for a message"
        return False
    if ours is None:
        assert has_group_or_long_varint(schemas[name], raw), "only the firmware refuses this"
        return False
    assert fill(official(schemas[name])(), ours) == without_unknown(theirs)
    return True


def without_unknown(message: Message) -> Message:
    message.DiscardUnknownFields()
    return message


def has_group_or_long_varint(schema: Schema, raw: bytes) -> bool:
    """Whether a message that is whole for the official library holds one of the differences."""
    at = 0
    while at < len(raw):
        tag, at, _ = _varint(raw, at)
        if tag & 7 == 3:
            return True
        if tag & 7 == 0:
            _, at, long = _varint(raw, at)
            if long:
                return True
        elif tag & 7 == 2:
            size, at, _ = _varint(raw, at)
            _, kind, sub = schema.get(tag >> 3, ("", _KINDS["BYTES"][0], None))
            content, at = raw[at : at + size], at + size
            if sub is not None and has_group_or_long_varint(sub, content):
                return True
            if sub is None and kind & _REPEATED and _has_long_varint(kind & _KIND, content):
                return True
        else:
            at += 8 if tag & 7 == 1 else 4
    return False


def _has_long_varint(kind: int, packed: bytes) -> bool:
    if kind & 7:
        return False
    at = 0
    while at < len(packed):
        _, at, long = _varint(packed, at)
        if long:
            return True
    return False


def _varint(raw: bytes, at: int) -> tuple[int, int, bool]:
    value = shift = 0
    while True:
        value |= (raw[at] & 0x7F) << shift
        shift += 7
        at += 1
        if raw[at - 1] < 0x80:
            return value, at, value >> 64 != 0


@settings(max_examples=1000)
@given(data=st.data(), name=st.sampled_from(("ANYTHING", *_OWN)))
def test_random_messages_are_encoded_and_decoded_as_the_official_library_does(
    interpreter: Interpreter, schemas: dict[str, Schema], data: st.DataObject, name: str
) -> None:
    message = draw_message(data, schemas, name)
    expected = fill(official(schemas[name])(), message).SerializeToString(deterministic=True)
    assert interpreter.eval(f"protobuf.encode({name}, {message!a})") == expected
    decoded = interpreter.eval(f"protobuf.decode({name}, {expected})")
    assert decoded == without_defaults(schemas[name], message)


@settings(max_examples=1000)
@given(raw=st.binary(max_size=40), name=st.sampled_from(("ANYTHING", *_OWN)))
def test_random_bytes_are_read_as_the_official_library_does(
    interpreter: Interpreter, schemas: dict[str, Schema], raw: bytes, name: str
) -> None:
    agree_on(interpreter, schemas, name, raw)


@settings(max_examples=800)
@given(data=st.data(), name=st.sampled_from(("ANYTHING", *_OWN)))
def test_damaged_messages_are_read_as_the_official_library_does(
    interpreter: Interpreter, schemas: dict[str, Schema], data: st.DataObject, name: str
) -> None:
    message = fill(official(schemas[name])(), draw_message(data, schemas, name))
    raw = bytearray(message.SerializeToString())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw)))
        removed = data.draw(st.integers(0, 3))
        raw[at : at + removed] = data.draw(st.binary(max_size=3))
    agree_on(interpreter, schemas, name, bytes(raw))


@settings(max_examples=400)
@given(data=st.data(), name=st.sampled_from(("ANYTHING", *_OWN)))
def test_messages_one_after_the_other_merge_as_in_the_official_library(
    interpreter: Interpreter, schemas: dict[str, Schema], data: st.DataObject, name: str
) -> None:
    raw = b"".join(
        fill(official(schemas[name])(), draw_message(data, schemas, name)).SerializeToString()
        for _ in range(data.draw(st.integers(2, 3)))
    )
    assert agree_on(interpreter, schemas, name, raw)
