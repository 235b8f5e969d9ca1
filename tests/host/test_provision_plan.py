"""Plans for fobs in every state, and the power cut at every step that carries one out."""

import json
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from host_tools.board.catalogue import load_board
from host_tools.cable.device import DeviceError
from host_tools.failure import Failure, InputError
from host_tools.identity.counters import (
    COUNTER_MAX,
    COUNTER_PATHS,
    counter_files,
    counter_record,
    read_counter_record,
)
from host_tools.identity.key_files import KeyFile
from host_tools.identity.keys import Key
from host_tools.identity.plan import Request, carry_out, make_plan
from host_tools.identity.plan_report import changes, notes, warnings
from host_tools.identity.provision import key_file, provision
from host_tools.identity.settings import Configuration
from host_tools.identity.stored import read_identity
from tests.fob_of_files import (
    MADE,
    NOW,
    FobOfFiles,
    PowerCut,
    identity_of,
    plan_for,
    without,
)

VIN = "5YJ3E1EA0KF000316"
OTHER_VIN = "7SAYGDEE7PF000316"
BOARD = load_board("lolin32-lite")
OLD = Key.of(b"\x01" * 32)
NEW = Key.of(b"\x02" * 32)
FIRST, SECOND = COUNTER_PATHS


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_, **__: tmp_path / "state")


def fob(key: Key = OLD, first: int = 129, **other: bytes) -> dict[str, bytes]:
    return {
        **provision(VIN, BOARD, key=key.scalar, clock=lambda: NOW),
        **counter_files(first),
        "/fob/app.mpy": b"",
        **other,
    }


def done(files: dict[str, bytes], **request: Any) -> dict[str, bytes]:
    """The files after a run."""
    memory = FobOfFiles(files)
    carry_out(memory, identity_of(files), plan_for(files, **request))  # type: ignore[arg-type]
    return memory.board


def imported(key: Key, counter: int | None = None, vin: str | None = None) -> KeyFile:
    return KeyFile(key, encrypted=False, vin=vin, counter=counter)


def counters(files: dict[str, bytes]) -> list[int | None]:
    return [read_counter_record(files.get(path)) for path in COUNTER_PATHS]


def active_key(files: dict[str, bytes]) -> Key | None:
    """The key that the firmware would use: one whose CRC fits to fob.json."""
    identity = identity_of(files)
    car = identity.cars.get(1)
    if car and car.key_state == "fits" and car.resident:
        return Key.of(files["/key.bin"][:32])
    return None


def test_a_bare_board_needs_vin_and_board() -> None:
    with pytest.raises(InputError, match=r"never provisioned.*--vin VIN and --board NAME"):
        plan_for({})
    with pytest.raises(InputError, match="Name its --board NAME; `fob boards`"):
        plan_for({}, vin=VIN)


def test_a_bare_board_gets_a_key_and_a_counter_of_its_own() -> None:
    files = done({}, vin=VIN, board=BOARD)
    assert active_key(files) not in (None, OLD, NEW)
    assert counters(files) == [1, 1]
    assert not [path for path in files if path.endswith(".new")]


def test_only_what_is_named_changes() -> None:
    before = fob()
    after = done(before, settings={"light": "dim"})
    assert active_key(after) == OLD
    assert counters(after) == [129, 129]
    was, now = json.loads(before["/fob.json"]), json.loads(after["/fob.json"])
    assert now == was | {"light": "dim"}


def test_a_run_that_changes_nothing_has_no_changes() -> None:
    files = fob()
    again = {"vin": VIN, "settings": {"role": 3}, "board": BOARD}
    assert changes(identity_of(files), plan_for(files, **again)) == []


def test_each_change_is_told_with_what_was_and_what_will_be() -> None:
    files = fob()
    plan = plan_for(files, change_vin=OTHER_VIN, settings={"role": 2}, board=load_board("virtual"))
    told = [(each.what, each.now, each.then) for each in changes(identity_of(files), plan)]
    assert told == [
        ("VIN", VIN, OTHER_VIN),
        ("role", "driver (3)", "owner (2)"),
        ("board", "lolin32-lite", "virtual"),
        # The key may have been that other car's before.
        ("message counter", "129", str(NOW)),
    ]


def test_a_board_of_another_chip_is_refused() -> None:
    with pytest.raises(InputError, match="xiao-esp32c3 has an esp32c3, but an esp32 is connected"):
        plan_for({}, vin=VIN, board=load_board("xiao-esp32c3"))


