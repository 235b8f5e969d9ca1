"""A command in the signed-command protocol: what is asked, what is sent, in how many requests."""

from expect import awaiting
from scripted_car import HANG_UP, LOCKED, UNLOCK, UNLOCKED, all_down, framed, status, unlock
from scripted_signed_car import (
    SignedCar,
    SignedFob,
    broadcast,
    correction,
    done,
    info,
    refusal,
    said,
    warm,
)
from virtual_time import elapsed

from fob.errors import Disconnected, TimedOut

TRUNK = b"\x10\x02"
NIGHT = 8 * 3600

INCORRECT_EPOCH = 15
TIME_EXPIRED = 17


async def test_the_first_press_asks_for_session_info():
    vehicle = SignedCar(on_signed=[(done,)])
    await unlock(SignedFob(vehicle))
    assert vehicle.kinds == ["info", "signed"] and vehicle.commands == [UNLOCK]


async def test_a_warm_press_is_sent_at_once():
    vehicle = SignedCar(on_signed=[(done,)])
    await unlock(await warm(vehicle))
    assert vehicle.kinds == ["signed"] and vehicle.commands == [UNLOCK]


async def test_a_warm_press_takes_four_requests():
    fob = await warm(SignedCar(on_signed=[(done,)]), payload=20)
    await unlock(fob)
    assert fob.requests == ["cccd", "mtu", "write", "write"]


async def test_a_press_after_a_night_takes_six_requests():
    vehicle = SignedCar(on_signed=[(done,)])
    fob = await warm(vehicle, payload=20)
    fob.sleep(NIGHT)
    await unlock(fob)
    assert fob.requests == ["cccd", "mtu"] + ["write"] * 4
    assert vehicle.kinds == ["info", "signed"]


async def test_a_press_after_a_power_cut_asks_again():
    vehicle = SignedCar(on_signed=[(done,)])
    fob = await warm(vehicle)
    fob.start()
    await unlock(fob)
    assert vehicle.kinds == ["info", "signed"]


async def test_a_message_lives_long_enough_and_not_too_long():
    for seconds in (1, 100, 370, NIGHT):
        vehicle = SignedCar()
        fob = await warm(vehicle)
        for ppm in (-4900, 0, 4900):
            vehicle.then(on_signed=[(done,)])
            fob.sleep(seconds, ppm)
            await unlock(fob)
            assert 5 <= vehicle.lifetimes[0] <= 10


async def test_a_clock_that_is_set_while_a_message_is_made_hurts_nobody():
    vehicle = SignedCar(on_signed=[(done,)])
    fob = await warm(vehicle)
    told = []

    def now_ms():
        told.append(fob.now_ms() + 86400000 * len(told))
        return told[-1]

    fob.vehicle.now_ms = now_ms
    await unlock(fob)
    assert vehicle.commands == [UNLOCK]


async def test_a_car_that_rebooted_corrects_the_epoch_by_itself():
    vehicle = SignedCar(on_signed=[(correction(INCORRECT_EPOCH),), (done,)])
    fob = await warm(vehicle)
    vehicle.reboot()
    await unlock(fob)
    assert vehicle.kinds == ["unreadable", "signed"]


async def test_a_car_that_rebooted_is_asked_where_it_only_names_the_fault():
    vehicle = SignedCar(on_signed=[(correction(INCORRECT_EPOCH, tag=False),), (done,)])
    fob = await warm(vehicle)
    vehicle.reboot()
    await unlock(fob)
    assert vehicle.kinds == ["unreadable", "info", "signed"]


async def test_a_corrected_epoch_serves_the_next_press_too():
    vehicle = SignedCar(on_signed=[(correction(INCORRECT_EPOCH),), (done,), (done,)])
    fob = await warm(vehicle)
    vehicle.reboot()
    await unlock(fob)
    fob.sleep(10)
    vehicle.then()
    await unlock(fob)
    assert vehicle.kinds == ["signed"]


async def test_an_empty_payload_is_success_at_once():
    fob = await warm(SignedCar(on_signed=[(20, done)]))
    assert await elapsed(unlock(fob)) < 300


async def test_a_status_in_the_answer_is_success():
    fob = await warm(SignedCar(on_signed=[(said(status(UNLOCKED)),)]))
    assert await elapsed(unlock(fob)) < 300


async def test_an_ok_is_success_once_nothing_else_followed():
    vehicle = SignedCar(on_signed=[(said({"commandStatus": {}}),)])
    fob = await warm(vehicle)
    assert await elapsed(unlock(fob)) < 700
    assert vehicle.commands == [UNLOCK]


async def test_a_pushed_status_alone_confirms_nothing():
    pushes = framed(status(LOCKED)), 20, framed(status(UNLOCKED)), broadcast(status(UNLOCKED))
    vehicle = SignedCar(on_signed=[pushes] * 4)
    await awaiting(TimedOut, unlock(await warm(vehicle)))


async def test_an_older_cars_lost_answer_is_settled_by_a_question_in_clear():
    vehicle = SignedCar(on_signed=[()], encrypts=False)
    fob = await warm(vehicle)
    vehicle.lock_state = UNLOCKED
    await unlock(fob)
    assert vehicle.heard[1:] == [("plain", b"\x0a\x00")]


async def test_the_status_may_come_as_a_broadcast():
    for push in (broadcast, framed):
        plain = [(push(status(UNLOCKED)),)]
        vehicle = SignedCar(on_signed=[()], on_plain=plain, encrypts=False)
        await unlock(await warm(vehicle))
        assert vehicle.kinds == ["signed", "plain"]


