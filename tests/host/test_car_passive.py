"""Passive entry from the car's side: what it asks its keys, and what their answers permit."""

from __future__ import annotations

from typing import Any

import pytest

from host_tools.protocol import vcsec_pb2 as vcsec
from tests.legacy_client import frame, level, rke
from tests.passive_bench import DRIVE, NONE, UNLOCK, Form, PassiveBench

every_form = pytest.mark.parametrize("form", ["token", "plain", "signed"])
DOOR = "frontDriverDoor"


def sitting(bench: PassiveBench) -> PassiveBench:
    """With somebody behind closed doors of an unlocked car."""
    bench.link.write(bench.key.signed(rke(vcsec.RKE_ACTION_UNLOCK)))
    assert bench.car.open_door() and bench.car.sit_down() and bench.car.close_door()
    bench.link.take_frames()
    return bench


@every_form
def test_a_pulled_handle_opens_its_door_once_a_key_answers(form: Form) -> None:
    bench = PassiveBench(form)
    bench.car.pull_handle("rearPassengerDoor")
    assert bench.car.locked
    assert bench.respond(UNLOCK) == "ok"
    assert not bench.car.locked
    closures = bench.car.body.closures
    assert closures.state("rearPassengerDoor") == vcsec.CLOSURESTATE_AJAR
    bench.wait(0.5)
    assert closures.state("rearPassengerDoor") == vcsec.CLOSURESTATE_OPEN
    assert bench.car.body.open_closures == {"rearPassengerDoor"}
    assert "handle of rearPassengerDoor" in bench.said("granted")[0]


@every_form
def test_who_walks_up_finds_the_car_unlocked_and_closed(form: Form) -> None:
    bench = PassiveBench(form)
    bench.car.approach()
    assert bench.respond(UNLOCK) == "ok"
    bench.wait(1)
    assert not bench.car.locked and not bench.car.body.open_closures


@every_form
def test_the_brake_needs_a_key_that_permits_to_drive(form: Form) -> None:
    bench = sitting(PassiveBench(form))
    assert bench.car.press_brake()
    assert bench.respond(UNLOCK) == "ok"
    assert not bench.car.body.may_drive
    bench.wait(5)
    assert bench.respond(DRIVE) == "ok"
    assert bench.car.body.may_drive and bench.car.violations == []


def test_a_brake_that_nobody_can_press_asks_nobody() -> None:
    bench = PassiveBench()
    assert not bench.car.press_brake()
    assert bench.requests() == []


@pytest.mark.parametrize(
    ("act", "wanted", "reasons"),
    [("pull_handle", UNLOCK, [5]), ("approach", UNLOCK, [1, 9]), ("press_brake", DRIVE, [2])],
)
def test_a_request_says_what_is_wanted_and_why(act: str, wanted: int, reasons: list[int]) -> None:
    bench = PassiveBench()
    if act == "press_brake":
        sitting(bench)
    getattr(bench.car, act)()
    (request,) = bench.requests()
    assert (request.requestedLevel, list(request.reasonsForAuth)) == (wanted, reasons)
    assert len(request.sessionInfo.token) == 20


@pytest.mark.parametrize(
    ("push", "lengths"), [("raw", [31]), ("wrapped", [41]), ("both", [31, 41])]
)
def test_a_request_comes_raw_or_to_everybody_as_real_cars_send_it(
    push: Any, lengths: list[int]
) -> None:
    bench = PassiveBench(push=push)
    bench.car.pull_handle()
    frames = bench.link.take_frames()
    assert [len(data) - 2 for data in frames] == lengths
    assert bytes.fromhex("220105") in frames[0]  # reasonsForAuth, packed
    if push != "raw":
        assert frames[-1][2:].startswith(bytes.fromhex("320208003a020802521f"))


def test_it_asks_once_a_second_with_a_new_token_after_five_and_gives_up_after_eight() -> None:
    bench = PassiveBench()
    bench.car.pull_handle()
    tokens = []
    for _ in range(40):
        tokens += [(bench.now - 100, each.sessionInfo.token) for each in bench.requests()]
        bench.wait(0.25)
    assert [when for when, _ in tokens] == [0, 1, 2, 3, 4, 5, 6, 7]
    assert len({token for _, token in tokens[:5]}) == len({token for _, token in tokens[5:]}) == 1
    assert tokens[4][1] != tokens[5][1]
    assert bench.car.locked and "given up after 8 s" in bench.said("authentication")[-1]


