"""Every fault that a car may name in the signed-command protocol, and what the fob does then."""

import virtual_time
from expect import awaiting
from scripted_car import HANG_UP, UNLOCK, all_down, unlock
from scripted_signed_car import (
    ERROR,
    WAIT,
    SignedCar,
    SignedFob,
    correction,
    done,
    info,
    refusal,
    said,
    warm,
)
from virtual_time import elapsed

from fob.errors import HeldBack, NotPaired, Refused, TimedOut

BUSY = 1
UNKNOWN_KEY_ID = 3
INVALID_SIGNATURE = 5
INVALID_COUNTER = 6
INSUFFICIENT_PRIVILEGES = 7
INCORRECT_EPOCH = 15
TIME_EXPIRED = 17
TIME_TO_LIVE_TOO_LONG = 20
RESPONSE_MTU_EXCEEDED = 25
REPEATED_COUNTER = 26

OUT_OF_STEP = (
    INVALID_SIGNATURE,
    INVALID_COUNTER,
    INCORRECT_EPOCH,
    TIME_EXPIRED,
    TIME_TO_LIVE_TOO_LONG,
    REPEATED_COUNTER,
)
FINAL = (4, 7, 8, 9, 10, 12, 13, 14, 16, 18, 19, 21, 22, 23, 24, 27, 28, 29, 30, 99)

CAR_IS_WAITING = {"commandStatus": {"operationStatus": 1}}
CAR_FAILED = {"commandStatus": {"operationStatus": 2}}
CAR_IS_DONE = {"commandStatus": {}}
TRUNK = b"\x10\x02"


def reason(code):
    return {"nominalError": {"genericError": code}}


async def test_what_is_out_of_step_is_mended_by_the_session_info_beside_the_fault():
    for code in OUT_OF_STEP:
        vehicle = SignedCar(on_signed=[(correction(code),), (done,)])
        await unlock(await warm(vehicle))
        assert vehicle.kinds == ["signed", "signed"], code


async def test_session_info_beside_a_fault_counts_only_if_it_proves_itself():
    for code in OUT_OF_STEP:
        for lie in ({"tag": bytes(32)}, {"tag": b""}, {"uuid": bytes(16)}, {"vin": "0" * 17}):
            vehicle = SignedCar(on_signed=[(correction(code, **lie),), (done,)])
            await unlock(await warm(vehicle))
            assert vehicle.kinds == ["signed", "info", "signed"], (code, lie)


async def test_a_fault_alone_is_followed_by_the_question_for_session_info():
    for code in OUT_OF_STEP:
        vehicle = SignedCar(on_signed=[(refusal(code),), (done,)])
        await unlock(await warm(vehicle))
        assert vehicle.kinds == ["signed", "info", "signed"], code


async def test_a_counter_that_the_car_knows_better_is_passed():
    for code in (INVALID_COUNTER, REPEATED_COUNTER):
        vehicle = SignedCar(on_signed=[(correction(code, counter=5000),), (done,)])
        await unlock(await warm(vehicle))
        assert vehicle.counters[-1] == 5001


async def test_a_message_that_lived_too_long_is_repeated_with_half_its_lifetime():
    faults = [(correction(TIME_TO_LIVE_TOO_LONG),)] * 2
    vehicle = SignedCar(on_signed=faults + [(done,)])
    await unlock(await warm(vehicle))
    first, second, third = vehicle.lifetimes
    assert first > second > third >= 1


async def test_a_car_with_a_new_clock_in_the_same_epoch_is_not_believed():
    backwards = correction(TIME_EXPIRED, clock_time=5)
    vehicle = SignedCar(on_signed=[(backwards,), (done,)])
    await unlock(await warm(vehicle))
    assert vehicle.kinds == ["signed", "info", "signed"]


async def test_a_refusal_that_nothing_mends_is_said_and_not_repeated():
    for code in FINAL:
        vehicle = SignedCar(on_signed=[(refusal(code),)] + [(done,)] * 3)
        error = await awaiting(Refused, unlock(await warm(vehicle)))
        assert error.reason == code and str(error) == "the car refuses: fault %d" % code
        assert vehicle.commands == [UNLOCK]


async def test_a_refusal_that_nothing_mends_is_believed_encrypted_too():
    status = {"operation_status": ERROR, "signed_message_fault": INSUFFICIENT_PRIVILEGES}
    vehicle = SignedCar(on_signed=[(said({}, signedMessageStatus=status),)])
    error = await awaiting(Refused, unlock(await warm(vehicle)))
    assert error.reason == INSUFFICIENT_PRIVILEGES


