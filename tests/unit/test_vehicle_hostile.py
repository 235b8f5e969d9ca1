"""A command and what a fault, a changed key or a liar on the air may do to it."""

import codes
import scripted_car as car
from expect import awaiting
from scripted_car import (
    ERROR,
    HANG_UP,
    OK,
    UNLOCK,
    UNLOCKED,
    WAIT,
    Car,
    Fob,
    all_down,
    fault,
    status,
    unlock,
)
from virtual_time import elapsed

from fob.errors import (
    CounterExhausted,
    Disconnected,
    HeldBack,
    NotPaired,
    Refused,
    TimedOut,
)
from fob.store import Counter

UNKNOWN = 1
NOT_ON_WHITELIST = codes.SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST
COUNTER_TOO_SMALL = codes.SIGNEDMESSAGE_INFORMATION_FAULT_IV_SMALLER_THAN_EXPECTED
TOKEN_AND_COUNTER = codes.SIGNEDMESSAGE_INFORMATION_FAULT_TOKEN_AND_COUNTER_INVALID
WRONG_KEY = codes.SIGNEDMESSAGE_INFORMATION_FAULT_AES_DECRYPT_AUTH


async def test_a_counter_that_is_too_small_is_retried_above_the_reported_one():
    for information in (COUNTER_TOO_SMALL, TOKEN_AND_COUNTER):
        vehicle = Car(on_sealed=[(fault(information, 5000),), (OK,)])
        await unlock(Fob(vehicle))
        assert vehicle.plaintexts == [UNLOCK, UNLOCK]
        assert vehicle.counters[1] == 5001


async def test_a_reported_counter_below_ours_never_leads_back():
    vehicle = Car(on_sealed=[(fault(COUNTER_TOO_SMALL, 3),), (OK,)])
    await unlock(Fob(vehicle, next_counter=1000))
    assert 1000 <= vehicle.counters[0] < vehicle.counters[1]


async def test_a_reported_counter_of_65536_past_the_lease_is_followed():
    vehicle = Car()
    fob = Fob(vehicle)
    fob.counter.take()
    end = 65536 + fob.counter.end
    vehicle.next = lambda kind: (fault(COUNTER_TOO_SMALL, end), OK)[len(vehicle.counters) > 1 :][:1]
    await unlock(fob)
    assert vehicle.counters[1] == end + 1


async def test_a_reported_counter_further_past_the_lease_is_not_followed():
    fob = Fob(Car())
    fob.counter.take()
    beyond = 65536 + fob.counter.end + 1
    vehicle = Car(on_sealed=[(fault(COUNTER_TOO_SMALL, beyond),)] * 10)
    fob.radio.car = vehicle
    await awaiting(HeldBack, unlock(fob))
    assert max(vehicle.counters) < 1000


async def test_the_largest_reported_counter_does_not_use_up_the_key():
    vehicle = Car(on_sealed=[(fault(COUNTER_TOO_SMALL, 0xFFFFFFFF),)] * 10)
    fob = Fob(vehicle)
    await awaiting(HeldBack, unlock(fob))
    assert fob.counter.take() < 1000


async def test_counter_faults_without_end_are_given_up():
    vehicle = Car(on_sealed=[(fault(COUNTER_TOO_SMALL, 0),)] * 100)
    await awaiting(HeldBack, unlock(Fob(vehicle)))
    assert len(vehicle.counters) <= 12


async def test_an_exhausted_counter_asks_for_the_laptop_and_sends_nothing():
    vehicle = Car()
    fob = Fob(vehicle, next_counter=Counter.MAX + 1)
    error = await awaiting(CounterExhausted, unlock(fob))
    assert error.needs_laptop
    assert vehicle.heard == [] and all_down(fob)


async def test_a_car_with_a_new_key_costs_one_handshake():
    vehicle = Car(on_sealed=[(fault(WRONG_KEY),), (OK,)])
    vehicle.vehicle_key, vehicle.shared_key = car.OTHER_VEHICLE_KEY, car.OTHER_SHARED_KEY
    fob = Fob(vehicle)
    await unlock(fob)
    assert [entry[0] for entry in vehicle.heard] == ["unreadable", "session", "sealed"]
    assert fob.cache.sessions[0][1] == car.OTHER_SHARED_KEY


async def test_a_car_that_pushes_its_new_key_by_itself_is_understood():
    pushed = car.session_info(car.OTHER_VEHICLE_KEY)
    vehicle = Car(on_sealed=[(fault(WRONG_KEY), 20, pushed), (OK,)])
    vehicle.vehicle_key, vehicle.shared_key = car.OTHER_VEHICLE_KEY, car.OTHER_SHARED_KEY
    fob = Fob(vehicle)
    await unlock(fob)
    assert vehicle.plaintexts == [UNLOCK]
    assert fob.cache.sessions[0][1] == car.OTHER_SHARED_KEY


async def test_a_key_that_is_wrong_again_is_not_asked_for_again():
    vehicle = Car(on_sealed=[(fault(WRONG_KEY),)] * 20)
    await awaiting(HeldBack, unlock(Fob(vehicle)))
    handshakes = [entry for entry in vehicle.heard if entry[0] == "session"]
    assert len(handshakes) <= 3


