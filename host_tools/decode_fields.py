"""The fields of a message as readable text and as JSON: names, enums, key identifiers.

Nothing is decrypted: what is sealed is shown as ciphertext with its length. What travels as bytes
inside another message (a payload in clear, session info) is shown as the message it is.
"""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Literal

from google.protobuf import message as protobuf
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.unknown_fields import UnknownFieldSet

from host_tools.protocol import signatures_pb2 as signatures
from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec

Direction = Literal["to-vehicle", "from-vehicle"]

# What a RoutableMessage to or from the vehicle security controller carries.
_PAYLOADS: dict[Direction, type[protobuf.Message]] = {
    "to-vehicle": vcsec.UnsignedMessage,
    "from-vehicle": vcsec.FromVCSECMessage,
}

# Fields whose zero means something, and is therefore shown although it is never sent.
_TELLING_ZEROS = frozenset(
    (
        "authenticationLevel",
        "informationRequestType",
        "operationStatus",
        "operation_status",
        "requestedLevel",
        "signatureType",
        "status",
        "vehicleLockState",
    )
)

# Bytes whose length is told only when it is another one.
_LENGTHS = {"epoch": 16, "nonce": 12, "request_uuid": 16, "routing_address": 16, "uuid": 16}

# Messages of one field that fit on the line of their name.
_ONE_LINE = (universal.Destination.DESCRIPTOR, signatures.KeyIdentity.DESCRIPTOR)

_SEALED = ("AES_GCM_Personalized_data", "AES_GCM_Response_data")
_VCSEC_DOMAINS = (universal.DOMAIN_BROADCAST, universal.DOMAIN_VEHICLE_SECURITY)


@dataclass(frozen=True)
class Node:
    """One field: its value as text and as JSON, or the fields inside it."""

    name: str
    text: str = ""
    json: Any = None
    children: tuple[Node, ...] = ()
    repeated: bool = False

    def as_json(self) -> Any:
        return json_object(self.children) if self.json is None else self.json

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


def json_object(nodes: tuple[Node, ...]) -> dict[str, Any]:
    """Fields by name; repeated and unknown ones as lists."""
    result: dict[str, Any] = {}
    for node in nodes:
        if node.repeated:
            result.setdefault(node.name, []).append(node.as_json())
        else:
            result[node.name] = node.as_json()
    return result


def message_nodes(message: protobuf.Message, direction: Direction) -> tuple[Node, ...]:
    """The fields of a message in the order of their numbers; unknown ones last."""
    return tuple(_nodes(message, direction))


def _nodes(message: protobuf.Message, direction: Direction) -> Iterator[Node]:
    present = {descriptor.number: value for descriptor, value in message.ListFields()}
    descriptors: list[Any] = list(message.DESCRIPTOR.fields)
    for descriptor in sorted(descriptors, key=lambda each: each.number):
        if descriptor.number in present:
            value = present[descriptor.number]
            if descriptor.full_name in _PRESENTED:
                yield _PRESENTED[descriptor.full_name](message, descriptor.name, value, direction)
                continue
            for item in value if descriptor.is_repeated else (value,):
                yield _field(descriptor, item, direction)
        elif descriptor.name in _TELLING_ZEROS and descriptor.enum_type:
            name = _short_name(descriptor.enum_type, 0)
            yield Node(
                descriptor.name, f"{name} (0, not sent)", _enum_name(descriptor.enum_type, 0)
            )
    yield from _unknown(UnknownFieldSet(message))


def _field(descriptor: FieldDescriptor, value: Any, direction: Direction) -> Node:
    name, repeated = descriptor.name, bool(descriptor.is_repeated)
    if descriptor.message_type:
        inside = tuple(_nodes(value, direction))
        if descriptor.message_type in _ONE_LINE and len(inside) == 1 and inside[0].text:
            return Node(name, inside[0].text, json_object(inside), repeated=repeated)
        return Node(name, "" if inside else "(empty)", children=inside, repeated=repeated)
    if descriptor.enum_type:
        text = f"{_short_name(descriptor.enum_type, value)} ({value})"
        return Node(name, text, _enum_name(descriptor.enum_type, value), repeated=repeated)
    if not isinstance(value, bytes):
        return Node(name, str(value), value, repeated=repeated)
    text = value.hex() if len(value) == _usual_length(descriptor) else _bytes_text(value)
    return Node(name, text, value.hex(), repeated=repeated)


