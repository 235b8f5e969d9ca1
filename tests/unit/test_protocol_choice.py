"""Which protocol a car is spoken to in: configured, known, or found out."""

import codes
from expect import awaiting
from scripted_car import (
    ERROR,
    HANG_UP,
    LOCKED,
    NONE,
    OK,
    SHARED_KEY,
    UNLOCK,
    UNLOCKED,
    VEHICLE_KEY,
    Car,
    fault,
    status,
    unlock,
)
from scripted_signed_car import SignedCar, SignedFob, done, info, refusal, warm
from virtual_time import elapsed

from fob.cache import ENCRYPTS, NEEDS_NONE, SIGNED
from fob.errors import FobError, HeldBack, NotPaired, Refused, TimedOut

KEYS = VEHICLE_KEY, SHARED_KEY
TRUNK = b"\x10\x02"
UNKNOWN_KEY_ID = 3
INVALID_SIGNATURE = 5
WRONG_KEY = codes.SIGNEDMESSAGE_INFORMATION_FAULT_AES_DECRYPT_AUTH


class Older(SignedCar):
    """A car of 2021: what it does not understand, it says nothing to."""

    def __init__(self, **script):
        super().__init__(legacy=True, on_info=[()] * 100, **script)


def updated(**script):
    """A car that has forgotten the older protocol."""
    return SignedCar(**script)


def both(**script):
    return SignedCar(legacy=True, **script)


async def test_a_car_that_nothing_is_known_of_is_asked_in_the_newer_protocol():
    vehicle = both(on_signed=[(done,)])
    fob = SignedFob(vehicle, paired=False, met=False)
    await unlock(fob)
    assert vehicle.kinds == ["info", "signed"]
    assert fob.cache.traits & SIGNED and fob.cache.sessions == [KEYS]


async def test_a_car_that_does_not_understand_is_asked_in_the_older_protocol():
    vehicle = Older(on_sealed=[(OK,)])
    fob = SignedFob(vehicle, paired=False, met=False)
    await unlock(fob)
    assert vehicle.kinds == ["info", "info", "session", "sealed"]
    assert fob.cache.traits == 0 and fob.cache.sessions == [KEYS]


async def test_a_car_that_answers_the_newer_protocol_with_an_error_is_asked_in_the_older():
    for answer in (ERROR, fault(1), {"nominalError": {"genericError": 1}}):
        vehicle = SignedCar(legacy=True, on_info=[(answer,)] * 9, on_sealed=[(OK,)])
        fob = SignedFob(vehicle, paired=False, met=False)
        await unlock(fob)
        assert vehicle.kinds[-2:] == ["session", "sealed"]


async def test_an_older_car_is_not_asked_twice():
    vehicle = Older(on_sealed=[(OK,), (OK,), (OK,)])
    fob = SignedFob(vehicle, paired=False, met=False)
    await unlock(fob)
    for restart in (fob.wake, fob.start):
        vehicle.then(on_sealed=[(OK,)])
        restart()
        await unlock(fob)
        assert vehicle.kinds == ["sealed"]


async def test_an_older_car_that_wants_none_first_is_not_asked_twice_either():
    vehicle = Older(on_sealed=[(), (OK,), (OK,)])
    fob = SignedFob(vehicle, traits=0)
    await unlock(fob)
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK] and "info" not in vehicle.kinds
    fob.start()
    vehicle.then(on_sealed=[(OK,), (OK,)])
    await unlock(fob)
    assert vehicle.plaintexts == [NONE, UNLOCK] and fob.cache.traits == NEEDS_NONE


async def test_a_car_proven_in_the_newer_protocol_is_never_spoken_to_in_the_older():
    for script in (
        {"on_info": [()] * 50},
        {"on_info": [(ERROR,)] * 50},
        {"on_info": [(refusal(7),)] * 50},
        {"on_signed": [()] * 50},
        {"on_signed": [(refusal(9),)] * 50},
        {"on_signed": [(fault(1), ERROR)] * 50},
    ):
        vehicle = both(**script)
        fob = SignedFob(vehicle)
        for _ in range(3):
            await awaiting(FobError, unlock(fob))
            fob.start()
        assert {"session", "sealed", "status"} & set(vehicle.kinds) == set()


async def test_that_a_car_speaks_the_newer_protocol_outlives_the_power():
    vehicle = both(on_signed=[(done,)])
    fob = SignedFob(vehicle, paired=False, met=False)
    await unlock(fob)
    fob.start()
    vehicle.then(on_info=[()] * 50)
    await awaiting(TimedOut, unlock(fob))
    assert set(vehicle.kinds) == {"info"}


