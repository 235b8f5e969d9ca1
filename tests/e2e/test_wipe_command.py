"""`fob wipe` on the virtual board."""

import json
from pathlib import Path

import pytest

from tests.desk import Desk


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_, **__: tmp_path / "state")


def test_a_fob_is_wiped_once_agreed_to_and_then_has_nothing_left() -> None:
    with Desk() as desk:
        key = desk.flash.read("/key.bin")
        declined = desk.run("wipe", input="n\n")
        assert declined.exit_code == 1
        assert "cannot come back" in declined.stdout
        unasked = desk.run("wipe", "--json")
        assert (unasked.exit_code, desk.flash.read("/key.bin")) == (1, key)
        assert "--yes" in json.loads(unasked.stdout)["error"]["remedy"]

        wiped = desk.run("wipe", input="y\n")
        assert wiped.exit_code == 0, wiped
        assert "The car still lists the key" in wiped.stdout
        left = desk.flash.files()
        assert not [path for path in left if path.endswith((".json", ".bin", ".new"))
                    and path != "/manifest.json"]  # fmt: skip
        assert not [path for path in left if path.startswith("/state/counter")]
        # The program stays, and says what it needs.
        desk.prints("run `fob provision`")


def test_what_is_gone_is_gone_from_the_flash() -> None:
    old = b"an older key"
    with Desk() as desk:
        desk.power_off()
        # Nearly every block that is free has seen use.
        names = [f"/{number}" for number in range(8)]
        for name, times in zip(names, (125_000, *(8_000 >> n for n in range(7))), strict=True):
            desk.flash.write({name: old * times})
        for name in names:
            desk.flash.remove(name)
        desk.power_on()
        key = desk.flash.read("/key.bin")
        before = desk.flash.path.read_bytes()
        assert key[:32] in before and before.count(old) > 125_000
        assert desk.run("wipe", "--yes", "--json").exit_code == 0
        after = desk.flash.path.read_bytes()
        assert key[:32] not in after and old not in after
        again = desk.run("wipe", "--json")
        assert (again.exit_code, json.loads(again.stdout)["wiped"]) == (0, False)


def test_a_fob_whose_program_is_damaged_is_wiped_as_well() -> None:
    with Desk(files={"/fob/console.mpy": b"no longer what it was", "/laptop.mpy": None}) as desk:
        desk.power_off()
        key = desk.flash.read("/key.bin")
        desk.power_on()
        assert desk.run("wipe", "--yes").exit_code == 0
        assert "/key.bin" not in desk.flash.files()
        assert key[:32] not in desk.flash.path.read_bytes()


def test_what_no_wipe_can_remove_takes_a_new_file_system() -> None:
    with Desk(files={"/car2/folder/file": b"of somebody else"}) as desk:
        stopped = desk.run("wipe", "--yes")
        assert stopped.exit_code == 1
        assert stopped.stderr.count("\n") == 1 and "`fob flash --erase`" in stopped.stderr
        assert "/key.bin" not in desk.flash.files()
