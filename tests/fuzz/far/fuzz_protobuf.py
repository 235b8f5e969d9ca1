"""Decodes, and tells values and re-encoding in one number, for there are millions of them."""

from binascii import crc32

from fob import protobuf
from fob.errors import DecodeError

_schemas = []


def begin(schemas):
    """Take the schemas; the first byte of an input chooses one of them."""
    _schemas.extend(schemas)


def answer(data):
    """Return the DecodeError's text, or the CRC-32 of the values and of their encoding."""
    schema, message = _decoded(data)
    if isinstance(message, str):
        return message
    return crc32(protobuf.encode(schema, message), crc32(repr(_values(schema, message))))


def _decoded(data):
    schema = _schemas[data[0] % len(_schemas) if data else 0]
    try:
        return schema, protobuf.decode(schema, data[1:])
    except DecodeError as error:
        return schema, str(error)


def _values(schema, message):
    """The message as a list of (field number, value), without zeros that need not be written."""
    found = []
    for at in range(0, len(schema), 4):
        number, name, kind, sub = schema[at : at + 4]
        if name not in message:
            continue
        value = message[name]
        if isinstance(value, dict):
            value = _values(sub, value)
        elif not (value or kind & (protobuf.ONEOF | protobuf.ONEOF_2)):
            continue
        elif sub:
            value = [_values(sub, item) for item in value]
        found.append((number, value))
    return found
