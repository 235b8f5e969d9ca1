"""A board's Bluetooth host: its links, and the GATT client's calls on them, as on an ESP32.

What is beneath, Bumble or nothing, is the business of those who build on it.
"""

from __future__ import annotations

import asyncio
import errno
import struct
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Coroutine
from typing import Any

from bumble.att import Opcode
from bumble.hci import Address

from host_tools.simulator.radio import gatt_client, irq
from host_tools.simulator.radio.ble_link import Link

NO_LINK = 0xFFFF
"""The handle in the report of a connect that came to nothing."""

DEFAULT_MTU_OFFER = 256

_NO_ADDRESS_TYPE = 0xFF


class Client(ABC):
    """The calls whose names begin with gattc_; UUIDs are little-endian bytes.

    They raise OSError(errno) as MicroPython's NimBLE port does: ENODEV while inactive, EALREADY,
    EBUSY, ENOTCONN, EINVAL.
    """

    def __init__(self) -> None:
        self.preferred_mtu = DEFAULT_MTU_OFFER
        self._is_active = False
        self._links: dict[int, Link] = {}
        self._background: set[asyncio.Task[None]] = set()

    @abstractmethod
    def emit(self, event: int, *args: object) -> None:
        """Raise an IRQ."""

    @abstractmethod
    async def _terminate(self, handle: int) -> None:
        """Take a link down; `_on_disconnection` follows."""

    def _new_peer(self, addr_type: int, addr: bytes) -> Address:
        """Whom gap_connect names; raises OSError(EIO) where there is a link already."""
        kind = Address.RANDOM_DEVICE_ADDRESS if addr_type else Address.PUBLIC_DEVICE_ADDRESS
        peer = Address(addr[::-1], kind)
        if any(link.peer == peer for link in self._links.values()):
            raise OSError(errno.EIO, "connected already")
        return peer

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

    def _require_active(self) -> None:
        if not self._is_active:
            raise OSError(errno.ENODEV, "the radio is off")

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

    async def gap_disconnect(self, conn_handle: int) -> bool:
        """False if there is no such link; the event comes later."""
        self._require_active()
        link = self._links.get(conn_handle)
        if link is None:
            return False
        if link.is_terminating:
            raise OSError(errno.EALREADY, "disconnecting already")
        await self._terminate(conn_handle)
        return True

    def _connect_failed(self) -> None:
        self.emit(irq.PERIPHERAL_DISCONNECT, NO_LINK, _NO_ADDRESS_TYPE, bytes(6))

    def _on_disconnection(self, handle: int, _reason: int = 0) -> None:
        self._spawn(self._close_link(self._links.pop(handle)))

    async def _close_link(self, link: Link) -> None:
        # Pending procedures report their end first, as NimBLE has it.
        await link.close()
        event = irq.PERIPHERAL_DISCONNECT if link.is_central else irq.CENTRAL_DISCONNECT
        self.emit(event, link.handle, *address_and_type(link.peer))

    async def _drop_links(self) -> None:
        for link in list(self._links.values()):
            await link.close()
        self._links.clear()
        if self._background:
            await asyncio.wait(self._background)

    def _abandon_links(self) -> None:
        for link in self._links.values():
            link.abandon()
        self._links.clear()
        for task in self._background:
            task.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def mtu_exchanged(self, link: Link) -> None:
        self.emit(irq.MTU_EXCHANGED, link.handle, link.mtu)

    def notified(self, link: Link, handle: int, value: bytes) -> None:
        self.emit(irq.GATTC_NOTIFY, link.handle, handle, value)

    def indicated(self, link: Link, handle: int, value: bytes) -> None:
        self.emit(irq.GATTC_INDICATE, link.handle, handle, value)

    def indication_done(self, link: Link, handle: int, status: int) -> None:
        self.emit(irq.GATTS_INDICATE_DONE, link.handle, handle, status)

    def timed_out(self, link: Link) -> None:
        if link.handle in self._links and not link.is_terminating:
            self._spawn(self._terminate(link.handle))


def address_and_type(address: Address) -> tuple[int, bytes]:
    """As MicroPython has it: 0 public, 1 random; the first octet first."""
    return int(not address.is_public), bytes(address)[::-1]
