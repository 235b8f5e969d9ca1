"""A command and everything a car may answer to it."""

import codes
import scripted_car as car
import virtual_time
from expect import awaiting
from scripted_car import (
    ERROR,
    HANG_UP,
    LOCK,
    LOCKED,
    NONE,
    OK,
    UNLOCK,
    UNLOCKED,
    WAIT,
    Car,
    Fob,
    all_down,
    fault,
    framed,
    status,
    unlock,
)
from virtual_time import elapsed

from fob.errors import (
    ConnectionLimit,
    Disconnected,
    NotFound,
    NotPaired,
    Refused,
    TimedOut,
)

UNKNOWN = 1
NOT_ON_WHITELIST = codes.SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST
COUNTER_TOO_SMALL = codes.SIGNEDMESSAGE_INFORMATION_FAULT_IV_SMALLER_THAN_EXPECTED
REQUEST = {"authenticationRequest": {"requestedLevel": 2}}


async def test_an_ok_confirms_a_command():
    vehicle = Car(on_sealed=[(30, OK)])
    fob = Fob(vehicle)
    assert await elapsed(unlock(fob)) < 500
    assert vehicle.plaintexts == [UNLOCK]


async def test_the_car_is_searched_by_its_five_names():
    fob = Fob(Car(on_sealed=[(OK,)]))
    await unlock(fob)
    assert fob.radio.names[0] == b"Sa6bab0d54ffaecf1C" and fob.radio.names[4] == b"Tesla 000000"
    assert len(fob.radio.names) == 5


async def test_a_known_session_needs_no_handshake():
    vehicle = Car(on_sealed=[(OK,)])
    await unlock(Fob(vehicle))
    assert [entry[0] for entry in vehicle.heard] == ["sealed"]


async def test_without_a_session_the_command_comes_after_the_handshake():
    vehicle = Car(on_sealed=[(OK,)])
    fob = Fob(vehicle, paired=False)
    await unlock(fob)
    assert [entry[0] for entry in vehicle.heard] == ["session", "sealed"]
    assert fob.cache.sessions == [(car.VEHICLE_KEY, car.SHARED_KEY)]


async def test_the_link_is_taken_down_after_a_command():
    fob = Fob(Car(on_sealed=[(OK,)]))
    await unlock(fob)
    assert len(fob.radio.links) == 1 and all_down(fob)


async def test_the_link_is_taken_down_after_a_failure():
    fob = Fob(Car(on_sealed=[(fault(NOT_ON_WHITELIST),)]))
    await awaiting(NotPaired, unlock(fob))
    assert all_down(fob)


async def test_the_status_on_connect_confirms_nothing():
    vehicle = Car(on_connect=[(status(UNLOCKED),)], on_sealed=[(fault(UNKNOWN),), (), (OK,)])
    await unlock(Fob(vehicle))
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK]


async def test_the_status_on_connect_confirms_nothing_when_it_comes_late():
    late = (100, status(UNLOCKED), 100, fault(UNKNOWN))
    vehicle = Car(on_sealed=[late, (), (OK,)])
    await unlock(Fob(vehicle))
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK]


async def test_a_status_that_changes_to_the_wanted_state_confirms():
    vehicle = Car(on_connect=[(status(LOCKED),)], on_sealed=[(200, status(UNLOCKED))])
    fob = Fob(vehicle)
    assert await elapsed(unlock(fob)) < 1000
    assert [entry[0] for entry in vehicle.heard] == ["sealed"]


async def test_a_change_counts_also_when_the_status_on_connect_comes_late():
    vehicle = Car(on_sealed=[(50, status(LOCKED), 100, status(UNLOCKED))])
    assert await elapsed(unlock(Fob(vehicle))) < 1000
    assert vehicle.plaintexts == [UNLOCK]


async def test_a_repeated_status_is_no_change():
    vehicle = Car(
        on_connect=[(status(UNLOCKED),)],
        on_sealed=[(status(UNLOCKED), 10, fault(UNKNOWN)), (OK,), (OK,)],
    )
    await unlock(Fob(vehicle))
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK]


async def test_a_change_to_another_state_confirms_nothing():
    vehicle = Car(
        on_connect=[(status(UNLOCKED),)],
        on_sealed=[(status(LOCKED), 10, fault(UNKNOWN)), (OK,), (OK,)],
    )
    await unlock(Fob(vehicle))
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK]


async def test_silence_is_resolved_by_asking_for_the_status():
    vehicle = Car(on_sealed=[()], on_status=[(status(UNLOCKED),)])
    await unlock(Fob(vehicle))
    assert [entry[0] for entry in vehicle.heard] == ["sealed", "status"]


