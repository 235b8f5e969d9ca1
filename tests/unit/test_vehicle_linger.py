"""A link that is left open behind a conversation, for the next one."""

import asyncio

import codes
from expect import awaiting
from scripted_car import (
    HANG_UP,
    LOCK,
    LOCKED,
    OK,
    UNLOCK,
    UNLOCKED,
    Car,
    Fob,
    all_down,
    unlock,
)
from virtual_time import elapsed

from fob.errors import LinkError

OPEN = codes.CLOSURESTATE_OPEN
AJAR = codes.CLOSURESTATE_AJAR
UNKNOWN = codes.CLOSURESTATE_UNKNOWN


def lingering(*sealed, **script):
    fob = Fob(Car(on_sealed=list(sealed), **script), met=True)
    fob.vehicle.lingers = True
    return fob


async def test_without_being_asked_to_no_link_is_left_open():
    fob = Fob(Car(on_sealed=[(OK,)]), met=True)
    await unlock(fob)
    assert not fob.vehicle.linked and all_down(fob)


async def test_a_link_that_lingers_serves_the_next_command():
    fob = lingering((OK,), (OK,))
    await unlock(fob)
    assert fob.vehicle.linked
    assert await elapsed(fob.vehicle.perform(LOCK, LOCKED)) < 100
    assert len(fob.radio.links) == 1 and not all_down(fob)


async def test_letting_go_takes_the_link_down():
    fob = lingering((OK,))
    await unlock(fob)
    await fob.vehicle.let_go()
    assert all_down(fob) and not fob.vehicle.linked
    await fob.vehicle.let_go()


async def test_a_link_that_went_down_meanwhile_costs_a_connection():
    fob = lingering((OK, 50, HANG_UP), (OK,))
    await unlock(fob)
    await asyncio.sleep_ms(100)
    await fob.vehicle.perform(LOCK, LOCKED)
    assert len(fob.radio.links) == 2


async def test_a_command_that_fails_leaves_no_link():
    fob = lingering((), ())
    await awaiting(LinkError, fob.vehicle.perform(b"\x10\x02"))
    assert all_down(fob) and not fob.vehicle.linked


async def test_a_command_may_be_decided_while_the_car_is_connected():
    fob = lingering((OK,))

    async def decided():
        assert fob.radio.links[-1].requests == ["cccd"]
        await asyncio.sleep_ms(400)
        return LOCK, LOCKED

    took = await elapsed(fob.vehicle.perform(None, None, decided))
    assert 400 < took < 700 and fob.radio.car.plaintexts == [LOCK]


async def test_what_drops_the_command_takes_the_link_down():
    fob = lingering()

    async def dropped():
        raise ValueError

    await awaiting(ValueError, fob.vehicle.perform(None, None, dropped))
    assert all_down(fob) and not fob.vehicle.linked


async def test_a_command_is_decided_once_however_often_it_is_sent():
    fob = lingering((HANG_UP,), (OK,))
    decisions = []

    async def decided():
        decisions.append(1)
        return UNLOCK, UNLOCKED

    await fob.vehicle.perform(None, None, decided)
    assert decisions == [1] and len(fob.radio.links) == 2


def told(**closures):
    """A status of a locked car."""
    return {"vehicleStatus": {"vehicleLockState": LOCKED, "closureStatuses": closures}}


async def locks(warns_open, *answers, command=LOCK, state=LOCKED):
    fob = Fob(Car(on_sealed=[answers]), met=True)
    fob.vehicle.warns_open = warns_open
    return await fob.vehicle.perform(command, state)


async def test_what_is_open_after_a_lock_is_told():
    for state in (OPEN, AJAR):
        assert await locks(True, told(rearTrunk=state), OK)


async def test_nothing_open_is_told_where_nothing_is():
    assert not await locks(True, told(), OK)
    assert not await locks(True, told(rearTrunk=UNKNOWN), OK)
    # A car that charges is locked like this.
    assert not await locks(True, told(chargePort=OPEN), OK)


async def test_nobody_looks_after_an_unlock_or_unasked():
    assert not await locks(False, told(rearTrunk=OPEN), OK)
    assert not await locks(True, told(rearTrunk=OPEN), OK, command=UNLOCK, state=UNLOCKED)


async def test_a_car_that_told_nothing_is_asked():
    fob = Fob(Car(on_sealed=[(OK,)], on_status=[(told(frontTrunk=OPEN),)]), met=True)
    fob.vehicle.warns_open = True
    assert await fob.vehicle.perform(LOCK, LOCKED)


async def test_a_car_that_does_not_tell_is_locked_all_the_same():
    fob = Fob(Car(on_sealed=[(OK,)], on_status=[(), ()]), met=True)
    fob.vehicle.warns_open = True
    assert not await fob.vehicle.perform(LOCK, LOCKED)
