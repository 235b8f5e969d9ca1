"""`fob flash` and `fob image` as people type them."""

import json
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from host_tools import cli
from host_tools.cli.flash import write
from host_tools.identity.settings import Car, Configuration, Settings, board_fields
from host_tools.installation.esp_image import MEBIBYTE, read_image
from host_tools.installation.install import MANIFEST_PATH, program
from host_tools.simulator.bench import VIN
from tests.desk import Desk
from tests.micropython_file import make_app, make_file

STAND_IN = Path(__file__).parents[1] / "esptool_stand_in.py"
COUNT = len(program(None))
IDENTITY = ("/key.bin", "/fob.json", "/state/counter.0", "/state/counter.1")


@pytest.fixture
def firmware(tmp_path: Path) -> Path:
    path = tmp_path / "firmware.bin"
    path.write_bytes(make_file())
    return path


def test_a_bare_board_gets_the_program_and_a_second_run_finds_nothing_to_do() -> None:
    with Desk(bare=True) as desk:
        first = desk.run("flash")
        assert first == (
            0,
            f"{COUNT} files, {COUNT} changed.\nNext: fob provision --vin VIN --board NAME\n",
            "",
        )
        desk.prints("no fob.json: run `fob provision`")
        told = json.loads(desk.run("flash", "--json").stdout)
        assert (told["files"], told["changed"], told["has_key"]) == (COUNT, 0, False)


def test_a_fob_gets_what_changed_keeps_who_it_is_and_repeats_no_nonce() -> None:
    with Desk(enrolled=True, files={"/rescue.mpy": b"old", "/fob/gone.py": b"1"}) as desk:
        before = desk.flash.files()
        assert desk.run("flash").stdout == f"{COUNT} files, 1 changed, 1 removed.\n"
        after = desk.flash.files()
        assert {path: before[path] for path in IDENTITY} == {path: after[path] for path in IDENTITY}
        desk.prints("ready")
        for _ in range(2):
            assert desk.run("press", "unlock").exit_code == 0
            assert desk.run("flash").stdout == f"{COUNT} files, none changed.\n"
        assert not desk.violations


def test_a_cable_pulled_in_the_middle_is_one_line_and_the_same_command_finishes() -> None:
    with Desk(files=dict.fromkeys(list(program(None))[4:14], b"old")) as desk:
        before = desk.flash.files()
        desk.unplug_after(flash_operations=25)
        end = desk.run("flash")
        assert end.exit_code == 3
        assert end.stdout == ""
        assert end.stderr.count("\n") == 1
        assert "run the same command again" in end.stderr
        after = desk.flash.files()
        assert {path: after[path] for path in before} == before
        desk.plug()
        assert desk.run("flash").stdout == f"{COUNT} files, 10 changed.\n"
        assert MANIFEST_PATH in desk.flash.list()


def test_erase_names_what_is_lost_and_a_no_loses_nothing() -> None:
    with Desk() as desk:
        before = desk.flash.files()
        end = desk.run("flash", "--erase", input="n\n")
        assert end.exit_code == 1
        assert f"of the fob for {VIN}, its counter and its settings, for ever" in end.stderr
        assert desk.flash.files() == before


def test_erase_makes_a_new_file_system_with_the_program() -> None:
    with Desk() as desk:
        assert desk.run("flash", "--erase", input="y\n").exit_code == 0
        assert not set(IDENTITY) & set(desk.flash.list())
        assert desk.run("flash").stdout.startswith(f"{COUNT} files, none changed.\n")


def test_erase_without_anybody_to_ask_is_refused() -> None:
    with Desk() as desk:
        before = desk.flash.files()
        end = desk.run("flash", "--erase", input="")
        assert end.exit_code == 2
        assert desk.flash.files() == before


def test_a_file_system_that_does_not_mount_names_erase_and_that_helps() -> None:
    with Desk() as desk:
        desk.power_off()
        desk.flash.path.write_bytes(bytes(desk.flash.path.stat().st_size))
        desk.power_on()
        end = desk.run("flash")
        assert end.exit_code != 0
        assert "`fob flash --erase`" in end.stderr
        assert end.stderr.count("fob: ") == 1
        assert desk.run("flash", "--erase", "--yes").exit_code == 0
        assert MANIFEST_PATH in desk.flash.list()


def test_somebody_elses_program_is_replaced_only_after_a_yes() -> None:
    with Desk(bare=True) as desk:
        assert desk.run("flash").exit_code == 0
        desk.power_off()
        for path in desk.flash.list():
            if path != "/boot.py":
                desk.flash.remove(path)
        desk.flash.write({"/main.py": b"print('mine')\n"})
        desk.power_on()
        end = desk.run("flash", input="n\n")
        assert end.exit_code == 1
        assert "/main.py on this board is no fob's. Replace it?" in end.stderr
        assert desk.flash.read("/main.py") == b"print('mine')\n"


def test_a_file_that_stands_in_for_a_module_of_micropython_is_named() -> None:
    with Desk(files={"/cryptolib.py": b"1"}) as desk:
        end = desk.run("flash")
        assert end.exit_code == 0
        assert "/cryptolib.py stands in for a module" in end.stderr


