"""`fob sim`, where what it does is not the bench's own."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from host_tools import cli
from host_tools.board.catalogue import load_board
from host_tools.cable.ports import list_ports
from host_tools.simulator.bench import PAIRING_HOLD, VIN, Bench
from host_tools.simulator.flash import FlashImage
from host_tools.simulator.fob_image import fob_flash
from tests.asynchronous import in_virtual_time

no_windows = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

_PATIENCE = 20.0


@pytest.fixture(autouse=True)
def runtime_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A place of one's own to announce boards in."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def run(*arguments: str, typed: str = "") -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, JSON lines and standard error."""
    with CliRunner().isolation(input=typed) as (stdout, stderr, _):
        code = cli.run(["sim", "--json", *arguments])
        lines = stdout.getvalue().decode().splitlines()
        return code, [json.loads(line) for line in lines], stderr.getvalue().decode()


def texts(told: list[dict[str, Any]], who: str) -> list[str]:
    return [line["text"] for line in told if line.get("who") == who]


@contextmanager
def sim(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A sim that runs by itself, its input and its JSON at hand."""
    start = "from host_tools.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", start, "sim", "--json", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # As a shell script starts what it leaves in the background.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    patience = threading.Timer(_PATIENCE, process.kill)
    patience.start()
    with process:
        try:
            yield process
        finally:
            patience.cancel()
            process.kill()


def until(process: subprocess.Popen[str], text: str) -> dict[str, Any]:
    """The next line with `text` in it."""
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            found: dict[str, Any] = json.loads(line)
            return found
    raise AssertionError(f"ended without telling {text!r}")


def type_key(process: subprocess.Popen[str], key: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{key}\n")
    process.stdin.flush()


def announced() -> list[str]:
    return [port.device for port in list_ports() if port.kind == "virtual"]


def test_a_press_that_fails_at_the_end_of_the_input_is_told_and_ends_with_exit_code_1() -> None:
    code, told, _ = run(typed="u\n")
    assert any("not-paired" in text for text in texts(told, "console"))
    assert any("failed" in text for text in texts(told, "light"))
    assert (code, told[-1]["kind"]) == (1, "failure")


def test_a_press_of_a_fob_that_the_car_knows_ends_with_exit_code_0() -> None:
    code, told, _ = run("--enrolled", typed="u\n")
    assert code == 0 and any("accepted" in text for text in texts(told, "car"))


def test_a_person_works_the_nearest_of_several_cars() -> None:
    other = "5YJ3E1EA1KF000001"
    code, told, _ = run("--more-car", other, typed="v\nc\nz\ns\n")
    assert code == 0
    assert texts(told, "driver") == [
        "leaves the trunk ajar",
        f"stands at the car {other}",
        "waits until the car sleeps",
    ]
    states = [text for text in texts(told, "car") if "state" in text]
    assert states == [
        f"{VIN}: state: locked, rearTrunk ajar",
        *[f"{other}: state: locked, asleep"] * 2,
    ]


def test_a_board_whose_interpreter_dies_ends_the_session_with_an_error(tmp_path: Path) -> None:
    death = b"import uctypes\nuctypes.bytearray_at(0, 1)[0] = 0"
    fob_flash(tmp_path / "flash", [VIN], load_board("virtual"), files={"/boot.py": death})
    code, told, _ = run("--flash", str(tmp_path / "flash"), "--stay")
    assert (code, told[-1]["kind"]) == (1, "failure")
    assert "MicroPython died" in told[-1]["text"]


@no_windows
def test_a_bare_board_waits_at_its_repl_until_somebody_ends_the_session() -> None:
    with sim("--bare", "--stay") as process:
        assert until(process, '"ready"').keys() == {"kind", "port"}
        until(process, "is at its REPL")
        type_key(process, "l")
        until(process, "lock up")
        assert process.stdin is not None
        process.stdin.close()
        process.terminate()
        assert process.wait(10) == 0


@no_windows
@pytest.mark.parametrize(
    ("key", "sign"), [("p", "unplugged"), ("o", "switches the board off")], ids=["cable", "power"]
)
def test_its_port_is_announced_under_one_name_as_long_as_a_laptop_could_open_it(
    key: str, sign: str, runtime_folder: Path
) -> None:
    with sim("--bare") as process:
        port = until(process, '"ready"')["port"]
        assert announced() == [port] and Path(port).is_char_device()
        type_key(process, key)
        until(process, sign)
        type_key(process, "s")
        until(process, "state: locked")
        assert not announced() and not Path(port).exists()
        type_key(process, key)
        assert until(process, '"ready"')["port"] == port and announced() == [port]
        type_key(process, "q")
        assert process.wait(10) == 0
    assert not any((runtime_folder / "open-key-fob").iterdir())


@no_windows
def test_a_flash_in_a_file_is_private_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "flash"
    with sim("--bare", "--flash", str(path)) as process:
        until(process, "is at its REPL")
    assert path.stat().st_mode & 0o777 == 0o600
    FlashImage(path).write({"/main.py": b"print('still here')"})
    with sim("--flash", str(path)) as process:
        until(process, "still here")


@in_virtual_time
async def test_the_card_can_be_tapped_by_itself() -> None:
    async with Bench(radio="direct", tap_after=2.0) as bench:
        await bench.board.press("lock", "unlock", seconds=PAIRING_HOLD)
        await bench.board.light.shows("done", timeout=30)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--board", "nonsense"], "nonsense"),
        (["--micropython", "new"], "'new' is no version of MicroPython. Write it like"),
        (["--bare", "--enrolled"], "no key that the car could know. Leave --enrolled out."),
        (["--flash", "{folder}/no/where"], "No such file or directory. Name another file."),
        (["--flash", "{folder}/text"], "is no flash of a virtual board. Name another file."),
        (["--flash", "{folder}/image", "--bare"], "Leave --bare out, or remove the file."),
        (["--flash", "{folder}/image", "--enrolled"], "Leave --enrolled out."),
        (["--tap-after", "-1"], "--tap-after"),
        (["--more-car", VIN], "two cars of one VIN. Name each once."),
        (["--more-car", "5YJ3"], "a VIN has 17 characters, not 4"),
        (
            [f"--more-car=5YJ3E1EA1KF00000{number}" for number in (1, 2, 3, 4)],
            "a fob has 4 cars at most. Name fewer.",
        ),
    ],
)
def test_mistakes_are_told_in_a_line(arguments: list[str], problem: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no flash")
    FlashImage.create(tmp_path / "image")
    before = (tmp_path / "image").read_bytes()
    code, _, told = run(*[each.format(folder=tmp_path) for each in arguments])
    assert code == 2 and problem in told and told.count("\n") == 1
    assert (tmp_path / "image").read_bytes() == before
