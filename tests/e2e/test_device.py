"""A laptop's session with a virtual board, over genuine mpremote."""

import asyncio
import sys
import threading
from collections.abc import Iterator

import pytest

from host_tools.cable import session
from host_tools.cable.device import ConsoleError, Device, DeviceError, NoConsole
from tests.desk import Desk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

DATA = bytes(range(256)) * 40

CONSOLE = b"""
import json, time
def call(name, arguments):
    print("fob: noise")
    print(json.dumps({"event": "said", "text": "it's \\u00fc"}))
    if name == "hang":
        while True:
            time.sleep_ms(10)
    if name == "clean up":
        try:
            while True:
                time.sleep_ms(10)
        finally:
            time.sleep_ms(50)
            with open("/clean", "w") as file:
                file.write("yes")
    if name == "restart":
        print("rst:0x8 (TG1WDT_SYS_RESET),boot:0x13")
    if name == "fail":
        print(json.dumps({"error": "not-found", "text": "no car", "needs_laptop": False}))
    else:
        print(json.dumps({"result": json.loads(arguments)}))
"""

SLEEPER = b"""
import esp32, machine, time
print("ready")
if machine.reset_cause() != machine.DEEPSLEEP_RESET:
    esp32.wake_on_ext0(machine.Pin(32, machine.Pin.IN, machine.Pin.PULL_UP), False)
    machine.deepsleep()
while True:
    time.sleep_ms(10)
"""

CRASHER = b"""
import machine, time
print("fob: ready")
time.sleep_ms(100)
machine.reset()
"""


@pytest.fixture(scope="module")
def bare() -> Iterator[Desk]:
    """A board with nothing but MicroPython; each test leaves it without files."""
    with Desk(bare=True) as desk:
        yield desk


@pytest.fixture
def device(bare: Desk) -> Iterator[Device]:
    with Device(bare.port) as device:
        device.format()
        yield device


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less patience with a program that cleans up after an interrupt."""
    monkeypatch.setattr(session, "_CLEANING_UP", 0.5)


@pytest.fixture(scope="module")
def talking() -> Iterator[Desk]:
    """A board that runs CONSOLE for the fob's own."""
    with Desk(bare=True) as desk:
        with Device(desk.port, keep_repl=True) as device:
            device.stage("/laptop.py", CONSOLE)
            device.commit(["/laptop.py"])
        yield desk


def test_a_board_says_what_it_is(device: Device) -> None:
    facts = device.facts
    assert (facts.chip, facts.platform, facts.mpy, facts.march) == (
        "esp32",
        "esp32",
        6,
        "xtensawin",
    )
    assert facts.version >= (1, 29, 0)
    assert len(facts.unique_id) == 12
    assert facts.mounted


def test_a_file_arrives_whole_and_takes_its_place_when_it_is_committed(device: Device) -> None:
    progress: list[tuple[int, int]] = []
    device.stage("/deep/er/file", DATA, lambda done, total: progress.append((done, total)))
    assert device.files() == {"/deep/er/file.new": len(DATA)}
    device.commit(["/deep/er/file"])
    assert device.read("/deep/er/file") == DATA
    assert device.files() == {"/deep/er/file": len(DATA)}
    assert progress[0] == (0, len(DATA)) and progress[-1] == (len(DATA), len(DATA))
    assert progress == sorted(progress)


def test_an_empty_file_is_a_file(device: Device) -> None:
    device.stage("/empty", b"")
    device.commit(["/empty"])
    assert device.read("/empty") == b""


def test_a_commit_replaces_and_removes_at_once(device: Device) -> None:
    for path in ("/a", "/b", "/old"):
        device.stage(path, b"first")
    device.commit(["/a", "/b", "/old"])
    device.stage("/a", b"second")
    device.commit(["/a"], remove=["/old", "/never-there"])
    assert {path: device.read(path) for path in device.files()} == {"/a": b"second", "/b": b"first"}


