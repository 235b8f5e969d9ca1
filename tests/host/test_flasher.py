"""esptool: how it is called, what its words mean, and what is found out before anything is
written."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from host_tools.cable.errors import DeviceError
from host_tools.failure import Failure, InputError
from host_tools.installation.esp_image import MEBIBYTE, EspImage, read_image
from host_tools.installation.flash_plan import FlashPlan, check_firmware, plan_firmware, plan_image
from host_tools.installation.flasher import (
    ESPTOOL,
    Flasher,
    Found,
    TransferFailure,
    esptool_command,
    explain,
    is_pseudo_terminal,
)
from host_tools.installation.image import build_image, pack
from host_tools.installation.partitions import APP, Partition
from tests.micropython_file import NEW_TABLE, OLD_TABLE, make_file

PORT = "/dev/ttyUSB7"
STAND_IN = Path(__file__).parents[1] / "esptool_stand_in.py"


class Bench:
    """A folder with a chip, and files for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.flash = folder / "flash.bin"
        self.flash.write_bytes(b"\xff" * (4 * MEBIBYTE))
        (folder / "chip").write_text("ESP32")

    def flasher(self) -> Flasher:
        return Flasher(PORT, [sys.executable, str(STAND_IN), str(self.folder)])

    def holds(self, data: bytes, at: int) -> None:
        content = self.flash.read_bytes()
        self.flash.write_bytes(content[:at] + data + content[at + len(data) :])

    def fails(self, command: str, words: str) -> None:
        (self.folder / "fails").write_text(f"{command}\n{words}")

    @property
    def commands(self) -> list[list[str]]:
        log = self.folder / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [json.loads(line)[8:] for line in lines]

    def file(self, data: bytes, name: str = "firmware.bin") -> EspImage:
        path = self.folder / name
        path.write_bytes(data)
        return read_image(path)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def fob(bench: Bench) -> Bench:
    """A board with MicroPython and files."""
    bench.holds(make_file(), 0x1000)
    bench.holds(pack({"/key.bin": b"secret"}, 2 * MEBIBYTE), 2 * MEBIBYTE)
    return bench


def test_esptool_itself_takes_the_commands_and_options() -> None:
    for command in ("flash-id", "read-flash", "write-flash", "read-mac"):
        line = esptool_command(ESPTOOL, PORT, 460800, "no-reset", [command, "--help"])
        finished = subprocess.run(line, capture_output=True, text=True)
        assert finished.returncode == 0
        assert command in finished.stdout


def test_esptool_itself_names_the_missing_port() -> None:
    with pytest.raises(
        DeviceError, match=r"^there is no port /dev/ttyNOPE\. `fob ports`"
    ) as caught:
        Flasher("/dev/ttyNOPE").find()
    assert caught.value.exit_code == 3


def test_chip_and_flash_are_found(bench: Bench) -> None:
    (bench.folder / "chip").write_text("ESP32-C3")
    with bench.flasher() as flasher:
        assert flasher.find() == Found("esp32c3", 4 * MEBIBYTE)


def test_a_board_that_was_only_looked_at_starts_again(bench: Bench) -> None:
    with bench.flasher() as flasher:
        flasher.find()
    assert json.loads((bench.folder / "log").read_text().splitlines()[-1])[6:] == [
        "--after",
        "hard-reset",
        "read-mac",
    ]


def test_a_file_is_written_to_its_place_and_reported(bench: Bench) -> None:
    image = bench.file(make_file())
    reported: list[float] = []
    with bench.flasher() as flasher:
        flasher.write(image.path, image.offset, on_progress=reported.append)
    assert reported == [0, 0.5, 1]
    assert bench.flash.read_bytes()[0x1000:].startswith(image.data)
    assert bench.commands == [["write-flash", "0x1000", str(image.path)]]


def test_a_transfer_that_breaks_off_is_tried_again_slowly(bench: Bench) -> None:
    image = bench.file(make_file())
    bench.fails("write-flash", "A fatal error occurred: Packet content transfer stopped")
    with bench.flasher() as flasher:
        flasher.write(image.path, image.offset)
    lines = (bench.folder / "log").read_text().splitlines()
    assert [json.loads(line)[3] for line in lines] == ["460800", "115200"]


