"""Files of MicroPython for `fob flash` and `fob image`: cut short, damaged, of another kind.

An input is a list of patches to a whole file (packets.py). The first packet's kind says to which:
odd, one that `fob image` made, with a file system; even, one as it is downloaded, 4 that of another
chip. What has the kind 3 is written to the file system.
"""

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from host_tools.failure import InputError
from host_tools.installation.esp_image import MEBIBYTE, read_image
from host_tools.installation.flash_plan import check_packed
from host_tools.installation.image import build_image, packed_files
from host_tools.installation.partitions import APP, DATA, FAT, Partition
from tests.fuzz.one_line import one_line
from tests.fuzz.packets import CUT, pack, patched, unpack
from tests.fuzz.target import host_target
from tests.micropython_file import NEW_TABLE, OLD_TABLE, make_file

_OTHER_CHIP, _IN_FILES = 4, 3
_TABLE_AT = 0x7000
_FILES = Partition("vfs", DATA, FAT, 0x20000, 0x10000)
_SMALL = (*OLD_TABLE[:2], Partition("factory", APP, 0, 0x10000, 0x10000), _FILES)
_FILES_AT = _FILES.offset - 0x1000
_KNOWN = {"/manifest.json": b"{}", "/fob/app.mpy": b"M\x06" * 900, "/light.json": b"{}"}


def seeds() -> Iterator[bytes]:
    yield pack([(0, b"\0\0\0\xe9")])
    yield pack([(_OTHER_CHIP, b"\0\0\x0c\x05")])
    yield pack([(1, b"\0\0\0\xe9")])
    yield pack([(1, b"\0\0\0\xe9"), (_IN_FILES, b"\0\0\0\1\0\0\0")])
    yield pack([(1, b"\0\0\0\xe9"), (_IN_FILES, b"\0\x10\x28\x4f")])
    yield pack([(0, _TABLE_AT.to_bytes(3, "big") + b"\xaa\x50\x01\x02"), (CUT, b"\1\0\0")])
    yield pack([(0, b"\0\0\0PK\x03\x04")])


def check(data: bytes) -> str:
    """What is read fits together; what is refused is refused in one line."""
    packets = unpack(data)
    first = packets[0][0] if packets else 0
    moved = [_moved(kind, told) for kind, told in packets]
    with tempfile.TemporaryDirectory(prefix="fob-fuzz-") as folder:
        path = Path(folder, "firmware.bin")
        path.write_bytes(patched(_base(first % 2 == 1, first == _OTHER_CHIP), moved))
        try:
            image = read_image(path)
        except InputError as error:
            return one_line(error)
        assert image.partitions and image.chip and image.end > len(image.data) // 2
        told = []
        try:
            files = image.files(4 * MEBIBYTE)
            assert 0 < files.end <= 4 * MEBIBYTE
            told.append("room")
            found = packed_files(image)
            assert all(each.startswith("/") for each in found), found
            told.append(f"{min(len(found), 4)} files")
            check_packed(image)
        except InputError as error:
            told.append(one_line(error))
    return ", ".join(told)


def _moved(kind: int, told: bytes) -> tuple[int, bytes]:
    if kind != _IN_FILES:
        return kind, told
    place = _FILES_AT + int.from_bytes(told[:3], "big") % _FILES.size
    return kind, place.to_bytes(3, "big") + told[3:]


@cache
def _base(packed: bool, other_chip: bool) -> bytes:
    if not packed:
        return make_file("esp32c3" if other_chip else "esp32", table=NEW_TABLE)
    with tempfile.TemporaryDirectory(prefix="fob-fuzz-") as folder:
        path = Path(folder, "firmware.bin")
        path.write_bytes(make_file(table=_SMALL))
        return build_image(read_image(path), _KNOWN, 4 * MEBIBYTE)


TARGET = host_target(
    "image",
    "any file is MicroPython that fits a flash, or refused in one line",
    check,
    seeds,
    dictionary=(
        *(b"\xaa\x50\x01\x82", b"\xff\xff\xff\xff", b"littlefs", b"MicroPython v1.2", b"\xe9\x10"),
        *(b"\x01\x00\x03\x00\x10\x00", b"\x03\x00\x07\x00\x00\x00", b"UF2\n", b"\x7fELF", b"<html"),
    ),
    largest=512,
)