@pytest.mark.parametrize(
    "request_", [{"key": imported(NEW)}, {"on_device": True}], ids=["imported", "on-device"]
)
def test_a_key_is_not_replaced_without_being_asked(request_: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"key already .{OLD.identifier}.*--replace-key"):
        plan_for(fob(), **request_)


def test_a_replaced_key_leaves_the_counter_as_it_is() -> None:
    files = done(fob(), replace_key=True)
    assert active_key(files) not in (None, OLD)
    assert counters(files) == [129, 129]


def test_a_new_key_goes_past_what_a_missing_record_may_have_leased() -> None:
    assert counters(done(without(fob(), FIRST), replace_key=True)) == [193, 129]


def test_a_new_key_starts_over_where_the_counter_is_used_up() -> None:
    files = fob(first=COUNTER_MAX)
    assert counters(done(files, replace_key=True)) == [1, 1]


def test_an_imported_key_goes_on_where_no_message_can_have_been() -> None:
    assert counters(done(fob(), key=imported(NEW), replace_key=True)) == [NOW, NOW]
    ahead = imported(NEW, counter=NOW + 5)
    assert counters(done(fob(), key=ahead, replace_key=True)) == [NOW + 5] * 2
    assert counters(done(fob(first=NOW + 9), key=ahead, replace_key=True)) == [NOW + 9] * 2


def test_an_imported_key_goes_past_what_this_computer_noted() -> None:
    plan = plan_for({}, floor=NOW + 99, vin=VIN, board=BOARD, key=imported(NEW))
    assert plan.begins_at(1) == NOW + 99


def test_two_restorations_at_once_do_not_meet() -> None:
    request: dict[str, Any] = {"vin": VIN, "board": BOARD, "key": imported(NEW)}
    first = done({}, **request)
    again = make_plan(identity_of({}), Request(**request), chip=None, clock=lambda: NOW)
    assert (again.begins_at(1) or 0) > (counters(first)[0] or 0) + 1000


def test_the_same_key_again_lowers_nothing() -> None:
    ahead = fob(first=NOW + 500)
    assert counters(done(ahead, key=imported(OLD))) == [NOW + 500] * 2
    lost = without(ahead, "/fob.json")
    again = done(lost, key=imported(OLD), vin=VIN, board=BOARD)
    assert counters(again) == [NOW + 500] * 2
    assert active_key(again) == OLD


def test_a_lease_that_did_not_come_into_its_place_counts() -> None:
    files = {**fob(first=NOW), FIRST + ".new": counter_record(NOW + 64)}
    assert counters(done(files, key=imported(OLD))) == [NOW + 64] * 2


def test_a_key_whose_configuration_is_lost_stays() -> None:
    files = done(without(fob(), "/fob.json"), vin=VIN, board=BOARD)
    assert active_key(files) == OLD
    assert counters(files) == [NOW, NOW]


@pytest.mark.parametrize(
    "request_", [{"key": imported(NEW), "replace_key": True}, {"repair": True}]
)
def test_a_clock_that_is_behind_is_refused_where_the_counter_starts_from_it(
    request_: dict[str, Any],
) -> None:
    with pytest.raises(InputError, match="clock says"):
        plan_for(without(fob(), FIRST), now=0, **request_)


def test_a_clock_that_is_behind_does_not_matter_to_a_new_key() -> None:
    assert plan_for(fob(), now=0, replace_key=True).begins_at(1) is None


def test_a_lost_counter_is_restored_only_when_asked() -> None:
    lost = without(fob(), *COUNTER_PATHS)
    with pytest.raises(Failure, match=r"counter is lost.*--repair"):
        plan_for(lost, settings={"light": "dim"})
    files = done(lost, repair=True)
    assert counters(files) == [NOW, NOW]
    assert active_key(files) == OLD


def test_a_damaged_record_is_repaired_past_what_it_may_have_leased() -> None:
    files = fob(first=NOW + 100) | {SECOND: b"damaged"}
    assert counters(done(files, repair=True)) == [NOW + 164] * 2
    assert "cannot be read" in notes(identity_of(files), Request())[0]


def test_a_counter_that_is_whole_needs_no_repair() -> None:
    files = fob()
    assert changes(identity_of(files), plan_for(files, repair=True)) == []


def test_a_board_without_a_key_has_no_counter_to_repair() -> None:
    with pytest.raises(InputError, match="no key"):
        plan_for({}, vin=VIN, board=BOARD, repair=True)


def test_a_damaged_key_is_not_given_up_silently() -> None:
    files = fob() | {"/key.bin": b"damaged"}
    with pytest.raises(Failure, match=r"key.bin is damaged.*--key BACKUP"):
        plan_for(files)
    assert active_key(done(files, key=imported(OLD))) == OLD
    with pytest.raises(InputError, match="--replace-key"):
        plan_for(files, key=imported(NEW))


