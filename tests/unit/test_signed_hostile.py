"""What a liar on the air may say in the signed-command protocol, and how little comes of it."""

from expect import awaiting
from scripted_car import (
    HANG_UP,
    LOCKED,
    OTHER_SHARED_KEY,
    OTHER_VEHICLE_KEY,
    SHARED_KEY,
    UNLOCK,
    UNLOCKED,
    VEHICLE_KEY,
    all_down,
    status,
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
    said,
    warm,
)

from fob.cache import ENCRYPTS, NEEDS_NONE, SIGNED
from fob.errors import FobError, HeldBack, Refused, TimedOut
from fob.guard import LIMIT
from fob.store import Counter

BUSY = 1
INVALID_SIGNATURE = 5
INCORRECT_EPOCH = 15
TIME_EXPIRED = 17
KEYS = VEHICLE_KEY, SHARED_KEY
OTHER_KEYS = OTHER_VEHICLE_KEY, OTHER_SHARED_KEY
NIGHT = 8 * 3600
FAR = 1000000
DOORS_OPEN = {"nominalError": {"genericError": 2}}


def forged(payload=b"", **content):
    """An encrypted answer of somebody who does not have the key."""
    return lambda request: request.encrypted(payload, shared_key=bytes(16), **content)


def fault(code):
    return {"operation_status": 2, "signed_message_fault": code}


async def by_a_stranger(fob):
    """A press that somebody with another key than the car's confirms."""
    try:
        await unlock(fob)
    except Refused as refused:
        assert "another key" in str(refused)
    else:
        raise AssertionError("a stranger lit done")


async def test_answers_to_somebody_else_are_passed_over():
    elsewhere = {"routing_address": bytes(16)}
    for lie in (
        said(DOORS_OPEN, to_destination=elsewhere),
        said(DOORS_OPEN, request_uuid=bytes(16)),
        clear(DOORS_OPEN, to_destination=elsewhere),
        clear(DOORS_OPEN, from_destination={"domain": 3}),
        refusal(7, to_destination=elsewhere),
        refusal(7, request_uuid=bytes(16)),
    ):
        vehicle = SignedCar(on_signed=[(lie, 50, done)])
        await unlock(await warm(vehicle))
        assert vehicle.commands == [UNLOCK]


async def test_an_answer_may_name_the_uuid_it_answers():
    def named(request):
        return request.encrypted(request_uuid=request.uuid)

    vehicle = SignedCar(on_signed=[(named,)])
    await unlock(await warm(vehicle))
    assert vehicle.kinds == ["signed"]


async def test_answers_that_do_not_open_are_passed_over():
    for lie in (
        forged(),
        forged(b"\xf2\x02\x02\x08\x02"),
        forged(signedMessageStatus=fault(7)),
        forged(signedMessageStatus=fault(3)),
    ):
        vehicle = SignedCar(on_signed=[(lie, 50, done)])
        await unlock(await warm(vehicle))
        assert vehicle.commands == [UNLOCK]


async def test_answers_that_do_not_open_confirm_nothing():
    vehicle = SignedCar(on_signed=[(forged(),)] * 20)
    await awaiting(TimedOut, unlock(await warm(vehicle)))


async def test_a_response_counter_counts_once():
    answers = said({"commandStatus": {"operationStatus": 1}}), 50, said(DOORS_OPEN), 50
    vehicle = SignedCar(on_signed=[answers + (said({}, 2),)])
    await unlock(await warm(vehicle))


async def test_an_answer_to_the_message_before_is_passed_over():
    kept = []

    def busy(request):
        kept.append(request)
        return request.encrypted(b"\x22\x02\x08\x01")

    def late(_):
        return kept[0].encrypted(counter=2)

    vehicle = SignedCar(on_signed=[(busy,), (late, 50, said(DOORS_OPEN))])
    await awaiting(Refused, unlock(await warm(vehicle)))


async def test_plain_success_is_not_believed_of_a_car_that_encrypts():
    for lie in (clear({}), clear({"commandStatus": {}}), clear(status(UNLOCKED))):
        vehicle = SignedCar(on_signed=[(lie,)] * 20)
        await awaiting(TimedOut, unlock(await warm(vehicle)))


async def test_a_status_in_clear_confirms_nothing_to_a_car_that_encrypts():
    vehicle = SignedCar(on_signed=[(clear({}),), ()])
    fob = await warm(vehicle)
    vehicle.lock_state = UNLOCKED
    await awaiting(TimedOut, unlock(fob))
    assert "plain" not in vehicle.kinds


async def test_plain_success_does_not_hide_the_word_that_proves_itself():
    vehicle = SignedCar(on_signed=[(clear({}), 50, said(DOORS_OPEN))])
    await awaiting(Refused, unlock(await warm(vehicle)))


async def test_that_a_car_encrypts_outlives_the_power():
    vehicle = SignedCar(on_signed=[(clear({}),)] * 20)
    fob = await warm(vehicle)
    fob.start()
    assert fob.cache.traits == SIGNED | ENCRYPTS
    await awaiting(TimedOut, unlock(fob))


async def test_plain_success_is_believed_of_a_car_that_never_encrypted():
    vehicle = SignedCar(on_signed=[(done,)], encrypts=False)
    fob = await warm(vehicle)
    await unlock(fob)
    assert fob.cache.traits == SIGNED and vehicle.kinds == ["signed"]


