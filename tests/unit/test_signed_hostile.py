"""What a liar on the air may say in the signed-command protocol, and how little comes of it."""

from expect import awaiting
from scripted_car import (
    HANG_UP,
    LOCKED,
    OTHER_SHARED_KEY,
    OTHER_VEHICLE_KEY,
    UNLOCK,
    UNLOCKED,
    status,
    unlock,
)
from scripted_signed_car import (
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

from fob.cache import ENCRYPTS, SIGNED
from fob.errors import FobError, Refused, TimedOut

INCORRECT_EPOCH = 15
OTHER_KEYS = OTHER_VEHICLE_KEY, OTHER_SHARED_KEY
FAR = 1000000
DOORS_OPEN = {"nominalError": {"genericError": 2}}


def forged(payload=b"", **content):
    """An encrypted answer of somebody who does not have the key."""
    return lambda request: request.encrypted(payload, shared_key=bytes(16), **content)


def fault(code):
    return {"operation_status": 2, "signed_message_fault": code}


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
        assert FAR - fob.counter.end > FAR // 2


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


async def test_a_car_that_encrypts_only_what_is_not_success_is_believed_in_clear():
    vehicle = SignedCar(encrypts=False)
    fob = await warm(vehicle)

    def busy(request):
        return request.encrypted(b"\x22\x02\x08\x01")

    vehicle.then(on_signed=[(busy, 50, done)])
    await unlock(fob)
    assert vehicle.kinds == ["signed"] and fob.cache.traits == SIGNED
