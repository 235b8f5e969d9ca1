"""What came of a press, in words."""

import pytest

from host_tools.advice import press_report
from host_tools.advice.press_report import (
    check_arming,
    check_buttons,
    done,
    failed,
    light,
    no_gesture,
)
from host_tools.failure import Failure, InputError


def test_a_button_that_the_fob_does_not_have_is_wrong_input():
    with pytest.raises(InputError, match=r"no button 'trunk'. It has: lock, unlock."):
        check_buttons(["unlock", "trunk"], {"unlock": 1, "lock": 2})


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("done", "one long flash"),
        ("not-found", "three short flashes"),
        ("state", "long, short, pause, repeating"),
        (None, None),
    ],
)
def test_the_light_is_that_of_the_outcome(outcome, words):
    assert light(outcome) == words


def test_holding_buttons_is_told_from_pressing_them():
    assert "paired" in done("pair done in 2100 ms")
    assert done("unlock done in 340 ms") == "Done: the car confirmed it."


def test_something_open_after_a_lock_is_told_as_the_light_does():
    text = "lock done in 340 ms, something is open"
    assert light("done", text) == "two long flashes"
    assert "`fob status --car`" in done(text)
    assert light("done", "lock done in 340 ms") == "one long flash"


def test_from_here_nothing_is_armed():
    mapped = {"lock": {"triple": "arm@2"}, "both": {"hold": "arm"}}
    status = {"passive": {"level": 1}, "gestures": mapped}
    for names, hold, times in ((["lock"], None, 3), (["unlock", "lock"], 2.0, 1)):
        with pytest.raises(Failure, match=r"a press from here does not. Press the button itself."):
            check_arming(names, hold, status, times)
    check_arming(["lock"], None, status, 1)
    check_arming(["lock"], None, {**status, "passive": None}, 3)


def test_a_failure_has_the_remedy_of_its_code():
    failure = failed("not-found", "unlock failed (not-found): the car was not heard")
    assert failure.problem == "unlock failed: the car was not heard"
    assert "Go nearer" in failure.remedy


@pytest.mark.parametrize(
    ("names", "hold", "why"),
    [
        (["lock", "unlock"], None, "unless they are held"),
        (["lock", "unlock"], 3.5, "paired already"),
        (["lock"], 0.1, "press guard is 300 ms"),
        (["third"], 0.5, "the button third does nothing when it is pressed once"),
        (["third"], 2.0, "'third hold=ACTION'"),
    ],
)
def test_a_press_that_is_no_gesture_says_why(names, hold, why):
    assert why in str(no_gesture(names, hold, {"press_guard_ms": 300}))


def test_presses_in_a_row_that_mean_nothing_are_named():
    told = str(no_gesture(["unlock"], None, {}, times=3))
    assert "pressed three times" in told and "'unlock triple=ACTION'" in told


def test_the_light_asks_for_the_laptop_after_the_errors_that_the_firmware_says(interpreter):
    interpreter.exec(
        "from fob import errors\n"
        "def needing():\n"
        "    kinds = [getattr(errors, name) for name in dir(errors)]\n"
        "    return sorted(kind.code for kind in kinds if getattr(kind, 'needs_laptop', False))"
    )
    assert interpreter.eval("needing()") == sorted(press_report._NEEDS_LAPTOP)


def test_a_hold_is_as_long_as_in_the_firmware(interpreter):
    interpreter.exec("from fob import gestures")
    assert interpreter.eval("gestures.HOLD_MS") == press_report._HOLD_SECONDS * 1000
