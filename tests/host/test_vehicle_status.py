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
    assert rows() == {
        "locks": "locked",
        "open": "nothing",
        "sleep": "asleep",
        "presence": "nobody in the car",
        "signal": "-70 dBm, good",
    }


def test_zeros_that_no_car_sends_are_filled_in():
    told = completed({"closureStatuses": {"frontTrunk": 1}, "rssi": None})
    assert dict(car_rows(told))["locks"] == "unlocked"
    assert told["closureStatuses"] == {**CLOSURES, "frontTrunk": 1}
    assert dict(car_rows(completed({})))["open"] == "nothing"


def test_every_closure_that_is_not_closed_is_named_with_how():
    told = rows(closureStatuses={**CLOSURES, "frontTrunk": 1, "rearDriverDoor": 2})
    assert told["open"] == "rear door on the driver's side (ajar), frunk"


def test_every_name_and_number_of_the_protocol_has_words():
    for name in CLOSURES:
        assert rows(closureStatuses={name: 1})["open"] != name
    for key, enum in (
        ("vehicleLockState", vcsec.VehicleLockState_E),
        ("vehicleSleepStatus", vcsec.VehicleSleepStatus_E),
        ("userPresence", vcsec.UserPresence_E),
    ):
        for number in enum.values():
            assert "number" not in str(rows(**{key: number})), (key, number)
    for number in vcsec.ClosureState_E.values():
        assert "number" not in rows(closureStatuses={"frontTrunk": number})["open"]


def test_a_number_that_is_not_known_is_shown():
    assert rows(vehicleLockState=9)["locks"] == "number 9"
