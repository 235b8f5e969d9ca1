"""The attributes a board offers, numbered and stored as NimBLE and MicroPython do on an ESP32."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

from bumble.gatt import Characteristic

PRIMARY_SERVICE = b"\x00\x28"
CHARACTERISTIC = b"\x03\x28"
CCCD = b"\x02\x29"

READ = int(Characteristic.Properties.READ)
WRITE_NO_RESPONSE = int(Characteristic.Properties.WRITE_WITHOUT_RESPONSE)
WRITE = int(Characteristic.Properties.WRITE)
NOTIFY = int(Characteristic.Properties.NOTIFY)
INDICATE = int(Characteristic.Properties.INDICATE)
SECURE_READ = 0x0E00
SECURE_WRITE = 0x7000
"""MicroPython's flags for access only over an encrypted, authenticated or authorized link."""

_DEFAULT_CAPACITY = 20


@dataclass
class Attribute:
    """One row of the database.

    type: UUID, little-endian. flags: READ, WRITE ... as above. group_end: of a service, its last
    handle. value: of a CCCD it is not here but with each link; `parent` is then its
    characteristic's row. is_own: the stack's, not the application's. capacity: what a client can
    write at most; more is cut off. append: writes add up until the application reads.
    """

    handle: int
    type: bytes
    flags: int
    value: bytes = b""
    group_end: int = 0
    parent: Attribute | None = None
    is_own: bool = True
    capacity: int = _DEFAULT_CAPACITY
    append: bool = False

    def store(self, value: bytes) -> None:
        """What a client wrote."""
        before = self.value if self.append else b""
        self.value = (before + value)[: self.capacity]


@dataclass
class Database:
    """Rows in the order of their handles, which start at 1."""

    rows: list[Attribute] = field(default_factory=list)

    def __getitem__(self, handle: int) -> Attribute:
        """Raises KeyError."""
        if not 1 <= handle <= len(self.rows):
            raise KeyError(handle)
        return self.rows[handle - 1]

    def between(self, start: int, end: int) -> list[Attribute]:
        """The rows from handle `start` to `end`, both included."""
        return self.rows[start - 1 : end]

    def application_value(self, handle: int) -> Attribute:
        """A characteristic's or descriptor's value the application registered; or KeyError."""
        row = self[handle]
        if row.is_own:
            raise KeyError(handle)
        return row

    def add_service(
        self, uuid: bytes, characteristics: list[Any], *, is_own: bool = False
    ) -> list[int]:
        """Append a service; returns the value handles, descriptors after their characteristics.

        characteristics: [uuid, flags, [[uuid, flags] per descriptor]] each.
        """
        service = self._add(PRIMARY_SERVICE, READ, uuid)
        handles = []
        for characteristic, flags, descriptors in characteristics:
            declaration = self._add(CHARACTERISTIC, READ)
            value = self._add(characteristic, flags, is_own=is_own)
            declaration.value = struct.pack("<BH", flags & 0xFF, value.handle) + characteristic
            handles.append(value.handle)
            if flags & (NOTIFY | INDICATE):
                self._add(CCCD, READ | WRITE, parent=value)
            handles += [
                self._add(descriptor, flags, is_own=is_own).handle
                for descriptor, flags in descriptors
            ]
        service.group_end = len(self.rows)
        return handles

    def _add(self, type_: bytes, flags: int, value: bytes = b"", **more: Any) -> Attribute:
        row = Attribute(len(self.rows) + 1, type_, flags, value, **more)
        self.rows.append(row)
        return row


def stack_services(device_name: bytes) -> tuple[Database, Attribute]:
    """A database with the GAP and GATT services only, and the row of the device name."""
    database = Database()
    name, appearance = database.add_service(
        b"\x00\x18", [[b"\x00\x2a", READ, []], [b"\x01\x2a", READ, []]], is_own=True
    )
    database[name].value = device_name
    database[appearance].value = b"\x00\x00"
    database.add_service(b"\x01\x18", [[b"\x05\x2a", INDICATE, []]], is_own=True)
    return database, database[name]
