"""The partition table of an ESP32's flash, and where on it MicroPython keeps its files.

Source: ESP-IDF documentation, "Partition Tables". The table lies at 0x8000 and has entries of 32
bytes: magic AA 50, type, subtype, offset and size (4 bytes each, little-endian), a label of 16
bytes, flags. An entry with the magic EB EB holds an MD5 of those before it; FF ends the table.
"""

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass

TABLE_OFFSET = 0x8000
TABLE_SIZE = 0xC00

APP = 0
DATA = 1
FAT = 0x81
"""The subtype that MicroPython gives to the partition of its files, whatever lies on it."""
FILES = "vfs"

_FIRST = TABLE_OFFSET + 0x1000
"""Before it lie the bootloader and the table's own sector."""
_ENTRY = struct.Struct("<2sBBII16sI")
_MAGIC = b"\xaa\x50"
_MD5_MAGIC = b"\xeb\xeb"
_END = b"\xff" * _ENTRY.size


class TableError(Exception):
    """There is no partition table in these bytes, or a damaged one."""


@dataclass(frozen=True)
class Partition:
    """Offset and size in bytes of the flash."""

    label: str
    type: int
    subtype: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.size


def parse_table(data: bytes) -> list[Partition]:
    """The partitions of a table, in its order. Raises TableError."""
    partitions: list[Partition] = []
    for at in range(0, min(len(data), TABLE_SIZE), _ENTRY.size):
        entry = data[at : at + _ENTRY.size]
        if entry[:2] == _MD5_MAGIC and entry[16:] != hashlib.md5(data[:at]).digest():
            raise TableError("its checksum does not fit")
        if entry == _END or entry[:2] == _MD5_MAGIC:
            break
        if len(entry) < _ENTRY.size or entry[:2] != _MAGIC:
            raise TableError(f"no partition at byte {at}")
        _, kind, subtype, offset, size, label, _ = _ENTRY.unpack(entry)
        if kind in (APP, DATA) and (offset < _FIRST or not size):
            raise TableError(f"there can be none like that at byte {at}")
        name = label.rstrip(b"\0").decode(errors="replace")
        partitions.append(Partition(name, kind, subtype, offset, size))
    if not partitions:
        raise TableError("it is empty")
    return partitions


def build_table(partitions: Iterable[Partition]) -> bytes:
    """The bytes of a table, TABLE_SIZE of them."""
    entries = b"".join(
        _ENTRY.pack(_MAGIC, p.type, p.subtype, p.offset, p.size, p.label.encode(), 0)
        for p in partitions
    )
    checksum = _MD5_MAGIC + b"\xff" * 14 + hashlib.md5(entries).digest()
    return (entries + checksum).ljust(TABLE_SIZE, b"\xff")


def files_partition(table: Iterable[Partition], flash_size: int) -> Partition | None:
    """Where MicroPython keeps its files on a flash of `flash_size` bytes; None if nowhere.

    Since 1.26 its tables do not list it: then it reaches from the end of the last partition to the
    end of the flash. Source: MicroPython, ports/esp32/main.c, boardctrl_startup.
    """
    listed = list(table)
    for partition in listed:
        if partition.type == DATA and partition.label == FILES:
            return partition
    start = max((partition.end for partition in listed), default=flash_size)
    if not _FIRST <= start < flash_size:
        return None
    return Partition(FILES, DATA, FAT, start, flash_size - start)