async def test_pushes_without_end_do_not_hide_the_silence():
    requests = [step for _ in range(100) for step in (500, REQUEST)]
    vehicle = Car(on_sealed=[requests], on_status=[(status(UNLOCKED),)])
    assert await elapsed(unlock(Fob(vehicle))) < 5000


async def test_an_ignored_command_is_repeated_after_none_under_a_new_counter():
    vehicle = Car(on_sealed=[(), (OK,), (OK,)])
    await unlock(Fob(vehicle))
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK]
    assert vehicle.counters == sorted(set(vehicle.counters))


async def test_a_refused_command_is_repeated_after_none():
    vehicle = Car(on_sealed=[(fault(UNKNOWN),), (OK,), (OK,)])
    await unlock(Fob(vehicle))
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK]


async def test_an_error_without_a_reason_is_a_refusal_too():
    vehicle = Car(on_sealed=[(ERROR,), (OK,), (OK,)])
    await unlock(Fob(vehicle))
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK]


async def test_the_reason_may_follow_the_error():
    vehicle = Car(on_sealed=[(ERROR, 50, fault(COUNTER_TOO_SMALL, 500)), (OK,)])
    await unlock(Fob(vehicle))
    assert vehicle.plaintexts == [UNLOCK, UNLOCK]
    assert vehicle.counters[1] == 501


async def test_that_the_car_needs_none_is_remembered():
    vehicle = Car(on_sealed=[(), (OK,), (OK,), (OK,), (OK,)])
    fob = Fob(vehicle)
    await unlock(fob)
    fob.start()
    await unlock(fob)
    assert vehicle.plaintexts[3:] == [NONE, UNLOCK]


async def test_that_the_car_needs_no_none_is_remembered():
    vehicle = Car(on_sealed=[(OK,), (OK,)])
    fob = Fob(vehicle)
    await unlock(fob)
    fob.start()
    await unlock(fob)
    assert vehicle.plaintexts == [UNLOCK, UNLOCK]


async def test_a_car_that_accepts_none_without_a_word_gets_the_command():
    vehicle = Car(on_sealed=[(), (OK,)])
    await unlock(Fob(vehicle, needs_none=True))
    assert vehicle.plaintexts == [NONE, UNLOCK]


async def test_a_command_refused_twice_is_given_up_with_its_reason():
    vehicle = Car(on_sealed=[(fault(UNKNOWN),), (OK,), (fault(7),)])
    error = await awaiting(Refused, unlock(Fob(vehicle)))
    assert error.reason == 7
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK]


async def test_a_command_ignored_twice_times_out():
    vehicle = Car()
    await awaiting(TimedOut, unlock(Fob(vehicle)))
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK]


async def test_a_failed_command_remembers_nothing():
    fob = Fob(Car())
    fob.flash.writes.clear()
    await awaiting(TimedOut, unlock(fob))
    assert [name for name, _ in fob.flash.writes if name == "session"] == []


async def test_what_the_owner_must_change_is_said_and_not_repeated():
    vehicle = Car(on_sealed=[(ERROR, 10, {"nominalError": {"genericError": 5}})])
    error = await awaiting(Refused, unlock(Fob(vehicle)))
    assert error.reason == 5 and "error 5" in str(error)
    assert vehicle.plaintexts == [UNLOCK]


async def test_a_busy_car_gets_the_command_again_after_a_second():
    vehicle = Car(on_sealed=[(WAIT,), (OK,)])
    await unlock(Fob(vehicle))
    assert vehicle.plaintexts == [UNLOCK, UNLOCK]
    pause = virtual_time.ticks_diff(vehicle.heard_at[1], vehicle.heard_at[0])
    assert 1000 <= pause <= 1200


async def test_a_frame_torn_by_the_pause_for_a_busy_car_is_whole():
    push = framed(status(LOCKED))
    vehicle = Car(on_sealed=[(framed(WAIT) + push[:3], 20, push[3:]), (OK,)])
    fob = Fob(vehicle)
    assert await elapsed(unlock(fob)) < 1500
    assert vehicle.plaintexts == [UNLOCK, UNLOCK]


async def test_a_link_that_goes_down_during_the_pause_is_set_up_again():
    vehicle = Car(on_sealed=[(WAIT, 300, HANG_UP), (OK,)])
    fob = Fob(vehicle)
    assert await elapsed(unlock(fob)) < 1200
    assert len(fob.radio.links) == 2


async def test_an_ok_during_the_pause_for_a_busy_car_confirms_without_a_repetition():
    vehicle = Car(on_sealed=[(WAIT, 500, OK)])
    await unlock(Fob(vehicle))
    assert vehicle.plaintexts == [UNLOCK]


async def test_a_car_that_stays_busy_is_given_up():
    vehicle = Car(on_sealed=[(WAIT,)] * 100)
    await awaiting(TimedOut, unlock(Fob(vehicle)))
    assert len(vehicle.counters) <= 12