def test_who_drives_the_time_is_told_when_the_car_is_due() -> None:
    bench = PassiveBench()
    assert bench.car.next_due is None
    bench.car.pull_handle()
    bench.requests()
    ticks = 0
    while (wait := bench.car.next_due) is not None:
        bench.now += wait
        bench.car.tick()
        ticks += 1
    assert (bench.now, ticks, len(bench.requests())) == (108.0, 8, 7)


def test_an_unanswered_handle_ends_in_an_alert() -> None:
    bench = PassiveBench()
    other = bench.car.connect("11:22:33:44:55:66")
    bench.respond(NONE)
    bench.car.pull_handle("rearTrunk")
    bench.wait(8)
    alert = bench.said_unasked(other)[-1].alert.alertHandlePulledWithoutAuth
    assert alert.handlePulled == vcsec.HANDLE_PULLED_TRUNK
    assert alert.connectionCount == 2 and alert.unknownDevicePresent and alert.authRequested
    assert bench.said_unasked()[-1].HasField("alert")


def test_who_only_walks_by_raises_no_alert() -> None:
    bench = PassiveBench()
    bench.car.approach()
    bench.wait(9)
    assert not any(said.HasField("alert") for said in bench.said_unasked())


@every_form
@pytest.mark.parametrize("distance", [0, 5])
def test_a_key_that_is_near_counts(form: Form, distance: int) -> None:
    bench = PassiveBench(form)
    bench.car.pull_handle()
    assert bench.respond(UNLOCK, estimatedDistance=distance) == "ok"
    assert not bench.car.locked


@every_form
def test_a_key_that_is_far_counts_for_nothing_now_and_later(form: Form) -> None:
    bench = PassiveBench(form)
    bench.car.pull_handle()
    assert bench.respond(DRIVE, estimatedDistance=6) == "ok"
    assert bench.car.locked and bench.link.level == NONE
    bench.wait(8)
    bench.car.pull_handle()
    assert bench.car.locked


@every_form
def test_a_key_that_declines_counts_for_nothing(form: Form) -> None:
    bench = PassiveBench(form)
    bench.car.pull_handle()
    assert bench.respond(DRIVE, rejection=1) == "ok"
    assert bench.car.locked and bench.link.level == NONE


@every_form
def test_an_answer_permits_one_action_then_the_level_is_none(form: Form) -> None:
    bench = PassiveBench(form)
    bench.car.pull_handle()
    bench.respond(DRIVE)
    assert not bench.car.locked and bench.link.level == NONE
    bench.wait(1)
    assert bench.car.sit_down() and bench.car.close_door() and bench.car.press_brake()
    assert not bench.car.body.may_drive
    assert len(bench.requests()) == 1


@pytest.mark.parametrize("form", ["plain", "signed"])
@pytest.mark.parametrize("sent", [UNLOCK, DRIVE])
def test_a_level_sent_unasked_permits_one_later_action_at_or_below_it(
    form: Form, sent: int
) -> None:
    bench = PassiveBench(form)
    assert bench.respond(sent) == "ok"
    assert bench.car.locked and bench.link.level == sent
    bench.car.pull_handle()
    assert not bench.car.locked and bench.link.level == NONE
    assert bench.requests() == []


def test_a_level_sent_unasked_does_not_do_for_more() -> None:
    bench = sitting(PassiveBench("plain"))
    bench.respond(UNLOCK)
    assert bench.car.press_brake()
    assert not bench.car.body.may_drive and len(bench.requests()) == 1
    assert bench.link.level == UNLOCK


def test_none_sent_unasked_takes_a_level_back() -> None:
    bench = PassiveBench("plain")
    bench.respond(UNLOCK)
    bench.respond(NONE)
    bench.car.pull_handle()
    assert bench.car.locked


def test_a_level_kept_by_a_key_that_was_removed_since_permits_nothing() -> None:
    bench = PassiveBench("plain")
    bench.respond(DRIVE)
    bench.car.whitelist.remove(bench.key.key_id)
    bench.car.pull_handle()
    assert bench.car.locked


@every_form
@pytest.mark.parametrize(
    ("role", "permissions"),
    [(vcsec.ROLE_CHARGING_MANAGER, ()), (vcsec.ROLE_VEHICLE_MONITOR, ()), (0, (2, 3, 4))],
)
def test_a_key_without_local_unlock_opens_nothing(
    form: Form, role: int, permissions: tuple[int, ...]
) -> None:
    bench = PassiveBench(form, require_role=False)
    key = bench.enrol_signed(role=role, permissions=permissions)
    bench.car.pull_handle()
    for sent in (UNLOCK, DRIVE) if permissions == () else (UNLOCK,):
        assert bench.respond(sent, key=key) == "UNAUTHORIZED"
        bench.wait(5)
    assert bench.car.locked and bench.link.level == NONE


