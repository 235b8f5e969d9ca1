"""Flashable files of MicroPython for ESP32: what they are for, and what is wrong with others.

Source of the layout: ESP-IDF documentation, "App Image Format" and "Bootloader". A file that holds
everything begins with the bootloader, an image of its own: E9, number of segments, mode, flash size
(upper four bits) and speed, entry (4 bytes), ..., chip (2 bytes at 12, little-endian), ..., whether
a SHA-256 follows the image (byte 23). An application has a descriptor at 32, beginning with
ABCD5432; the bootloader has not.
"""

import hashlib
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from host_tools.failure import InputError
from host_tools.installation.micropython import (
    TAKE_ANOTHER,
    WITHOUT_BLUETOOTH,
    Version,
    dotted,
    download_page,
    oldest_micropython,
)
from host_tools.installation.partitions import (
    APP,
    TABLE_OFFSET,
    TABLE_SIZE,
    Partition,
    TableError,
    files_partition,
    parse_table,
)

CHIP_IDS = {
    0: "esp32",
    2: "esp32s2",
    5: "esp32c3",
    9: "esp32s3",
    12: "esp32c2",
    13: "esp32c6",
    16: "esp32h2",
    18: "esp32p4",
    20: "esp32c61",
    23: "esp32c5",
}
MEBIBYTE = 1 << 20
_BOOTLOADER_OFFSETS = {"esp32": 0x1000, "esp32s2": 0x1000, "esp32c5": 0x2000, "esp32p4": 0x2000}

_MAGIC = 0xE9
_HEADER = 24
_CHIP_AT = 12
_HASHED_AT = 23
_DESCRIPTOR_AT = 32
_DESCRIPTOR = struct.pack("<I", 0xABCD5432)
_LARGEST = 32 * MEBIBYTE
# MicroPython's banner, as it lies in every build of it.
_BANNER = re.compile(rb"\bMicroPython v?(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?")
_OTHERS = (
    (b"UF2\n", "a UF2 file"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a compressed file"),
    (b"\x7fELF", "an ELF file"),
    (b":", "an Intel HEX file"),
)


@dataclass(frozen=True)
class EspImage:
    """A file with bootloader, partition table and MicroPython."""

    path: Path
    data: bytes
    chip: str
    flash_size: int
    """Bytes of flash that it was built for; the real flash may be larger."""
    version: Version
    partitions: list[Partition]

    @property
    def offset(self) -> int:
        """Where in the flash its first byte belongs."""
        return bootloader_offset(self.chip)

    @property
    def end(self) -> int:
        """The first byte of the flash behind it."""
        return self.offset + len(self.data)

    def files(self, flash_size: int) -> Partition:
        """Where this MicroPython keeps its files on such a flash. Raises InputError."""
        found = files_partition(self.partitions, flash_size)
        last = max(partition.end for partition in self.partitions)
        if found is None or max(last, found.end) > flash_size:
            raise InputError(
                f"{self.path.name} needs more flash than the board's {flash_size // MEBIBYTE} MB",
                f"Look for its variant on {download_page(self.chip)}, or take a larger board.",
            )
        return found


def bootloader_offset(chip: str) -> int:
    """Where a chip looks for its bootloader. Source: ESP-IDF documentation, "Bootloader"."""
    return _BOOTLOADER_OFFSETS.get(chip, 0)


def read_image(path: Path) -> EspImage:
    """Read and check a file of MicroPython. Raises InputError for whatever cannot run the fob."""
    data = _read(path)
    _refuse_other_kinds(path.name, data)
    chip = _chip(path.name, data)
    page = download_page(chip)
    if data[_DESCRIPTOR_AT:].startswith(_DESCRIPTOR):
        raise InputError(
            f"{path.name} holds the application alone, without bootloader and partition table",
            f"Take the link that ends in .bin, not in .app-bin, on {page}.",
        )
    return EspImage(
        path=path,
        data=data,
        chip=chip,
        flash_size=MEBIBYTE << (data[3] >> 4),
        partitions=_partitions(path.name, data, bootloader_offset(chip), page),
        version=_version(path.name, data, chip, page),
    )


def _read(path: Path) -> bytes:
    download = f"Download MicroPython from {download_page(None)} and name the file."
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        raise InputError(f"there is no file {path}", download) from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder", "Name the file in it.") from None
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror})", "Name a file that you may read."
        ) from None
    if len(data) > _LARGEST:
        raise InputError(f"{path.name} is too large for MicroPython", download)
    return data


def _refuse_other_kinds(name: str, data: bytes) -> None:
    link = f"Take the link that ends in .bin on {download_page(None)}."
    if not data:
        raise InputError(f"{name} is empty", "Download it again.")
    if data.lstrip()[:1] == b"<":
        raise InputError(f"{name} is a web page, not the file behind its link", link)
    for start, kind in _OTHERS:
        if data.startswith(start):
            raise InputError(f"{name} is {kind}", link)
    if len(data) < _DESCRIPTOR_AT + len(_DESCRIPTOR) or data[0] != _MAGIC:
        raise InputError(f"{name} is no MicroPython for an ESP32", link)


def _chip(name: str, data: bytes) -> str:
    (number,) = struct.unpack_from("<H", data, _CHIP_AT)
    chip = CHIP_IDS.get(number)
    if chip is None:
        raise InputError(
            f"{name} is for a chip that these tools do not know (number {number})", TAKE_ANOTHER
        )
    if chip in WITHOUT_BLUETOOTH:
        raise InputError(f"{name} is for the {chip}, which has no Bluetooth", TAKE_ANOTHER)
    return chip


def _partitions(name: str, data: bytes, offset: int, page: str) -> list[Partition]:
    at = TABLE_OFFSET - offset
    again = f"Download it again from {page}."
    damaged = InputError(f"{name} is cut short or damaged", again)
    if len(data) < at + TABLE_SIZE:
        raise damaged
    try:
        partitions = parse_table(data[at : at + TABLE_SIZE])
    except TableError as error:
        raise InputError(f"{name} has no sound partition table: {error}", again) from None
    applications = [partition.offset - offset for partition in partitions if partition.type == APP]
    if not applications or not _is_whole(data, applications[0]):
        raise damaged
    return partitions


def _is_whole(data: bytes, start: int) -> bool:
    """Whether an image at `start` has all its segments and, where it has one, the right digest."""
    at = start + _HEADER
    if at > len(data) or data[start] != _MAGIC:
        return False
    for _ in range(data[start + 1]):
        if at + 8 > len(data):
            return False
        at += 8 + int(struct.unpack_from("<I", data, at + 4)[0])
    # A checksum ends the last 16 bytes, filled up with zeros.
    end = start + (at - start) // 16 * 16 + 16
    if data[start + _HASHED_AT] != 1:
        return end <= len(data)
    return hashlib.sha256(data[start:end]).digest() == data[end : end + 32]


def _version(name: str, data: bytes, chip: str, page: str) -> Version:
    found = _BANNER.search(data)
    if found is None:
        raise InputError(
            f"{name} is a program for the {chip}, but not MicroPython", f"Take one from {page}."
        )
    version = int(found[1]), int(found[2]), int(found[3] or 0)
    oldest = oldest_micropython(chip)
    if version < oldest:
        raise InputError(
            f"{name} is MicroPython {dotted(version)}, and on an {chip} the fob needs"
            f" {dotted(oldest)} or newer",
            f"Take the newest from {page}.",
        )
    return version
