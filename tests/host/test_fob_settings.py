"""What the options of `fob provision` make of a fob's settings, and what of them cannot be."""

import json
from dataclasses import replace
from typing import Any

import pytest

from host_tools.board.catalogue import Buzzer, Vibration, load_board
from host_tools.failure import InputError
from host_tools.identity.plan import Request, make_plan
from host_tools.identity.plan_report import changes, warnings
from host_tools.identity.provision import provision
from host_tools.identity.settings import Configuration, is_outdated
from tests.fob_of_files import identity_of
from tests.interpreter import Interpreter

VIN = "5YJ3E1EA0KF000316"
BOARD = load_board("virtual")
LEGACY = {"protocol": "legacy"}
SOUNDS = replace(BOARD, buzzer=Buzzer("tone", 25), vibration=Vibration(26))


def fob(board: Any = BOARD, **settings: Any) -> dict[str, bytes]:
    return {**provision(VIN, board, **settings), "/fob/app.mpy": b""}


def after(files: dict[str, bytes], **request: Any) -> dict[str, Any]:
    """The fields of fob.json after a run."""
    plan = make_plan(identity_of(files), Request(**request), chip=None)
    first = plan.cars[1].car
    told = Configuration(plan.settings, tuple(plan.cars), first, plan.public or b"").file()
    return dict(json.loads(told))


def told(files: dict[str, bytes], **request: Any) -> list[tuple[str, str | None, str]]:
    identity = identity_of(files)
    plan = make_plan(identity, Request(**request), chip=None)
    return [(each.what, each.now, each.then) for each in changes(identity, plan)]


def test_a_gesture_is_mapped_changed_and_taken_away() -> None:
    mapped = after(
        fob(), gestures=["unlock triple=trunk:close+frunk:close", "lock hold=", "both hold=arm"]
    )
    assert mapped["gestures"] == {
        "lock": {"single": "lock"},
        "unlock": {
            "single": "unlock",
            "double": "trunk",
            "triple": "trunk:close+frunk:close",
        },
        "both": {"hold": "arm"},
    }
    assert mapped["actions"]["trunk:close+frunk:close"] == {
        "closureMoveRequest": {"rearTrunk": 4, "frontTrunk": 4}
    }
    assert mapped["actions"]["arm"] == {}
    assert "auto-secure" not in mapped["actions"]


def test_the_gestures_are_reset_before_others_are_mapped() -> None:
    files = fob(gestures={"lock": {"single": "lock"}, "unlock": {"single": "unlock"}})
    mapped = after(files, reset_gestures=True, gestures=["unlock double=frunk"])["gestures"]
    assert mapped["unlock"] == {"single": "unlock", "double": "frunk"}
    assert mapped["lock"]["hold"] == "auto-secure"


def test_a_change_of_gestures_is_told_one_by_one() -> None:
    assert told(fob(), gestures=["unlock double=frunk", "lock hold="]) == [
        ("lock hold", "auto-secure", "nothing"),
        ("unlock double", "trunk", "frunk"),
    ]
    assert told(fob(), gestures=["unlock double=trunk"]) == []


def test_default_gestures_follow_another_board_and_chosen_ones_have_to_fit() -> None:
    three = load_board("virtual3")
    assert "trunk" in after(fob(), board=three)["gestures"]
    chosen = fob(three, gestures={"trunk": {"single": "trunk"}})
    with pytest.raises(InputError, match=r"no button 'trunk'.*--gestures default"):
        after(chosen, board=BOARD)
    assert "trunk" not in after(chosen, board=BOARD, reset_gestures=True)["gestures"]