async def test_a_key_that_is_none_is_asked_for_once_more():
    garbled = car.session_info(car.VEHICLE_KEY[:-1] + bytes(1))
    genuine = car.session_info(car.VEHICLE_KEY)
    vehicle = Car(on_session=[(garbled,), (genuine,)], on_sealed=[(OK,)])
    await unlock(Fob(vehicle, paired=False))
    assert [entry[0] for entry in vehicle.heard] == ["session", "session", "sealed"]


async def test_a_key_that_is_none_twice_ends_the_press():
    garbled = car.session_info(car.VEHICLE_KEY[:-1] + bytes(1))
    vehicle = Car(on_session=[(garbled,)] * 10)
    await awaiting(TimedOut, unlock(Fob(vehicle, paired=False)))
    assert [entry[0] for entry in vehicle.heard] == ["session"] * 2


async def test_a_key_that_proves_nothing_does_not_replace_the_proven_one():
    vehicle = Car(on_sealed=[(fault(WRONG_KEY),)] * 20)
    vehicle.vehicle_key, vehicle.shared_key = car.OTHER_VEHICLE_KEY, car.OTHER_SHARED_KEY
    fob = Fob(vehicle)
    await awaiting(HeldBack, unlock(fob))
    assert fob.cache.sessions[0][1] == car.SHARED_KEY
    fob.radio.car = honest = Car(on_sealed=[(OK,)])
    await unlock(fob)
    assert honest.plaintexts == [UNLOCK]


async def test_an_unknown_key_is_told_at_once():
    vehicle = Car(on_sealed=[(fault(NOT_ON_WHITELIST),)])
    error = await awaiting(NotPaired, unlock(Fob(vehicle)))
    assert error.reason == NOT_ON_WHITELIST
    assert vehicle.plaintexts == [UNLOCK]


async def test_an_unknown_key_is_told_at_the_handshake_too():
    vehicle = Car(on_session=[(fault(NOT_ON_WHITELIST),)])
    await awaiting(NotPaired, unlock(Fob(vehicle, paired=False)))
    assert vehicle.counters == []


async def test_a_handshake_refused_for_another_reason_is_a_refusal():
    error = await awaiting(Refused, unlock(Fob(Car(on_session=[(fault(11),)]), paired=False)))
    assert error.reason == 11


async def test_garbage_on_the_air_costs_nothing():
    noise = (b"\xff\xff\xff", b"\x00\x03\xff\xff\xff", b"\x00\x00", b"\x04\x01\x00")
    vehicle = Car(on_connect=[noise], on_sealed=[noise + (OK,)])
    fob = Fob(vehicle)
    assert await elapsed(unlock(fob)) < 500
    assert vehicle.plaintexts == [UNLOCK]


async def test_counters_grow_over_presses_and_restarts():
    vehicle = Car(on_sealed=[(OK,)] * 10)
    fob = Fob(vehicle)
    for _ in range(5):
        await unlock(fob)
        await unlock(fob)
        fob.start()
    assert vehicle.counters == sorted(set(vehicle.counters)) and len(vehicle.counters) == 10


async def test_no_answer_makes_the_fob_use_a_counter_twice():
    answers = (OK, WAIT, ERROR, HANG_UP, fault(UNKNOWN), fault(WRONG_KEY), status(UNLOCKED))
    answers += (fault(COUNTER_TOO_SMALL, 0), fault(COUNTER_TOO_SMALL, 300), b"\xff\xff")
    for first in answers:
        for second in answers:
            vehicle = Car(on_sealed=[(first,), (second,), (first, second), (second,)])
            fob = Fob(vehicle)
            for _ in range(2):
                try:
                    await unlock(fob)
                except (Disconnected, HeldBack, Refused, TimedOut):
                    pass
                fob.start()
            assert vehicle.counters == sorted(set(vehicle.counters))


async def test_a_counter_is_followed_once_a_press():
    vehicle = Car(on_sealed=[(fault(COUNTER_TOO_SMALL, step * 1000),) for step in range(1, 20)])
    await awaiting(HeldBack, unlock(Fob(vehicle)))
    assert max(vehicle.counters) < 2000


async def test_a_liar_with_a_key_of_its_own_cannot_keep_the_fob_from_the_car():
    # Somebody with the car's name answers, gives a key, and says OK to what it cannot read.
    liar = Car(
        on_sealed=[(fault(WRONG_KEY),), (OK,)],
        on_session=[(car.session_info(car.OTHER_VEHICLE_KEY),)],
    )
    fob = Fob(liar)
    await unlock(fob)
    # The car itself says nothing to what it cannot read.
    honest = Car(on_sealed=[(), (), (), (OK,)])
    fob.radio.car = honest
    await unlock(fob)
    assert [entry[0] for entry in honest.heard if entry[0] != "status"] == ["unreadable"] * 3 + [
        "sealed"
    ]
    assert fob.cache.sessions == [(car.VEHICLE_KEY, car.SHARED_KEY)]