def test_a_board_with_another_chip_is_refused() -> None:
    with Desk() as desk:
        before = desk.flash.files()
        end = desk.run("flash", "--board", "xiao-esp32c3")
        assert end.exit_code == 2
        assert "xiao-esp32c3 has an esp32c3, but an esp32 is connected" in end.stderr
        assert desk.flash.files() == before


def test_a_virtual_board_takes_no_micropython(firmware: Path) -> None:
    with Desk() as desk:
        end = desk.run("flash", "--firmware", str(firmware))
        assert end.exit_code == 2
        assert "a virtual board. Leave out the file" in end.stderr


def run(*arguments: str, input: str | None = None) -> tuple[int, str, str]:
    with CliRunner().isolation(input=input) as (stdout, stderr, _):
        code = cli.run(list(arguments))
        return code, stdout.getvalue().decode(), stderr.getvalue().decode()


def test_files_are_judged_before_any_port_is_touched(tmp_path: Path, firmware: Path) -> None:
    alone = tmp_path / "alone.app-bin"
    alone.write_bytes(make_app())
    page = tmp_path / "page.bin"
    page.write_text("<html>")
    for arguments, why in (
        (("--firmware", str(alone)), "the application alone"),
        (("--firmware", str(page)), "is a web page"),
        (("--image", str(firmware)), "MicroPython alone, without files"),
        (("--firmware", str(firmware), "--image", str(firmware)), "exclude each other"),
        (("--firmware", str(firmware), "--board", "xiao-esp32s3"), "has an esp32s3"),
    ):
        code, _, said = run("flash", "--port", "/dev/ttyNOPE", *arguments)
        assert (code, said.count("\n")) == (2, 1)
        assert why in said


@pytest.fixture
def chip(tmp_path: Path) -> tuple[str, ...]:
    """esptool's stand-in, before an ESP32 with a program that is not MicroPython."""
    (tmp_path / "chip").write_text("ESP32")
    content = (b"\xff" * 0x1000 + make_file(banner=b"ESP-AT")).ljust(4 * MEBIBYTE, b"\xff")
    (tmp_path / "flash.bin").write_bytes(content)
    return sys.executable, str(STAND_IN), str(tmp_path)


@pytest.mark.parametrize("answer", ["y", "n"])
def test_another_program_is_erased_only_after_a_yes(
    tmp_path: Path, firmware: Path, chip: tuple[str, ...], answer: str
) -> None:
    before = (tmp_path / "flash.bin").read_bytes()
    file = read_image(firmware)
    with CliRunner().isolation(input=f"{answer}\n"):
        if answer == "n":
            with pytest.raises(click.Abort):
                write(file, "/dev/ttyUSB7", program=chip)
        else:
            assert write(file, "/dev/ttyUSB7", program=chip)
    after = (tmp_path / "flash.bin").read_bytes()
    assert (after == before) is (answer == "n")
    if answer == "y":
        assert after[0x1000:].startswith(file.data)
        assert set(after[0x200000:]) == {0xFF}


def test_an_image_is_made_and_never_overwritten_unasked(tmp_path: Path, firmware: Path) -> None:
    output = tmp_path / "fob.bin"
    command = ("image", "--firmware", str(firmware), "--board", "lolin32-lite", "-o", str(output))
    code, said, _ = run(*command, "--json", "--vin", VIN)
    told = json.loads(said)
    assert code == 0
    assert (told["board"], told["chip"], told["flash_mb"]) == ("lolin32-lite", "esp32", 4)
    assert {"/main.py", "/fob.json", "/light.json"} <= set(told["files"])
    assert not {"/key.bin", "/state/counter.0"} & set(told["files"])
    data = output.read_bytes()
    assert run(*command, input="n\n")[0] == 1
    assert output.read_bytes() == data
    assert run(*command, "--yes")[0] == 0
    assert output.read_bytes() != data
    assert sorted(path.name for path in tmp_path.iterdir()) == ["firmware.bin", "fob.bin"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--board", "nothing"), "nothing"),
        (("--board", "xiao-esp32c3"), "xiao-esp32c3 has an esp32c3"),
        ((), "no board is named"),
        (("--board", "lolin32-lite", "--vin", "5YJ"), "17"),
    ],
)
def test_wrong_input_makes_no_image(
    tmp_path: Path, firmware: Path, options: tuple[str, ...], why: str
) -> None:
    output = tmp_path / "fob.bin"
    code, _, said = run("image", "--firmware", str(firmware), "-o", str(output), *options)
    assert code == 2
    assert why in said
    assert not output.exists()


def test_what_an_image_says_of_the_car_is_all_that_provision_needs() -> None:
    with Desk(bare=True) as desk:
        definition = desk.bench.board.hardware.definition
        settings = Configuration(
            Settings(board=board_fields(definition)), (1,), Car(VIN), b""
        ).file()
        desk.run("flash")
        desk.power_off()
        desk.flash.write({"/fob.json": settings})
        desk.power_on()
        assert desk.run("provision", "--yes").exit_code == 0
        desk.prints("ready")