async def test_a_refusal_costs_no_fault_of_the_guard():
    vehicle = SignedCar(on_signed=[(refusal(INSUFFICIENT_PRIVILEGES),)] * 12 + [(done,)])
    fob = await warm(vehicle)
    for _ in range(12):
        await awaiting(Refused, unlock(fob))
    await unlock(fob)


async def test_a_key_that_the_car_does_not_know_is_not_paired():
    vehicle = SignedCar(on_signed=[(refusal(UNKNOWN_KEY_ID),)])
    fob = await warm(vehicle)
    await awaiting(NotPaired, unlock(fob))
    assert vehicle.commands == [UNLOCK] and all_down(fob) and not fob.vehicle.paired


async def test_a_key_off_the_whitelist_is_not_paired_whether_the_car_proves_that_or_not():
    for answers in ((info(status=1, tag=b""),), (info(tag=b""), 50, info(status=1))):
        vehicle = SignedCar(on_info=[answers])
        await awaiting(NotPaired, unlock(SignedFob(vehicle)))
        assert vehicle.kinds == ["info"]


async def test_a_key_that_the_car_does_not_know_is_not_held_against_questions():
    vehicle = SignedCar(on_info=[(refusal(UNKNOWN_KEY_ID),)] * 12, on_signed=[(done,)])
    fob = SignedFob(vehicle)
    for _ in range(12):
        await awaiting(NotPaired, unlock(fob))
    await unlock(fob)


async def test_a_key_that_the_car_does_not_know_seals_no_more_than_ten_messages_in_a_row():
    vehicle = SignedCar(on_signed=[(refusal(UNKNOWN_KEY_ID),)] * 20)
    fob = await warm(vehicle)
    for _ in range(9):
        await awaiting(NotPaired, unlock(fob))
    for _ in range(3):
        await awaiting(HeldBack, unlock(fob))
    assert len(vehicle.commands) == 10 and not fob.vehicle.paired


async def test_a_key_off_the_whitelist_is_not_paired_whoever_asks():
    unknown = info(status=1)
    vehicle = SignedCar(on_info=[(unknown,)])
    fob = SignedFob(vehicle)
    await awaiting(NotPaired, unlock(fob))
    assert vehicle.commands == [] and not fob.vehicle.paired
    vehicle = SignedCar(on_signed=[(correction(INVALID_SIGNATURE, status=1),)])
    await awaiting(NotPaired, unlock(await warm(vehicle)))


async def test_an_unknown_key_may_be_a_fault_to_the_question_too():
    vehicle = SignedCar(on_info=[(refusal(UNKNOWN_KEY_ID),)])
    await awaiting(NotPaired, unlock(SignedFob(vehicle)))


async def test_every_form_of_busy_waits_a_second_and_sends_a_new_counter():
    envelope = {"operation_status": WAIT}
    for busy in (refusal(BUSY), said(CAR_IS_WAITING), said({}, signedMessageStatus=envelope)):
        vehicle = SignedCar(on_signed=[(busy,), (done,)])
        await unlock(await warm(vehicle))
        assert vehicle.commands == [UNLOCK, UNLOCK]
        pause = virtual_time.ticks_diff(vehicle.heard_at[1], vehicle.heard_at[0])
        assert 1000 <= pause <= 1300
        assert vehicle.counters == sorted(set(vehicle.counters))


async def test_a_car_that_boots_or_timed_out_is_asked_again_like_a_busy_one():
    for code in (2, 11):
        vehicle = SignedCar(on_signed=[(refusal(code),), (done,)])
        await unlock(await warm(vehicle))
        assert vehicle.commands == [UNLOCK, UNLOCK]


async def test_a_result_that_follows_wait_is_the_result():
    for result in (said({}, 2), said({"vehicleStatus": {}}, 2), said(CAR_IS_DONE, 2)):
        vehicle = SignedCar(on_signed=[(said(CAR_IS_WAITING), 600, result)])
        await unlock(await warm(vehicle))
        assert vehicle.commands == [UNLOCK]


async def test_a_refusal_may_follow_wait():
    vehicle = SignedCar(on_signed=[(said(CAR_IS_WAITING), 600, said(reason(2), 2))])
    await awaiting(Refused, unlock(await warm(vehicle)))
    assert vehicle.commands == [UNLOCK]


