"""Whose word an answer is: its place in the stream, its counter, and what came before it."""

from expect import awaiting
from scripted_car import (
    ERROR,
    LOCKED,
    NONE,
    OK,
    UNLOCK,
    UNLOCKED,
    WAIT,
    Car,
    Fob,
    fault,
    framed,
    status,
    unlock,
)
from virtual_time import elapsed

from fob.errors import TimedOut

UNKNOWN = 1
NOT_YET = [(fault(UNKNOWN),), (OK,), (OK,)]


def ok(counter):
    return {"commandStatus": {"signedMessageStatus": {"counter": counter}}}


async def unconfirmed_by(*on_connect):
    """Let the car say something on connect; the command must take NONE and a second try.

    At this MTU a command is two writes, answered 10 and 20 ms after the link is open.
    """
    vehicle = Car(on_connect=[on_connect], on_sealed=list(NOT_YET))
    await unlock(Fob(vehicle, payload=20))
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK]


async def test_an_ok_that_carries_the_commands_counter_confirms():
    vehicle = Car(on_sealed=[(ok(1),)])
    await unlock(Fob(vehicle))
    assert vehicle.plaintexts == [UNLOCK]


async def test_an_ok_that_carries_another_counter_confirms_nothing():
    vehicle = Car(on_sealed=[(ok(77), 50, fault(UNKNOWN)), (OK,), (OK,)])
    await unlock(Fob(vehicle))
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK]


async def test_an_ok_before_the_command_was_whole_confirms_nothing():
    await unconfirmed_by(5, OK)


async def test_an_ok_that_began_before_the_command_was_whole_confirms_nothing():
    whole = framed(OK)
    await unconfirmed_by(5, whole[:2], 20, whole[2:])


async def test_an_ok_may_come_before_the_last_write_is_answered():
    vehicle = Car(on_connect=[(15, OK)])
    await unlock(Fob(vehicle, payload=20))
    assert vehicle.plaintexts == [UNLOCK]


async def test_a_status_before_the_last_write_was_answered_confirms_nothing():
    await unconfirmed_by(status(LOCKED), 15, status(UNLOCKED))


async def test_a_status_that_began_before_the_last_write_was_answered_confirms_nothing():
    whole = framed(status(UNLOCKED))
    await unconfirmed_by(status(LOCKED), 15, whole[:3], 4, whole[3:])


async def test_a_change_seen_too_early_still_confirms_when_the_car_is_asked():
    vehicle = Car(on_connect=[(status(LOCKED), 15, status(UNLOCKED))])
    vehicle.lock_state = UNLOCKED
    await unlock(Fob(vehicle, payload=20))
    assert [entry[0] for entry in vehicle.heard] == ["sealed", "status"]


async def test_a_state_repeated_after_it_changed_too_early_is_no_change():
    await unconfirmed_by(status(LOCKED), 15, status(UNLOCKED), 10, status(UNLOCKED))


async def test_a_change_after_an_error_confirms_nothing():
    vehicle = Car(
        on_connect=[(status(LOCKED),)],
        on_sealed=[(ERROR, 20, status(UNLOCKED)), (OK,), (OK,)],
    )
    await unlock(Fob(vehicle))
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK]


async def test_a_fault_before_the_status_that_was_asked_for_confirms_nothing():
    vehicle = Car(on_sealed=[(), (OK,), (OK,)], on_status=[(fault(UNKNOWN), status(UNLOCKED))])
    await unlock(Fob(vehicle))
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK]


async def test_a_push_from_before_the_question_is_not_its_answer():
    # The push begins before the status is asked for, 1500 ms after the command.
    whole = framed(status(UNLOCKED))
    vehicle = Car(
        on_sealed=[(1480, whole[:3], 40, whole[3:]), (OK,), (OK,)],
        on_status=[(200, status(LOCKED))],
    )
    await unlock(Fob(vehicle))
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK]


async def test_a_status_confirms_during_the_pause_for_a_busy_car():
    vehicle = Car(on_connect=[(status(LOCKED),)], on_sealed=[(WAIT, 300, status(UNLOCKED))])
    await unlock(Fob(vehicle))
    assert vehicle.plaintexts == [UNLOCK]


async def test_an_error_ends_the_pause_for_a_busy_car():
    vehicle = Car(on_sealed=[(WAIT, 100, ERROR), (OK,), (OK,)])
    assert await elapsed(unlock(Fob(vehicle))) < 900
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK]


async def test_a_car_that_stays_busy_says_so_in_the_end():
    error = await awaiting(TimedOut, unlock(Fob(Car(on_sealed=[(WAIT,)] * 100))))
    assert "busy" in str(error)


async def test_a_silent_greeting_is_settled_before_a_command_whose_effect_cannot_be_seen():
    vehicle = Car(on_sealed=[(600, OK), ()], on_status=[(400, status(LOCKED))])
    await awaiting(TimedOut, Fob(vehicle, needs_none=True).vehicle.perform(b"\x10\x02"))
    assert vehicle.plaintexts == [NONE, b"\x10\x02"]
