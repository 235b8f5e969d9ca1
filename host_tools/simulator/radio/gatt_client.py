"""The GATT client's procedures in raw ATT requests, as NimBLE runs them (Core, Vol 3, Part G, 4).

Each takes `request`, which sends one PDU and returns its response or raises AttError, and reports
what it finds as it finds it.
"""

import struct
from collections.abc import Awaitable, Callable

from bumble.att import ErrorCode, Opcode

from host_tools.simulator.radio.gatt_database import CHARACTERISTIC, PRIMARY_SERVICE
from host_tools.simulator.radio.gatt_server import AttError

LAST_HANDLE = 0xFFFF

Request = Callable[[bytes], Awaitable[bytes]]


async def discover_services(
    request: Request, uuid: bytes | None, found: Callable[[int, int, bytes], None]
) -> None:
    """found(start handle, end handle, uuid) for each primary service, or for those of `uuid`."""
    start = 1
    while start:
        if uuid is None:
            ask = struct.pack("<BHH", Opcode.ATT_READ_BY_GROUP_TYPE_REQUEST, start, LAST_HANDLE)
            entries = _entries(await _next(request, ask + PRIMARY_SERVICE))
        else:
            ask = struct.pack("<BHH", Opcode.ATT_FIND_BY_TYPE_VALUE_REQUEST, start, LAST_HANDLE)
            response = await _next(request, ask + PRIMARY_SERVICE + uuid)
            entries = _split(response[1:], 4)
        start = 0
        for entry in entries:
            first, last = struct.unpack_from("<HH", entry)
            found(first, last, entry[4:] if uuid is None else uuid)
            start = last + 1 if last != LAST_HANDLE else 0


async def discover_characteristics(
    request: Request,
    start: int,
    end: int,
    uuid: bytes | None,
    found: Callable[[int, int, int, bytes], None],
) -> None:
    """found(end handle, value handle, properties, uuid) for each, or for those of `uuid`.

    A characteristic ends before the next one's declaration, so it is reported when that is known.
    """
    pending: tuple[int, int, bytes] | None = None
    position = start
    try:
        while position <= end:
            ask = struct.pack("<BHH", Opcode.ATT_READ_BY_TYPE_REQUEST, position, end)
            entries = _entries(await _next(request, ask + CHARACTERISTIC))
            if not entries:
                break
            for entry in entries:
                declaration, properties, value = struct.unpack_from("<HBH", entry)
                if pending is not None:
                    found(declaration - 1, *pending)
                matches = uuid is None or entry[5:] == uuid
                pending = (value, properties, entry[5:]) if matches else None
                position = declaration + 1
    finally:
        if pending is not None:
            found(end, *pending)


async def discover_descriptors(
    request: Request, start: int, end: int, found: Callable[[int, bytes], None]
) -> None:
    """found(handle, uuid) for every attribute behind `start`, which is a value's handle."""
    position = start + 1
    while position <= end:
        ask = struct.pack("<BHH", Opcode.ATT_FIND_INFORMATION_REQUEST, position, end)
        response = await _next(request, ask)
        if not response:
            break
        for entry in _split(response[2:], 4 if response[1] == 1 else 18):
            (handle,) = struct.unpack_from("<H", entry)
            found(handle, entry[2:])
            position = handle + 1


async def read(request: Request, handle: int) -> bytes:
    """One read request: at most MTU - 1 bytes."""
    response = await request(struct.pack("<BH", Opcode.ATT_READ_REQUEST, handle))
    return response[1:]


async def write(request: Request, handle: int, value: bytes) -> None:
    """One write request."""
    await request(struct.pack("<BH", Opcode.ATT_WRITE_REQUEST, handle) + value)


async def _next(request: Request, ask: bytes) -> bytes:
    """The response, empty when the attributes are exhausted."""
    try:
        return await request(ask)
    except AttError as error:
        if error.code == ErrorCode.ATTRIBUTE_NOT_FOUND:
            return b""
        raise


def _entries(response: bytes) -> list[bytes]:
    return _split(response[2:], response[1]) if response else []


def _split(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data) - size + 1, size)]
