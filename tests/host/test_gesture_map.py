"""Which button does what: the map that fob.json holds."""

import pytest

from host_tools.failure import InputError
from host_tools.identity import gestures

TWO = ("lock", "unlock")
THREE = (*TWO, "trunk")
DEFAULTS = gestures.default_gestures(TWO)


def test_two_buttons_lock_unlock_secure_and_open_the_trunk():
    assert DEFAULTS == {
        "lock": {"single": "lock", "hold": "auto-secure"},
        "unlock": {"single": "unlock", "double": "trunk"},
    }


@pytest.mark.parametrize("fourth", ["frunk", "charge"])
def test_with_more_buttons_neither_lock_nor_unlock_has_to_tell_presses_apart(fourth):
    for buttons in (THREE, (*THREE, fourth)):
        chosen = gestures.default_gestures(buttons)
        assert "double" not in chosen["lock"] and "double" not in chosen["unlock"]
        assert set(chosen) == set(buttons)


def test_no_single_press_nor_hold_opens_a_trunk_or_a_frunk():
    chosen = gestures.default_gestures((*THREE, "frunk", "charge"))
    for mapped in chosen.values():
        for gesture, action in mapped.items():
            assert gesture == "double" or action not in ("trunk", "frunk")


def test_a_button_of_an_unknown_name_does_nothing_by_itself():
    assert gestures.default_gestures((*TWO, "garage")) == DEFAULTS


def test_a_caller_may_change_the_defaults_it_was_given():
    gestures.default_gestures(TWO)["lock"]["single"] = "wake"
    assert gestures.default_gestures(TWO) == DEFAULTS


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("unlock double=trunk", ("unlock", "double", "trunk")),
        ("  lock   hold = auto-secure@2 ", ("lock", "hold", "auto-secure@2")),
        ("both hold=trunk:close+frunk:close", ("both", "hold", "trunk:close+frunk:close")),
        ("lock hold=", ("lock", "hold", None)),
    ],
)
def test_a_gesture_is_read_as_people_write_it(text, parsed):
    assert gestures.parse_gesture(text, TWO) == parsed


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "maps no gesture"),
        ("lock", "maps no gesture"),
        ("lock=lock", "maps no gesture"),
        ("lock hold auto-secure", "maps no gesture"),
        ("trunk single=trunk", "no button 'trunk'. It has: lock, unlock, both."),
        ("lock long=lock", "no gesture 'long'"),
        ("both single=lock", "can only be held"),
        ("lock hold=trunc", "no action 'trunc'"),
        ("lock hold=lock@", "'' is no number of a car"),
        ("lock hold=lock@5", "'5' is no number of a car"),
        ("lock hold=lock@0", "'0' is no number of a car"),
        ("lock hold=lock@1@2", "is no number of a car"),
    ],
)
def test_a_gesture_that_cannot_be_is_told_in_one_line(text, problem):
    with pytest.raises(InputError) as error:
        gestures.parse_gesture(text, TWO)
    assert problem in str(error.value)


def test_both_is_for_fobs_that_have_lock_and_unlock():
    with pytest.raises(InputError, match="no button 'both'"):
        gestures.parse_gesture("both hold=wake", ("lock", "trunk"))


@pytest.mark.parametrize(
    "broken",
    [None, [], {"lock": "lock"}, {"lock": {"single": 1}}, {"door": {}, "lock": {"x": "lock"}}],
)
def test_a_map_from_a_file_is_looked_at(broken):
    with pytest.raises(InputError):
        gestures.check_gestures(broken, TWO)


def test_the_defaults_are_sound():
    gestures.check_gestures(DEFAULTS, TWO)


def test_what_the_names_mean_is_told_once_and_without_the_car():
    used = gestures.used_actions({"lock": {"single": "lock@2", "hold": "lock"}, "both": {}})
    assert used == {"lock": {"RKEAction": 1}}


def test_the_cars_that_gestures_name_are_known():
    assert gestures.used_cars(DEFAULTS) == set()
    assert gestures.used_cars({"lock": {"single": "lock@2", "hold": "lock@3"}}) == {2, 3}


def test_the_table_tells_every_gesture_in_order():
    told = gestures.rows({**DEFAULTS, "both": {"hold": "trunk:close@2"}})
    assert told[:5] == [
        ("lock, once", "lock: locks the car"),
        ("lock, held", "auto-secure: locks as when you walk away, windows included"),
        ("unlock, once", "unlock: unlocks the car"),
        ("unlock, twice", "trunk: opens or closes the trunk"),
        ("lock and unlock, held", "trunk:close on car 2: closes the trunk"),
    ]


def test_the_table_shows_an_action_of_another_version_as_it_is():
    assert gestures.rows({"lock": {"single": "honk@9"}})[0] == ("lock, once", "honk@9")
