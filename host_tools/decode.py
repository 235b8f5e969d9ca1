"""Turns frames of either direction into readable text: named fields, enums, key identifiers.

Nothing is decrypted: signed payloads are shown as ciphertext with their length.
"""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Literal

from google.protobuf import message as protobuf
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.unknown_fields import UnknownFieldSet

from host_tools.protocol import vcsec_pb2 as vcsec

Direction = Literal["to-vehicle", "from-vehicle"]

MAX_MESSAGE = 1024
"""No vehicle takes or sends a longer message."""

_MESSAGES: dict[Direction, type[protobuf.Message]] = {
    "to-vehicle": vcsec.ToVCSECMessage,
    "from-vehicle": vcsec.FromVCSECMessage,
}

# Fields whose zero means something, and is therefore shown although it is never sent.
_TELLING_ZEROS = frozenset(
    (
        "authenticationLevel",
        "informationRequestType",
        "operationStatus",
        "requestedLevel",
        "signatureType",
        "vehicleLockState",
    )
)


class DecodeError(ValueError):
    """Not a frame, or not one of a known message; the text says what is wrong, in one line."""


@dataclass(frozen=True)
class Node:
    """One field: its value as text and as JSON, or the fields inside it."""

    name: str
    text: str = ""
    json: Any = None
    children: tuple[Node, ...] = ()
    repeated: bool = False

    def as_json(self) -> Any:
        return _object(self.children) if self.json is None else self.json

    def lines(self, indent: int, width: int) -> Iterator[str]:
        """The field as lines of at most `width` columns."""
        pad = "  " * indent
        line = f"{pad}{self.name}: {self.text}" if self.text else f"{pad}{self.name}"
        if len(line) <= width:
            yield line
        else:
            yield f"{pad}{self.name}:"
            deeper = pad + "  "
            yield from textwrap.wrap(
                self.text, width, initial_indent=deeper, subsequent_indent=deeper
            )
        for child in self.children:
            yield from child.lines(indent + 1, width)


@dataclass(frozen=True)
class DecodedFrame:
    """A frame in readable form. data: the frame, length included."""

    direction: Direction
    data: bytes
    fields: tuple[Node, ...] = field(repr=False)

    def text(self, width: int = 80) -> str:
        """The fields as indented lines."""
        return "\n".join(line for node in self.fields for line in node.lines(0, width))

    def as_json(self) -> dict[str, Any]:
        """Direction, bytes in hexadecimal and the fields by name; unknown ones by number."""
        return {
            "direction": self.direction,
            "frame": self.data.hex(),
            "message": _object(self.fields),
        }


def parse_hex(text: str) -> bytes:
    r"""Read hexadecimal with spaces, colons, commas, `0x` or `\x`; raises DecodeError."""
    digits = []
    for token in re.split(r"(?:[\s:,;\-]|\\x)+", text):
        body = token[2:] if token[:2] in ("0x", "0X") else token
        wrong = re.search(r"[^0-9a-fA-F]", body)
        if wrong:
            raise DecodeError(f"not hexadecimal: {wrong[0]!r} in {textwrap.shorten(token, 40)!r}")
        digits.append(body.zfill(2) if body is not token else body)
    joined = "".join(digits)
    if len(joined) % 2:
        raise DecodeError(f"{len(joined)} hexadecimal digits are not whole bytes")
    return bytes.fromhex(joined)


def decode_frames(data: bytes, direction: Direction | None = None) -> Iterator[DecodedFrame]:
    """Decode frames that follow each other; raises DecodeError at the first that is wrong."""
    if not data:
        raise DecodeError("no bytes to decode")
    start = 0
    while start < len(data):
        try:
            end = start + 2 + _length(data[start:])
            yield decode_frame(data[start:end], direction)
        except DecodeError as error:
            where = f"frame at byte {start}: " if start else ""
            raise DecodeError(f"{where}{error}") from None
        start = end


def decode_frame(data: bytes, direction: Direction | None = None) -> DecodedFrame:
    """Decode one frame; raises DecodeError. Without a direction the bytes decide."""
    length = _length(data)
    if len(data) > 2 + length:
        raise DecodeError(f"{len(data) - 2 - length} bytes follow the frame")
    message = data[2:]
    if direction is None:
        direction, parsed = _detect(message)
    else:
        found = _parse(message, direction)
        if found is None:
            name = _MESSAGES[direction].DESCRIPTOR.name
            raise DecodeError(f"not a protobuf message, so no {name}")
        parsed = found
    return DecodedFrame(direction, data, tuple(_nodes(parsed)))


def _length(data: bytes) -> int:
    """The length that a frame announces; raises DecodeError if the message is not all there."""
    if len(data) < 2:
        raise DecodeError("truncated: a frame starts with two bytes of length")
    length = int.from_bytes(data[:2], "big")
    if not 0 < length <= MAX_MESSAGE:
        raise DecodeError(f"length {length} is not within 1 to {MAX_MESSAGE}")
    if len(data) - 2 < length:
        raise DecodeError(f"truncated: the length says {length} bytes, {len(data) - 2} follow")
    return length