def _usual_length(descriptor: FieldDescriptor) -> int | None:
    if descriptor.name == "tag":
        return 32 if "HMAC" in descriptor.full_name else 16
    return _LENGTHS.get(descriptor.name)


def _signed_payload(message: Any, name: str, value: bytes, direction: Direction) -> Node:
    """What a SignedMessage carries: in clear for a card to approve, or sealed."""
    if message.signatureType == vcsec.SIGNATURE_TYPE_PRESENT_KEY:
        return _inner(vcsec.UnsignedMessage, name, value, direction)
    return _ciphertext(name, value)


def _routed_payload(message: Any, name: str, value: bytes, direction: Direction) -> Node:
    """What a RoutableMessage carries: sealed, in clear, or for a domain not known here."""
    if message.signature_data.WhichOneof("sig_type") in _SEALED:
        return _ciphertext(name, value)
    to_vehicle = direction == "to-vehicle"
    vehicle = message.to_destination if to_vehicle else message.from_destination
    if vehicle.domain not in _VCSEC_DOMAINS:
        return Node(name, _counted(value), value.hex())
    return _inner(_PAYLOADS[direction], name, value, direction)


def _session_info(message: Any, name: str, value: bytes, direction: Direction) -> Node:
    return _inner(signatures.SessionInfo, name, value, direction)


def _flags(message: Any, name: str, value: int, direction: Direction) -> Node:
    """Each bit by its name; one without a name by its value."""
    enum = universal.Flags.DESCRIPTOR
    bits = [bit for bit in range(value.bit_length()) if value >> bit & 1]
    named = enum.values_by_number
    names = [_short_name(enum, bit) if bit in named else hex(1 << bit) for bit in bits]
    json = [named[bit].name if bit in named else 1 << bit for bit in bits]
    return Node(name, f"{', '.join(names) or 'none'} ({value})", json)


_PRESENTED: dict[str, Callable[[Any, str, Any, Direction], Node]] = {
    "fob.vcsec.SignedMessage.protobufMessageAsBytes": _signed_payload,
    "fob.universal_message.RoutableMessage.protobuf_message_as_bytes": _routed_payload,
    "fob.universal_message.RoutableMessage.session_info": _session_info,
    "fob.universal_message.RoutableMessage.flags": _flags,
}


def _inner(kind: type[protobuf.Message], name: str, value: bytes, direction: Direction) -> Node:
    """A message that travels as bytes."""
    inner = kind()
    try:
        inner.ParseFromString(value)
    except protobuf.DecodeError:
        return Node(name, f"no protobuf message: {_bytes_text(value)}", value.hex())
    return Node(name, "" if value else "(empty)", children=tuple(_nodes(inner, direction)))


def _ciphertext(name: str, value: bytes) -> Node:
    return Node(name, f"ciphertext, {_counted(value)}", value.hex())


def _bytes_text(value: bytes) -> str:
    """Short values bare, longer ones with their length, public keys with their identifier."""
    if len(value) == 65 and value[0] == 4:
        key_id = hashlib.sha1(value).hexdigest()[:8]
        return f"public key of key id {key_id}: {value.hex()}"
    return value.hex() if len(value) == 4 else _counted(value)


def _counted(value: bytes) -> str:
    length = f"{len(value)} byte{'s' * (len(value) != 1)}"
    return f"{length}: {value.hex()}" if value else length


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


def _enum_name(enum: EnumDescriptor, value: int) -> Any:
    """The full name of an enum's value; the number if it has none."""
    named = enum.values_by_number.get(value)
    return named.name if named else value
