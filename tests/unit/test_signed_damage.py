"""Damage to any part of a car's answer: it costs time, and neither confirms nor teaches."""

from scripted_car import UNLOCK, UNLOCKED, status, unlock
from scripted_signed_car import SignedCar, SignedFob, done, info, said, warm

from fob.cache import ENCRYPTS, SIGNED
from fob.errors import FobError

# Every bit of a message would take a minute.
_STRIDE = 7
# An empty payload may as well be missing: of this one, every bit counts.
success = said(status(UNLOCKED))


def damaged(answer, bit):
    """An answer with one bit of it wrong; where it is over, nothing is."""

    def step(request):
        message = bytearray(answer(request))
        message[bit // 8 % len(message)] ^= 1 << bit % 8
        return bytes(message)

    return step


def cut(answer, missing):
    return lambda request: answer(request)[:-missing]


async def failing(fob):
    """A press that must not be confirmed; whatever stops it has to be the firmware's own error."""
    try:
        await unlock(fob)
    except FobError:
        return
    raise AssertionError("confirmed")


def kept(fob):
    sessions, traits, clock, files = fob.state()
    return sessions, traits, clock, files.get("session")


async def test_no_damaged_success_confirms():
    for bit in range(0, 8 * 96, _STRIDE):
        vehicle = SignedCar(on_signed=[(damaged(success, bit),)] * 9)
        fob = await warm(vehicle)
        before = kept(fob)[:2]
        await failing(fob)
        assert vehicle.commands and kept(fob)[:2] == before, bit


async def test_no_damaged_session_info_is_used():
    for bit in range(0, 8 * 160, _STRIDE):
        vehicle = SignedCar(on_info=[(damaged(info(), bit),)] * 9)
        fob = SignedFob(vehicle, traits=SIGNED | ENCRYPTS)
        before = kept(fob)
        await failing(fob)
        assert vehicle.counters == [] and kept(fob) == before, bit


async def test_a_success_behind_a_damaged_one_confirms():
    for bit in range(0, 8 * 96, 5 * _STRIDE):
        vehicle = SignedCar(on_signed=[(damaged(success, bit), 50, done)])
        await unlock(await warm(vehicle))
        assert vehicle.commands == [UNLOCK], bit


async def test_no_part_of_an_answer_is_an_answer():
    for missing in range(1, 66, 4):
        vehicle = SignedCar(on_signed=[(cut(success, missing),)] * 9)
        await failing(await warm(vehicle))
        vehicle = SignedCar(on_info=[(cut(info(), missing),)] * 9)
        await failing(SignedFob(vehicle))
        assert vehicle.counters == [], missing
