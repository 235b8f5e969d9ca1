"""Whatever a car says, in whatever order: the same few promises hold for every press."""

import virtual_time
from scripted_car import (
    ERROR,
    HANG_UP,
    LOCK,
    LOCKED,
    OK,
    OTHER_SHARED_KEY,
    OTHER_VEHICLE_KEY,
    UNLOCK,
    UNLOCKED,
    all_down,
    fault,
    status,
)
from scripted_signed_car import (
    KEYS,
    LATER_EPOCH,
    SignedCar,
    SignedFob,
    broadcast,
    clear,
    correction,
    done,
    info,
    refusal,
    said,
)

from fob import pairing
from fob.cache import ENCRYPTS, SIGNED
from fob.errors import FobError

PRESSES = 300
TRUNK = b"\x10\x02"
OTHER_KEYS = OTHER_VEHICLE_KEY, OTHER_SHARED_KEY
COMMANDS = (UNLOCK, UNLOCKED), (LOCK, LOCKED), (TRUNK, None)
WAITING = {"commandStatus": {"operationStatus": 1}}
DENIED = {"nominalError": {"genericError": 2}}


def pretended(request):
    """Success that is signed, with a key that the car never had."""
    if request.signature:
        return request.encrypted(shared_key=OTHER_SHARED_KEY)
    return clear({})(request)


STRANGER = info(keys=OTHER_KEYS)
LIES = (
    info(tag=b""),
    info(tag=bytes(32)),
    info(uuid=bytes(16)),
    info(keys=OTHER_KEYS, clock_time=0xFFFFFFFF, counter=70000),
    info(keys=OTHER_KEYS, epoch=LATER_EPOCH, counter=0xFFFFFFFF),
    correction(15, keys=OTHER_KEYS, clock_time=0xFFFFFFFF),
    correction(17, tag=b""),
    refusal(5),
    refusal(3),
    refusal(7),
    refusal(25),
    refusal(1),
    clear({}),
    clear({"commandStatus": {}}),
    clear(status(UNLOCKED)),
    clear(status(LOCKED)),
    clear(WAITING),
    clear(DENIED),
    clear({}, to_destination={"routing_address": bytes(16)}),
    clear({}, from_destination={"domain": 3}),
    lambda request: b"\xff\xff",
    lambda request: request.answer(protobuf_message_as_bytes=b"\xff"),
    status(UNLOCKED),
    status(LOCKED),
    broadcast(status(UNLOCKED)),
    broadcast(status(LOCKED)),
    OK,
    ERROR,
    fault(6),
    fault(3, 70000),
    b"\xff\xff\xff",
    HANG_UP,
) + 6 * (STRANGER, pretended)


class Dice:
    """The same numbers in every run."""

    def __init__(self):
        self._state = 1

    def __call__(self, sides):
        self._state = (self._state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._state >> 8) % sides

    def pick(self, choices):
        return choices[self(len(choices))]


class Storm(SignedCar):
    """A car whose answers are drowned in others; `vouched` counts its own to a sealed message."""

    def __init__(self, dice):
        super().__init__(legacy=True)
        self._dice = dice
        self._truths = {
            "signed": (self._vouching(done), self._vouching(said(status(LOCKED), 2)), info()),
            "info": (info(),),
        }
        self.vouched = 0

    def next(self, kind):
        steps = []
        for _ in range(self._dice(4)):
            steps.append(self._dice.pick((0, 10, 200, 900, 1600)))
            truths = self._truths.get(kind)
            if truths and self._dice(2):
                steps.append(self._dice.pick(truths))
            else:
                lie = self._dice.pick(LIES)
                if not callable(lie) or kind in ("info", "signed", "plain"):
                    steps.append(lie)
        return steps

    def _vouching(self, answer):
        def step(request):
            # What is sealed for somebody else means nothing to it.
            self.vouched += self.heard[-1][0] == "signed"
            return answer(request)

        return step


async def weather(vehicle, fob, dice, holds):
    """Press and press: what every press promises, and holds(confirmed) after each one.

    Returns how many were confirmed.
    """
    successes = 0
    for _ in range(PRESSES):
        vehicle.then()
        vehicle.vouched = 0
        started = virtual_time.ticks_ms()
        command, lock_state = dice.pick(COMMANDS)
        try:
            await fob.vehicle.perform(command, lock_state)
            confirmed = True
        except FobError:
            confirmed = False
        assert all_down(fob)
        assert virtual_time.ticks_diff(virtual_time.ticks_ms(), started) < 60000
        assert len(vehicle.counters) <= 25
        sealed = [entry[0] for entry in vehicle.heard if entry[0] in ("signed", "unreadable")]
        for kind, lifetime in zip(sealed, vehicle.lifetimes):
            assert kind == "unreadable" or lifetime < 15, "a liar said when a message expires"
        assert vehicle.counters == sorted(set(vehicle.counters))
        vehicle.counters[:] = vehicle.counters[-1:]
        for log in (fob.radio.links, fob.radio.dialled, fob.flash.writes, vehicle.identities):
            log.clear()
        holds(confirmed)
        successes += confirmed
        if dice(5) == 0:
            fob.guard.confirm()
        dice.pick((fob.wake, fob.start, lambda: fob.sleep(dice(40000)), lambda: None))()
    return successes


async def test_only_the_car_itself_confirms_in_any_storm():
    dice = Dice()
    vehicle = Storm(dice)
    fob = SignedFob(vehicle, traits=SIGNED | ENCRYPTS)
    anchor = fob.cache.sessions[-1]

    def holds(confirmed):
        assert vehicle.vouched or not confirmed, "a liar lit done"
        assert not {"session", "sealed", "status"} & set(vehicle.kinds), "spoke the older protocol"
        assert fob.cache.sessions[-1] == anchor and fob.cache.traits == SIGNED | ENCRYPTS

    assert await weather(vehicle, fob, dice, holds) > PRESSES // 20


async def test_an_older_car_becomes_a_newer_one_in_any_storm_and_stays_one():
    dice = Dice()
    vehicle = Storm(dice)
    fob = SignedFob(vehicle, traits=0)
    anchor = fob.cache.sessions[-1]
    became = []

    def holds(_):
        signed = fob.cache.traits & SIGNED
        assert fob.cache.sessions[-1] == anchor and (signed or not became)
        if became:
            assert not {"session", "sealed", "status"} & set(vehicle.kinds)
        elif signed:
            became.append(True)

    await weather(vehicle, fob, dice, holds)
    assert became


async def test_pairing_ends_in_any_storm_with_a_key_that_proved_itself():
    dice = Dice()
    successes = 0
    for _ in range(PRESSES // 20):
        vehicle = Storm(dice)
        fob = SignedFob(vehicle, paired=False, met=False)
        started = virtual_time.ticks_ms()
        try:
            await pairing.pair(fob.vehicle, fob.config, lambda text: None)
        except FobError:
            assert fob.cache.sessions == []
        else:
            successes += 1
            assert fob.cache.sessions in ([KEYS], [OTHER_KEYS])
        assert all_down(fob)
        assert virtual_time.ticks_diff(virtual_time.ticks_ms(), started) < 75000
        assert vehicle.counters == sorted(set(vehicle.counters))
    assert successes
