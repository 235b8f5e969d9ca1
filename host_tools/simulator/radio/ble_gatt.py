"""A board's Bluetooth host: GATT in both roles, as NimBLE and MicroPython do it on an ESP32."""

from __future__ import annotations

import errno
import struct
from collections.abc import Awaitable
from typing import Any

from bumble.att import Opcode

from host_tools.simulator.radio import gatt_client, irq
from host_tools.simulator.radio.ble_gap import Gap
from host_tools.simulator.radio.ble_link import Link
from host_tools.simulator.radio.gatt_database import Attribute

_SUBSCRIBED_NOTIFY, _SUBSCRIBED_INDICATE = 1, 2


class Gatt(Gap):
    """The calls whose names begin with gatts_ and gattc_. UUIDs are little-endian bytes."""

    # Server

    async def gatts_register_services(self, services: list[Any]) -> list[list[int]]:
        """Replace all services. [uuid, [[uuid, flags, [[uuid, flags], ...]], ...]] each."""
        self._require_active()
        if self._links or self._is_scanning or self._is_connecting or self.is_advertising:
            raise OSError(errno.EBUSY, "the radio is in use")
        database = self._install_services()
        return [database.add_service(uuid, rows) for uuid, rows in services]

    def _value(self, handle: int) -> Attribute:
        self._require_active()
        try:
            return self._server.database.application_value(handle)
        except KeyError:
            raise OSError(errno.EINVAL, "no such value") from None

    def gatts_read(self, handle: int) -> bytes:
        """The local value; in append mode it is empty afterwards."""
        row = self._value(handle)
        value = row.value
        if row.append:
            row.value = b""
        return value

    def gatts_write(self, handle: int, value: bytes, send_update: bool) -> None:
        """Replace the local value, whatever its buffer's size, and tell subscribers on request."""
        row = self._value(handle)
        row.value = value
        row.capacity = max(row.capacity, len(value))
        for link in self._links.values() if send_update else ():
            subscription = link.subscriptions.get(handle, 0)
            if subscription & _SUBSCRIBED_NOTIFY:
                link.notify(handle, value)
            elif subscription & _SUBSCRIBED_INDICATE:
                link.indicate(handle, value)

    def gatts_set_buffer(self, handle: int, length: int, append: bool) -> None:
        """How much a client may write, and whether writes add up."""
        row = self._value(handle)
        row.capacity, row.append = length, append
        row.value = row.value[:length]

    def gatts_notify(self, conn_handle: int, handle: int, value: bytes | None) -> None:
        """Subscribed or not; None sends the local value."""
        link = self._link(conn_handle)
        link.notify(handle, self._value(handle).value if value is None else value)

    def gatts_indicate(self, conn_handle: int, handle: int, value: bytes | None) -> None:
        """As gatts_notify; GATTS_INDICATE_DONE follows the confirmation."""
        link = self._link(conn_handle)
        link.indicate(handle, self._value(handle).value if value is None else value)

    # Client

    def _link(self, conn_handle: int) -> Link:
        self._require_active()
        link = self._links.get(conn_handle)
        if link is None:
            raise OSError(errno.ENOTCONN, "no such link")
        return link

    def _idle_link(self, conn_handle: int) -> Link:
        link = self._link(conn_handle)
        if link.is_busy:
            raise OSError(errno.EBUSY, "a procedure is running")
        return link

    def _start(self, link: Link, event: int, procedure: Awaitable[None], *handles: int) -> None:
        link.start(procedure, lambda status: self.emit(event, link.handle, *handles, status))

    def gattc_discover_services(self, conn_handle: int, uuid: bytes | None) -> None:
        """GATTC_SERVICE_RESULT for each, GATTC_SERVICE_DONE."""
        link = self._idle_link(conn_handle)

        def found(start: int, end: int, uuid: bytes) -> None:
            self.emit(irq.GATTC_SERVICE_RESULT, conn_handle, start, end, uuid)

        procedure = gatt_client.discover_services(link.request, uuid, found)
        self._start(link, irq.GATTC_SERVICE_DONE, procedure)

    def gattc_discover_characteristics(
        self, conn_handle: int, start: int, end: int, uuid: bytes | None
    ) -> None:
        """GATTC_CHARACTERISTIC_RESULT for each, GATTC_CHARACTERISTIC_DONE."""
        link = self._idle_link(conn_handle)
        self._check_range(start, end)

        def found(end: int, value: int, properties: int, uuid: bytes) -> None:
            self.emit(irq.GATTC_CHARACTERISTIC_RESULT, conn_handle, end, value, properties, uuid)

        procedure = gatt_client.discover_characteristics(link.request, start, end, uuid, found)
        self._start(link, irq.GATTC_CHARACTERISTIC_DONE, procedure)

    def gattc_discover_descriptors(self, conn_handle: int, start: int, end: int) -> None:
        """GATTC_DESCRIPTOR_RESULT for each attribute behind `start`, GATTC_DESCRIPTOR_DONE."""
        link = self._idle_link(conn_handle)
        self._check_range(start + 1, end)

        def found(handle: int, uuid: bytes) -> None:
            self.emit(irq.GATTC_DESCRIPTOR_RESULT, conn_handle, handle, uuid)

        procedure = gatt_client.discover_descriptors(link.request, start, end, found)
        self._start(link, irq.GATTC_DESCRIPTOR_DONE, procedure)

    @staticmethod
    def _check_range(start: int, end: int) -> None:
        if not 1 <= start <= end:
            raise OSError(errno.EINVAL, "empty range of handles")

    def gattc_read(self, conn_handle: int, handle: int) -> None:
        """GATTC_READ_RESULT if it succeeds, GATTC_READ_DONE."""
        link = self._idle_link(conn_handle)

        async def procedure() -> None:
            value = await gatt_client.read(link.request, handle)
            self.emit(irq.GATTC_READ_RESULT, conn_handle, handle, value)

        self._start(link, irq.GATTC_READ_DONE, procedure(), handle)

    def gattc_write(self, conn_handle: int, handle: int, value: bytes, mode: int) -> None:
        """Mode 1: GATTC_WRITE_DONE follows. What exceeds the MTU - 3 is cut off."""
        if mode == 0:
            header = struct.pack("<BH", Opcode.ATT_WRITE_COMMAND, handle)
            self._link(conn_handle).send_att(header + value)
        elif mode == 1:
            link = self._idle_link(conn_handle)
            procedure = gatt_client.write(link.request, handle, value)
            self._start(link, irq.GATTC_WRITE_DONE, procedure, handle)
        else:
            self._link(conn_handle)
            raise OSError(errno.EINVAL, "no such mode")

    def gattc_exchange_mtu(self, conn_handle: int) -> None:
        """MTU_EXCHANGED follows; once for each connection and direction."""
        link = self._link(conn_handle)
        if link.exchanged_mtu:
            raise OSError(errno.EALREADY, "exchanged already")
        if link.is_busy:
            raise OSError(errno.EBUSY, "a procedure is running")
        link.start(link.exchange_mtu(), lambda status: None)
