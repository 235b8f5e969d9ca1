"""Actions by their names: what they say, compared with the official classes."""

import pytest
from google.protobuf import json_format

from host_tools.failure import InputError
from host_tools.identity import actions
from host_tools.protocol import vcsec_pb2 as vcsec

ALL = [name for row in actions.catalogue() for name in row.names]


def encoded(name):
    message = vcsec.UnsignedMessage()
    json_format.ParseDict(actions.content(name), message)
    return message.SerializeToString().hex()


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("unlock", "1000"),
        ("lock", "1001"),
        ("remote-drive", "1014"),
        ("auto-secure", "101d"),
        ("wake", "101e"),
        ("trunk", "22022801"),
        ("trunk:close", "22022804"),
        ("frunk", "22023001"),
        ("charge-port:open", "22023803"),
        ("charge-port", "22023803"),
        ("authenticate:none", "1a00"),
        ("authenticate:drive", "1a020802"),
        ("battery-report", "ba0100"),
        ("arm", ""),
    ],
)
def test_an_action_says_what_is_published_of_it(name, wire):
    assert encoded(name) == wire


def test_several_closures_go_into_one_message_as_in_the_documentation():
    message = vcsec.UnsignedMessage()
    message.closureMoveRequest.frontPassengerDoor = vcsec.CLOSURE_MOVE_TYPE_OPEN
    message.closureMoveRequest.rearTrunk = vcsec.CLOSURE_MOVE_TYPE_CLOSE
    wire = message.SerializeToString().hex()
    assert encoded("front-passenger-door:open+trunk:close") == wire


def test_a_distance_is_told_only_where_it_was_given():
    near = actions.content("authenticate:unlock")["authenticationResponse"]
    assert near == {"authenticationLevel": 1}
    far = actions.content("authenticate:unlock:0")["authenticationResponse"]
    assert far == {"authenticationLevel": 1, "estimatedDistance": 0}


def test_every_rke_action_of_the_documentation_has_a_name():
    documented = {
        number for number in vcsec.RKEAction_E.values() if number <= vcsec.RKE_ACTION_WAKE_VEHICLE
    }
    assert set(actions.rke_numbers().values()) == documented
    for area in ("top", "back", "front", "left", "right"):
        for press in ("single", "double", "triple", "hold"):
            symbol = f"RKE_ACTION_{press}_PRESS_{area}".replace("hold_PRESS", "hold").upper()
            assert actions.rke_numbers()[f"{area}-{press}"] == vcsec.RKEAction_E.Value(symbol)


def test_every_closure_can_make_every_move_of_the_documentation():
    for field in vcsec.ClosureMoveRequest.DESCRIPTOR.fields:
        for number in range(vcsec.CLOSURE_MOVE_TYPE_MOVE, vcsec.CLOSURE_MOVE_TYPE_CLOSE + 1):
            wanted = {"closureMoveRequest": {field.name: number}}
            assert any(actions.content(name) == wanted for name in ALL), wanted


@pytest.mark.parametrize("name", ALL)
def test_every_row_is_a_message_and_has_words(name):
    encoded(name)
    assert "RKE" not in actions.does(name)
    assert actions.does(name)[0].islower()


def test_the_contents_of_an_action_are_the_callers_own():
    actions.content("battery-report")["keyfobInfo"]["appCRC"] = b"x"
    assert actions.content("battery-report") == {"keyfobInfo": {}}


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "no action ''"),
        ("trunc", "Did you mean trunk?"),
        ("lock+unlock", "'lock' is no closure, and only those are joined by +"),
        ("trunk:close+battery-report", "'battery-report' is no closure"),
        ("lock:open", "no action 'lock:open'"),
        ("trunk:", "no closure can ''"),
        ("trunk:fly", "Take one of: move, stop, open, close."),
        ("trunk+trunk:close", "'trunk' is named twice"),
        ("trunk+", "'' is no closure"),
        ("authenticate", "no level ''"),
        ("authenticate:all", "no level 'all'"),
        ("authenticate:drive:", "'' is no distance"),
        ("authenticate:drive:-1", "'-1' is no distance"),
        ("authenticate:drive:4294967296", "is no distance"),
        ("authenticate:drive:٣", "is no distance"),
        ("LOCK", "no action 'LOCK'. Did you mean lock?"),
        ("x" * 161, "too long"),
        ("nothing like it", "`fob send --list`"),
    ],
)
def test_a_name_that_is_none_is_told_in_one_line(name, problem):
    with pytest.raises(InputError) as error:
        actions.content(name)
    assert problem in str(error.value)
