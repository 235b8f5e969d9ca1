"""What a laptop has the fob do with its car, and which car that is."""

from binascii import hexlify

import codes
from expect import raises
from scripted_car import LOCKED, OK, PUBLIC_KEY, UNLOCK, Car, Fob, settings, status
from test_config import cars

from fob import errands, keychain
from fob.errors import ConfigError, TimedOut

ASLEEP = {
    "vehicleStatus": {
        "vehicleLockState": LOCKED,
        "vehicleSleepStatus": codes.VEHICLE_SLEEP_STATUS_ASLEEP,
        "closureStatuses": {"rearTrunk": codes.CLOSURESTATE_OPEN},
    }
}


class Supply:
    def battery_mv(self):
        return 3700

    def temperature_c(self):
        return 21


class Settings:
    """Of one car, which `asked` records."""

    def __init__(self, asked):
        self.asked = asked

    def car(self, number=None):
        self.asked.append(number)
        return settings()


class Parts:
    supply = Supply()

    def __init__(self, vehicle, asked):
        self.settings = Settings(asked)
        self._vehicle = vehicle

    def vehicle(self, car):
        return self._vehicle


class Board:
    """`asked` are the numbers of the cars that were asked for."""

    def __init__(self, car):
        self.fob = Fob(car, met=True)
        self.radio = self.fob.radio
        self.asked = []

    def parts(self):
        return Parts(self.fob.vehicle, self.asked)


def run(board, errand, **arguments):
    """Return (result, what was told)."""
    lines = []
    return errands.CALLS[errand](board, lines.append, **arguments), lines


def test_what_is_sent_is_carried_out():
    board = Board(Car(on_sealed=[(OK,)]))
    result, _ = run(board, "send", content={"RKEAction": codes.RKE_ACTION_UNLOCK})
    assert board.fob.radio.car.plaintexts == [UNLOCK]
    assert not result["open"] and result["ms"] >= 0


def test_the_battery_is_reported_with_what_was_measured():
    board = Board(Car(on_sealed=[(OK,)]))
    run(board, "send", content={"keyfobInfo": {}})
    # Field 23 of length 5: 3700 in field 2, 21 in field 3.
    assert board.fob.radio.car.plaintexts == [b"\xba\x01\x05\x10\xf4\x1c\x18\x15"]


def test_a_car_tells_its_status():
    board = Board(Car(on_status=[(ASLEEP,)]))
    result, _ = run(board, "car_status")
    assert result == dict(ASLEEP["vehicleStatus"], rssi=-61)


def test_of_a_sleeping_car_that_does_not_answer_its_first_words_count():
    board = Board(Car(on_connect=[(ASLEEP,)], on_status=[(), (), ()]))
    result, _ = run(board, "car_status")
    assert result == dict(ASLEEP["vehicleStatus"], rssi=-61)


class Silent:
    """A dialogue with a car that does not answer."""

    async def status(self):
        raise TimedOut("no answer in time")


def test_a_car_that_answers_in_neither_protocol_is_an_error():
    board = Board(Car())
    tried = []

    def dialogue(exchange, signed):
        tried.append(bool(signed))
        return Silent()

    board.fob.vehicle.dialogue = dialogue
    raises(TimedOut, run, board, "car_status")
    assert tried == [False, True]


def test_the_car_that_is_asked_for_is_used():
    board = Board(Car(on_status=[(status(LOCKED),)] * 2))
    run(board, "car_status", car=3)
    run(board, "car_status")
    assert board.asked == [3, None]


def test_a_car_that_there_is_not_asks_for_the_laptop():
    assert raises(ConfigError, cars(1).car, 3).needs_laptop


async def two_keys(vehicle, report):
    for slot, key in enumerate((bytes(65), PUBLIC_KEY)):
        report(slot, b"\x12\x43\x0a\x41" + key)
    return b"\x18\x03"


def test_keys_are_told_one_by_one_and_ours_is_marked():
    genuine, keychain.read = keychain.read, two_keys
    try:
        result, lines = run(Board(Car()), "keys")
    finally:
        keychain.read = genuine
    assert result == {"info": "1803"}
    told = [(line["event"], line["slot"], line["ours"]) for line in lines]
    assert told == [("key", 0, False), ("key", 1, True)]
    assert lines[1]["entry"] == "12430a41" + hexlify(PUBLIC_KEY).decode()
