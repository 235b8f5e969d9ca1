"""A minimal protobuf codec (proto3), driven by schemas.

A schema is a tuple of field number, name, kind and sub-schema (or None) of one field after the
other, numbers ascending; flat, since a tuple for each field takes twice the memory. A message is a
dict {name: value}: int for UINT32, UINT64, INT32, ENUM, FIXED32 and FIXED64, bool for BOOL, bytes
for BYTES, str for STRING, dict for MESSAGE, and a list of these where the kind has REPEATED.

Encoding source: https://protobuf.dev/programming-guides/encoding/
"""

from micropython import const

from fob.errors import DecodeError

UINT32 = const(0)
UINT64 = const(1)
INT32 = const(2)
ENUM = const(3)
BOOL = const(4)
FIXED32 = const(5)
FIXED64 = const(6)
BYTES = const(7)
STRING = const(8)
MESSAGE = const(9)

REPEATED = const(0x10)
# A oneof's member is written even when it is zero, and setting one clears the others of its group.
ONEOF = const(0x20)
ONEOF_2 = const(0x40)

_KIND = const(0x0F)
_ONEOFS = const(0x60)

_VARINT = const(0)
_I64 = const(1)
_LEN = const(2)
_I32 = const(5)

_MAX_VARINT = const(10)
_MAX_TAG = const(5)


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
        if value or kind & _ONEOFS or (kind & _KIND == MESSAGE and not kind & REPEATED):
            _append_field(buffer, number << 3, kind, sub, value)
    return bytes(buffer)


def decode(schema, data):
    """Decode all of `data` into a dict; raises DecodeError on anything malformed.

    Unknown fields and fields with a foreign wire type are skipped, the last value wins,
    sub-messages merge, and unknown enum values stay ints, as protobuf specifies. Groups
    (long deprecated) are refused.
    """
    message: dict = {}
    _read(schema, memoryview(data), message)
    return message


def _unsigned(kind, value):
    # Negative int32 and enum values travel as 64-bit two's complement.
    if value < 0 and kind in (INT32, ENUM):
        if value < -0x80000000:
            raise ValueError("out of range")
        return value + (1 << 64)
    limit = 31 if kind in (INT32, ENUM) else 64 if kind in (UINT64, FIXED64) else 32
    if value < 0 or value >> limit:
        raise ValueError("out of range")
    return value


def _append_field(buffer, tag, kind, sub, value):
    wire_type = _wire_type(kind)
    if not kind & REPEATED:
        value = (value,)
    elif wire_type != _LEN:
        packed = bytearray()
        for item in value:
            _append_scalar(packed, kind & _KIND, item)
        kind, wire_type, value = BYTES, _LEN, (packed,)
    kind &= _KIND
    for item in value:
        _append_varint(buffer, tag | wire_type)
        if wire_type != _LEN:
            _append_scalar(buffer, kind, item)
            continue
        if kind == MESSAGE:
            item = encode(sub, item)
        elif isinstance(item, str):
            item = item.encode()
        _append_varint(buffer, len(item))
        buffer.extend(item)


def _append_scalar(buffer, kind, value):
    value = _unsigned(kind, value)
    if kind in (FIXED32, FIXED64):
        buffer.extend(value.to_bytes(4 if kind == FIXED32 else 8, "little"))
    else:
        _append_varint(buffer, value)


def _append_varint(buffer, value):
    while value > 0x7F:
        buffer.append(value & 0x7F | 0x80)
        value >>= 7
    buffer.append(value)


def _wire_type(kind):
    kind &= _KIND
    if kind >= BYTES:
        return _LEN
    return _I32 if kind == FIXED32 else _I64 if kind == FIXED64 else _VARINT


def _read(schema, data, message):
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at, _MAX_TAG)
        number = tag >> 3
        if not number or tag >> 32:
            raise DecodeError("bad field number")
        start, end, at = _extent(data, at, tag & 7)
        for field in range(0, len(schema), 4):
            if schema[field] == number:
                _store(schema, field, tag & 7, data[start:end], message)


def _extent(data, at, wire_type):
    """Return (start, end) of a field's content, its length prefix left out, and what follows."""
    if wire_type == _VARINT:
        end = _read_varint(data, at, _MAX_VARINT)[1]
    elif wire_type == _I64:
        end = at + 8
    elif wire_type == _I32:
        end = at + 4
    elif wire_type == _LEN:
        length, at = _read_varint(data, at, _MAX_TAG)
        end = at + length
    else:
        raise DecodeError("bad wire type")
    if end > len(data):
        raise DecodeError("truncated")
    return at, end, end


def _store(schema, field, wire_type, content, message):
    name, kind, sub = schema[field + 1 : field + 4]
    expected = _wire_type(kind)
    packed = kind & REPEATED and wire_type == _LEN and expected != _LEN
    if wire_type != expected and not packed:
        return
    if kind & _ONEOFS:
        for other in range(0, len(schema), 4):
            if other != field and schema[other + 2] & kind & _ONEOFS:
                message.pop(schema[other + 1], None)
    if packed:
        _read_packed(kind & _KIND, content, message.setdefault(name, []))
        return
    if kind & _KIND == MESSAGE:
        value = {} if kind & REPEATED else message.get(name, {})
        _read(sub, content, value)
    elif expected == _LEN:
        value = _text(content) if kind & _KIND == STRING else bytes(content)
    else:
        value = _scalar(kind & _KIND, content)
    if kind & REPEATED:
        message.setdefault(name, []).append(value)
    else:
        message[name] = value


def _read_packed(kind, content, values):
    at = 0
    wire_type = _wire_type(kind)
    while at < len(content):
        start, end, at = _extent(content, at, wire_type)
        values.append(_scalar(kind, content[start:end]))


def _scalar(kind, content):
    if kind in (FIXED32, FIXED64):
        return int.from_bytes(content, "little")
    value = _read_varint(content, 0, _MAX_VARINT)[0]
    if kind == BOOL:
        return value != 0
    if kind == UINT64:
        return value
    value &= 0xFFFFFFFF
    if kind in (INT32, ENUM) and value >> 31:
        value -= 1 << 32
    return value


def _text(content):
    try:
        return str(content, "utf-8")
    except UnicodeError:
        raise DecodeError("not UTF-8")


def _read_varint(data, at, limit):
    """Return (value, next offset); at most `limit` bytes and 64 bits."""
    value = shift = 0
    for _ in range(limit):
        if at >= len(data):
            raise DecodeError("truncated")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                raise DecodeError("varint over 64 bits")
            return value, at
        shift += 7
    raise DecodeError("varint too long")
