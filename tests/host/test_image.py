"""One file with MicroPython, program and board: a board starts from it, and there is no key."""

import asyncio
import json
from pathlib import Path

import pytest

from host_tools.board.catalogue import load_board
from host_tools.failure import InputError
from host_tools.identity.keys import KEY_LENGTH
from host_tools.installation.esp_image import MEBIBYTE, EspImage, read_image
from host_tools.installation.filesystem import BLOCK_SIZE
from host_tools.installation.flash_plan import check_packed
from host_tools.installation.image import board_files, build_image, pack, packed_files
from host_tools.installation.install import MANIFEST_PATH, manifest, program
from host_tools.simulator.board import Board
from host_tools.simulator.flash import FLASH_SIZE, FlashImage
from tests.micropython_file import NEW_TABLE, OLD_TABLE, make_file

VIN = "5YJ3E1EA1KF000000"
BOARD = load_board("esp32-devkit-v1")
FILES_AT = OLD_TABLE[-1].offset


@pytest.fixture
def source(tmp_path: Path) -> EspImage:
    path = tmp_path / "firmware.bin"
    path.write_bytes(make_file())
    return read_image(path)


def packed(source: EspImage, vin: str | None = None) -> bytes:
    return build_image(source, board_files(source, BOARD, vin), 4 * MEBIBYTE)


def flash_of(data: bytes, source: EspImage, path: Path) -> FlashImage:
    """The file system as it lies on the flash, for the virtual board."""
    path.write_bytes(data[FILES_AT - source.offset :])
    assert path.stat().st_size == FLASH_SIZE
    return FlashImage(path)


def test_micropython_stays_as_it_is_and_the_files_follow_to_the_end(source: EspImage) -> None:
    data = packed(source)
    assert data.startswith(source.data)
    assert set(data[len(source.data) : FILES_AT - source.offset]) == {0xFF}
    assert source.offset + len(data) == OLD_TABLE[-1].end


@pytest.mark.parametrize("vin", [None, VIN])
def test_there_is_program_and_board_but_never_a_key_or_a_counter(
    source: EspImage, tmp_path: Path, vin: str | None
) -> None:
    files = flash_of(packed(source, vin), source, tmp_path / "flash.img").files()
    expected = {*program(None), MANIFEST_PATH, "/light.json", *(["/fob.json"] if vin else [])}
    assert set(files) == expected
    assert not [path for path in files if path.endswith(".bin") or path.startswith("/state")]
    assert not [path for path, data in files.items() if len(data) in (KEY_LENGTH, KEY_LENGTH + 4)]
    if vin:
        configuration = json.loads(files["/fob.json"])
        assert (configuration["vin"], configuration["public_key"]) == (VIN, "")
        assert configuration["board"]["buttons"] == BOARD.buttons


def test_two_images_of_the_same_things_are_the_same(source: EspImage) -> None:
    assert packed(source, VIN) == packed(source, VIN)


@pytest.mark.parametrize(
    ("vin", "says"),
    [(None, "no fob.json: run `fob provision`"), (VIN, "no usable key.bin: run `fob provision`")],
)
def test_a_board_starts_from_it_and_asks_for_provision(
    source: EspImage, tmp_path: Path, vin: str | None, says: str
) -> None:
    flash = flash_of(packed(source, vin), source, tmp_path / "flash.img")

    async def start() -> str:
        async with Board(None, flash) as board:
            return await board.prints(says, timeout=20)

    assert says in asyncio.run(start())


def test_its_program_counts_as_current(source: EspImage) -> None:
    files = board_files(source, BOARD, None)
    assert files[MANIFEST_PATH] == manifest(program("xtensawin"), "1.29.0")
    assert {path: files[path] for path in program("xtensawin")} == dict(program("xtensawin"))


@pytest.mark.parametrize("megabytes", [4, 8, 16])
def test_without_an_entry_in_the_table_the_files_fill_the_flash(
    tmp_path: Path, megabytes: int
) -> None:
    path = tmp_path / "firmware.bin"
    path.write_bytes(make_file("esp32s3", table=NEW_TABLE))
    source = read_image(path)
    data = build_image(source, {"/boot.py": b"1"}, megabytes * MEBIBYTE)
    assert len(data) == megabytes * MEBIBYTE
    path.write_bytes(data)
    assert packed_files(read_image(path)) == ["/boot.py"]


def test_a_board_with_another_chip_is_refused(source: EspImage) -> None:
    with pytest.raises(InputError, match=r"for the esp32, and xiao-esp32c3 has an esp32c3"):
        board_files(source, load_board("xiao-esp32c3"), None)


def test_an_image_of_an_image_is_refused(source: EspImage, tmp_path: Path) -> None:
    path = tmp_path / "fob.bin"
    path.write_bytes(packed(source))
    with pytest.raises(InputError, match="has a file system already"):
        build_image(read_image(path), {}, 4 * MEBIBYTE)


def test_files_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="do not fit into the 128 kB"):
        pack({"/music.wav": bytes(200_000)}, 128 * 1024)


def test_an_image_is_recognised_and_micropython_alone_is_not(
    source: EspImage, tmp_path: Path
) -> None:
    path = tmp_path / "fob.bin"
    path.write_bytes(packed(source, VIN))
    check_packed(read_image(path))
    with pytest.raises(InputError, match=r"MicroPython alone, without files\. Use --firmware"):
        check_packed(source)


@pytest.mark.parametrize("secret", ["/key.bin", "/state/counter.0", "/car2/key.bin"])
def test_the_copy_of_a_fobs_flash_is_refused(source: EspImage, tmp_path: Path, secret: str) -> None:
    path = tmp_path / "copy.bin"
    path.write_bytes(build_image(source, {"/main.py": b"1", secret: b"1"}, 4 * MEBIBYTE))
    with pytest.raises(InputError, match=f"is a copy of a fob, {secret} included"):
        check_packed(read_image(path))


def test_a_damaged_file_system_is_noticed(source: EspImage, tmp_path: Path) -> None:
    data = bytearray(packed(source))
    for block in (0, 1):
        at = FILES_AT - source.offset + block * BLOCK_SIZE
        data[at : at + 64] = bytes(64)
    path = tmp_path / "fob.bin"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"file system in fob\.bin is damaged"):
        check_packed(read_image(path))
