"""A board's attribute server: ATT requests in, responses out (Core, Vol 3, Part F, 3.4)."""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable
from typing import Protocol

from bumble.att import ErrorCode, Opcode

from host_tools.simulator.radio.gatt_database import (
    CCCD,
    INDICATE,
    NOTIFY,
    PRIMARY_SERVICE,
    READ,
    SECURE_READ,
    SECURE_WRITE,
    WRITE,
    WRITE_NO_RESPONSE,
    Attribute,
    Database,
)

_MAX_PREPARED = 64
_COMMAND = 0x40  # bit of the opcode: no response, not even an error


class AttError(Exception):
    """An ATT error code about an attribute handle (0: none)."""

    def __init__(self, code: int, handle: int = 0) -> None:
        super().__init__(f"ATT error 0x{code:02x} at handle 0x{handle:04x}")
        self.code = code
        self.handle = handle


class Client(Protocol):
    """The link a request came over, with what the server keeps for each."""

    handle: int
    mtu: int
    subscriptions: dict[int, int]
    """By handle of the characteristic's value: NOTIFY, INDICATE bits 1 and 2, as in a CCCD."""
    prepared: list[tuple[int, int, bytes]]

    def agree_on_mtu(self, theirs: int) -> int:
        """The other side's preferred MTU came in a request; returns ours."""


