"""What an action's content becomes, and what it leads to."""

import codes
from running_app import Power

from fob import actions

MILLIVOLTS = bytes([2 << 3]) + b"\xf4\x1c"  # 3700
KEYFOB_INFO = b"\xba\x01"  # field 23, length-delimited


def test_an_action_may_name_the_car_it_is_for():
    assert actions.parted("trunk") == ("trunk", None)
    assert actions.parted("trunk:close@3") == ("trunk:close", 3)


def test_an_action_without_a_number_is_encoded_all_the_same():
    unlock = actions.unsigned({"RKEAction": codes.RKE_ACTION_UNLOCK}, Power())
    assert unlock == b"\x10\x00"


def test_a_battery_report_tells_what_was_measured():
    report = actions.unsigned({"keyfobInfo": {}}, Power(3700, temperature_c=21))
    assert report == KEYFOB_INFO + b"\x05" + MILLIVOLTS + b"\x18\x15"


def test_a_battery_report_from_the_cold():
    report = actions.unsigned({"keyfobInfo": {}}, Power(3700, temperature_c=-1))
    # proto3 writes a negative int32 as 64 bits.
    assert report == KEYFOB_INFO + b"\x0e" + MILLIVOLTS + b"\x18" + b"\xff" * 9 + b"\x01"


def test_what_a_board_cannot_measure_is_left_out():
    assert actions.unsigned({"keyfobInfo": {}}, Power(3700)) == KEYFOB_INFO + b"\x03" + MILLIVOLTS
    assert actions.unsigned({"keyfobInfo": {}}, Power()) == KEYFOB_INFO + b"\x00"


def test_a_battery_report_with_figures_of_its_own_tells_those():
    content = {"keyfobInfo": {"batteryVoltage_mV": 3700}}
    assert actions.unsigned(content, Power(3000)) == KEYFOB_INFO + b"\x03" + MILLIVOLTS


def test_lock_unlock_and_auto_secure_lead_to_a_lock_state():
    states = [actions.lock_state({"RKEAction": action}) for action in (0, 1, 29)]
    unlocked, locked = codes.VEHICLELOCKSTATE_UNLOCKED, codes.VEHICLELOCKSTATE_LOCKED
    assert states == [unlocked, locked, locked]


def test_anything_else_leads_to_none():
    for content in ({"RKEAction": 20}, {"closureMoveRequest": {"rearTrunk": 1}}, {}):
        assert actions.lock_state(content) is None and not actions.locks(content)


def test_lock_and_auto_secure_lock_and_unlock_does_not():
    assert [actions.locks({"RKEAction": action}) for action in (1, 29, 0)] == [True, True, False]