def test_a_key_whose_checksum_alone_is_damaged_is_saved() -> None:
    files = fob() | {"/key.bin": OLD.scalar + b"\0\0\0\0"}
    assert active_key(files) is None
    assert active_key(done(files)) == OLD


def test_a_fob_makes_its_key_itself() -> None:
    plan = plan_for({}, vin=VIN, board=BOARD, on_device=True)
    assert plan.key is None
    files = done({}, vin=VIN, board=BOARD, on_device=True)
    assert active_key(files) == MADE


@pytest.mark.parametrize(
    "files",
    [fob(), without(fob(), "/fob.json"), fob() | {"/fob.json": fob(NEW)["/fob.json"]}],
    ids=["whole", "without fob.json", "half replaced"],
)
def test_a_key_that_stays_never_leaves_the_fob(files: dict[str, bytes]) -> None:
    memory = FobOfFiles(files)
    identity = read_identity(memory)  # type: ignore[arg-type]
    request = Request(vin=VIN, settings={"light": "dim"}, board=BOARD)
    plan = make_plan(identity, request, chip="esp32", clock=lambda: NOW, floor=lambda _: 0)
    carry_out(memory, identity, plan)  # type: ignore[arg-type]
    assert active_key(memory.board) == OLD
    assert "/fob.json" in memory.asked_for or "/fob.json" not in files
    assert "/key.bin" not in memory.asked_for


def test_a_kept_key_is_not_backed_up_in_passing() -> None:
    with pytest.raises(InputError, match="fob key backup"):
        plan_for(fob(), backup=True)


def test_the_vin_of_a_backup_is_the_default() -> None:
    plan = plan_for({}, board=BOARD, key=imported(NEW, vin=VIN))
    assert plan.target and plan.target.car and plan.target.car.vin == VIN
    files = fob()
    request = Request(key=imported(OLD, vin=OTHER_VIN))
    plan = plan_for(files, key=request.key)
    assert OTHER_VIN in warnings(identity_of(files), request, plan)[0]


@pytest.mark.parametrize(
    ("settings", "warning"),
    [
        ({"role": 6}, "not known to open"),
        ({"form_factor": 2}, "four places"),
        ({"form_factor": 13}, "four places"),
        ({"form_factor": 17}, "older car may refuse"),
    ],
)
def test_what_may_be_unwanted_is_a_warning(settings: dict[str, Any], warning: str) -> None:
    files = fob()
    told = warnings(identity_of(files), Request(), plan_for(files, settings=settings))
    assert warning in told[0]


@pytest.mark.parametrize("settings", [{"role": 2}, {"form_factor": 6}])
def test_what_a_car_keeps_of_a_paired_key_is_a_warning(settings: dict[str, Any]) -> None:
    files = fob()
    told = warnings(identity_of(files), Request(), plan_for(files, settings=settings))
    assert "fob pair --again" in told[-1]
    anew = plan_for({}, vin=VIN, board=BOARD, settings=settings)
    assert not any("--again" in each for each in warnings(identity_of({}), Request(), anew))


def test_a_fob_that_was_used_while_its_owner_thought_is_left_alone() -> None:
    files = without(fob(), FIRST)
    memory = FobOfFiles(files | {SECOND: counter_record(500)})
    with pytest.raises(Failure, match="used meanwhile"):
        carry_out(memory, identity_of(files), plan_for(files, repair=True))  # type: ignore[arg-type]
    assert memory.board == files | {SECOND: counter_record(500)}


def test_what_fails_before_the_commit_changes_nothing() -> None:
    def fail() -> None:
        raise InputError("the disk is full")

    files = fob()
    memory = FobOfFiles(files)
    plan = plan_for(files, replace_key=True)
    with pytest.raises(InputError, match="disk is full"):
        carry_out(memory, identity_of(files), plan, before_commit=fail)  # type: ignore[arg-type]
    assert memory.board == files


def test_a_full_flash_changes_nothing_and_keeps_no_key() -> None:
    class Full(FobOfFiles):
        def stage(self, path: str, data: bytes) -> None:
            if path == "/key.bin":
                self.board["/key.bin.new"] = data[:9]
                raise DeviceError("full", "the flash is full")
            super().stage(path, data)

    files = fob()
    memory = Full(files)
    plan = plan_for(files, replace_key=True)
    with pytest.raises(DeviceError):
        carry_out(memory, identity_of(files), plan)  # type: ignore[arg-type]
    assert memory.board == files


