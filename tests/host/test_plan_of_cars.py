"""Fobs of several cars: what plans make of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from host_tools.failure import Failure, InputError
from host_tools.identity.counters import (
    COUNTER_MAX,
    counter_record,
)
from host_tools.identity.plan import Request, carry_out, clean, make_plan
from host_tools.identity.plan_report import changes, notes, warnings
from host_tools.identity.provision import key_file
from host_tools.identity.request import for_car
from host_tools.identity.settings import Car, Configuration
from host_tools.identity.stored import read_identity
from tests.fob_of_files import MADE, NOW, FobOfFiles, identity_of, plan_for, without
from tests.fobs_of_cars import (
    BOARD,
    FIRST_VIN,
    FOURTH_VIN,
    NEW,
    OLD,
    OWN,
    SECOND_VIN,
    THIRD_VIN,
    active,
    fob,
    imported,
    run,
    with_own,
)
from tests.interpreter import Interpreter


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_, **__: tmp_path / "state")


def test_another_vin_adds_a_car_that_shares_the_key() -> None:
    files = run(fob(), vin=SECOND_VIN, settings={"role": 2})
    told = json.loads(files["/car2/car.json"])
    assert (told["vin"], told["role"], told["public_key"]) == (SECOND_VIN, 2, None)
    assert json.loads(files["/fob.json"])["cars"] == [1, 2]
    assert "/car2/key.bin" not in files
    # The key may have been that car's before, on a fob that forgot it.
    assert active(files)[SECOND_VIN] == (OLD.public.hex(), NOW + 300)
    assert active(files)[FIRST_VIN] == active(fob())[FIRST_VIN]


def test_a_shared_key_goes_on_past_all_that_is_known_of_it() -> None:
    files = run(fob(first=NOW + 300), vin=SECOND_VIN, change_vin=None)
    again = plan_for(files, floor=NOW + 9000, vin=THIRD_VIN)
    assert again.begins_at(3) == NOW + 9000


def test_a_car_that_was_forgotten_and_comes_back_repeats_nothing() -> None:
    files = run(fob(SECOND_VIN, second=NOW + 700), forget=2)
    request = Request(vin=SECOND_VIN)
    plan = make_plan(identity_of(files), request, chip=None, clock=lambda: NOW)
    assert (plan.begins_at(2) or 0) > NOW + 700


def test_a_key_of_its_own_begins_a_counter_of_its_own() -> None:
    files = run(fob(), vin=SECOND_VIN, own_key=True)
    key, reached = active(files)[SECOND_VIN]
    assert (key != OLD.public.hex(), reached) == (True, 1)
    assert json.loads(files["/fob.json"])["public_key"] == OLD.public.hex()


def test_the_fob_makes_the_key_of_another_car() -> None:
    files = run(fob(), vin=SECOND_VIN, on_device=True)
    assert active(files)[SECOND_VIN] == (MADE.public.hex(), 1)


def test_a_key_that_the_fob_makes_gives_no_counter_to_a_car_that_lost_its_own() -> None:
    lost = without(with_own(), "/car2/key.bin", "/car2/counter.0", "/car2/counter.1")
    files = run(lost, vin=THIRD_VIN, on_device=True)
    assert "/car2/counter.0" not in files
    assert active(files)[THIRD_VIN] == (MADE.public.hex(), 1)


def test_an_imported_key_is_that_cars_alone_unless_it_is_the_fobs() -> None:
    files = run(fob(), vin=SECOND_VIN, key=imported(NEW, NOW + 40))
    assert active(files)[SECOND_VIN] == (NEW.public.hex(), NOW + 40)
    assert active(files)[FIRST_VIN] == (OLD.public.hex(), NOW + 300)
    same = run(fob(), vin=SECOND_VIN, key=imported(OLD, NOW + 1000))
    assert "/car2/key.bin" not in same
    assert {reached for _, reached in active(same).values()} == {NOW + 1000}


def test_a_fifth_car_is_refused() -> None:
    full = fob(SECOND_VIN, THIRD_VIN, FOURTH_VIN)
    with pytest.raises(InputError, match=r"4 cars and no room.*fob cars forget"):
        plan_for(full, vin="5YJ3E1EA1KF000002")


def test_a_car_is_added_once() -> None:
    files = fob(SECOND_VIN)
    again = plan_for(files, vin=SECOND_VIN)
    assert changes(identity_of(files), again) == []
    with pytest.raises(InputError, match=r"is car 1 .*`fob cars forget 1` takes it"):
        plan_for(files, vin=SECOND_VIN, change_vin=FIRST_VIN)


def test_what_only_a_known_car_can_be_told_is_refused_for_a_new_one() -> None:
    for request in ({"replace_key": True}, {"repair": True}, {"change_vin": THIRD_VIN}):
        with pytest.raises(InputError, match="is none of this fob's cars"):
            plan_for(fob(), vin=SECOND_VIN, **request)


def test_a_forgotten_number_is_given_anew() -> None:
    files = run(run(fob(SECOND_VIN), forget=1), vin=THIRD_VIN)
    assert identity_of(files).cars[1].car == Car(THIRD_VIN)
    assert active(files)[THIRD_VIN] == (OLD.public.hex(), NOW + 700)
    own = run(run(fob(SECOND_VIN), forget=1), vin=THIRD_VIN, own_key=True)
    assert list(identity_of(own).cars) == [2, 3]


def test_a_damaged_car_is_named_before_another_is_added() -> None:
    files = fob(SECOND_VIN) | {"/car2/car.json": b"{"}
    with pytest.raises(InputError, match=r"car 2 .* may be .*--change-vin VIN.* forget 2"):
        plan_for(files, vin=THIRD_VIN)


@pytest.mark.parametrize(
    "request_",
    [
        {"settings": {"role": 2}},
        {"replace_key": True},
        {"change_vin": THIRD_VIN},
        {"own_key": True},
    ],
)
def test_what_is_for_one_car_of_several_has_to_name_it(request_: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=rf"several cars.*car 1 \({FIRST_VIN}\), car 2"):
        plan_for(fob(SECOND_VIN), **request_)


def test_a_car_is_named_by_its_number_too() -> None:
    files = run(fob(SECOND_VIN), vin="2", settings={"role": 2})
    assert json.loads(files["/car2/car.json"])["role"] == 2
    with pytest.raises(InputError, match="has no car 3"):
        plan_for(files, vin="3")


def test_what_is_for_the_whole_fob_names_none() -> None:
    files = run(with_own(), settings={"light": "dim"})
    assert active(files) == active(with_own())


def test_a_wrong_vin_is_corrected_and_the_counter_stays() -> None:
    files = run(fob(SECOND_VIN), vin=SECOND_VIN, change_vin=THIRD_VIN)
    assert active(files)[THIRD_VIN] == (OLD.public.hex(), NOW + 700)
    assert SECOND_VIN not in active(files)
    alone = run(fob(), change_vin=THIRD_VIN)
    assert active(alone) == {THIRD_VIN: (OLD.public.hex(), NOW + 300)}


def test_a_damaged_car_is_mended_by_its_number() -> None:
    files = with_own() | {"/car2/car.json": b"{"}
    mended = run(files, vin="2", change_vin=SECOND_VIN)
    assert active(mended)[SECOND_VIN][0] == OWN.public.hex()
    shared = run(fob(SECOND_VIN) | {"/car2/car.json": b"{"}, vin="2", change_vin=SECOND_VIN)
    assert active(shared)[SECOND_VIN] == (OLD.public.hex(), NOW + 700)
    with pytest.raises(InputError, match="--change-vin"):
        plan_for(files, vin="2")


def test_what_is_wrong_with_one_car_is_told_and_keeps_no_other_from_going_on() -> None:
    files = with_own() | {"/car2/key.bin": b"damaged"}
    told = " ".join(notes(identity_of(files), Request()))
    assert "Car 2 has a damaged key" in told
    assert FIRST_VIN in active(run(files, vin="1", settings={"role": 2}))
    assert "/car2/key.bin" in run(files, settings={"light": "dim"})
    with pytest.raises(Failure, match=r"car2/key.bin is damaged"):
        plan_for(files, vin="2")
    assert active(run(files, vin="2", key=imported(OWN)))[SECOND_VIN] == (OWN.public.hex(), NOW)


def test_a_shared_key_is_replaced_for_all_who_share_it() -> None:
    files = run(fob(SECOND_VIN), vin=SECOND_VIN, key=imported(NEW, NOW + 40), replace_key=True)
    assert active(files) == {
        FIRST_VIN: (NEW.public.hex(), NOW + 300),
        SECOND_VIN: (NEW.public.hex(), NOW + 700),
    }
    request = Request(vin=SECOND_VIN, replace_key=True)
    plan = plan_for(fob(SECOND_VIN), vin=SECOND_VIN, replace_key=True)
    told = warnings(identity_of(fob(SECOND_VIN)), request, plan)
    assert f"{FIRST_VIN} shares this key: pair it anew" in " ".join(told)


def test_a_restored_key_restarts_the_counter_of_each_car_that_shares_it() -> None:
    ahead = fob(SECOND_VIN, first=5, second=9)
    files = run(ahead, vin=FIRST_VIN, key=imported(OLD, NOW + 40))
    assert {reached for _, reached in active(files).values()} == {NOW + 40}


def test_a_car_gets_a_key_of_its_own_and_the_others_keep_theirs() -> None:
    files = run(fob(SECOND_VIN), vin=SECOND_VIN, own_key=True)
    assert active(files)[FIRST_VIN] == (OLD.public.hex(), NOW + 300)
    assert active(files)[SECOND_VIN][0] != OLD.public.hex()
    with pytest.raises(InputError, match=r"shares with car 2 .* --vin 2 --own-key`"):
        plan_for(fob(SECOND_VIN), vin=FIRST_VIN, own_key=True)


def test_the_key_that_is_shared_is_no_key_of_ones_own() -> None:
    for vin in (SECOND_VIN, THIRD_VIN):
        with pytest.raises(InputError, match=r"is the shared one.* Leave --own-key out"):
            plan_for(fob(SECOND_VIN), vin=vin, key=imported(OLD), own_key=True)


def test_a_key_of_ones_own_is_replaced_alone() -> None:
    files = run(with_own(), vin=SECOND_VIN, replace_key=True)
    assert active(files)[FIRST_VIN] == active(with_own())[FIRST_VIN]
    assert active(files)[SECOND_VIN][0] not in (OWN.public.hex(), OLD.public.hex())
    with pytest.raises(InputError, match=f"key already .{OWN.identifier}.*--replace-key"):
        plan_for(with_own(), vin=SECOND_VIN, key=imported(NEW))


def test_a_backup_finds_its_car_by_its_key() -> None:
    lost = without(with_own(), "/car2/counter.0", "/car2/counter.1")
    files = run(lost, key=imported(OWN, NOW + 40))
    assert active(files)[SECOND_VIN] == (OWN.public.hex(), NOW + 40)


def test_no_key_that_stays_leaves_the_fob() -> None:
    board = FobOfFiles(with_own())
    identity = read_identity(board)  # type: ignore[arg-type]
    plan = make_plan(identity, Request(vin=THIRD_VIN), chip=None, clock=lambda: NOW)
    carry_out(board, identity, plan)  # type: ignore[arg-type]
    assert not [path for path in board.asked_for if path.endswith("key.bin")]


def test_a_lost_counter_is_repaired_where_it_is_lost() -> None:
    lost = without(fob(SECOND_VIN), "/car2/counter.0", "/car2/counter.1")
    with pytest.raises(Failure, match="counter is lost"):
        plan_for(lost, vin=SECOND_VIN)
    files = run(lost, repair=True)
    assert active(files)[SECOND_VIN] == (OLD.public.hex(), NOW + 300)
    assert active(files)[FIRST_VIN] == (OLD.public.hex(), NOW + 300)


def test_the_counter_of_one_car_that_is_used_up_starts_over_with_a_new_key() -> None:
    files = run(fob(SECOND_VIN, second=COUNTER_MAX), vin=SECOND_VIN, replace_key=True)
    assert [reached for _, reached in active(files).values()] == [NOW + 300, 1]


def test_a_forgotten_car_leaves_nothing_but_what_others_share() -> None:
    files = run(with_own() | {"/car2/session": b"s", "/car2/guard": b"g"}, forget=2)
    assert not [path for path in files if path.startswith("/car2")]
    assert active(files) == {FIRST_VIN: (OLD.public.hex(), NOW + 300)}


def test_the_first_car_is_forgotten_and_its_key_stays_for_who_shares_it() -> None:
    state = {"/state/guard": b"g", "/state/session": b"s", "/state/journal": b"j"}
    files = run(fob(SECOND_VIN) | state, forget=1)
    told = json.loads(files["/fob.json"])
    assert (told["cars"], told["vin"], told["public_key"]) == ([2], None, OLD.public.hex())
    assert active(files) == {SECOND_VIN: (OLD.public.hex(), NOW + 700)}
    assert [path for path in files if path.startswith("/state/")] == ["/state/journal"]


def test_a_key_that_nobody_shares_any_more_is_removed() -> None:
    files = run(with_own(), forget=1)
    assert "/key.bin" not in files
    assert json.loads(files["/fob.json"])["public_key"] is None
    both = run(run(fob(SECOND_VIN), vin=SECOND_VIN, own_key=True), forget=1)
    assert "/key.bin" not in both


def test_the_only_car_is_not_forgotten() -> None:
    with pytest.raises(Failure, match=r"only car. `fob wipe`"):
        run(fob(), forget=1)


def test_gestures_for_a_forgotten_car_go_with_it() -> None:
    files = run(fob(SECOND_VIN), gestures=["unlock triple=frunk@2", "unlock double=frunk"])
    assert json.loads(files["/fob.json"])["gestures"]["unlock"]["triple"] == "frunk@2"
    settings = identity_of(files).settings
    assert settings and for_car(settings, 2) == ["unlock triple"] and not for_car(settings, 1)
    left = json.loads(run(files, forget=2)["/fob.json"])
    assert "frunk" in left["actions"]
    assert left["gestures"]["unlock"] == {"single": "unlock", "double": "frunk"}
    with pytest.raises(InputError, match="for car 3"):
        plan_for(files, gestures=["unlock triple=frunk@3"])


def test_a_folder_that_is_not_listed_goes_away_with_the_next_run() -> None:
    stray = {"/car3/key.bin": key_file(NEW), "/car3/guard": b"g", "/car3/counter.0.new": b""}
    files = fob() | stray
    assert "cut off" in " ".join(notes(identity_of(files), Request()))
    assert run(files, settings={"light": "dim"}).keys() == fob().keys()
    board = FobOfFiles(files)
    clean(board, identity_of(files))  # type: ignore[arg-type]
    assert board.board == fob()


def test_what_an_unlisted_folder_held_is_nothing_to_the_car_that_comes_there() -> None:
    stray = {
        "/car2/guard": b"g",
        "/car2/key.bin": key_file(NEW),
        "/car2/counter.0": counter_record(COUNTER_MAX),
    }
    files = run(fob() | stray, vin=SECOND_VIN)
    assert "/car2/guard" not in files and "/car2/key.bin" not in files
    assert active(files)[SECOND_VIN] == (OLD.public.hex(), NOW + 300)


def test_a_lost_fob_json_takes_no_car_along() -> None:
    for damaged in (without(with_own(), "/fob.json"), with_own() | {"/fob.json": b"{"}):
        files = run(damaged, vin=FIRST_VIN, board=BOARD)
        assert active(files)[SECOND_VIN] == (OWN.public.hex(), 129)
        assert active(files)[FIRST_VIN] == (OLD.public.hex(), NOW + 300)
        with pytest.raises(InputError, match="is car 2"):
            plan_for(damaged, vin=SECOND_VIN, board=BOARD)


def test_a_fob_of_version_2_is_written_as_version_3() -> None:
    told = json.loads(fob()["/fob.json"])
    for name in ("cars", "gestures", "actions", "warn_open", "passive", "buzzer", "vibration"):
        del told[name]
    for name in ("buzzer", "vibration"):
        del told["board"][name]
    files = fob() | {"/fob.json": json.dumps(told | {"version": 2}).encode()}
    (change,) = changes(identity_of(files), plan_for(files))
    assert (change.now, change.then) == ("version 2", "version 3")
    after = run(files)
    assert json.loads(after["/fob.json"]) == json.loads(fob()["/fob.json"])
    assert active(after) == active(fob())


def test_the_firmware_finds_each_car_with_its_key(interpreter: Interpreter) -> None:
    files = run(with_own(), vin=THIRD_VIN)
    paths = {path[1:]: data for path, data in files.items()}
    found = interpreter.eval(
        f"[(c.number, c.vin, c.public_key) for c in load('fob.config').load({paths!r}.get).cars]"
    )
    assert found == [
        (1, FIRST_VIN, OLD.public),
        (2, SECOND_VIN, OWN.public),
        (3, THIRD_VIN, OLD.public),
    ]


def test_a_vin_from_an_image_gives_way_to_the_one_that_is_named() -> None:
    settings = Configuration.read(fob()["/fob.json"]).settings
    made = Configuration(settings, (1,), Car(FIRST_VIN), b"").file()
    files = run({"/fob.json": made, "/fob/app.mpy": b""}, vin=SECOND_VIN)
    assert list(identity_of(files).cars) == [1]
    assert active(files)[SECOND_VIN][1] == 1
