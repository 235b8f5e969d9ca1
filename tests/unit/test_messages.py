"""Requests and answers of VCSEC; whole frames are compared with the vectors in tests/host."""

import codes
from expect import raises

from fob import messages
from fob.errors import DecodeError


def test_an_unlock_is_written_though_it_is_zero():
    assert messages.unsigned({"RKEAction": codes.RKE_ACTION_UNLOCK}) == b"\x10\x00"


def test_a_lock_is_rke_action_one():
    assert messages.unsigned({"RKEAction": codes.RKE_ACTION_LOCK}) == b"\x10\x01"


def test_authentication_level_none_is_an_empty_message_that_is_written():
    level = codes.AUTHENTICATION_LEVEL_NONE
    assert messages.authentication_response(level) == b"\x1a\x00"


def test_a_status_request_is_an_empty_information_request():
    assert messages.information_request({}) == b"\x12\x02\x0a\x00"


def test_an_answer_that_is_cut_short_is_an_error():
    raises(DecodeError, messages.read, b"\x22\x02\x08")


def test_an_unknown_answer_is_a_message_without_known_fields():
    assert messages.read(b"\x92\x01\x02\x0a\x00") == {}


def test_a_denial_is_read():
    assert messages.read(b"\xf2\x02\x02\x08\x05") == {
        "nominalError": {"genericError": codes.GENERICERROR_VEHICLE_NOT_IN_PARK}
    }


def test_a_status_without_a_lock_state_says_unlocked():
    assert messages.lock_state({}) == codes.VEHICLELOCKSTATE_UNLOCKED


def test_a_status_with_a_lock_state_says_that():
    status = messages.read(b"\x0a\x02\x10\x01")["vehicleStatus"]
    assert messages.lock_state(status) == codes.VEHICLELOCKSTATE_LOCKED
    assert messages.lock_state({"vehicleLockState": 77}) == 77


def test_what_the_whitelist_answers_hold_is_left_to_whoever_asked():
    assert messages.read(b"\x82\x01\x02\x08\x01") == {"whitelistInfo": b"\x08\x01"}
    assert messages.read(b"\x8a\x01\x00") == {"whitelistEntryInfo": b""}


def test_a_status_tells_every_closure_the_sleep_and_who_is_there():
    assert messages.read(b"\x0a\x0c\x0a\x04\x08\x01\x40\x02\x10\x01\x18\x02\x20\x02")[
        "vehicleStatus"
    ] == {
        "closureStatuses": {"frontDriverDoor": 1, "tonneau": 2},
        "vehicleLockState": 1,
        "vehicleSleepStatus": 2,
        "userPresence": 2,
    }
    assert messages.read(b"\x0a\x04\x2a\x02\x08\x32") == {
        "vehicleStatus": {"detailedClosureStatus": {"tonneauPercentOpen": 50}}
    }
