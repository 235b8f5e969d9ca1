"""Files with MicroPython: read where they fit, refused with a remedy where they do not."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from host_tools.failure import InputError
from host_tools.installation.esp_image import MEBIBYTE, read_image
from host_tools.installation.partitions import APP, Partition, build_table
from tests.micropython_file import NEW_TABLE, OLD_TABLE, make_app, make_file


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_image(path)
    assert caught.value.remedy
    return str(caught.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "firmware.bin"


@pytest.mark.parametrize(
    ("chip", "offset"), [("esp32", 0x1000), ("esp32c3", 0), ("esp32s3", 0), ("esp32c6", 0)]
)
def test_chip_place_version_and_size_are_read(file: Path, chip: str, offset: int) -> None:
    file.write_bytes(make_file(chip, megabytes=8))
    image = read_image(file)
    assert (image.chip, image.offset, image.version) == (chip, offset, (1, 29, 0))
    assert image.flash_size == 8 * MEBIBYTE
    assert image.partitions == list(OLD_TABLE)
    assert image.end == offset + file.stat().st_size


def test_esptool_reads_the_made_up_file_alike(file: Path) -> None:
    file.write_bytes(make_app("esp32c3"))
    said = subprocess.run(
        [sys.executable, "-m", "esptool", "image-info", file], capture_output=True, text=True
    ).stdout
    assert "ESP32-C3" in said
    assert said.count("(valid)") == 2


@pytest.mark.parametrize(
    ("start", "why"),
    [
        (b"<!DOCTYPE html><html>", "is a web page, not the file behind its link"),
        (b"\n  <html>", "is a web page"),
        (b"UF2\nWQ]\x9e", "is a UF2 file"),
        (b"PK\x03\x04", "is a ZIP archive"),
        (b"\x1f\x8b\x08", "is a compressed file"),
        (b"\x7fELF", "is an ELF file"),
        (b":020000041000EA", "is an Intel HEX file"),
        (b"\xff\xff\xff\xff", "is no MicroPython for an ESP32"),
        (b"\xe9", "is no MicroPython for an ESP32"),
        (b"-----BEGIN PRIVATE KEY-----", "is no MicroPython for an ESP32"),
    ],
)
def test_other_kinds_of_files_are_named(file: Path, start: bytes, why: str) -> None:
    file.write_bytes(start)
    said = refusal(file)
    assert why in said
    assert "Take the link that ends in .bin on https://micropython.org/download/" in said


def test_an_empty_file_is_to_be_downloaded_again(file: Path) -> None:
    file.write_bytes(b"")
    assert refusal(file) == "firmware.bin is empty. Download it again."


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    assert "there is no file" in refusal(tmp_path / "nothing.bin")
    assert "is a folder" in refusal(tmp_path)


def test_the_application_alone_is_refused(file: Path) -> None:
    file.write_bytes(make_app("esp32c3"))
    said = refusal(file)
    assert "the application alone" in said
    assert ".app-bin, on https://micropython.org/download/ESP32_GENERIC_C3/" in said


def test_a_chip_without_bluetooth_is_refused(file: Path) -> None:
    file.write_bytes(make_file("esp32s2"))
    assert "for the esp32s2, which has no Bluetooth" in refusal(file)


def test_an_unknown_chip_is_refused(file: Path) -> None:
    data = bytearray(make_file("esp32c3"))
    struct.pack_into("<H", data, 12, 0x1234)
    file.write_bytes(data)
    assert "for a chip that these tools do not know (number 4660)" in refusal(file)


def test_another_program_is_refused(file: Path) -> None:
    file.write_bytes(make_file(banner=b"Adafruit CircuitPython 9.2.1"))
    assert "is a program for the esp32, but not MicroPython" in refusal(file)


@pytest.mark.parametrize(
    ("chip", "banner", "why"),
    [
        ("esp32", b"MicroPython v1.19.1 on 2022-06-18", "on an esp32 the fob needs 1.21.0"),
        ("esp32c3", b"MicroPython v1.26.0 on 2025-08-09", "on an esp32c3 the fob needs 1.27.0"),
    ],
)
def test_an_old_micropython_is_refused(file: Path, chip: str, banner: bytes, why: str) -> None:
    file.write_bytes(make_file(chip, banner=banner))
    assert why in refusal(file)


def test_a_preview_of_the_next_micropython_is_taken(file: Path) -> None:
    file.write_bytes(make_file(banner=b"MicroPython v1.30.0-preview.12.gabcdef on 2026-10-01"))
    assert read_image(file).version == (1, 30, 0)


@pytest.mark.parametrize("kept", [0x6000, 0x7800, 0xF000, 0xF100])
def test_a_file_that_is_cut_short_is_to_be_downloaded_again(file: Path, kept: int) -> None:
    file.write_bytes(make_file()[:kept])
    assert "firmware.bin is cut short or damaged. Download it again" in refusal(file)


def test_a_damaged_application_is_noticed(file: Path) -> None:
    data = bytearray(make_file())
    data[-60] ^= 1
    file.write_bytes(data)
    assert "is cut short or damaged" in refusal(file)


def test_a_damaged_table_is_noticed(file: Path) -> None:
    data = bytearray(make_file())
    data[0x7004] ^= 1
    file.write_bytes(data)
    assert "no sound partition table: its checksum does not fit" in refusal(file)


def test_a_table_without_an_application_is_refused(file: Path) -> None:
    data = make_file()
    table = data[0x7000:0x7C00]
    without = [partition for partition in OLD_TABLE if partition.type != APP]
    file.write_bytes(data.replace(table, build_table(without)))
    assert "is cut short or damaged" in refusal(file)


@pytest.mark.parametrize("table", [OLD_TABLE, NEW_TABLE])
def test_the_files_place_is_known_for_a_flash_it_fits(
    file: Path, table: tuple[Partition, ...]
) -> None:
    file.write_bytes(make_file(table=table))
    assert read_image(file).files(4 * MEBIBYTE) == OLD_TABLE[-1]


@pytest.mark.parametrize("table", [OLD_TABLE, NEW_TABLE])
def test_a_flash_that_is_too_small_is_refused(file: Path, table: tuple[Partition, ...]) -> None:
    file.write_bytes(make_file(table=table))
    with pytest.raises(InputError, match="needs more flash than the board's 2 MB"):
        read_image(file).files(2 * MEBIBYTE)