@every_form
def test_a_key_that_may_drive_but_not_unlock_does_not_unlock(form: Form) -> None:
    bench = PassiveBench(form, require_role=False)
    key = bench.enrol_signed(role=0, permissions=(2,))
    bench.car.pull_handle()
    assert bench.respond(DRIVE, key=key) == "UNAUTHORIZED"
    assert bench.car.locked and bench.link.level == NONE


@every_form
def test_a_key_that_may_only_unlock_does_not_drive(form: Form) -> None:
    bench = sitting(PassiveBench(form, require_role=False))
    key = bench.enrol_signed(role=0, permissions=(1,))
    bench.car.press_brake()
    assert bench.respond(DRIVE, key=key) == "UNAUTHORIZED"
    assert not bench.car.body.may_drive


def test_a_level_that_does_not_exist_is_refused() -> None:
    bench = PassiveBench("plain")
    assert bench.respond(3) == "UNKNOWN"
    assert bench.link.active_key is None


def test_an_unlocked_car_asks_nobody_and_opens() -> None:
    bench = PassiveBench()
    bench.link.write(bench.key.signed(rke(vcsec.RKE_ACTION_UNLOCK)))
    bench.car.pull_handle()
    bench.car.approach()
    assert bench.requests() == []
    assert bench.car.body.open_closures == {DOOR}


def test_a_button_that_unlocks_meanwhile_ends_the_request() -> None:
    bench = PassiveBench("plain")
    bench.car.pull_handle()
    bench.link.write(bench.key.signed(rke(vcsec.RKE_ACTION_UNLOCK)))
    bench.respond(DRIVE)
    assert bench.link.level == DRIVE and bench.said("granted") == []
    bench.wait(2)
    assert bench.requests() == [] and bench.car.next_due is None


def test_a_button_may_unlock_in_the_same_breath_as_the_answer_comes() -> None:
    bench = PassiveBench("plain")
    bench.car.pull_handle()
    unlock = bench.key.signed(rke(vcsec.RKE_ACTION_UNLOCK))
    bench.link.write(unlock + bench.key.signed(level(DRIVE)))
    assert bench.link.level == DRIVE and bench.said("granted") == []


def test_cancelling_ends_the_request_and_forgets_levels() -> None:
    bench = PassiveBench("plain")
    bench.respond(DRIVE)
    bench.car.connect("11:22:33:44:55:66")
    cancel = rke(vcsec.RKE_ACTION_CANCEL_EXTERNAL_AUTHENTICATE)
    bench.link.write(bench.key.signed(cancel))
    assert bench.link.level == NONE
    bench.car.pull_handle()
    bench.link.write(bench.key.signed(cancel))
    bench.requests()
    bench.wait(8)
    assert bench.said_unasked() == [] and bench.car.locked


def test_a_closure_without_a_handle_cannot_be_pulled() -> None:
    with pytest.raises(ValueError, match="frontTrunk"):
        PassiveBench().car.pull_handle("frontTrunk")


def test_a_busy_car_leaves_the_token_to_be_answered_again() -> None:
    bench = PassiveBench(busy=1)
    bench.car.pull_handle()
    token = bench.requests()[0].sessionInfo.token
    for _ in range(2):
        sealed = bench.key.seal(b"\x1a\x02\x08\x01", aad=token)
        sealed.signatureType = vcsec.SIGNATURE_TYPE_AES_GCM_TOKEN
        bench.link.write(frame(vcsec.ToVCSECMessage(signedMessage=sealed)))
    assert not bench.car.locked and bench.car.violations == []


def test_a_car_that_falls_asleep_asks_no_more() -> None:
    bench = PassiveBench()
    bench.car.pull_handle()
    bench.car.fall_asleep()
    bench.said_unasked()
    bench.wait(9)
    assert bench.said_unasked() == []


@pytest.mark.parametrize("form", ["plain", "signed"])
def test_a_level_above_the_permissions_of_its_key_is_not_kept(form: Form) -> None:
    bench = PassiveBench(form, require_role=False)
    key = bench.enrol_signed(role=0, permissions=(1,))
    assert bench.respond(DRIVE, key=key) == "UNAUTHORIZED"
    bench.car.pull_handle()
    assert bench.car.locked