OPENING = (
    "A fatal error occurred: Could not open /dev/ttyUSB7, the port is busy or doesn't exist.\n"
)


@pytest.mark.parametrize(
    ("said", "kind", "why"),
    [
        (f"{OPENING}([Errno 2] could not open port: [Errno 2] No such", DeviceError, "no port"),
        (f"{OPENING}([Errno 13] could not open port: [Errno 13] Perm", DeviceError, "may not use"),
        (f"{OPENING}([Errno 11] Could not exclusively lock port", DeviceError, "another program"),
        (
            "A fatal error occurred: Failed to connect to ESP32: Wrong boot mode detected (0x13)!",
            DeviceError,
            "does not start its bootloader. Hold the board's BOOT button",
        ),
        (
            "A fatal error occurred: Failed to connect to ESP32: No serial data received.",
            DeviceError,
            "Hold the board's BOOT button",
        ),
        (
            "A fatal error occurred: Failed to connect to ESP32: Timed out waiting for packet",
            DeviceError,
            "no ESP32's bootloader answers",
        ),
        (
            "A serial exception error occurred: device reports readiness to read but returned no",
            DeviceError,
            "vanished in the middle. Plug the cable in again",
        ),
        (
            "A fatal error occurred: Secure Boot V1 detected, writing to flash regions < 0x8000",
            InputError,
            "is locked by its maker",
        ),
        (
            "A fatal error occurred: 'x.bin' requires chip revision v3.0 or higher (this chip is"
            " revision v1.0). Use --force to flash anyway.",
            InputError,
            "requires chip revision v3.0 or higher",
        ),
        ("A fatal error occurred: Invalid head of packet (0x08)", TransferFailure, "another cable"),
        ("Traceback (most recent call last):\nRuntimeError: odd", Failure, "RuntimeError: odd"),
    ],
)
def test_esptools_words_become_one_line_with_a_remedy(
    said: str, kind: type[Failure], why: str
) -> None:
    failure = explain(PORT, f"esptool v5.6.0\nConnecting......\n\n{said}")
    assert isinstance(failure, kind)
    assert why in str(failure)
    assert failure.remedy
    assert "\n" not in str(failure)


def test_a_failing_program_leaves_its_explanation(bench: Bench) -> None:
    bench.fails("flash-id", "A fatal error occurred: Failed to connect to ESP32: Wrong boot mode")
    with pytest.raises(DeviceError, match="BOOT"), bench.flasher() as flasher:
        flasher.find()
    assert len(bench.commands) == 1


def test_ctrl_c_ends_esptool_too(bench: Bench) -> None:
    image = bench.file(make_file())

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), bench.flasher() as flasher:
        flasher.write(image.path, image.offset, on_progress=interrupt)


@pytest.mark.parametrize(
    ("port", "is_one"), [("/dev/pts/4", True), ("/dev/ttyUSB0", False), ("COM4", False)]
)
def test_a_virtual_boards_port_is_told_from_a_real_one(port: str, is_one: bool) -> None:
    assert is_pseudo_terminal(port) is is_one


def test_the_file_system_stays_where_both_have_it_at_the_same_place(fob: Bench) -> None:
    image = fob.file(make_file(table=NEW_TABLE))
    before = fob.flash.read_bytes()[2 * MEBIBYTE :]
    with fob.flasher() as flasher:
        plan = plan_firmware(flasher, image, erase=False)
        flasher.write(image.path, image.offset, erase=plan.erase)
    assert plan == FlashPlan(erase=False, loses_files=False, replaces_other=False)
    assert fob.flash.read_bytes()[2 * MEBIBYTE :] == before


MOVED = (*OLD_TABLE[:2], Partition("factory", APP, 0, 0x10000, 0x210000))


def test_a_micropython_with_its_files_elsewhere_is_refused(fob: Bench) -> None:
    image = fob.file(make_file(table=MOVED))
    before = fob.flash.read_bytes()
    with (
        pytest.raises(Failure, match=r"elsewhere on the flash.*fob key backup"),
        fob.flasher() as f,
    ):
        plan_firmware(f, image, erase=False)
    assert fob.flash.read_bytes() == before


