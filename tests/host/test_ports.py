"""Which serial port a fob is at."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from host_tools.cable import ports
from host_tools.cable.virtual_boards import virtual_boards_folder
from host_tools.failure import Failure, Unreachable

Plug = Callable[..., None]

posix = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this user's virtual boards are announced."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "open-key-fob"


@pytest.fixture(autouse=True)
def plug(monkeypatch: pytest.MonkeyPatch) -> Plug:
    """Plug in real ports: each a device and its USB vendor."""

    def plug(**vendors: int | None) -> None:
        found = [
            SimpleNamespace(
                device=f"/dev/{name}", description="n/a", vid=vendor, pid=1, serial_number="A1"
            )
            for name, vendor in vendors.items()
        ]
        monkeypatch.setattr(ports.serial_ports, "comports", lambda: found)

    plug()
    return plug


def announce(name: str, process: int, port: str = "/dev/pts/9") -> Path:
    file = virtual_boards_folder() / f"{process}-{name}.json"
    file.write_text(json.dumps({"port": port, "name": name}))
    return file


def test_the_only_likely_port_is_chosen(plug: Plug) -> None:
    plug(ttyS0=None, ttyACM0=0x2E8A, ttyUSB0=0x10C4)
    assert ports.choose_port(None) == "/dev/ttyUSB0"


@pytest.mark.parametrize("vendor", sorted(ports.LIKELY_VENDORS))
def test_every_usb_bridge_of_esp32_boards_is_likely(vendor: int, plug: Plug) -> None:
    plug(port=vendor)
    assert ports.choose_port(None) == "/dev/port"


def test_several_boards_have_to_be_told_apart(plug: Plug) -> None:
    plug(ttyUSB0=0x10C4, ttyUSB1=0x1A86)
    with pytest.raises(Unreachable, match=r"/dev/ttyUSB0, /dev/ttyUSB1\. Name one by --port"):
        ports.choose_port(None)


def test_no_port_at_all_says_what_to_plug_in() -> None:
    with pytest.raises(Unreachable, match=r"no serial port is there\. Plug the fob in") as error:
        ports.choose_port(None)
    assert error.value.exit_code == 3


def test_ports_that_do_not_look_like_a_fob_are_named(plug: Plug) -> None:
    plug(ttyS0=None, ttyACM0=0x2E8A)
    with pytest.raises(Unreachable, match=r"but /dev/ttyACM0, /dev/ttyS0\..* by --port"):
        ports.choose_port(None)


def test_a_port_that_is_named_wins(plug: Plug) -> None:
    plug(ttyUSB0=0x10C4, ttyACM0=0x2E8A)
    assert ports.choose_port("/dev/ttyACM0") == "/dev/ttyACM0"


def test_a_port_that_is_not_there_is_answered_with_those_that_are(plug: Plug) -> None:
    plug(ttyUSB0=0x10C4)
    with pytest.raises(Unreachable, match=r"no port /dev/ttyUSB7\. Name one .*: /dev/ttyUSB0\."):
        ports.choose_port("/dev/ttyUSB7")


@posix
def test_a_file_is_no_port(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="is no serial port"):
        ports.choose_port(str(tmp_path))


def test_a_port_on_the_network_is_left_to_pyserial() -> None:
    assert ports.choose_port("rfc2217://garage:4000") == "rfc2217://garage:4000"


@posix
def test_a_virtual_board_is_as_likely_as_a_real_one(plug: Plug) -> None:
    announce("fob", os.getpid())
    assert ports.choose_port(None) == "/dev/pts/9"
    plug(ttyUSB0=0x10C4)
    with pytest.raises(Unreachable, match=r"several .*ttyUSB0, /dev/pts/9 \(virtual board fob\)"):
        ports.choose_port(None)


@posix
def test_the_board_of_a_process_that_died_is_forgotten() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    file = announce("fob", ended.pid)
    assert ports.list_ports() == []
    assert not file.exists()


@posix
def test_half_an_announcement_is_none_yet() -> None:
    file = announce("fob", os.getpid())
    file.write_text("{")
    assert ports.list_ports() == []
    assert file.exists()


@posix
def test_only_the_user_can_announce_a_board(folder: Path) -> None:
    assert virtual_boards_folder().stat().st_mode & 0o777 == 0o700
    announce("fob", os.getpid())
    folder.chmod(0o777)
    with pytest.raises(Failure, match="others can write"):
        virtual_boards_folder()
    assert ports.list_ports() == []


@posix
def test_a_link_to_another_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    folder.symlink_to(tmp_path / "theirs")
    with pytest.raises(Failure, match="others can write"):
        virtual_boards_folder()