class GattServer:
    """Serves one database to any number of links.

    asked_to_read(link handle, attribute handle): 0 to allow, else an ATT error code.
    wrote(link handle, attribute handle): returns when the application has taken notice.
    """

    def __init__(
        self,
        database: Database,
        asked_to_read: Callable[[int, int], Awaitable[int]],
        wrote: Callable[[int, int], Awaitable[None]],
    ) -> None:
        self.database = database
        self._asked_to_read = asked_to_read
        self._wrote = wrote
        self._handlers: dict[int, Callable[[Client, bytes], Awaitable[bytes]]] = {
            Opcode.ATT_EXCHANGE_MTU_REQUEST: self._exchange_mtu,
            Opcode.ATT_FIND_INFORMATION_REQUEST: self._find_information,
            Opcode.ATT_FIND_BY_TYPE_VALUE_REQUEST: self._find_by_type_value,
            Opcode.ATT_READ_BY_TYPE_REQUEST: self._read_by_type,
            Opcode.ATT_READ_BY_GROUP_TYPE_REQUEST: self._read_by_group_type,
            Opcode.ATT_READ_REQUEST: self._read,
            Opcode.ATT_READ_BLOB_REQUEST: self._read_blob,
            Opcode.ATT_WRITE_REQUEST: self._write,
            Opcode.ATT_WRITE_COMMAND: self._write,
            Opcode.ATT_PREPARE_WRITE_REQUEST: self._prepare_write,
            Opcode.ATT_EXECUTE_WRITE_REQUEST: self._execute_write,
        }

    async def respond(self, client: Client, pdu: bytes) -> bytes | None:
        """The response to a request; None to a command."""
        opcode = pdu[0]
        try:
            handler = self._handlers.get(opcode)
            if handler is None:
                raise AttError(ErrorCode.REQUEST_NOT_SUPPORTED)
            response = await handler(client, pdu[1:])
        except AttError as error:
            response = struct.pack(
                "<BBHB", Opcode.ATT_ERROR_RESPONSE, opcode, error.handle, error.code
            )
        except struct.error:
            response = struct.pack(
                "<BBHB", Opcode.ATT_ERROR_RESPONSE, opcode, 0, ErrorCode.INVALID_PDU
            )
        return None if opcode & _COMMAND else response

    async def _exchange_mtu(self, client: Client, body: bytes) -> bytes:
        (theirs,) = struct.unpack("<H", body)
        ours = client.agree_on_mtu(theirs)
        return struct.pack("<BH", Opcode.ATT_EXCHANGE_MTU_RESPONSE, ours)

    async def _find_information(self, client: Client, body: bytes) -> bytes:
        rows = self._range(*struct.unpack("<HH", body))
        size = len(rows[0].type)
        response = bytes([Opcode.ATT_FIND_INFORMATION_RESPONSE, 1 if size == 2 else 2])
        for row in rows:
            if len(row.type) != size or len(response) + 2 + size > client.mtu:
                break
            response += struct.pack("<H", row.handle) + row.type
        return response

    async def _find_by_type_value(self, client: Client, body: bytes) -> bytes:
        start, end, type_ = struct.unpack_from("<HH2s", body)
        response = bytes([Opcode.ATT_FIND_BY_TYPE_VALUE_RESPONSE])
        for row in self._range(start, end):
            if row.type == type_ == PRIMARY_SERVICE and row.value == body[6:]:
                response += struct.pack("<HH", row.handle, row.group_end)
        if len(response) == 1:
            raise AttError(ErrorCode.ATTRIBUTE_NOT_FOUND, start)
        return response[: 1 + (client.mtu - 1) // 4 * 4]

    async def _read_by_type(self, client: Client, body: bytes) -> bytes:
        start, end, type_ = self._range_and_type(body)
        found: list[bytes] = []
        length = 2
        for row in self._range(start, end):
            if row.type != type_:
                continue
            try:
                value = await self._value(client, row)
            except AttError:
                if found:
                    break
                raise
            entry = struct.pack("<H", row.handle) + value[: min(client.mtu - 4, 253)]
            if found and (len(entry) != len(found[0]) or length + len(entry) > client.mtu):
                break
            found.append(entry)
            length += len(entry)
        return self._list(Opcode.ATT_READ_BY_TYPE_RESPONSE, found, start)

    async def _read_by_group_type(self, client: Client, body: bytes) -> bytes:
        start, end, type_ = self._range_and_type(body)
        if type_ != PRIMARY_SERVICE:
            raise AttError(ErrorCode.UNSUPPORTED_GROUP_TYPE, start)
        found: list[bytes] = []
        length = 2
        for row in self._range(start, end):
            if row.type != PRIMARY_SERVICE:
                continue
            entry = struct.pack("<HH", row.handle, row.group_end) + row.value
            if found and (len(entry) != len(found[0]) or length + len(entry) > client.mtu):
                break
            found.append(entry)
            length += len(entry)
        return self._list(Opcode.ATT_READ_BY_GROUP_TYPE_RESPONSE, found, start)

    async def _read(self, client: Client, body: bytes) -> bytes:
        (handle,) = struct.unpack("<H", body)
        value = await self._value(client, self._row(handle))
        return bytes([Opcode.ATT_READ_RESPONSE]) + value[: client.mtu - 1]

    async def _read_blob(self, client: Client, body: bytes) -> bytes:
        handle, offset = struct.unpack("<HH", body)
        value = await self._value(client, self._row(handle))
        if offset > len(value):
            raise AttError(ErrorCode.INVALID_OFFSET, handle)
        return bytes([Opcode.ATT_READ_BLOB_RESPONSE]) + value[offset:][: client.mtu - 1]

    async def _write(self, client: Client, body: bytes) -> bytes:
        (handle,) = struct.unpack_from("<H", body)
        await self._store(client, self._row(handle), body[2:])
        return bytes([Opcode.ATT_WRITE_RESPONSE])

    async def _prepare_write(self, client: Client, body: bytes) -> bytes:
        handle, offset = struct.unpack_from("<HH", body)
        self._check_writable(self._row(handle))
        if len(client.prepared) == _MAX_PREPARED:
            raise AttError(ErrorCode.PREPARE_QUEUE_FULL, handle)
        client.prepared.append((handle, offset, body[4:]))
        return bytes([Opcode.ATT_PREPARE_WRITE_RESPONSE]) + body

    async def _execute_write(self, client: Client, body: bytes) -> bytes:
        (flag,) = struct.unpack("<B", body)
        prepared, client.prepared = client.prepared, []
        values: dict[int, bytes] = {}
        for handle, offset, part in prepared if flag else []:
            before = values.get(handle, b"")
            if offset != len(before):
                raise AttError(ErrorCode.INVALID_OFFSET, handle)
            values[handle] = before + part
        for handle, value in values.items():
            await self._store(client, self._row(handle), value)
        return bytes([Opcode.ATT_EXECUTE_WRITE_RESPONSE])

    def _row(self, handle: int) -> Attribute:
        try:
            return self.database[handle]
        except KeyError:
            raise AttError(ErrorCode.INVALID_HANDLE, handle) from None

    def _range(self, start: int, end: int) -> list[Attribute]:
        if not 1 <= start <= end:
            raise AttError(ErrorCode.INVALID_HANDLE, start)
        rows = self.database.between(start, end)
        if not rows:
            raise AttError(ErrorCode.ATTRIBUTE_NOT_FOUND, start)
        return rows

    @staticmethod
    def _range_and_type(body: bytes) -> tuple[int, int, bytes]:
        start, end = struct.unpack_from("<HH", body)
        if len(body) not in (6, 20):
            raise AttError(ErrorCode.INVALID_PDU)
        return start, end, body[4:]

    @staticmethod
    def _list(opcode: int, found: list[bytes], start: int) -> bytes:
        if not found:
            raise AttError(ErrorCode.ATTRIBUTE_NOT_FOUND, start)
        return bytes([opcode, len(found[0])]) + b"".join(found)

    async def _value(self, client: Client, row: Attribute) -> bytes:
        if not row.flags & READ:
            raise AttError(ErrorCode.READ_NOT_PERMITTED, row.handle)
        if row.flags & SECURE_READ:
            raise AttError(ErrorCode.INSUFFICIENT_AUTHENTICATION, row.handle)
        if row.parent is not None:
            return struct.pack("<H", client.subscriptions.get(row.parent.handle, 0))
        if not row.is_own:
            refusal = await self._asked_to_read(client.handle, row.handle)
            if refusal:
                raise AttError(refusal, row.handle)
        return row.value

    @staticmethod
    def _check_writable(row: Attribute) -> None:
        if not row.flags & (WRITE | WRITE_NO_RESPONSE):
            raise AttError(ErrorCode.WRITE_NOT_PERMITTED, row.handle)
        if row.flags & SECURE_WRITE:
            raise AttError(ErrorCode.INSUFFICIENT_AUTHENTICATION, row.handle)

    async def _store(self, client: Client, row: Attribute, value: bytes) -> None:
        self._check_writable(row)
        if row.type == CCCD and row.parent is not None:
            if len(value) != 2:
                raise AttError(ErrorCode.INVALID_ATTRIBUTE_LENGTH, row.handle)
            (bits,) = struct.unpack("<H", value)
            offered = bool(row.parent.flags & NOTIFY) | bool(row.parent.flags & INDICATE) << 1
            if bits & ~offered:
                raise AttError(ErrorCode.WRITE_NOT_PERMITTED, row.handle)
            client.subscriptions[row.parent.handle] = bits
            return
        row.store(value)
        await self._wrote(client.handle, row.handle)