async def test_a_car_that_stays_busy_is_given_up():
    vehicle = SignedCar(on_signed=[(refusal(BUSY),)] * 100)
    error = await awaiting(TimedOut, unlock(await warm(vehicle)))
    assert "busy" in str(error) and len(vehicle.commands) <= 12


async def test_a_busy_cars_link_that_goes_down_is_set_up_again():
    vehicle = SignedCar(on_signed=[(refusal(BUSY), 300, HANG_UP), (done,)])
    fob = await warm(vehicle)
    await unlock(fob)
    assert len(fob.radio.links) == 3 and all_down(fob)


async def test_an_error_without_detail_gives_way_to_the_success_that_follows():
    vehicle = SignedCar(on_signed=[(said(CAR_FAILED), 100, said({}, 2))])
    await unlock(await warm(vehicle))
    assert vehicle.commands == [UNLOCK]


async def test_an_error_without_detail_gives_way_to_the_reason_that_follows():
    vehicle = SignedCar(on_signed=[(said(CAR_FAILED), 100, said(reason(5), 2))])
    error = await awaiting(Refused, unlock(await warm(vehicle)))
    assert error.reason == 5 and "error 5" in str(error)


async def test_an_error_that_nothing_follows_is_a_refusal():
    vehicle = SignedCar(on_signed=[(said(CAR_FAILED),)] + [(done,)] * 3)
    fob = await warm(vehicle)
    assert await elapsed(awaiting(Refused, unlock(fob))) < 1000
    assert vehicle.commands == [UNLOCK]


async def test_an_error_without_detail_has_nothing_to_do_with_the_fault_before():
    vehicle = SignedCar(on_signed=[(correction(TIME_EXPIRED),), (said(CAR_FAILED),), (done,)])
    error = await awaiting(Refused, unlock(await warm(vehicle)))
    assert error.reason == 0 and vehicle.commands == [UNLOCK, UNLOCK]


async def test_a_reason_may_follow_an_ok():
    vehicle = SignedCar(on_signed=[(said(CAR_IS_DONE), 100, said(reason(2), 2))])
    error = await awaiting(Refused, unlock(await warm(vehicle)))
    assert error.reason == 2 and "error 2" in str(error)


async def test_three_answers_to_one_command_are_understood():
    answers = said(CAR_IS_WAITING), 50, said(CAR_IS_DONE, 2), 50, said(reason(2), 3)
    await awaiting(Refused, unlock(await warm(SignedCar(on_signed=[answers]))))
    answers = said(CAR_IS_WAITING), 50, said(CAR_IS_DONE, 2), 50, said({}, 3)
    vehicle = SignedCar(on_signed=[answers])
    await unlock(await warm(vehicle))
    assert vehicle.commands == [UNLOCK]


async def test_an_answer_too_long_for_an_older_car_is_settled_by_the_status():
    vehicle = SignedCar(on_signed=[(refusal(RESPONSE_MTU_EXCEEDED),)], encrypts=False)
    fob = await warm(vehicle)
    vehicle.lock_state = 0
    await unlock(fob)
    assert vehicle.kinds == ["signed", "plain"]


async def test_what_may_have_been_carried_out_is_not_repeated_without_a_lock_state():
    vehicle = SignedCar(on_signed=[(refusal(RESPONSE_MTU_EXCEEDED),), (done,)])
    fob = await warm(vehicle)
    await awaiting(TimedOut, fob.vehicle.perform(TRUNK))
    assert vehicle.commands == [TRUNK]


async def test_three_faults_end_a_press():
    vehicle = SignedCar(on_signed=[(correction(INVALID_SIGNATURE),)] * 20)
    fob = await warm(vehicle)
    await awaiting(HeldBack, unlock(fob))
    assert len(vehicle.commands) == 3 and all_down(fob)


async def test_ten_faults_in_a_row_hold_back_everything_until_the_owner_confirms():
    vehicle = SignedCar(on_signed=[(correction(INVALID_SIGNATURE),)] * 10 + [(done,)])
    fob = await warm(vehicle)
    for _ in range(5):
        await awaiting(HeldBack, unlock(fob))
        fob.start()
    assert len(vehicle.commands) == 10 and fob.vehicle.waits
    fob.vehicle.confirm()
    await unlock(fob)


async def test_faults_that_a_confirmed_command_followed_are_forgotten():
    vehicle = SignedCar(on_signed=[(correction(TIME_EXPIRED),), (done,)] * 12)
    fob = await warm(vehicle)
    for _ in range(12):
        await unlock(fob)
    assert not fob.vehicle.waits