async def test_a_status_from_before_the_question_settles_nothing():
    push = framed(status(UNLOCKED))
    vehicle = SignedCar(
        on_signed=[(1400, push[:3], 300, push[3:]), ()],
        on_plain=[(400, said(status(LOCKED)))],
        encrypts=False,
    )
    await awaiting(TimedOut, unlock(await warm(vehicle)))
    assert vehicle.commands == [UNLOCK, UNLOCK]


async def test_an_older_cars_command_that_got_lost_is_repeated_after_session_info():
    vehicle = SignedCar(on_signed=[(), (done,)], encrypts=False)
    await unlock(await warm(vehicle))
    assert vehicle.kinds == ["signed", "plain", "info", "signed"]


async def test_a_car_that_encrypts_is_told_again_until_it_vouches_for_the_command():
    vehicle = SignedCar(on_signed=[(), (done,)])
    fob = await warm(vehicle)
    vehicle.lock_state = UNLOCKED
    await unlock(fob)
    assert vehicle.kinds == ["signed", "info", "signed"]


async def test_without_a_lock_state_silence_is_not_answered_by_a_repetition():
    vehicle = SignedCar(on_signed=[()] * 4)
    fob = await warm(vehicle)
    await awaiting(TimedOut, fob.vehicle.perform(TRUNK))
    assert vehicle.commands == [TRUNK]


async def test_without_a_lock_state_a_lost_link_is_not_set_up_again():
    vehicle = SignedCar(on_signed=[(HANG_UP,), (done,)])
    fob = await warm(vehicle)
    await awaiting(Disconnected, fob.vehicle.perform(TRUNK))
    assert vehicle.commands == [TRUNK] and all_down(fob)


async def test_without_a_lock_state_what_was_refused_is_repeated():
    vehicle = SignedCar(on_signed=[(correction(TIME_EXPIRED),), (done,)])
    fob = await warm(vehicle)
    await fob.vehicle.perform(TRUNK)
    assert vehicle.commands == [TRUNK, TRUNK]


async def test_a_link_lost_after_a_refusal_is_set_up_again_for_any_command():
    vehicle = SignedCar(on_signed=[(refusal(TIME_EXPIRED),), (done,)], on_info=[(HANG_UP,)])
    fob = await warm(vehicle)
    await fob.vehicle.perform(TRUNK)
    assert vehicle.commands == [TRUNK, TRUNK] and "plain" not in vehicle.kinds


async def test_a_press_that_failed_leaves_nothing_to_ask_for_in_the_next():
    vehicle = SignedCar(on_signed=[()] * 2)
    fob = SignedFob(vehicle)
    await awaiting(TimedOut, unlock(fob))
    fob.wake()
    vehicle.then(on_signed=[(done,)])
    await unlock(fob)
    assert vehicle.kinds == ["signed"]


async def test_an_older_cars_link_lost_after_the_command_is_resolved_by_the_status():
    vehicle = SignedCar(on_signed=[(20, HANG_UP), (done,)], encrypts=False)
    fob = await warm(vehicle)
    vehicle.lock_state = UNLOCKED
    await unlock(fob)
    assert vehicle.kinds == ["signed", "plain"] and all_down(fob)


async def test_session_info_that_comes_unasked_for_is_of_use():
    vehicle = SignedCar(on_signed=[(info(counter=5000), 20, done), (done,)])
    fob = await warm(vehicle)
    await unlock(fob)
    await unlock(fob)
    assert vehicle.commands == [UNLOCK, UNLOCK] and vehicle.counters[-1] == 5001


async def test_a_link_lost_before_the_car_did_it_costs_one_repetition():
    for encrypts, kinds in ((False, ["signed", "plain", "signed"]), (True, ["signed", "signed"])):
        vehicle = SignedCar(on_signed=[(20, HANG_UP), (done,)], encrypts=encrypts)
        fob = await warm(vehicle)
        await unlock(fob)
        assert vehicle.kinds == kinds


async def test_a_dozing_car_answers_the_second_question_for_session_info():
    vehicle = SignedCar(on_info=[(), (info(),)], on_signed=[(done,)])
    await unlock(SignedFob(vehicle))
    assert vehicle.kinds == ["info", "info", "signed"]


async def test_a_silent_car_is_given_up():
    vehicle = SignedCar(on_info=[()] * 20)
    await awaiting(TimedOut, unlock(SignedFob(vehicle)))
    assert vehicle.commands == []


async def test_stale_handles_lead_to_a_discovery_and_the_command_after_it():
    for command, lock_state in ((UNLOCK, UNLOCKED), (TRUNK, None)):
        for refuses in (True, False):
            for presses_before in (0, 1):
                vehicle = SignedCar(on_signed=[(done,)])
                fob = await warm(vehicle) if presses_before else SignedFob(vehicle)
                vehicle.handles = (0x21, 0x23, 0x24, 3)
                vehicle.refuses_other_handles = refuses
                await fob.vehicle.perform(command, lock_state)
                assert vehicle.commands == [command] and fob.cache.handles == vehicle.handles


async def test_a_command_that_lacks_its_last_piece_may_be_sent_again():
    vehicle = SignedCar(on_signed=[(done,)])
    fob = await warm(vehicle)
    vehicle.refused_writes = 1
    await fob.vehicle.perform(TRUNK)
    assert vehicle.commands == [TRUNK]


async def test_the_counter_of_every_message_is_a_new_one():
    vehicle = SignedCar(on_signed=[(done,)] * 20)
    fob = await warm(vehicle)
    for _ in range(5):
        await unlock(fob)
        fob.start()
    assert vehicle.counters == sorted(set(vehicle.counters)) and len(vehicle.counters) == 6