@pytest.mark.parametrize(
    ("gesture", "complaint"),
    [
        ("unlock", "maps no gesture"),
        ("horn single=lock", "no button 'horn'"),
        ("", "maps no gesture"),
        ("unlock=", "maps no gesture"),
        ("unlock double", "maps no gesture"),
        ("Unlock double=trunk", "no button 'Unlock'. It has: lock, unlock, both"),
        ("trunk double=trunk", "no button 'trunk'"),
        ("unlock quadruple=lock", "no gesture 'quadruple'"),
        ("both double=lock", "can only be held"),
        ("lock double=trunk+trunk:close", "'trunk' is named twice"),
        ("lock double=lock+unlock", "'lock' is no closure"),
        ("lock double=trunk:fly", "no closure can 'fly'"),
        ("lock double=trunk@1+frunk", "no number of a car"),
        ("lock double=lock@", "'' is no number of a car"),
        ("unlock double=honk", "no action 'honk'"),
        ("unlock double=trunk@7", "'7' is no number of a car"),
        ("unlock double=trunk@2", "for car 2, and the fob has none"),
    ],
)
def test_a_gesture_that_cannot_be_is_refused(gesture: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as refusal:
        after(fob(), gestures=[gesture])
    assert refusal.value.remedy


def test_passive_entry_is_switched_on_with_its_defaults_changed_and_switched_off() -> None:
    on = after(fob(), passive="unlock")["passive"]
    assert on == {"level": 1, "minutes": 5, "form": "auto", "secure_at_end": False}
    files = fob(passive=on)
    more = after(files, passive="drive", passive_more={"minutes": 30, "secure_at_end": True})
    assert more["passive"] == {"level": 2, "minutes": 30, "form": "auto", "secure_at_end": True}
    assert after(files, passive_more={"form": "token"})["passive"] == {**on, "form": "token"}
    assert after(files, passive="off")["passive"] is None


def test_who_allows_passive_entry_is_warned_of_relays() -> None:
    def warned(files: dict[str, bytes], **request: Any) -> str:
        identity = identity_of(files)
        asked = Request(**request)
        return " ".join(warnings(identity, asked, make_plan(identity, asked, chip=None)))

    on = {"level": 1, "minutes": 5, "form": "auto", "secure_at_end": False}
    assert "relayed" in warned(fob(), passive="unlock")
    assert "relayed" in warned(fob(passive=on), passive="drive")
    assert "relayed" not in warned(fob(passive=on), passive_more={"minutes": 9})


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"gestures": ["lock triple=arm"]}, "which is off: --passive unlock switches it on"),
        (
            {"passive": "unlock", "passive_more": {"form": "signed"}, "settings": LEGACY},
            "Car 1 is spoken to as legacy only, which has no answers of the form signed",
        ),
        ({"gestures": ["lock triple=arm"], "passive": "unlock", "settings": LEGACY}, None),
        ({"passive": "unlock", "passive_more": {"form": "token"}, "settings": LEGACY}, None),
    ],
)
def test_what_cannot_work_together_is_told(request_: dict[str, Any], said: str | None) -> None:
    identity, asked = identity_of(fob()), Request(**request_)
    told = warnings(identity, asked, make_plan(identity, asked, chip=None))
    relays = [each for each in told if "relayed" in each]
    in_vain = [each for each in told if each not in relays]
    assert (said in in_vain[0]) if said else not in_vain


def test_one_gesture_is_not_mapped_twice_in_a_run() -> None:
    with pytest.raises(InputError, match="lock double is mapped twice"):
        after(fob(), gestures=["lock double=trunk", "lock double=frunk"])


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        ({"passive_more": {"minutes": 9}}, "passive entry is off. Switch it on"),
        ({"passive": "off", "passive_more": {"minutes": 9}}, "is to be off. Leave"),
        ({"passive": "unlock", "passive_more": {"minutes": 61}}, "no number of minutes"),
        ({"passive": "unlock", "passive_more": {"form": "newest"}}, "no form of passive entry"),
    ],
)
def test_passive_entry_that_cannot_be_is_refused(request_: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        after(fob(), **request_)


def test_buzzer_and_motor_are_those_of_the_board_until_they_are_switched_off() -> None:
    board = after(fob(SOUNDS))["board"]
    assert board["buzzer"] == {"kind": "tone", "pin": 25, "inverted": False}
    assert board["vibration"] == {"pin": 26, "inverted": False}
    off = after(fob(SOUNDS), settings={"buzzer": "off"})
    assert (off["board"]["buzzer"], off["buzzer"]) == (None, "off")
    assert off["board"]["vibration"] is not None
    again = after(fob(SOUNDS, buzzer="off"), board=SOUNDS)
    assert again["board"]["buzzer"] is None


def test_a_buzzer_is_switched_on_again_by_what_the_board_is_known_to_have() -> None:
    board = load_board("m5stickc-plus")
    files = fob(board, buzzer="off")
    assert after(files, settings={"buzzer": "on"})["board"]["buzzer"] is not None
    with pytest.raises(InputError, match=r"has no buzzer.*\[buzzer\]"):
        after(fob(), settings={"buzzer": "on"})


def test_a_configuration_of_version_2_is_outdated_and_one_of_no_use_is_not() -> None:
    now = json.loads(fob()["/fob.json"])
    assert is_outdated(json.dumps(now | {"version": 2}).encode())
    assert not is_outdated(fob()["/fob.json"])
    assert not is_outdated(b"{")


def test_the_firmware_reads_all_of_it(interpreter: Interpreter) -> None:
    passive = {"level": 2, "minutes": 60, "form": "plain", "secure_at_end": True}
    gestures = {"lock": {"single": "lock"}, "both": {"hold": "battery-report@1"}}
    files = fob(SOUNDS, passive=passive, gestures=gestures, warn_open=True)
    read = interpreter.eval(
        "(lambda c: (c.gestures, c.actions, c.passive, c.warn_open,"
        " c.board['buzzer'], c.board['vibration']))"
        f"(load('fob.config').load({ {path[1:]: data for path, data in files.items()}!r}.get))"
    )
    assert read == (
        gestures,
        {"lock": {"RKEAction": 1}, "battery-report": {"keyfobInfo": {}}},
        passive,
        True,
        {"kind": "tone", "pin": 25, "inverted": False},
        {"pin": 26, "inverted": False},
    )