def _detect(message: bytes) -> tuple[Direction, protobuf.Message]:
    """Read a message as the direction in which it makes most sense."""
    readings: list[tuple[int, Direction, protobuf.Message]] = []
    # The order decides a draw: what could be either is most likely a request.
    for direction in _MESSAGES:
        parsed = _parse(message, direction)
        if parsed is not None and parsed.WhichOneof("sub_message"):
            readings.append((_oddities(parsed, message), direction, parsed))
    if not readings:
        raise DecodeError("neither a message to nor one from the vehicle security controller")
    _, direction, parsed = min(readings, key=lambda reading: reading[0])
    return direction, parsed


def _oddities(parsed: Any, message: bytes) -> int:
    """How much speaks against a reading: unknown fields, needless zeros, nothing signed."""
    count: int = 2 * _unknown_count(parsed) + (parsed.SerializeToString() != message)
    if parsed.WhichOneof("sub_message") == "signedMessage":
        count += not parsed.signedMessage.protobufMessageAsBytes
    return count


def _parse(message: bytes, direction: Direction) -> protobuf.Message | None:
    parsed = _MESSAGES[direction]()
    try:
        parsed.ParseFromString(message)
    except protobuf.DecodeError:
        return None
    return parsed


def _unknown_count(message: protobuf.Message) -> int:
    count = len(UnknownFieldSet(message))
    for descriptor, value in message.ListFields():
        if descriptor.message_type:
            children = value if descriptor.is_repeated else (value,)
            count += sum(_unknown_count(child) for child in children)
    return count


def _nodes(message: protobuf.Message) -> Iterator[Node]:
    """The fields of a message in the order of their numbers; unknown ones last."""
    present = {descriptor.number: value for descriptor, value in message.ListFields()}
    descriptors: list[Any] = list(message.DESCRIPTOR.fields)
    for descriptor in sorted(descriptors, key=lambda each: each.number):
        if descriptor.number in present:
            value = present[descriptor.number]
            for item in value if descriptor.is_repeated else (value,):
                yield _field(message, descriptor, item)
        elif descriptor.name in _TELLING_ZEROS and descriptor.enum_type:
            name = _short_name(descriptor.enum_type, 0)
            yield Node(descriptor.name, f"{name} (0, not sent)", _enum_name(descriptor, 0))
    yield from _unknown(UnknownFieldSet(message))


def _field(message: protobuf.Message, descriptor: FieldDescriptor, value: Any) -> Node:
    repeated = bool(descriptor.is_repeated)
    if descriptor.message_type:
        inside = tuple(_nodes(value))
        return Node(
            descriptor.name, "" if inside else "(empty)", children=inside, repeated=repeated
        )
    if descriptor.enum_type:
        text = f"{_short_name(descriptor.enum_type, value)} ({value})"
        return Node(descriptor.name, text, _enum_name(descriptor, value), repeated=repeated)
    if not isinstance(value, bytes):
        return Node(descriptor.name, str(value), value, repeated=repeated)
    if descriptor.name == "protobufMessageAsBytes":
        return _payload(message, descriptor, value)
    return Node(descriptor.name, _bytes_text(value), value.hex(), repeated=repeated)


def _payload(message: Any, descriptor: FieldDescriptor, value: bytes) -> Node:
    """What a signed message carries: in clear for a card to approve, or sealed."""
    if message.signatureType == vcsec.SIGNATURE_TYPE_PRESENT_KEY:
        inner = vcsec.UnsignedMessage()
        try:
            inner.ParseFromString(value)
        except protobuf.DecodeError:
            return Node(descriptor.name, f"no protobuf message: {_bytes_text(value)}", value.hex())
        return Node(descriptor.name, children=tuple(_nodes(inner)))
    return Node(descriptor.name, f"ciphertext, {_counted(value)}", value.hex())


def _bytes_text(value: bytes) -> str:
    """Short values bare, longer ones with their length, public keys with their identifier."""
    if len(value) == 65 and value[0] == 4:
        key_id = hashlib.sha1(value).hexdigest()[:8]
        return f"public key of key id {key_id}: {value.hex()}"
    return value.hex() if len(value) == 4 else _counted(value)


def _counted(value: bytes) -> str:
    return f"{len(value)} byte{'s' * (len(value) != 1)}: {value.hex()}"


def _unknown(fields: Any) -> Iterator[Node]:
    for each in fields:
        name = f"field {each.field_number}"
        if isinstance(each.data, UnknownFieldSet):
            yield Node(name, "(unknown group)", "group", repeated=True)
        elif isinstance(each.data, bytes):
            yield Node(name, f"unknown, {_bytes_text(each.data)}", each.data.hex(), repeated=True)
        else:
            yield Node(name, f"unknown, {each.data}", each.data, repeated=True)


def _short_name(enum: EnumDescriptor, value: int) -> str:
    """The name of a value without what all names of its enum start with."""
    if value not in enum.values_by_number:
        return "unknown value"
    columns = zip(*(each.name.split("_") for each in enum.values), strict=False)
    common = sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))
    return "_".join(enum.values_by_number[value].name.split("_")[common:])


def _enum_name(descriptor: FieldDescriptor, value: int) -> Any:
    """The full name of an enum's value; the number if it has none."""
    assert descriptor.enum_type
    named = descriptor.enum_type.values_by_number.get(value)
    return named.name if named else value


def _object(nodes: tuple[Node, ...]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for node in nodes:
        if node.repeated:
            result.setdefault(node.name, []).append(node.as_json())
        else:
            result[node.name] = node.as_json()
    return result
