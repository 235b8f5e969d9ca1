"""Where the firmware reads protobuf otherwise than the official library: all of it, and why.

Each is a refusal of the firmware alone; what both take for a message has the same value for both.
Three more are no question of the wire, and the comparison leaves them out by what it compares:
the firmware tells a zero that was sent from one that was not (`values` passes over both, outside a
oneof); it passes over fields that it has no use for, also malformed ones (`pruned`); and
sub-messages that another module reads later are bytes to it, of which the last counts, where the
library merges them (`pruned` again).
"""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

GROUP = "has a group, which nobody has used for ten years and no schema here: refused unread"
LONG_VARINT = (
    "has a varint of ten bytes over 64 bits: the library cuts it off, the firmware does not"
)
REFUSED_AS = {GROUP: "bad tag", LONG_VARINT: "bad varint"}
"""What the firmware says then; another refusal of the same bytes would be another difference."""

_VARINTS = {
    FieldDescriptor.TYPE_UINT32,
    FieldDescriptor.TYPE_UINT64,
    FieldDescriptor.TYPE_INT32,
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_ENUM,
    FieldDescriptor.TYPE_BOOL,
}


def difference(kind: type[Message], raw: bytes) -> str | None:
    """Why the firmware refuses a message that the library reads as a `kind`, the first reason of
    several; None for no reason."""
    return next(_differences(kind.DESCRIPTOR, raw), None)


def _differences(message: Descriptor, raw: bytes) -> Iterator[str]:
    at = 0
    while at < len(raw):
        tag, at = _varint(raw, at)
        wire_type = tag & 7
        if wire_type == 3:
            yield GROUP
            return  # what follows is no field of this message
        if wire_type == 0:
            value, at = _varint(raw, at)
            if value >> 64:
                yield LONG_VARINT
        elif wire_type == 2:
            size, at = _varint(raw, at)
            content, at = raw[at : at + size], at + size
            field = message.fields_by_number.get(tag >> 3)
            if field is not None and field.message_type is not None:
                yield from _differences(field.message_type, content)
            elif field is not None and field.is_repeated and field.type in _VARINTS:
                yield from _differences_of_packed(content)
        else:
            at += 8 if wire_type == 1 else 4


def _differences_of_packed(raw: bytes) -> Iterator[str]:
    at = 0
    while at < len(raw):
        value, at = _varint(raw, at)
        if value >> 64:
            yield LONG_VARINT


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """Value and what follows of a varint that the library has found to be whole."""
    value = shift = 0
    while True:
        value |= (raw[at] & 0x7F) << shift
        shift += 7
        at += 1
        if raw[at - 1] < 0x80:
            return value, at
