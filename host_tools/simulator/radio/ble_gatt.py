"""A board's Bluetooth host: the GATT server, as NimBLE and MicroPython do it on an ESP32."""

from __future__ import annotations

import errno
from typing import Any

from host_tools.simulator.radio.ble_gap import Gap
from host_tools.simulator.radio.gatt_database import Attribute

_SUBSCRIBED_NOTIFY, _SUBSCRIBED_INDICATE = 1, 2


class Gatt(Gap):
    """The calls whose names begin with gatts_. UUIDs are little-endian bytes."""

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