def test_hashes_are_those_of_the_files(device: Device) -> None:
    device.stage("/file", b"abc")
    assert device.hashes(["/file.new", "/nothing"]) == {
        "/file.new": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "/nothing": None,
    }
    assert device.hashes([]) == {}


def test_what_is_staged_already_is_not_written_again(bare: Desk, device: Device) -> None:
    device.stage("/file", DATA)
    before = bare.bench.board.flash_operations
    device.stage("/file", DATA)
    assert bare.bench.board.flash_operations == before


def test_names_with_quotes_and_umlauts_are_names(device: Device) -> None:
    device.stage('/it\'s "ü"', b"1")
    device.commit(['/it\'s "ü"'])
    assert device.files() == {'/it\'s "ü"': 1}


def test_removing_what_is_not_there_is_no_error(device: Device) -> None:
    device.stage("/folder/file", b"1")
    device.remove(["/nothing", "/folder/file.new", "/folder"])
    assert device.files() == {}


def test_the_file_system_tells_its_size(device: Device) -> None:
    free, total = device.free()
    assert 0 < free < total == 2 * 1024 * 1024


def test_a_full_flash_loses_what_was_staged_and_nothing_else() -> None:
    with (
        Desk(files={"/music.wav": bytes(1_800_000), "/fob.json.new": b"earlier"}) as desk,
        Device(desk.port) as device,
    ):
        before = device.files()
        device.stage("/one", b"1")
        with pytest.raises(DeviceError, match=r"full\. Delete .* /music\.wav \(1,7") as error:
            device.stage("/two", bytes(200_000))
        assert error.value.kind == "full"
        assert device.files() == before


def test_the_board_restarts_when_the_session_ends() -> None:
    with Desk() as desk:
        with Device(desk.port):
            assert desk.bench.board.state == "repl"
        desk.do(lambda: desk.bench.board.running())
        assert [stop.reason for stop in desk.bench.board.stops] == ["reset"]


def test_the_repl_can_be_kept(bare: Desk) -> None:
    ends = len(bare.bench.board.stops)
    with Device(bare.port, keep_repl=True):
        pass
    assert bare.bench.board.state == "repl"
    assert len(bare.bench.board.stops) == ends


def test_the_watchdog_is_widened_before_anything_else() -> None:
    main = b"import machine, time\nmachine.WDT(timeout=1000)\nprint('ready')\ntime.sleep(60)"
    with Desk(files={"/main.py": main}) as desk:
        began = desk.do(lambda: asyncio.get_running_loop().time())
        with Device(desk.port):
            due = desk.do(lambda: desk.bench.board.hardware.watchdog._timer.when())
        assert due > began + 500


def test_a_call_hands_on_events_and_returns_the_result(talking: Desk) -> None:
    events: list[object] = []
    with Device(talking.port) as device:
        assert device.call("echo", on_event=events.append, text="it's") == {"text": "it's"}
    assert events == [{"event": "said", "text": "it's ü"}]


def test_a_call_reports_the_fobs_error(talking: Desk) -> None:
    with Device(talking.port) as device, pytest.raises(ConsoleError, match="no car") as error:
        device.call("fail")
    assert error.value.code == "not-found"


def test_a_call_that_falls_silent_is_given_up_and_stopped(talking: Desk) -> None:
    with Device(talking.port) as device:
        with pytest.raises(DeviceError, match="stopped answering") as error:
            device.call("hang", timeout=0.2)
        assert error.value.kind == "silent"
        assert device.call("echo") == {}


def test_a_board_that_restarts_in_a_call_says_so(talking: Desk) -> None:
    with (
        Device(talking.port) as device,
        pytest.raises(DeviceError, match="restarted in the middle"),
    ):
        device.call("restart")