STARTS: dict[str, dict[str, bytes]] = {
    "bare": {},
    "fob": fob(first=NOW + 300),
    "one record": without(fob(first=NOW + 300), FIRST),
    "no counter": without(fob(), *COUNTER_PATHS),
    "used up": fob(first=COUNTER_MAX),
    "no configuration": without(fob(first=NOW + 300), "/fob.json"),
}
FRESH: dict[str, Any] = {"vin": VIN, "board": BOARD}
RUNS: dict[str, dict[str, Any]] = {
    "settings": FRESH | {"settings": {"role": 2, "light": "dim"}},
    "new key": FRESH | {"replace_key": True},
    "made by the fob": FRESH | {"replace_key": True, "on_device": True},
    "imported": FRESH | {"replace_key": True, "key": imported(NEW, NOW + 40)},
    "restored": FRESH | {"replace_key": True, "key": imported(OLD, NOW + 40)},
    "repair": FRESH | {"repair": True},
}


def _cuts(start: str, run: str) -> Iterable[tuple[dict[str, bytes], dict[str, bytes]]]:
    """What lies on the board before a run, and after a power cut at each of its steps."""
    files = STARTS[start]
    try:
        plan = plan_for(files, **RUNS[run])
    except Failure:
        return
    for cut_at in range(100):
        memory = FobOfFiles(files, cut_at)
        try:
            carry_out(memory, identity_of(files), plan)  # type: ignore[arg-type]
        except PowerCut:
            yield files, memory.board
        else:
            return
    raise AssertionError("it never ends")


def reached(files: dict[str, bytes]) -> int:
    """Below this the firmware hands out nothing; 0 where it starts no counter."""
    return max((each for each in counters(files) if each is not None), default=0)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("start", STARTS)
def test_a_power_cut_leaves_no_key_that_could_repeat_a_nonce(start: str, run: str) -> None:
    for before, after in _cuts(start, run):
        key = active_key(after)
        if key == OLD and reached(before):
            assert reached(after) >= reached(before)
        elif key in (OLD, NEW):
            # It came from outside, or its counter is lost: none, or one by the rule.
            assert reached(after) == 0 or reached(after) >= NOW


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("start", STARTS)
def test_the_same_run_again_heals_what_was_cut_off(start: str, run: str) -> None:
    for before, after in _cuts(start, run):
        files = done(after, **RUNS[run])
        key = active_key(files)
        assert key is not None
        assert not [path for path in files if path.endswith(".new")]
        if key == OLD:
            assert reached(files) >= reached(before)
        elif key == NEW:
            assert reached(files) >= NOW


@pytest.mark.parametrize("run", ["new key", "made by the fob", "imported"])
@pytest.mark.parametrize("start", STARTS)
def test_the_old_key_can_be_kept_after_all_and_repeats_nothing(start: str, run: str) -> None:
    for before, after in _cuts(start, run):
        try:
            files = done(after, **FRESH)
        except Failure:
            # Its counter was lost before, and still is.
            assert start == "no counter"
            continue
        if active_key(files) == OLD:
            assert reached(files) >= reached(before)


def test_a_key_that_the_fob_was_writing_does_not_stay() -> None:
    half = key_file(MADE)[:20]
    files = fob(**{"/key.bin.new.new": half})
    assert not [path for path in done(files, settings={"light": "off"}) if path.endswith(".new")]


def test_the_power_is_cut_at_every_step() -> None:
    # Five files staged, five put in their places.
    assert len(list(_cuts("bare", "new key"))) == 10


def test_a_replacement_that_was_cut_off_leaves_the_old_key_to_be_kept() -> None:
    kept = 0
    for _, after in _cuts("no counter", "new key"):
        if active_key(after) is not None or identity_of(after).cars[1].key_state != "other":
            continue
        # Whatever the new key's counter was to be: the old one goes on where it cannot have been.
        files = done(after)
        assert active_key(files) == OLD
        assert counters(files) == [NOW, NOW]
        kept += 1
        assert "cut off" in " ".join(notes(identity_of(after), Request()))
    assert kept


def test_settings_are_those_of_the_firmware() -> None:
    known = Configuration.read(fob()["/fob.json"])
    with pytest.raises(InputError):
        replace(known.settings, light="bright")


def test_the_clock_is_this_computers_unless_told() -> None:
    plan = make_plan(identity_of(fob()), Request(key=imported(OLD)), chip=None)
    assert (plan.begins_at(1) or 0) >= int(time.time()) - 60
