"""Somebody with another key than the car's, and a car that has got another: what either may do."""

from expect import awaiting
from scripted_car import (
    OTHER_SHARED_KEY,
    OTHER_VEHICLE_KEY,
    SHARED_KEY,
    UNLOCK,
    VEHICLE_KEY,
    all_down,
    unlock,
)
from scripted_signed_car import (
    EPOCH,
    LATER_EPOCH,
    SignedCar,
    SignedFob,
    clear,
    correction,
    done,
    info,
    refusal,
    warm,
)

from fob.cache import ENCRYPTS, NEEDS_NONE, SIGNED
from fob.errors import FobError, HeldBack, Refused, TimedOut
from fob.guard import LIMIT
from fob.store import Counter

INVALID_SIGNATURE = 5
TIME_EXPIRED = 17
KEYS = VEHICLE_KEY, SHARED_KEY
OTHER_KEYS = OTHER_VEHICLE_KEY, OTHER_SHARED_KEY
NIGHT = 8 * 3600
FAR = 1000000


async def by_a_stranger(fob):
    """A press that somebody with another key than the car's confirms."""
    try:
        await unlock(fob)
    except Refused as refused:
        assert "another key" in str(refused)
    else:
        raise AssertionError("a stranger lit done")


async def test_a_counter_that_the_known_key_vouches_for_is_followed_however_far():
    vehicle = SignedCar(on_info=[(info(counter=3000000),)], on_signed=[(done,)])
    await unlock(SignedFob(vehicle))
    assert vehicle.counters == [3000001]


async def test_a_counter_never_goes_back():
    vehicle = SignedCar(on_info=[(info(counter=3),)], on_signed=[(done,)])
    await unlock(SignedFob(vehicle, next_counter=1000))
    assert vehicle.counters[0] >= 1000


async def test_a_counter_that_a_stranger_names_is_followed_a_little():
    for first in (False, True):
        vehicle = SignedCar(on_info=[(info(keys=OTHER_KEYS, counter=60000),)] * 4)
        vehicle.then(on_signed=[(done,)])
        vehicle.vehicle_key, vehicle.shared_key = OTHER_KEYS
        fob = SignedFob(vehicle, paired=first)
        await (by_a_stranger(fob) if first else unlock(fob))
        assert vehicle.counters == [60001]


async def test_a_counter_that_a_stranger_names_far_ahead_waits_for_the_owner():
    vehicle = SignedCar(on_info=[(info(counter=FAR),)] * 2, on_signed=[(done,)])
    vehicle.vehicle_key, vehicle.shared_key = OTHER_KEYS
    fob = SignedFob(vehicle)
    await awaiting(HeldBack, unlock(fob))
    assert vehicle.counters == [] and fob.vehicle.waits and all_down(fob)
    fob.vehicle.confirm()
    await by_a_stranger(fob)
    assert vehicle.counters == [FAR + 1]


async def test_a_stranger_cannot_use_up_the_counter():
    vehicle = SignedCar(on_info=[(info(counter=Counter.MAX),)] * 2)
    vehicle.vehicle_key, vehicle.shared_key = OTHER_KEYS
    fob = SignedFob(vehicle)
    await awaiting(HeldBack, unlock(fob))
    assert not fob.vehicle.waits


async def test_a_car_with_a_new_key_is_commanded_but_done_is_not_said():
    vehicle = SignedCar(on_signed=[(done,)])
    vehicle.vehicle_key, vehicle.shared_key = OTHER_KEYS
    vehicle.epoch = LATER_EPOCH
    fob = SignedFob(vehicle)
    await by_a_stranger(fob)
    assert vehicle.commands == [UNLOCK] and fob.cache.sessions == [OTHER_KEYS, KEYS]


async def test_the_owner_confirms_the_cars_new_key():
    vehicle = SignedCar(on_signed=[(done,), (done,)])
    vehicle.vehicle_key, vehicle.shared_key = OTHER_KEYS
    fob = SignedFob(vehicle)
    await by_a_stranger(fob)
    assert fob.vehicle.waits
    fob.vehicle.confirm()
    assert fob.cache.sessions == [OTHER_KEYS] and not fob.vehicle.waits
    fob.start()
    await unlock(fob)
    assert fob.cache.sessions == [OTHER_KEYS]


