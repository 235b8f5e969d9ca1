"""What a car says of itself, in words."""

from host_tools.advice import vehicle_status
from host_tools.advice.vehicle_status import car_rows, completed
from host_tools.protocol import vcsec_pb2 as vcsec

CLOSURES = dict.fromkeys(
    (field.name for field in vcsec.ClosureStatuses.DESCRIPTOR.fields), vehicle_status.CLOSED
)
STATUS = {
    "vehicleLockState": 1,
    "vehicleSleepStatus": 2,
    "userPresence": 1,
    "closureStatuses": CLOSURES,
    "rssi": -70,
}


def rows(**changes):
    return dict(car_rows({**STATUS, **changes}))


def test_a_locked_car_asleep_is_told_so():
    closed = {name: state for name, state in rows().items() if "door" in name or state == "closed"}
    assert len(closed) == len(CLOSURES) and set(closed.values()) == {"closed"}
    assert {name: state for name, state in rows().items() if name not in closed} == {
        "locks": "locked",
        "sleep": "asleep",
        "presence": "nobody in the car",
        "signal": "-70 dBm, good",
    }


def test_zeros_that_no_car_sends_are_filled_in():
    told = completed({"closureStatuses": {"frontTrunk": 1}, "rssi": None})
    assert dict(car_rows(told))["locks"] == "unlocked"
    assert told["closureStatuses"] == {**CLOSURES, "frontTrunk": 1}
    assert dict(car_rows(completed({})))["frunk"] == "closed"


def test_every_closure_is_named_with_how_it_is():
    told = rows(closureStatuses={**CLOSURES, "frontTrunk": 1, "rearDriverDoor": 2})
    assert told["rear door on the driver's side"] == "ajar"
    assert told["frunk"] == "open"
    assert told["trunk"] == "closed"


def test_a_tonneau_cover_says_how_far_it_is_open():
    assert "tonneau cover open" not in rows()
    assert rows(detailedClosureStatus={"tonneauPercentOpen": 40})["tonneau cover open"] == "40 %"


def test_every_name_and_number_of_the_protocol_has_words():
    for name in CLOSURES:
        assert name not in rows(closureStatuses={name: 1})
    for key, enum in (
        ("vehicleLockState", vcsec.VehicleLockState_E),
        ("vehicleSleepStatus", vcsec.VehicleSleepStatus_E),
        ("userPresence", vcsec.UserPresence_E),
    ):
        for number in enum.values():
            assert "number" not in str(rows(**{key: number})), (key, number)
    for number in vcsec.ClosureState_E.values():
        assert "number" not in rows(closureStatuses={"frontTrunk": number})["frunk"]


def test_a_number_that_is_not_known_is_shown():
    assert rows(vehicleLockState=9)["locks"] == "number 9"