async def test_an_older_car_that_says_nothing_any_more_is_asked_in_the_newer_protocol():
    vehicle = updated(on_signed=[(done,)])
    fob = SignedFob(vehicle, traits=0)
    await unlock(fob)
    assert vehicle.commands == [UNLOCK] and fob.cache.traits & SIGNED
    fob.sleep(10)
    vehicle.then(on_signed=[(done,)])
    await unlock(fob)
    assert vehicle.kinds == ["signed"]


async def test_an_older_car_that_wanted_none_first_is_asked_in_the_newer_protocol():
    vehicle = updated(on_signed=[(done,)])
    fob = SignedFob(vehicle, traits=NEEDS_NONE)
    await unlock(fob)
    assert vehicle.commands == [UNLOCK] and fob.cache.traits == SIGNED | ENCRYPTS


async def test_an_update_is_found_out_within_ten_seconds():
    for traits in (0, NEEDS_NONE):
        vehicle = updated(on_signed=[(done,)])
        assert await elapsed(unlock(SignedFob(vehicle, traits=traits))) < 10000


async def test_an_older_car_that_refuses_for_no_reason_is_asked_in_the_newer_protocol():
    vehicle = both(on_sealed=[(ERROR,)] * 9, on_signed=[(done,)])
    fob = SignedFob(vehicle, traits=0)
    await unlock(fob)
    assert vehicle.commands == [UNLOCK] and fob.cache.traits & SIGNED


async def test_an_older_car_that_refuses_none_alone_is_asked_in_the_newer_protocol():
    vehicle = both(on_sealed=[(fault(1),), (OK,), (fault(1),)], on_signed=[(done,)])
    await unlock(SignedFob(vehicle, traits=0))
    assert vehicle.commands == [UNLOCK]


async def test_an_older_car_that_refuses_behind_none_is_asked_in_the_newer_protocol():
    vehicle = both(on_sealed=[(fault(1),)] * 9, on_signed=[(done,)])
    await unlock(SignedFob(vehicle, traits=NEEDS_NONE))
    assert vehicle.plaintexts == [NONE, UNLOCK] and vehicle.commands == [UNLOCK]


async def test_an_older_car_that_cannot_read_the_key_any_more_is_another_one_by_the_next_press():
    for code, traits in ((1, 0), (7, 0), (WRONG_KEY, 0), (WRONG_KEY, NEEDS_NONE)):
        vehicle = both(on_sealed=[(fault(code),)] * 9, on_signed=[(done,)])
        fob = SignedFob(vehicle, traits=traits)
        await awaiting(HeldBack, unlock(fob))
        assert len(vehicle.plaintexts) == 3 and vehicle.commands == []
        await unlock(fob)
        assert len(vehicle.plaintexts) == 3 and vehicle.commands == [UNLOCK]


async def test_three_faults_end_a_press_though_the_link_goes_down_while_examining():
    vehicle = both(on_sealed=[(fault(7),)] * 9, on_info=[(HANG_UP,)] * 9)
    await awaiting(HeldBack, unlock(SignedFob(vehicle, traits=0)))
    assert len(vehicle.counters) == 3


async def test_an_older_car_that_cannot_read_the_key_any_more_stays_one():
    vehicle = Older(on_sealed=[(fault(7),)] * 3)
    fob = SignedFob(vehicle, traits=0)
    await awaiting(HeldBack, unlock(fob))
    vehicle.then(on_sealed=[(OK,)])
    await unlock(fob)
    assert vehicle.kinds == ["sealed"] and fob.cache.traits == 0


async def test_an_update_is_remembered_even_where_the_command_is_not_repeated():
    vehicle = updated(on_signed=[(done,)])
    fob = SignedFob(vehicle, traits=0)
    await awaiting(TimedOut, fob.vehicle.perform(TRUNK))
    assert vehicle.commands == []
    fob.sleep(10)
    await fob.vehicle.perform(TRUNK)
    assert vehicle.commands == [TRUNK]


async def test_an_older_car_that_stays_silent_is_still_told_none_first():
    vehicle = Older(on_sealed=[(), (OK,), (OK,)], on_status=[(), ()])
    fob = SignedFob(vehicle, traits=0)
    await unlock(fob)
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK] and fob.cache.traits == NEEDS_NONE


async def test_a_command_that_the_older_protocol_denies_is_not_tried_in_the_newer():
    denied = {"nominalError": {"genericError": 2}}
    vehicle = both(on_sealed=[(denied,)])
    await awaiting(Refused, unlock(SignedFob(vehicle, traits=0)))
    assert vehicle.kinds == ["sealed"]


