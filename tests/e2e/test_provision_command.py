"""`fob provision` on the virtual board: what it says and writes, and what a pulled cable leaves."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from host_tools.cable.device import Device
from host_tools.identity.counters import COUNTER_PATHS, read_counter_record
from host_tools.identity.key_files import read_key, write_key
from host_tools.identity.keys import Key
from tests.desk import Desk, Result

VIN = "5YJ3E1EA0KF000316"
FIRST = ("provision", "--vin", VIN, "--board", "virtual")
KEY = Key.of(b"\x07" * 32)
SECRET = {"FOB_PASSPHRASE": "correct horse"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_, **__: tmp_path / "state")


@pytest.fixture(scope="module")
def shared() -> Iterator[Desk]:
    """A desk for what changes nothing, or puts up with what others changed."""
    with Desk() as desk:
        yield desk


@pytest.fixture
def blank() -> Iterator[Desk]:
    """A fob's program without a fob."""
    paths = ("/fob.json", "/light.json", "/key.bin", *COUNTER_PATHS)
    with Desk(files=dict.fromkeys(paths)) as desk:
        yield desk


def identity(desk: Desk) -> dict[str, bytes]:
    # The firmware writes to its log, too.
    return {
        path: data
        for path, data in desk.flash.files().items()
        if path in ("/fob.json", "/light.json", "/key.bin") or path.endswith(".new")
    }


def says(result: Result, code: int, *words: str) -> None:
    assert result.exit_code == code, result
    for word in words:
        assert word in result.stderr, result
    assert "Traceback" not in result.stderr


def test_a_new_fob_is_ready_to_be_paired(blank: Desk) -> None:
    result = blank.run(*FIRST)
    says(result, 0)
    assert "Next: `fob pair`" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    blank.prints("ready")
    told = json.loads(blank.run("status", "--json").stdout)["status"]
    assert (told["vin"], told["configuration"]) == (VIN, None)
    assert told["counter"]["next"] == 1


def test_a_key_made_by_the_fob_is_never_here(blank: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    as_ever = Device.read
    monkeypatch.setattr(Device, "read", lambda on, path: read.append(path) or as_ever(on, path))
    says(blank.run(*FIRST, "--on-device"), 0)
    says(blank.run("provision", "--light", "off", "--yes"), 0)
    says(blank.run("wipe", input="n\n"), 1)
    assert "/fob.json" in read
    assert "/key.bin" not in read
    blank.prints("ready")
    public = json.loads(blank.flash.read("/fob.json"))["public_key"]
    assert Key.of(blank.flash.read("/key.bin")[:32]).public.hex() == public


def test_a_backup_restores_the_key_past_its_counter(blank: Desk, tmp_path: Path) -> None:
    backup = tmp_path / "backup.pem"
    says(blank.run(*FIRST, "--backup", str(backup), input="a b\na b\n"), 0)
    assert read_key(backup, lambda: "a b").key.scalar == blank.flash.read("/key.bin")[:32]
    key = blank.flash.read("/key.bin")
    says(blank.run("wipe", "--yes"), 0)
    restore = ("provision", "--board", "virtual", "--key", str(backup))
    planned = blank.run(*restore, "--json", input="a b\n")
    assert "ONE fob only" in json.loads(planned.stdout)["notes"][-1]
    restored = blank.run(*restore, input="a b\n")
    says(restored, 0)
    assert "ONE fob only" in restored.stdout
    assert blank.flash.read("/key.bin") == key
    assert (read_counter_record(blank.flash.read(COUNTER_PATHS[0])) or 0) > 1_767_225_600


def test_a_cable_pulled_in_mid_run_leaves_a_fob_that_the_next_run_makes_whole(blank: Desk) -> None:
    codes = []
    for operations in (3, 9, 15):
        blank.unplug_after(flash_operations=operations)
        result = blank.run(*FIRST, "--yes")
        codes.append(result.exit_code)
        if result.exit_code:
            says(result, 3)
        blank.plug()
    assert 3 in codes
    says(blank.run(*FIRST, "--yes"), 0)
    assert not [path for path in blank.flash.files() if path.endswith(".new")]
    told = json.loads(blank.run("status", "--json").stdout)["status"]
    assert told["configuration"] is None


def test_nothing_is_changed_that_is_not_agreed_to(shared: Desk) -> None:
    before = identity(shared)
    result = shared.run("provision", "--light", "off", input="n\n")
    says(result, 1, "declined")
    assert "normal" in result.stdout
    says(shared.run("provision", "--light", "off"), 2, "nobody to answer")
    assert identity(shared) == before


def test_a_run_that_changes_nothing_says_so(shared: Desk) -> None:
    result = shared.run("provision")
    says(result, 0)
    assert "Nothing to do" in result.stdout
    assert "Nothing to repair" in shared.run("provision", "--repair").stdout


def test_machines_see_the_plan_and_have_to_agree(shared: Desk) -> None:
    before = identity(shared)
    result = shared.run("provision", "--light", "off", "--json")
    says(result, 1, "--yes")
    plan = json.loads(result.stdout)
    assert plan["done"] is False
    assert plan["changes"] == [{"what": "light", "now": "normal", "then": "off"}]
    assert identity(shared) == before


def test_a_lost_counter_is_repaired_when_asked() -> None:
    with Desk() as desk:
        desk.power_off()
        for path in COUNTER_PATHS:
            desk.flash.remove(path)
        desk.power_on()
        says(desk.run("provision"), 1, "counter is lost", "--repair")
        says(desk.run("provision", "--repair", "--yes"), 0)
        desk.prints("ready")
        assert "Nothing to repair" in desk.run("provision", "--repair").stdout


def test_no_error_shows_a_key(shared: Desk, tmp_path: Path) -> None:
    write_key(tmp_path / "other.pem", KEY, None)
    result = shared.run("--debug", "provision", "--key", str(tmp_path / "other.pem"))
    shown = result.stdout + result.stderr
    assert "Traceback" in shown
    assert KEY.scalar.hex() not in shown
    assert repr(KEY.scalar) not in shown
