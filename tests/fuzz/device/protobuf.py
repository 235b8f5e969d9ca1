"""The firmware's protobuf decoder against the official library, on any bytes."""

from __future__ import annotations

from binascii import crc32
from collections.abc import Iterator
from random import Random
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from host_tools.protocol import signatures_pb2, universal_message_pb2, vcsec_pb2
from tests.fuzz.micropython import device_target
from tests.fuzz.pruned import pruned, values
from tests.fuzz.target import Finding, Result
from tests.fuzz.wire_differences import REFUSED_AS, difference
from tests.interpreter import Interpreter
from tests.schemas import by_number

# The first byte of an input chooses one: only ever append.
_ROOTS: tuple[tuple[str, type[Message]], ...] = (
    ("messages.FROM_VCSEC_MESSAGE", vcsec_pb2.FromVCSECMessage),
    ("routable.ROUTABLE_MESSAGE", universal_message_pb2.RoutableMessage),
    ("routable.SESSION_INFO", signatures_pb2.SessionInfo),
    ("keychain.WHITELIST_INFO", vcsec_pb2.WhitelistInfo),
    ("keychain.WHITELIST_ENTRY_INFO", vcsec_pb2.WhitelistEntryInfo),
    ("messages.TO_VCSEC_MESSAGE", vcsec_pb2.ToVCSECMessage),
    ("messages.UNSIGNED_MESSAGE", vcsec_pb2.UnsignedMessage),
    ("whitelist.WHITELIST_OPERATION", vcsec_pb2.WhitelistOperation),
)
# A group, the longest varints that fit and do not, the last field number and the one after it.
_TOKENS = (
    b"\x0b\x0c",
    b"\xff" * 9 + b"\x01",
    b"\xff" * 9 + b"\x02",
    b"\x80" * 9 + b"\x00",
    b"\xf8\xff\xff\xff\x0f\x00",
    b"\x80\x80\x80\x80\x10\x00",
    b"\x00\x00",
)
_MODULES = ("keychain", "messages", "routable", "whitelist")

# The classes that read what the firmware does, by the same index.
_read: list[type[Message]] = []


def _prepare(interpreter: Interpreter) -> None:
    """Both sides take the same schemas: the firmware's own."""
    interpreter.exec(f"from fob import {', '.join(_MODULES)}")
    names = ", ".join(name for name, _ in _ROOTS)
    interpreter.exec(f"load('fuzz_protobuf').begin(({names}))")
    schemas = interpreter.eval(f"({names})")
    _read[:] = [
        pruned(full, by_number(flat)) for (_, full), flat in zip(_ROOTS, schemas, strict=True)
    ]


def _judge(data: bytes, answer: int | str) -> Result:
    """Compare what the firmware answered with what the library makes of the same bytes."""
    index = data[0] % len(_ROOTS) if data else 0
    name, raw = _ROOTS[index][0], data[1:]
    try:
        message = _read[index].FromString(raw)
    except DecodeError:
        if isinstance(answer, str):
            return f"{name} refused: {answer}"
        return Finding(data, f"only the firmware takes this for a {name}")
    if isinstance(answer, str):
        known = difference(_read[index], raw)
        if known and answer == REFUSED_AS[known]:
            return f"{name} {known}"
        return Finding(data, f"only the firmware refuses this {name}: {answer}", repr(message))
    message.DiscardUnknownFields()
    found = values(message)
    encoded = message.SerializeToString(deterministic=True)
    if crc32(encoded, crc32(repr(found).encode())) != answer:
        return Finding(data, f"another value of {name}", f"{found}\n{encoded!r}")
    return f"{name} of {_fields(found)} fields"


def _fields(found: list[tuple[int, Any]]) -> int:
    """How many there are, those of messages in it too; more than a dozen are a dozen."""
    count = len(found)
    for _, value in found:
        if isinstance(value, list):
            count += _fields([each for each in value if isinstance(each, tuple)])
    return min(count, 12)


def _seeds() -> Iterator[bytes]:
    """Messages with every field that the .proto files know, one by one and all together."""
    random = Random(7)
    for index, (_, full) in enumerate(_ROOTS):
        yield bytes([index])
        for field in full.DESCRIPTOR.fields:
            message = full()
            _fill(message, field, random)
            yield bytes([index]) + message.SerializeToString(deterministic=True)
        for _ in range(8):
            message = full()
            for field in full.DESCRIPTOR.fields:
                if random.random() < 0.5:
                    _fill(message, field, random)
            yield bytes([index]) + message.SerializeToString(deterministic=True)


def _fill(message: Message, field: FieldDescriptor, random: Random, depth: int = 4) -> None:
    """Give a field a value; those of a message in it, as far as `depth` goes, too."""
    if field.message_type is not None:
        target = getattr(message, field.name)
        target = target.add() if field.is_repeated else target
        target.SetInParent()
        for inner in field.message_type.fields if depth else ():
            if random.random() < 0.6:
                _fill(target, inner, random, depth - 1)
        return
    numbers = (0, 1, random.randrange(128), 2**31 - 1)
    value: Any = random.choice(numbers)
    if field.type == FieldDescriptor.TYPE_BYTES:
        value = random.randbytes(random.choice((0, 1, 4, 16, 20, 65)))
    elif field.type == FieldDescriptor.TYPE_STRING:
        value = "text"
    elif field.type == FieldDescriptor.TYPE_ENUM:
        value = random.choice((field.enum_type.values[-1].number, 0, 999))
    elif field.type == FieldDescriptor.TYPE_BOOL:
        value = True
    if field.is_repeated:
        getattr(message, field.name).extend([value, value])
    else:
        setattr(message, field.name, value)


TARGET = device_target(
    "protobuf",
    "The firmware's protobuf decoder and encoder agree with the official library on any bytes.",
    _seeds,
    prepare=_prepare,
    judge=_judge,
    dictionary=_TOKENS,
    largest=256,
    batch=100,
)
