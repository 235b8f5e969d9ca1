"""Files as micropython.org offers them, made up: bootloader, partition table and application."""

import hashlib
import struct
from collections.abc import Sequence

from host_tools.installation.partitions import APP, DATA, FAT, TABLE_OFFSET, Partition, build_table

BANNER = b"MicroPython v1.29.0 on 2026-08-29"
CHIP_ID = {"esp32": 0, "esp32s2": 2, "esp32c3": 5, "esp32s3": 9, "esp32c6": 13}

# The tables of MicroPython's ESP32_GENERIC: before 1.26, and since.
OLD_TABLE = (
    Partition("nvs", DATA, 0x02, 0x9000, 0x6000),
    Partition("phy_init", DATA, 0x01, 0xF000, 0x1000),
    Partition("factory", APP, 0x00, 0x10000, 0x1F0000),
    Partition("vfs", DATA, FAT, 0x200000, 0x200000),
)
NEW_TABLE = OLD_TABLE[:-1]

_BOOTLOADER_AT = {"esp32": 0x1000, "esp32s2": 0x1000}
_SIZE_CODE = {2: 1, 4: 2, 8: 3, 16: 4}


def make_file(
    chip: str = "esp32",
    *,
    megabytes: int = 4,
    table: Sequence[Partition] = OLD_TABLE,
    banner: bytes = BANNER,
) -> bytes:
    """All three, as they are written to the bootloader's place."""
    offset = _BOOTLOADER_AT.get(chip, 0)
    bootloader = _image(chip, megabytes, b"\x50" + bytes(255))
    start = next(partition.offset for partition in table if partition.type == APP)
    head = bootloader.ljust(TABLE_OFFSET - offset, b"\xff") + build_table(table)
    return head.ljust(start - offset, b"\xff") + make_app(chip, banner)


def make_app(chip: str = "esp32", banner: bytes = BANNER) -> bytes:
    """An application with its descriptor."""
    descriptor = struct.pack("<I", 0xABCD5432).ljust(256, b"\0")
    return _image(chip, 4, descriptor + banner.ljust(256, b"\0"))


def _image(chip: str, megabytes: int, segment: bytes) -> bytes:
    header = struct.pack("<BBBBI", 0xE9, 1, 2, _SIZE_CODE[megabytes] << 4, 0x40080000)
    header += bytes((0xEE, 0, 0, 0)) + struct.pack("<HBHHIB", CHIP_ID[chip], 0, 0, 65535, 0, 1)
    body = header + struct.pack("<II", 0x3F400020, len(segment)) + segment
    checksum = 0xEF
    for byte in segment:
        checksum ^= byte
    body += bytes(15 - len(body) % 16) + bytes((checksum,))
    return body + hashlib.sha256(body).digest()
