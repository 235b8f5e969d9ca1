"""What the guard holds back, and what ends it."""

import codes
import scripted_car as car
from expect import awaiting
from scripted_car import HANG_UP, OK, UNLOCK, Car, Fob, all_down, fault, unlock

from fob import pairing
from fob.errors import HeldBack, NotPaired

NOT_ON_WHITELIST = fault(codes.SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST)
COUNTER_TOO_SMALL = codes.SIGNEDMESSAGE_INFORMATION_FAULT_IV_SMALLER_THAN_EXPECTED
WRONG_KEY = codes.SIGNEDMESSAGE_INFORMATION_FAULT_AES_DECRYPT_AUTH
FAR = 1000000


async def pair(fob):
    await pairing.pair(fob.vehicle, fob.config, lambda text: None)


async def held_back(fob):
    """Use up the limit of faults in a row, over presses and restarts."""
    for _ in range(4):
        fob.radio.car = Car(on_sealed=[(fault(WRONG_KEY),)] * 10)
        await awaiting(HeldBack, unlock(fob))
        fob.start()


async def test_three_faults_end_a_press():
    vehicle = Car(on_sealed=[(fault(WRONG_KEY),)] * 20)
    fob = Fob(vehicle)
    await awaiting(HeldBack, unlock(fob))
    assert len(vehicle.counters) == 3 and all_down(fob)


async def test_ten_faults_in_a_row_hold_back_everything():
    fob = Fob(Car())
    await held_back(fob)
    assert fob.vehicle.waits
    vehicle = fob.radio.car = Car(on_sealed=[(OK,)])
    fob.radio.links.clear()
    await awaiting(HeldBack, unlock(fob))
    assert vehicle.heard == [] and fob.radio.links == []


async def test_the_owners_confirmation_ends_it():
    fob = Fob(Car())
    await held_back(fob)
    fob.vehicle.confirm()
    assert not fob.vehicle.waits
    fob.radio.car = Car(on_sealed=[(OK,)])
    await unlock(fob)


async def test_pairing_ends_it_too():
    fob = Fob(Car())
    await held_back(fob)
    sealed = [(fault(COUNTER_TOO_SMALL),), (OK,)]
    fob.radio.car = Car(on_enrol=[(car.enrolment(),)], on_sealed=sealed)
    await pair(fob)
    assert not fob.vehicle.waits


async def test_faults_that_a_confirmed_command_followed_are_forgotten():
    fob = Fob(Car())
    for _ in range(10):
        faults = [(fault(COUNTER_TOO_SMALL),), (fault(WRONG_KEY),)]
        fob.radio.car = Car(on_sealed=faults + [(OK,)])
        await unlock(fob)
        fob.start()
    assert not fob.vehicle.waits


async def test_a_counter_far_ahead_is_not_followed_but_kept_for_the_owner():
    vehicle = Car(on_sealed=[(fault(COUNTER_TOO_SMALL, FAR),)] * 9)
    fob = Fob(vehicle)
    await awaiting(HeldBack, unlock(fob))
    assert len(vehicle.counters) == 1 and fob.vehicle.waits
    fob.start()
    assert fob.vehicle.waits


async def test_a_counter_far_ahead_is_followed_once_the_owner_confirmed():
    fob = Fob(Car(on_sealed=[(fault(COUNTER_TOO_SMALL, FAR),)]))
    await awaiting(HeldBack, unlock(fob))
    fob.vehicle.confirm()
    vehicle = fob.radio.car = Car(on_sealed=[(fault(COUNTER_TOO_SMALL, FAR),), (OK,)])
    await unlock(fob)
    assert vehicle.counters[1] == FAR + 1


async def test_the_confirmation_of_one_counter_does_not_hold_for_another():
    fob = Fob(Car(on_sealed=[(fault(COUNTER_TOO_SMALL, FAR),)]))
    await awaiting(HeldBack, unlock(fob))
    fob.vehicle.confirm()
    vehicle = fob.radio.car = Car(on_sealed=[(fault(COUNTER_TOO_SMALL, 2 * FAR),)] * 9)
    await awaiting(HeldBack, unlock(fob))
    assert max(vehicle.counters) < 1000


async def test_a_counter_is_followed_once_a_press_also_over_a_lost_link():
    faults = [(fault(COUNTER_TOO_SMALL, 1000),), (HANG_UP,), (fault(COUNTER_TOO_SMALL, 3000),)]
    vehicle = Car(on_sealed=faults + [(car.OK,)] * 4)
    await unlock(Fob(vehicle))
    assert len(vehicle.counters) >= 4 and max(vehicle.counters) < 2000


async def test_a_counter_is_followed_again_in_the_next_press():
    fob = Fob(Car())
    for counter in (1000, 5000):
        vehicle = fob.radio.car = Car(on_sealed=[(fault(COUNTER_TOO_SMALL, counter),), (OK,)])
        await unlock(fob)
        assert vehicle.counters[1] == counter + 1


async def test_a_car_that_does_not_know_the_key_makes_the_fob_one_to_pair():
    fob = Fob(Car(on_sealed=[(NOT_ON_WHITELIST,)]))
    assert fob.vehicle.paired
    await awaiting(NotPaired, unlock(fob))
    assert not fob.vehicle.paired
    fob.start()
    assert not fob.vehicle.paired


async def test_one_who_only_pretended_that_does_not_unpair_the_fob():
    fob = Fob(Car(on_sealed=[(NOT_ON_WHITELIST,)]))
    await awaiting(NotPaired, unlock(fob))
    honest = fob.radio.car = Car(on_sealed=[(OK,)])
    await unlock(fob)
    assert honest.plaintexts == [UNLOCK] and fob.vehicle.paired


async def test_presses_on_a_car_that_does_not_know_the_key_are_counted():
    fob = Fob(Car(on_sealed=[(NOT_ON_WHITELIST,)] * 20))
    for _ in range(9):
        await awaiting(NotPaired, unlock(fob))
    await awaiting(HeldBack, unlock(fob))
    assert fob.vehicle.waits


async def test_proofs_before_the_card_do_not_hold_the_fob_back():
    early = [(NOT_ON_WHITELIST,)] * 3
    vehicle = Car(on_enrol=[(car.enrolment(),)], on_sealed=early + [(OK,)])
    fob = Fob(vehicle, paired=False)
    await pair(fob)
    assert len(vehicle.counters) == 4
    assert fob.vehicle.paired and not fob.vehicle.waits
