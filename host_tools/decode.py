"""Turns frames of either direction and either protocol into readable text.

The older protocol's frames hold a ToVCSECMessage or a FromVCSECMessage, those of the signed-command
protocol a RoutableMessage; the three share no field number, so that the bytes tell them apart.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import message as protobuf
from google.protobuf.unknown_fields import UnknownFieldSet

from host_tools.decode_fields import Direction, Node, json_object, message_nodes
from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec

__all__ = [
    "MAX_MESSAGE",
    "DecodeError",
    "DecodedFrame",
    "Direction",
    "decode_frame",
    "decode_frames",
    "parse_hex",
]

MAX_MESSAGE = 1024
"""No vehicle takes or sends a longer message."""

_BARE: dict[Direction, type[protobuf.Message]] = {
    "to-vehicle": vcsec.ToVCSECMessage,
    "from-vehicle": vcsec.FromVCSECMessage,
}


class DecodeError(ValueError):
    """Not a frame, or not one of a known message; the text says what is wrong, in one line."""


@dataclass(frozen=True)
class DecodedFrame:
    """A frame in readable form. type: the name of its message; data: the frame, length included."""

    direction: Direction
    type: str
    data: bytes
    fields: tuple[Node, ...] = field(repr=False)

    def text(self, width: int = 80) -> str:
        """The fields as indented lines."""
        return "\n".join(line for node in self.fields for line in node.lines(0, width))

    def as_json(self) -> dict[str, Any]:
        """Direction, type, bytes in hexadecimal, and the fields by name; unknown ones by number."""
        return {
            "direction": self.direction,
            "type": self.type,
            "frame": self.data.hex(),
            "message": json_object(self.fields),
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
    readings = _readings_of(message, direction) if direction else list(_readings(message))
    if not readings:
        raise DecodeError("neither a message to nor one from the vehicle security controller")
    # The order decides a draw: what could be either is most likely a request.
    direction, parsed = min(readings, key=lambda reading: _oddities(reading[1], message))
    fields = message_nodes(parsed, direction)
    return DecodedFrame(direction, parsed.DESCRIPTOR.name, data, fields)


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


def _readings(message: bytes) -> Iterator[tuple[Direction, protobuf.Message]]:
    """What a message may be, as far as any of its fields is known."""
    for direction, kind in _BARE.items():
        bare = _parse(message, kind)
        if bare is not None and bare.WhichOneof("sub_message"):
            yield direction, bare
    routable = _parse(message, universal.RoutableMessage)
    if routable is not None and routable.ListFields():
        yield _direction(routable), routable


def _readings_of(message: bytes, direction: Direction) -> list[tuple[Direction, protobuf.Message]]:
    """What a message of a given direction may be; raises DecodeError if nothing."""
    bare = _parse(message, _BARE[direction])
    if bare is None:
        raise DecodeError(f"not a protobuf message, so no {_BARE[direction].DESCRIPTOR.name}")
    routable = _parse(message, universal.RoutableMessage)
    known = [each for each in (bare, routable) if each is not None and each.ListFields()]
    return [(direction, each) for each in known or [bare]]


def _direction(message: Any) -> Direction:
    """Which way a RoutableMessage goes: domains are the vehicle's, routing addresses are not."""
    origin = message.from_destination.WhichOneof("sub_destination")
    target = message.to_destination.WhichOneof("sub_destination")
    if origin == "domain" or target == "routing_address":
        return "from-vehicle"
    if origin or target:
        return "to-vehicle"
    answers = message.request_uuid or message.HasField("signedMessageStatus")
    return "from-vehicle" if answers or message.HasField("session_info") else "to-vehicle"


def _oddities(parsed: Any, message: bytes) -> int:
    """How much speaks against a reading: unknown fields, needless zeros, nothing signed."""
    count: int = 2 * _unknown_count(parsed) + (parsed.SerializeToString() != message)
    if isinstance(parsed, vcsec.ToVCSECMessage) and parsed.HasField("signedMessage"):
        count += not parsed.signedMessage.protobufMessageAsBytes
    return count


def _parse(message: bytes, kind: type[protobuf.Message]) -> Any:
    """The message, or None if it is not one."""
    parsed = kind()
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