def test_ctrl_c_lets_the_fob_clean_up_and_restarts_it(talking: Desk) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Device(talking.port) as device:
        device.call("clean up", on_event=interrupt)
    assert talking.flash.read("/clean") == b"yes"
    with Device(talking.port) as device:
        device.remove(["/clean"])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("/laptop.mpy", None, "is not on the board"),
        ("/laptop.mpy", b"M\x05\x00\x1f", "another version of MicroPython"),
        ("/fob/console.mpy", None, "is incomplete"),
    ],
)
def test_firmware_that_cannot_answer_has_to_be_flashed(
    name: str, content: bytes | None, words: str
) -> None:
    with (
        Desk(files={name: content}) as desk,
        Device(desk.port) as device,
        pytest.raises(NoConsole, match=f"{words}.*fob flash"),
    ):
        device.call("status")


def test_a_file_system_that_cannot_be_mounted_can_be_made_anew() -> None:
    with Desk() as desk:
        desk.power_off()
        desk.flash.path.write_bytes(b"\x5a" * desk.flash.path.stat().st_size)
        desk.power_on()
        with Device(desk.port) as device:
            assert not device.facts.mounted
            for action in (
                lambda: device.stage("/file", DATA),
                lambda: device.call("status"),
                lambda: device.read("/file"),
            ):
                with pytest.raises(DeviceError, match=r"cannot be mounted.*--erase"):
                    action()
            device.format()
            assert device.facts.mounted
            device.stage("/file", DATA)


@pytest.mark.parametrize("typed", [500, 5000, 12_000])
def test_a_pulled_cable_leaves_what_the_next_run_mends(typed: int) -> None:
    with Desk() as desk:
        with Device(desk.port) as device:
            desk.unplug_after(typed=typed)
            with pytest.raises(DeviceError, match="vanished in the middle") as error:
                device.stage("/fob/gcm.mpy", DATA)
        assert error.value.kind == "gone"
        desk.plug()
        with Device(desk.port) as device:
            assert device.read("/fob/gcm.mpy") != DATA
            device.stage("/fob/gcm.mpy", DATA)
            device.commit(["/fob/gcm.mpy"])
            assert device.read("/fob/gcm.mpy") == DATA


def test_a_session_goes_on_when_the_cable_is_back(bare: Desk) -> None:
    waits: list[str] = []
    with Device(bare.port, on_wait=waits.append) as device:
        bare.unplug_after(typed=3000)
        with pytest.raises(DeviceError, match="vanished"):
            device.stage("/file", DATA)
        bare.plug()
        device.stage("/file", DATA)
        device.commit(["/file"])
        assert device.read("/file") == DATA
    assert waits == []


def test_a_port_that_is_away_is_waited_for(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_SETTLING", 0.0)
    bare.unplug()
    waits: list[str] = []

    def plug(text: str) -> None:
        waits.append(text)
        bare.plug()

    with Device(bare.port, on_wait=plug) as device:
        assert device.facts.mounted
    assert len(waits) == 1 and "press a button" in waits[0]


def test_a_sleeping_fob_is_waited_for(quick: None) -> None:
    with Desk(files={"/main.py": SLEEPER}) as desk:
        desk.do(lambda: desk.bench.board.stopped())
        assert desk.bench.board.state == "asleep"
        waits: list[str] = []

        def press(text: str) -> None:
            waits.append(text)
            threading.Thread(target=desk.press, args=["lock"]).start()

        with Device(desk.port, on_wait=press) as device:
            assert device.facts.mounted
        assert "press a button" in waits[0]


def test_a_fob_that_restarts_all_the_time_is_caught(quick: None) -> None:
    with Desk(files={"/main.py": CRASHER}) as desk, Device(desk.port) as device:
        assert "/main.py" in device.files()


def test_a_busy_port_is_not_taken(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_SETTLING", 0.0)
    with Device(bare.port), pytest.raises(DeviceError, match="another program uses") as error:
        Device(bare.port).__enter__()
    assert error.value.kind == "busy"


def test_nothing_is_printed(bare: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    with Device(bare.port) as device:
        bare.unplug_after(typed=2000)
        with pytest.raises(DeviceError):
            device.stage("/file", DATA)
    bare.plug()
    assert capfd.readouterr() == ("", "")