async def test_the_owner_may_confirm_a_key_that_answers_in_clear_after_one_that_encrypted():
    vehicle = SignedCar(on_signed=[(done,), (done,)], encrypts=False)
    vehicle.vehicle_key, vehicle.shared_key = OTHER_KEYS
    fob = SignedFob(vehicle, traits=SIGNED | ENCRYPTS)
    await by_a_stranger(fob)
    fob.vehicle.confirm()
    await unlock(fob)
    assert (fob.cache.sessions, fob.cache.traits) == ([OTHER_KEYS], SIGNED)


async def test_what_a_stranger_confirms_ends_no_row_of_faults():
    vehicle = SignedCar(on_signed=[(correction(INVALID_SIGNATURE),), (done,)] * 10)
    vehicle.vehicle_key, vehicle.shared_key = OTHER_KEYS
    fob = SignedFob(vehicle)
    for _ in range(9):
        await by_a_stranger(fob)
    await awaiting(HeldBack, unlock(fob))


async def test_a_stranger_may_answer_more_than_one_question():
    vehicle = SignedCar(on_signed=[(refusal(TIME_EXPIRED),), (done,)])
    vehicle.vehicle_key, vehicle.shared_key = OTHER_KEYS
    await by_a_stranger(SignedFob(vehicle))
    assert vehicle.kinds == ["info", "signed", "info", "signed"]


async def test_a_new_key_does_not_decide_how_the_car_is_spoken_to():
    for traits in (0, NEEDS_NONE, SIGNED):
        vehicle = SignedCar(on_signed=[(done,)])
        vehicle.vehicle_key, vehicle.shared_key = OTHER_KEYS
        fob = SignedFob(vehicle, traits=traits, protocol="signed")
        await by_a_stranger(fob)
        assert fob.cache.traits == traits


async def test_a_car_with_a_new_key_is_commanded_again_without_a_fault():
    vehicle = SignedCar(on_signed=[(done,)])
    fob = await warm(vehicle)
    vehicle.vehicle_key, vehicle.shared_key = OTHER_KEYS
    vehicle.reboot()
    vehicle.then(on_signed=[(correction(INVALID_SIGNATURE),), (done,), (done,)])
    await by_a_stranger(fob)
    fob.sleep(10)
    vehicle.then(on_signed=[(done,)])
    await by_a_stranger(fob)
    assert vehicle.kinds == ["info", "signed"]


async def test_the_cars_own_key_is_found_again_after_a_strangers():
    vehicle = SignedCar(on_signed=[(done,)])
    vehicle.vehicle_key, vehicle.shared_key = OTHER_KEYS
    fob = SignedFob(vehicle)
    await by_a_stranger(fob)
    vehicle.vehicle_key, vehicle.shared_key = KEYS
    vehicle.then(on_signed=[(correction(INVALID_SIGNATURE),), (done,), (done,)])
    fob.sleep(NIGHT)
    await unlock(fob)
    assert fob.cache.sessions == [KEYS]


async def test_a_stranger_who_pretends_to_be_the_car_cannot_put_its_clock_ahead():
    vehicle = SignedCar()
    fob = await warm(vehicle)
    stranger = {"keys": OTHER_KEYS, "epoch": EPOCH, "clock_time": 0xFFFFFF00}
    vehicle.then(on_signed=[(correction(INVALID_SIGNATURE, **stranger),), (clear({}),)])
    vehicle.encrypts = False
    try:
        await unlock(fob)
    except FobError:
        pass
    fob.sleep(10)
    vehicle.then(on_signed=[(correction(INVALID_SIGNATURE),), (done,), (done,)])
    vehicle.encrypts = True
    await unlock(fob)
    assert fob.cache.sessions == [KEYS]


async def test_a_stranger_who_pretends_to_be_an_older_car_cannot_put_its_clock_ahead():
    vehicle = SignedCar(encrypts=False)
    fob = await warm(vehicle)
    stranger = {"keys": OTHER_KEYS, "epoch": EPOCH, "clock_time": 0xFFFFFF00}
    vehicle.then(on_signed=[(correction(INVALID_SIGNATURE, **stranger),), (done,)])
    await by_a_stranger(fob)
    fob.sleep(10)
    vehicle.then(on_signed=[(correction(INVALID_SIGNATURE),), (done,), (done,)])
    await unlock(fob)
    assert fob.cache.sessions == [KEYS]