def test_with_erase_it_is_taken_and_known_to_cost_the_files(fob: Bench) -> None:
    image = fob.file(make_file(table=MOVED))
    with fob.flasher() as flasher:
        plan = plan_firmware(flasher, image, erase=True)
    assert plan == FlashPlan(erase=True, loses_files=True, replaces_other=False)


def test_an_erased_flash_is_written_without_a_question(bench: Bench) -> None:
    with bench.flasher() as flasher:
        plan = plan_firmware(flasher, bench.file(make_file()), erase=False)
    assert plan == FlashPlan(erase=True, loses_files=False, replaces_other=False)


def test_another_program_on_the_board_is_noticed(bench: Bench) -> None:
    bench.holds(make_file(table=MOVED, banner=b"ESP-AT"), 0x1000)
    with bench.flasher() as flasher:
        plan = plan_firmware(flasher, bench.file(make_file()), erase=False)
    assert plan == FlashPlan(erase=True, loses_files=False, replaces_other=True)


def test_a_file_for_another_chip_is_refused_before_anything_is_written(fob: Bench) -> None:
    (fob.folder / "chip").write_text("ESP32-S3")
    before = fob.flash.read_bytes()
    with pytest.raises(InputError) as caught, fob.flasher() as flasher:
        plan_firmware(flasher, fob.file(make_file()), erase=True)
    assert "firmware.bin is for the esp32, and the board at /dev/ttyUSB7 has an esp32s3" in str(
        caught.value
    )
    assert "ESP32_GENERIC_S3" in caught.value.remedy
    assert fob.flash.read_bytes() == before
    assert fob.commands[-1] == ["read-mac"]


def test_a_file_for_a_larger_flash_is_refused(bench: Bench) -> None:
    large = (*NEW_TABLE, Partition("vfs", 1, 0x81, 2 * MEBIBYTE, 6 * MEBIBYTE))
    with pytest.raises(InputError, match="needs more flash than the board's 4 MB"):
        plan_firmware(bench.flasher(), bench.file(make_file(table=large)), erase=False)


def test_a_whole_copy_of_a_flash_is_no_firmware(bench: Bench) -> None:
    image = bench.file(make_file())
    whole = build_image(image, {"/a": b"1"}, 4 * MEBIBYTE)
    check_firmware(image)
    with pytest.raises(InputError, match=r"reaches into the file system.*use --image"):
        check_firmware(bench.file(whole, "whole.bin"))


def test_an_image_is_written_in_one_go(fob: Bench) -> None:
    source = fob.file(make_file())
    packed = fob.file(build_image(source, {"/main.py": b"1"}, 4 * MEBIBYTE), "fob.bin")
    with fob.flasher() as flasher:
        plan = plan_image(flasher, packed)
        flasher.write(packed.path, packed.offset, erase=plan.erase)
    assert plan.loses_files
    assert b"secret" not in fob.flash.read_bytes()
    assert len(fob.flash.read_bytes()) == 4 * MEBIBYTE


@pytest.mark.parametrize("made_for", [2, 8])
def test_an_image_for_another_size_of_flash_is_refused(bench: Bench, made_for: int) -> None:
    table = (*OLD_TABLE[:2], Partition("factory", APP, 0, 0x10000, 0xF0000))
    source = bench.file(make_file(table=table))
    packed = bench.file(build_image(source, {"/a": b"1"}, made_for * MEBIBYTE), "fob.bin")
    with pytest.raises(InputError, match="--flash-size 4"), bench.flasher() as flasher:
        plan_image(flasher, packed)


def test_looking_for_files_copies_no_key_to_this_computer(fob: Bench) -> None:
    plan_firmware(fob.flasher(), fob.file(make_file()), erase=False)
    reads = [
        tuple(int(n, 16) for n in line[-3:-1]) for line in fob.commands if "read-flash" in line
    ]
    key = fob.flash.read_bytes().index(b"secret")
    assert (2 * MEBIBYTE, 32) in reads
    assert not [at for at, size in reads if at <= key < at + size]