async def test_a_car_too_busy_for_the_greeting_is_not_sent_the_command():
    vehicle = Car(on_sealed=[(WAIT,)] * 100)
    await awaiting(TimedOut, unlock(Fob(vehicle, needs_none=True)))
    assert set(vehicle.plaintexts) == {NONE}


async def test_a_link_that_goes_down_is_set_up_once_more():
    vehicle = Car(on_sealed=[(20, HANG_UP), (OK,)])
    fob = Fob(vehicle)
    await unlock(fob)
    assert len(fob.radio.links) == 2 and all_down(fob)
    assert vehicle.plaintexts == [UNLOCK, UNLOCK]


async def test_a_link_that_goes_down_again_is_given_up():
    fob = Fob(Car(on_connect=[(HANG_UP,)] * 10))
    await awaiting(Disconnected, unlock(fob))
    assert len(fob.radio.links) == 3 and all_down(fob)


async def test_a_car_out_of_reach_is_not_connected_to():
    fob = Fob(Car(), troubles=[NotFound("the car is not in reach")])
    await awaiting(NotFound, unlock(fob))
    assert fob.radio.links == []


async def test_a_car_without_a_free_connection_is_told():
    fob = Fob(Car(), troubles=[ConnectionLimit("the car takes no more connections")])
    await awaiting(ConnectionLimit, unlock(fob))


async def test_a_second_answer_is_not_taken_for_the_answer_to_the_next_message():
    vehicle = Car(on_sealed=[(fault(UNKNOWN), OK), (fault(7),), (OK,)])
    await unlock(Fob(vehicle))
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK]


async def test_answers_in_small_pieces_are_understood():
    answer = framed(OK)
    pieces = [step for byte in answer for step in (20, bytes((byte,)))]
    vehicle = Car(on_sealed=[pieces])
    await unlock(Fob(vehicle, payload=20))
    assert vehicle.plaintexts == [UNLOCK]


async def test_an_answer_about_the_whitelist_decides_nothing():
    vehicle = Car(on_sealed=[(car.enrolment(), 50, fault(UNKNOWN)), (OK,), (OK,)])
    await unlock(Fob(vehicle))
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK]


async def test_a_command_without_a_lock_state_is_confirmed_by_ok_alone():
    vehicle = Car(on_sealed=[(status(UNLOCKED), 50, OK)])
    await Fob(vehicle).vehicle.perform(b"\x10\x1e")
    assert vehicle.plaintexts == [b"\x10\x1e"]


async def test_a_lock_is_confirmed_by_the_locked_state():
    vehicle = Car(on_connect=[(status(UNLOCKED),)], on_sealed=[(50, status(LOCKED))])
    await Fob(vehicle).vehicle.perform(LOCK, LOCKED)
    assert vehicle.plaintexts == [LOCK]


async def test_a_command_whose_effect_cannot_be_seen_is_not_repeated_after_silence():
    vehicle = Car(on_sealed=[()] * 4)
    await awaiting(TimedOut, Fob(vehicle).vehicle.perform(b"\x10\x02"))
    assert vehicle.plaintexts == [b"\x10\x02"]


async def test_a_command_whose_effect_cannot_be_seen_is_not_repeated_on_a_new_link():
    vehicle = Car(on_sealed=[(car.HANG_UP,), (OK,)])
    await awaiting(Disconnected, Fob(vehicle).vehicle.perform(b"\x10\x02"))
    assert vehicle.plaintexts == [b"\x10\x02"]


async def test_an_unlocked_drivers_door_confirms_an_unlock():
    selective = codes.VEHICLELOCKSTATE_SELECTIVE_UNLOCKED
    vehicle = Car(on_connect=[(status(LOCKED),)], on_sealed=[(50, status(selective))])
    await unlock(Fob(vehicle))
    assert vehicle.plaintexts == [UNLOCK]


async def test_a_late_word_on_the_greeting_is_not_taken_for_one_on_the_command():
    # NONE is answered after a second, what comes after it later; the command is ignored.
    vehicle = Car(on_sealed=[(1000, OK), ()], on_status=[(800, status(LOCKED))])
    await awaiting(TimedOut, unlock(Fob(vehicle, needs_none=True)))
    assert vehicle.plaintexts == [NONE, UNLOCK]


async def test_a_car_that_answers_no_question_confirms_no_command_by_its_word_on_the_greeting():
    # It dozes: NONE is answered once the command has been sent, which is refused after that.
    unsure = Car(on_sealed=[(3500, OK), (700, ERROR)], on_status=[(), ()])
    await awaiting(Refused, unlock(Fob(unsure, needs_none=True)))
    assert unsure.plaintexts == [NONE, UNLOCK]
