"""What is gone is gone: after a wipe or an erasure nothing on the board tells the key."""

import json
from pathlib import Path

import pytest

from tests.desk import Desk


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_, **__: tmp_path / "state")


class Secrets:
    """Key and session key of a fob that has pressed, and where they may be found again."""

    def __init__(self, desk: Desk) -> None:
        assert desk.run("press", "unlock").exit_code == 0
        self._desk = desk
        self._known = desk.flash.read("/key.bin")[:32], desk.flash.read("/state/session")[20:36]
        assert all(secret in self._flash for secret in self._known)
        assert self._known[1] in self._rtc

    @property
    def left(self) -> list[str]:
        """Where one of them is still."""
        places = {"flash": self._flash, "RTC": self._rtc}
        return [name for name, data in places.items() for each in self._known if each in data]

    @property
    def _flash(self) -> bytes:
        return self._desk.flash.path.read_bytes()

    @property
    def _rtc(self) -> bytes:
        return self._desk.bench.board.hardware.rtc_bytes


@pytest.mark.parametrize("command", ["wipe", "flash --erase"])
def test_no_byte_of_a_secret_is_left(command: str) -> None:
    with Desk(enrolled=True) as desk:
        secrets = Secrets(desk)
        assert desk.run(*command.split(), "--yes").exit_code == 0
        assert not secrets.left


@pytest.mark.parametrize("operations", [8, 700])
def test_a_wipe_that_was_broken_off_is_carried_on(operations: int) -> None:
    with Desk(enrolled=True) as desk:
        secrets = Secrets(desk)
        desk.power_cycle(cut=f"{operations}:torn:1")
        assert desk.run("wipe", "--yes").exit_code == 3
        desk.power_cycle()
        again = desk.run("wipe", "--yes", "--json")
        assert json.loads(again.stdout)["wiped"] is True
        assert not secrets.left
        assert json.loads(desk.run("wipe", "--yes", "--json").stdout)["wiped"] is False


def test_an_erasure_that_was_broken_off_leaves_no_fob_and_is_carried_on() -> None:
    with Desk(enrolled=True) as desk:
        secrets = Secrets(desk)
        desk.unplug_after(flash_operations=100)
        assert desk.run("flash", "--erase", "--yes").exit_code == 3
        desk.plug()
        pressed = desk.run("press", "unlock")
        assert pressed.exit_code == 1, pressed
        # What cannot be read any more is no hindrance to asking, nor to erasing.
        again = desk.run("flash", "--erase", input="y\n")
        assert again.exit_code == 0, again
        assert not secrets.left