async def test_a_stranger_cannot_say_when_the_real_keys_messages_expire():
    for encrypts in (False, True):
        vehicle = SignedCar(encrypts=encrypts)
        fob = await warm(vehicle)
        stranger = {"keys": OTHER_KEYS, "epoch": EPOCH, "clock_time": vehicle.clock + FAR}
        vehicle.then(
            on_signed=[
                (correction(INVALID_SIGNATURE, **stranger),),
                (info(), correction(INVALID_SIGNATURE)),
                (done,),
            ]
        )
        await unlock(fob)
        assert vehicle.kinds == ["signed", "unreadable", "signed"]
        assert vehicle.lifetimes[2] < 10


async def test_a_strangers_clock_costs_a_retry_and_not_the_press():
    vehicle = SignedCar()
    fob = await warm(vehicle)
    stranger = {"keys": OTHER_KEYS, "epoch": EPOCH, "clock_time": vehicle.clock + FAR}
    lie = correction(INVALID_SIGNATURE, **stranger)
    vehicle.then(on_signed=[(lie,), (correction(INVALID_SIGNATURE),), (done,)])
    await unlock(fob)
    assert vehicle.kinds == ["signed", "unreadable", "signed"]


async def test_session_info_that_nobody_asked_for_changes_no_key():
    accepted = clear({"commandStatus": {}})
    stranger = info(keys=OTHER_KEYS, counter=FAR)
    for steps in ((stranger, 50, done), (stranger, accepted, info(), 1000, done)):
        vehicle = SignedCar()
        fob = await warm(vehicle)
        vehicle.then(on_signed=[steps])
        await unlock(fob)
        assert vehicle.kinds == ["signed"] and fob.cache.sessions == [KEYS]


async def test_a_stranger_and_the_cars_own_session_info_together_light_nothing():
    vehicle = SignedCar()
    fob = await warm(vehicle)
    # Anybody may fetch the car's own session info for the uuid of a message.
    lies = info(keys=OTHER_KEYS), clear({"commandStatus": {}}), info()
    vehicle.then(on_signed=[lies] * 9)
    await awaiting(TimedOut, unlock(fob))


async def test_a_strangers_encrypted_word_does_not_bind_the_car_to_encrypting():
    vehicle = SignedCar(encrypts=False)
    fob = await warm(vehicle)

    def waits(request):
        return request.encrypted(b"\x22\x02\x08\x01", shared_key=OTHER_SHARED_KEY)

    stranger = correction(INVALID_SIGNATURE, keys=OTHER_KEYS)
    vehicle.then(on_signed=[(stranger,), (waits, 50, correction(INVALID_SIGNATURE)), (done,)])
    await unlock(fob)
    assert fob.cache.traits == SIGNED


async def test_at_most_three_keys_are_agreed_upon_in_one_connection():
    from fob import p256

    agreed = []
    real = p256.shared_secret

    def counted(private_key, public_key, random):
        agreed.append(public_key)
        raise p256.InvalidKey("not on the curve")

    p256.shared_secret = counted
    try:
        keys = [(b"\x04" + bytes([n]) * 64, bytes(16)) for n in range(1, 9)]
        vehicle = SignedCar(on_info=[[info(keys=pair) for pair in keys]] * 8)
        await awaiting(TimedOut, unlock(SignedFob(vehicle)))
    finally:
        p256.shared_secret = real
    assert len(agreed) == 3


async def test_who_confirms_what_is_held_back_does_not_adopt_a_strangers_key_by_the_way():
    vehicle = SignedCar()
    fob = await warm(vehicle)
    stranger = correction(INVALID_SIGNATURE, keys=OTHER_KEYS)

    def lies(request):
        return request.encrypted(shared_key=OTHER_SHARED_KEY)

    vehicle.then(on_signed=[(stranger,), (lies,)])
    await awaiting(Refused, unlock(fob))
    vehicle.then(on_signed=[(refusal(INVALID_SIGNATURE),)] * 3 * LIMIT)
    for _ in range(LIMIT):
        try:
            await unlock(fob)
        except HeldBack:
            pass
    fob.vehicle.confirm()
    assert fob.cache.sessions == [OTHER_KEYS, KEYS] and fob.vehicle.waits
    fob.vehicle.confirm()
    assert fob.cache.sessions == [OTHER_KEYS] and not fob.vehicle.waits