async def test_a_car_that_encrypts_one_day_is_held_to_it():
    vehicle = SignedCar(on_signed=[(done,), (clear({}),), ()], encrypts=False)
    fob = await warm(vehicle)
    vehicle.encrypts = True
    await unlock(fob)
    assert fob.cache.traits == SIGNED | ENCRYPTS
    await awaiting(TimedOut, unlock(fob))


async def test_a_refusal_in_clear_is_believed():
    for refused in (clear(DOORS_OPEN), refusal(7)):
        await awaiting(Refused, unlock(await warm(SignedCar(on_signed=[(refused,)]))))


async def test_whatever_answers_the_question_for_the_status_costs_only_time():
    def encrypted(request):
        signature = {"nonce": bytes(12), "counter": 1, "tag": bytes(16)}
        return request.answer(signature_data={"AES_GCM_Response_data": signature})

    for lie in (encrypted, lambda request: request.answer(protobuf_message_as_bytes=b"\xff")):
        plain = [(lie, 50, clear(status(UNLOCKED)))]
        vehicle = SignedCar(on_signed=[()], on_plain=plain, encrypts=False)
        await unlock(await warm(vehicle))
        assert vehicle.kinds == ["signed", "plain"]


async def test_session_info_without_a_tag_is_asked_for_again():
    untagged = (info(tag=b""),)
    vehicle = SignedCar(on_info=[untagged] * 3, on_signed=[(done,)])
    await unlock(SignedFob(vehicle))
    assert vehicle.kinds == ["info"] * 4 + ["signed"]
    spans = [at - vehicle.heard_at[0] for at in vehicle.heard_at[:4]]
    assert 6000 <= spans[3] <= 8000


async def test_session_info_that_never_proves_itself_is_never_used():
    for lie in ({"tag": b""}, {"tag": bytes(32)}, {"uuid": bytes(16)}, {"vin": "0" * 17}):
        vehicle = SignedCar(on_info=[(info(**lie),)] * 20)
        fob = SignedFob(vehicle)
        before = fob.state()
        await awaiting(TimedOut, unlock(fob))
        assert fob.state() == before and "signed" not in vehicle.kinds


async def test_session_info_that_proves_itself_is_found_behind_one_that_does_not():
    lies = info(tag=b""), info(tag=bytes(32)), info(keys=(b"\x04" + bytes(64), bytes(16)))
    vehicle = SignedCar(on_info=[lies + (info(),)], on_signed=[(done,)])
    await unlock(SignedFob(vehicle))
    assert vehicle.kinds == ["info", "signed"]


async def test_what_hostile_session_info_claims_changes_nothing_that_is_kept():
    for lie in (
        {"tag": bytes(32), "counter": 0xFFFFFFFF, "epoch": LATER_EPOCH},
        {"keys": OTHER_KEYS, "epoch": LATER_EPOCH},
        {"keys": OTHER_KEYS, "clock_time": 0xFFFFFFFF},
        {"keys": OTHER_KEYS, "counter": FAR},
        {"keys": (b"\x04" + bytes(64), bytes(16))},
        {"epoch": b"short"},
    ):
        vehicle = SignedCar(on_signed=[(done,), (correction(INCORRECT_EPOCH, **lie), HANG_UP)] * 4)
        fob = await warm(vehicle)
        await unlock(fob)
        sessions, traits, clock, files = fob.state()
        try:
            await unlock(fob)
        except FobError:
            pass
        assert fob.state()[:3] == (sessions, traits, clock)
        assert fob.state()[3]["session"] == files["session"]
        assert fob.counter.distance(FAR) > FAR // 2


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
        # Anybody may fetch the car's own session info for the uuid of a message.
        vehicle.then(
            on_signed=[
                (correction(INVALID_SIGNATURE, **stranger),),
                (info(), refusal(BUSY)),
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
    vehicle.then(on_signed=[(info(**stranger), 50, done), (done,)])
    await unlock(fob)
    assert vehicle.kinds == ["signed", "info", "signed"]


async def test_a_strangers_encrypted_word_does_not_bind_the_car_to_encrypting():
    vehicle = SignedCar(encrypts=False)
    fob = await warm(vehicle)

    def waits(request):
        return request.encrypted(b"\x22\x02\x08\x01", shared_key=OTHER_SHARED_KEY)

    stranger = correction(INVALID_SIGNATURE, keys=OTHER_KEYS)
    vehicle.then(on_signed=[(stranger,), (waits, info()), (done,)])
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


async def test_the_known_key_needs_no_agreement():
    import sys

    sys.modules.pop("fob.p256", None)
    vehicle = SignedCar(on_signed=[(done,)])
    await unlock(SignedFob(vehicle))
    assert "fob.p256" not in sys.modules


async def test_a_lock_is_no_unlock():
    vehicle = SignedCar(on_signed=[()] * 4)
    vehicle.lock_state = LOCKED
    await awaiting(TimedOut, unlock(await warm(vehicle)))


async def test_a_car_that_takes_its_time_is_waited_for_at_the_second_try():
    slow = (2500, done)
    vehicle = SignedCar()
    fob = await warm(vehicle)
    vehicle.then(on_info=[(2500, info())], on_signed=[slow, slow])
    await unlock(fob)
    assert vehicle.kinds == ["signed", "info", "signed"]


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
