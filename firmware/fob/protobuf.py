"""A minimal protobuf codec (proto3), driven by schemas.

A schema is a list of field number, name, kind and sub-schema (or None) of one field after the
other, numbers ascending; flat, since a tuple for each field takes twice the memory, and no tuple,
since an .mpy holds the numbers of a constant one as text. A message is a dict {name: value}: bytes
for BYTES, dict for MESSAGE, int for every other kind, and a list of these where the kind has
REPEATED.

Encoding source: https://protobuf.dev/programming-guides/encoding/
"""

from micropython import const

from fob.errors import DecodeError

# A kind is the wire type in its lowest three bits, and what else there is to know of the field.
_WIRE_TYPE = const(7)
_VARINT = const(0)
_I64 = const(1)
_LEN = const(2)
_I32 = const(5)

# A oneof's member is written even when it is zero, and setting one clears the others of its group.
ONEOF = const(0x08)
ONEOF_2 = const(0x10)
_ONEOFS = const(0x18)
_SIGNED = const(0x20)
REPEATED = const(0x40)
_64_BITS = const(0x80)

UINT32 = const(0)
UINT64 = const(0x80)
INT32 = const(0x20)
ENUM = const(0x20)
FIXED32 = const(5)
FIXED64 = const(0x81)
BYTES = const(2)
# Bytes for which there is a sub-schema.
MESSAGE = const(2)


def encode(schema, message):
    """Encode `message` (a dict) into bytes; an unknown name or bad value raises ValueError."""
    for name in message:
        if name not in schema:
            raise ValueError("no field " + name)
    buffer = bytearray()
    for at in range(0, len(schema), 4):
        number, name, kind, sub = schema[at : at + 4]
        if name not in message:
            continue
        value = message[name]
        # Proto3: outside a oneof a zero is the default and is not written.
        if value or kind & _ONEOFS or (sub and not kind & REPEATED):
            _append_field(buffer, number << 3, kind, sub, value)
    return bytes(buffer)


def decode(schema, data, message=None):
    """Decode all of `data` into a dict, `message` where there is one already; raises DecodeError on
    anything malformed.

    Unknown fields and fields with a foreign wire type are skipped, the last value wins,
    sub-messages merge, and unknown enum values stay ints, as protobuf specifies. Groups
    (long deprecated) are refused.
    """
    message = {} if message is None else message
    data = memoryview(data)
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at, 32)
        if tag < 8:
            raise DecodeError("bad tag")
        content, at = _read_content(data, at, tag & _WIRE_TYPE)
        for field in range(0, len(schema), 4):
            if schema[field] == tag >> 3:
                _store(schema, field, tag & _WIRE_TYPE, content, message)
    return message


def _append_field(buffer, tag, kind, sub, values):
    wire_type = kind & _WIRE_TYPE
    if not kind & REPEATED:
        values = (values,)
    elif wire_type != _LEN:
        packed = bytearray()
        for value in values:
            _append_number(packed, kind, value)
        wire_type, values = _LEN, (packed,)
    for value in values:
        _append_varint(buffer, tag | wire_type)
        if wire_type != _LEN:
            _append_number(buffer, kind, value)
            continue
        if sub:
            value = encode(sub, value)
        _append_varint(buffer, len(value))
        buffer.extend(value)


def _append_number(buffer, kind, value):
    if kind & _SIGNED and value >> 31 == -1:
        # Negative int32 and enum values travel as 64-bit two's complement.
        value += 1 << 64
    elif value >> (64 if kind & _64_BITS else 31 if kind & _SIGNED else 32):
        raise ValueError("out of range")
    if kind & _WIRE_TYPE:
        buffer.extend(value.to_bytes(8 if kind & _64_BITS else 4, "little"))
    else:
        _append_varint(buffer, value)


def _append_varint(buffer, value):
    while value > 0x7F:
        buffer.append(value & 0x7F | 0x80)
        value >>= 7
    buffer.append(value)


def _read_content(data, at, wire_type):
    """Return a field's content, as int or memoryview, and the offset of what follows."""
    if wire_type == _VARINT:
        return _read_varint(data, at, 64)
    if wire_type == _LEN:
        length, at = _read_varint(data, at, 32)
    elif wire_type in (_I64, _I32):
        length = 8 if wire_type == _I64 else 4
    else:
        raise DecodeError("bad tag")
    end = at + length
    if end > len(data):
        raise DecodeError("truncated")
    content = data[at:end]
    return content if wire_type == _LEN else int.from_bytes(content, "little"), end


def _store(schema, field, wire_type, content, message):
    name, kind, sub = schema[field + 1 : field + 4]
    expected = kind & _WIRE_TYPE
    if wire_type != expected:
        if kind & REPEATED and wire_type == _LEN:
            values = message.setdefault(name, [])
            at = 0
            while at < len(content):
                value, at = _read_content(content, at, expected)
                values.append(_number(kind, value))
        return
    if kind & _ONEOFS:
        for other in range(0, len(schema), 4):
            if other != field and schema[other + 2] & kind & _ONEOFS:
                message.pop(schema[other + 1], None)
    if sub:
        value = decode(sub, content, None if kind & REPEATED else message.get(name))
    else:
        value = bytes(content) if wire_type == _LEN else _number(kind, content)
    if kind & REPEATED:
        message.setdefault(name, []).append(value)
    else:
        message[name] = value


def _number(kind, value):
    if not kind & _64_BITS:
        value &= (1 << 32) - 1
        if kind & _SIGNED and value >> 31:
            value -= 1 << 32
    return value


def _read_varint(data, at, bits):
    """Return (value, next offset); `bits` bound value and bytes."""
    value = 0
    for shift in range(0, bits, 7):
        if at >= len(data):
            raise DecodeError("truncated")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> bits:
                break
            return value, at
    raise DecodeError("bad varint")