async def test_what_a_stranger_says_in_the_newer_protocol_does_not_bind_an_older_car():
    stranger = info(keys=(b"\x04" + bytes(64), bytes(16)))
    lies = (info(tag=b""),), (info(tag=bytes(32)),), (stranger,)
    for lie in lies:
        vehicle = SignedCar(legacy=True, on_info=[lie] * 20, on_sealed=[()] * 4)
        fob = SignedFob(vehicle, traits=0)
        await awaiting(TimedOut, unlock(fob))
        assert fob.cache.traits == 0
        vehicle.then(on_sealed=[(OK,)])
        await unlock(fob)
        assert vehicle.kinds == ["sealed"]


async def test_one_counter_serves_both_protocols():
    vehicle = both(on_sealed=[(ERROR,)] * 4, on_signed=[(done,)])
    await unlock(SignedFob(vehicle, traits=0))
    assert vehicle.counters == sorted(set(vehicle.counters)) and len(vehicle.counters) == 4


async def test_a_car_that_does_not_know_the_key_is_not_asked_in_another_protocol():
    vehicle = both(on_info=[(refusal(UNKNOWN_KEY_ID),)])
    await awaiting(NotPaired, unlock(SignedFob(vehicle, paired=False, met=False)))
    assert vehicle.kinds == ["info"]


async def test_the_newer_protocol_alone_is_spoken_where_that_is_configured():
    vehicle = Older(on_sealed=[(OK,)])
    await awaiting(TimedOut, unlock(SignedFob(vehicle, traits=0, protocol="signed")))
    assert set(vehicle.kinds) == {"info"}
    vehicle = both(on_signed=[(done,)])
    await unlock(SignedFob(vehicle, traits=0, protocol="signed"))
    assert vehicle.kinds == ["info", "signed"]


async def test_the_older_protocol_alone_is_spoken_where_that_is_configured():
    for traits in (0, SIGNED):
        vehicle = both(on_sealed=[(ERROR,)] * 9)
        await awaiting(Refused, unlock(SignedFob(vehicle, traits=traits, protocol="legacy")))
        assert "info" not in vehicle.kinds and "signed" not in vehicle.kinds
    vehicle = both(on_sealed=[(OK,)])
    await unlock(SignedFob(vehicle, paired=False, met=False, protocol="legacy"))
    assert vehicle.kinds == ["session", "sealed"]


async def test_an_older_car_whose_counter_waits_for_the_owner_is_not_examined():
    far = fault(codes.SIGNEDMESSAGE_INFORMATION_FAULT_IV_SMALLER_THAN_EXPECTED, 1000000)
    vehicle = both(on_sealed=[(far,)])
    await awaiting(HeldBack, unlock(SignedFob(vehicle, traits=0)))
    assert vehicle.kinds == ["sealed"]


async def test_a_busy_older_car_is_not_examined():
    busy = {"commandStatus": {"operationStatus": 1}}
    vehicle = both(on_sealed=[(busy,)] * 20)
    await awaiting(TimedOut, unlock(SignedFob(vehicle, traits=0)))
    assert "info" not in vehicle.kinds


async def test_the_unused_protocol_is_not_loaded():
    import sys

    def forget(*names):
        for name in names:
            sys.modules.pop("fob." + name, None)

    forget("legacy_dialogue", "legacy", "p256")
    vehicle = SignedCar(on_signed=[(done,)])
    await unlock(await warm(vehicle))
    assert not {"fob.legacy_dialogue", "fob.legacy", "fob.p256"} & set(sys.modules)
    forget("signed_dialogue", "signed", "hmac", "vehicle_clock", "routable", "p256")
    await unlock(SignedFob(Older(on_sealed=[(OK,)]), traits=0))
    assert not {"fob.signed_dialogue", "fob.signed", "fob.hmac", "fob.p256"} & set(sys.modules)


async def test_a_scripted_car_of_the_older_protocol_still_works_in_auto():
    vehicle = Car(on_connect=[(status(LOCKED),)], on_sealed=[(50, status(UNLOCKED))])
    await unlock(SignedFob(vehicle, traits=0))
    assert vehicle.plaintexts == [UNLOCK]


async def test_a_link_lost_while_examining_is_set_up_again():
    vehicle = updated(on_info=[(HANG_UP,)], on_signed=[(done,)])
    await unlock(SignedFob(vehicle, traits=0))
    assert vehicle.commands == [UNLOCK]


async def test_a_link_lost_while_asking_for_the_first_time_is_set_up_again():
    vehicle = both(on_info=[(HANG_UP,)], on_signed=[(done,)])
    await unlock(SignedFob(vehicle, paired=False, met=False))
    assert vehicle.kinds == ["info", "info", "signed"]
