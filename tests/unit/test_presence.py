"""Passive entry in the older protocol: which requests are answered, how, and when it ends."""

import asyncio

import codes
import virtual_time
from expect import awaiting
from scripted_car import (
    ERROR,
    HANG_UP,
    LOCK,
    LOCKED,
    NONE,
    OK,
    UNLOCKED,
    WAIT,
    Car,
    Fob,
    all_down,
    fault,
    status,
)
from virtual_time import elapsed, ticks_add, ticks_ms

from fob.errors import AttError, HeldBack, LinkError, NotFound, NotPaired, Refused
from fob.presence import Presence

UNLOCK_ALLOWED = b"\x1a\x02\x08\x01"
DRIVE_ALLOWED = b"\x1a\x02\x08\x02"
AUTO_SECURE = b"\x10\x1d"
TOKEN = bytes(range(20))
MINUTE = 60000

UNKNOWN = 1
INVALID_TOKEN = 4
UNREADABLE = codes.SIGNEDMESSAGE_INFORMATION_FAULT_AES_DECRYPT_AUTH
COUNTER_TOO_SMALL = codes.SIGNEDMESSAGE_INFORMATION_FAULT_IV_SMALLER_THAN_EXPECTED
NOT_ON_WHITELIST = codes.SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST


def token(number):
    return bytes([number & 255, number >> 8]) + bytes(18)


TOKENS = [TOKEN] + [token(number) for number in range(1, 200)]


def asks(token=TOKEN, level=codes.AUTHENTICATION_LEVEL_DRIVE, **more):
    request = {"sessionInfo": {"token": token}, "requestedLevel": level}
    request.update(more)
    return {"authenticationRequest": request}


def a_car(*pushes, **script):
    """A car that does `pushes` by itself as soon as the fob is connected."""
    return Car(on_connect=[(status(LOCKED),) + pushes], tokens=TOKENS, **script)


def presence(fob, said=None, level=2, form="auto", secure_at_end=False):
    passive = {"level": level, "minutes": 5, "form": form, "secure_at_end": secure_at_end}
    return Presence(fob.vehicle, passive, (said if said is not None else []).append)


async def present(fob, ms=5000, **options):
    """Be present for `ms`; return whether it let go for good."""
    return await presence(fob, **options).run(ticks_add(ticks_ms(), ms))


def answers(vehicle):
    """What was answered to requests: (plaintext, the token that it is bound to or None)."""
    sealed = [entry for entry in vehicle.heard if entry[0] == "sealed"]
    return [
        (entry[2], entry[3] if len(entry) > 3 else None) for entry in sealed if entry[2] != NONE
    ]


async def test_it_tells_the_car_which_key_is_here_and_permits_nothing():
    vehicle = a_car()
    assert await present(Fob(vehicle))
    assert vehicle.plaintexts == [NONE] and answers(vehicle) == []


async def test_a_request_is_answered_with_its_token_and_the_level_asked_for():
    vehicle = a_car(1000, asks(TOKEN, 2))
    await present(Fob(vehicle))
    assert answers(vehicle) == [(DRIVE_ALLOWED, TOKEN)]


async def test_an_answer_comes_at_once():
    vehicle = a_car(1000, asks())
    await present(Fob(vehicle))
    connected = vehicle.heard_at[0]
    assert 900 <= virtual_time.ticks_diff(vehicle.heard_at[1], connected) < 1100


async def test_a_level_is_at_most_the_one_that_the_owner_allowed():
    vehicle = a_car(1000, asks(TOKEN, 2))
    await present(Fob(vehicle), level=1)
    assert answers(vehicle) == [(UNLOCK_ALLOWED, TOKEN)]


async def test_a_level_is_at_most_the_one_asked_for():
    vehicle = a_car(1000, asks(TOKEN, 1))
    await present(Fob(vehicle), level=2)
    assert answers(vehicle) == [(UNLOCK_ALLOWED, TOKEN)]


async def test_a_request_for_no_level_or_an_impossible_one_is_not_answered():
    vehicle = a_car(
        100, asks(TOKEN, 0), 500, asks(token(1), -1), 500, {"authenticationRequest": {}}
    )
    await present(Fob(vehicle))
    assert vehicle.plaintexts == [NONE]


async def test_a_level_that_nobody_knows_is_answered_with_what_is_allowed():
    vehicle = a_car(100, asks(TOKEN, 77))
    await present(Fob(vehicle), level=1)
    assert answers(vehicle) == [(UNLOCK_ALLOWED, TOKEN)]


async def test_a_token_is_answered_once_however_often_it_comes():
    again = [step for _ in range(8) for step in (1000, asks())]
    vehicle = a_car(*again)
    await present(Fob(vehicle), 20000)
    assert answers(vehicle) == [(DRIVE_ALLOWED, TOKEN)]


async def test_a_request_that_comes_raw_and_wrapped_is_answered_once():
    from scripted_signed_car import broadcast

    vehicle = a_car(1000, broadcast(asks()), asks(), 1000, broadcast(asks(token(1))))
    await present(Fob(vehicle))
    assert answers(vehicle) == [(DRIVE_ALLOWED, TOKEN), (DRIVE_ALLOWED, token(1))]


async def test_every_new_token_is_answered():
    vehicle = a_car(1000, asks(), 5000, asks(token(1)), 5000, asks(token(2)))
    await present(Fob(vehicle), 20000)
    assert [bound for _, bound in answers(vehicle)] == [TOKEN, token(1), token(2)]


async def test_a_token_of_another_length_is_answered_without_it():
    for strange in (b"\x00\x01\x0f\x2c", bytes(19), bytes(21), bytes(500)):
        vehicle = a_car(1000, asks(strange), 1000, asks(strange))
        await present(Fob(vehicle))
        assert answers(vehicle) == [(DRIVE_ALLOWED, None)]


async def test_requests_without_a_token_are_answered_once_in_five_seconds():
    bare = {"authenticationRequest": {"requestedLevel": 2}}
    vehicle = a_car(*[step for _ in range(10) for step in (1000, bare)])
    await present(Fob(vehicle), 20000)
    assert answers(vehicle) == [(DRIVE_ALLOWED, None)] * 2


async def test_the_plain_form_is_used_where_the_owner_chose_it():
    vehicle = a_car(1000, asks())
    await present(Fob(vehicle), form="plain")
    assert answers(vehicle) == [(DRIVE_ALLOWED, None)]


async def test_a_request_for_another_key_is_not_answered():
    ours, others = {"publicKeySHA1": b"\x3f\xb5\x92\x33"}, {"publicKeySHA1": b"\x3f\xb5\x92\x34"}
    vehicle = a_car(100, asks(keyIdToAuth=others), 1000, asks(token(1), keyIdToAuth=ours))
    await present(Fob(vehicle))
    assert answers(vehicle) == [(DRIVE_ALLOWED, token(1))]


async def test_so_many_answers_within_ten_seconds_and_no_more():
    flood = [step for number in range(1, 100) for step in (50, asks(token(number)))]
    vehicle = a_car(*flood)
    await present(Fob(vehicle), 9000)
    assert len(answers(vehicle)) == 6


async def test_so_many_answers_while_it_is_armed_and_no_more():
    flood = [step for number in range(1, 190) for step in (1000, asks(token(number)))]
    vehicle = a_car(*flood)
    said = []
    assert await elapsed(present(Fob(vehicle), 10 * MINUTE, said=said)) < 3 * MINUTE
    assert len(answers(vehicle)) == 60 and "too often" in said[-1]


async def test_after_a_refused_form_the_next_token_is_answered_without_it():
    refusals = (fault(UNREADABLE), fault(14), fault(12), ERROR)
    for refusal in refusals:
        vehicle = a_car(100, asks(), 5000, asks(token(1)), on_sealed=[(OK,), (refusal,)])
        await present(Fob(vehicle), 10000)
        assert answers(vehicle) == [(DRIVE_ALLOWED, TOKEN), (DRIVE_ALLOWED, None)]
        assert "session" not in [entry[0] for entry in vehicle.heard]


async def test_one_stale_token_is_no_refusal_of_the_form_and_two_are():
    pushes = [step for number in range(1, 5) for step in (3000, asks(token(number)))]
    stale = (fault(INVALID_TOKEN),)
    vehicle = a_car(*pushes, on_sealed=[(OK,), stale, (OK,), stale])
    await present(Fob(vehicle), 15000)
    assert [bound for _, bound in answers(vehicle)] == [token(1), token(2), token(3), token(4)]
    vehicle = a_car(*pushes, on_sealed=[(OK,), stale, stale])
    await present(Fob(vehicle), 15000)
    assert [bound for _, bound in answers(vehicle)] == [token(1), token(2), None, None]


async def test_the_form_with_a_token_is_kept_where_the_owner_chose_it():
    vehicle = a_car(100, asks(), 5000, asks(token(1)), on_sealed=[(OK,), (fault(UNREADABLE),)])
    await present(Fob(vehicle), 10000, form="token")
    assert [bound for _, bound in answers(vehicle)] == [TOKEN, token(1)]


async def test_a_busy_car_is_answered_when_it_asks_again():
    pushes = [step for _ in range(4) for step in (1500, asks())]
    vehicle = a_car(*pushes, on_sealed=[(OK,), (WAIT,), (OK,)])
    await present(Fob(vehicle), 10000)
    assert answers(vehicle) == [(DRIVE_ALLOWED, TOKEN)] * 2


async def test_a_busy_car_hears_again_which_key_is_here():
    vehicle = a_car(on_sealed=[(WAIT,), (WAIT,), (OK,)])
    await present(Fob(vehicle), 10000)
    assert vehicle.plaintexts == [NONE] * 3


async def test_a_counter_that_the_car_has_passed_is_mended_and_the_answer_said_again():
    behind = (fault(COUNTER_TOO_SMALL, 500),)
    vehicle = a_car(1000, asks(), on_sealed=[(OK,), behind, (OK,)])
    await present(Fob(vehicle))
    assert answers(vehicle) == [(DRIVE_ALLOWED, TOKEN)] * 2 and vehicle.counters[-1] == 501


async def test_messages_that_the_car_cannot_read_end_it_before_they_do_harm():
    pushes = [step for number in range(1, 50) for step in (2000, asks(token(number)))]
    vehicle = a_car(*pushes, on_sealed=[(OK,)] + [(fault(UNREADABLE),)] * 50)
    fob = Fob(vehicle)
    await awaiting(HeldBack, present(fob, 2 * MINUTE))
    assert len(answers(vehicle)) == 3 and all_down(fob)


async def test_a_car_that_does_not_know_the_key_ends_it():
    vehicle = a_car(1000, asks(), on_sealed=[(OK,), (fault(NOT_ON_WHITELIST),)])
    fob = Fob(vehicle)
    await awaiting(NotPaired, present(fob))
    assert not fob.vehicle.paired and all_down(fob)
    await awaiting(NotPaired, present(fob))
    assert len(vehicle.heard) == 2


async def test_a_fob_that_is_not_paired_never_answers():
    vehicle = a_car(100, asks())
    fob = Fob(vehicle, paired=False)
    await awaiting(NotPaired, present(fob))
    assert vehicle.heard == [] and fob.radio.dialled == []


async def test_another_key_than_at_pairing_is_not_answered_before_the_owner_confirmed_it():
    import scripted_car as car

    vehicle = a_car(100, asks())
    fob = Fob(vehicle)
    fob.cache.keep((car.OTHER_VEHICLE_KEY, car.OTHER_SHARED_KEY), 0)
    await awaiting(HeldBack, present(fob))
    assert vehicle.heard == [] and all_down(fob)


async def test_a_refusal_of_the_key_ends_it():
    fob = Fob(a_car(on_sealed=[(ERROR,)]))
    await awaiting(Refused, present(fob))
    assert all_down(fob)


async def test_a_refused_answer_is_told_and_the_next_one_given():
    denied = {"nominalError": {"genericError": 6}}
    vehicle = a_car(1000, asks(), 2000, asks(token(1)), on_sealed=[(OK,), (denied,)])
    said = []
    await present(Fob(vehicle), said=said)
    assert len(answers(vehicle)) == 2 and "may not" in said[0]


async def test_it_never_asks_for_the_status():
    vehicle = a_car(1000, asks(), 70000, asks(token(1)))
    await present(Fob(vehicle), 3 * MINUTE)
    assert {entry[0] for entry in vehicle.heard} == {"sealed"}


async def test_the_version_is_read_every_twenty_seconds():
    vehicle = a_car()
    await present(Fob(vehicle), 2 * MINUTE)
    assert vehicle.version_reads == 5


async def test_a_version_that_cannot_be_read_does_no_harm():
    for error in (AttError("no", 0x102), LinkError("none")):
        vehicle = a_car(50000, asks())
        vehicle.version_error = error
        assert await present(Fob(vehicle), MINUTE)
        assert len(answers(vehicle)) == 1


async def test_it_lets_go_when_the_car_falls_asleep():
    asleep = {"vehicleStatus": {"vehicleSleepStatus": 2}}
    fob = Fob(a_car(7000, asleep))
    assert 6500 < await elapsed(present(fob, 5 * MINUTE)) < 8000
    assert all_down(fob) and not fob.vehicle.linked and len(fob.radio.links) == 1


async def test_it_lets_go_when_the_time_is_over():
    fob = Fob(a_car())
    assert 4900 < await elapsed(present(fob, 5000)) < 5300
    assert all_down(fob) and not fob.vehicle.linked and not fob.vehicle.lingers


async def test_an_answer_under_way_is_finished_when_the_time_is_over():
    vehicle = a_car(1000, asks(), on_sealed=[(OK,), (300, OK)])
    await present(Fob(vehicle), 1250)
    assert len(answers(vehicle)) == 1


async def test_a_search_under_way_is_given_up_when_the_time_is_over():
    fob = Fob(a_car(), dead=50, met=True)
    assert await elapsed(present(fob, 2000)) < 2300
    assert all_down(fob)


async def test_auto_secure_is_sent_at_the_end_where_the_owner_wants_it():
    vehicle = a_car(on_sealed=[(OK,), (OK,)])
    await present(Fob(vehicle), secure_at_end=True)
    assert vehicle.plaintexts == [NONE, AUTO_SECURE]


async def test_auto_secure_is_not_sent_to_a_car_that_sleeps_or_for_a_press():
    vehicle = a_car(1000, {"vehicleStatus": {"vehicleSleepStatus": 2}})
    await present(Fob(vehicle), secure_at_end=True)
    assert vehicle.plaintexts == [NONE]
    vehicle = a_car()
    mine = presence(Fob(vehicle), secure_at_end=True)
    task = asyncio.create_task(mine.run(ticks_add(ticks_ms(), MINUTE)))
    await asyncio.sleep_ms(3000)
    mine.pause()
    assert await task is False and vehicle.plaintexts == [NONE]


async def test_auto_secure_that_is_refused_is_told():
    denied = {"nominalError": {"genericError": 5}}
    said = []
    vehicle = a_car(on_sealed=[(OK,), (denied,)])
    assert await present(Fob(vehicle), secure_at_end=True, said=said)
    assert "not in park" in said[-1]


async def test_a_pause_leaves_the_link_to_the_press():
    vehicle = a_car(on_sealed=[(OK,), (OK,)])
    fob = Fob(vehicle)
    mine = presence(fob)
    task = asyncio.create_task(mine.run(ticks_add(ticks_ms(), MINUTE)))
    await asyncio.sleep_ms(3000)
    mine.pause()
    assert await elapsed(task) < 250
    assert fob.vehicle.linked and not all_down(fob)
    await fob.vehicle.perform(LOCK, LOCKED)
    assert len(fob.radio.links) == 1 and vehicle.plaintexts == [NONE, LOCK]


async def test_it_goes_on_over_the_link_that_a_press_left_open():
    vehicle = a_car(10000, asks(), on_sealed=[(OK,)] * 5)
    fob = Fob(vehicle)
    fob.vehicle.lingers = True
    await fob.vehicle.perform(LOCK, LOCKED)
    assert await present(fob, 20000)
    assert len(fob.radio.links) == 1 and vehicle.plaintexts == [LOCK, NONE, DRIVE_ALLOWED]


async def test_what_a_press_allowed_is_not_taken_back():
    vehicle = a_car(on_sealed=[(OK,)] * 5)
    fob = Fob(vehicle)
    fob.vehicle.lingers = True
    await fob.vehicle.perform(DRIVE_ALLOWED)
    await present(fob, 20000)
    assert vehicle.plaintexts == [DRIVE_ALLOWED]


async def test_a_pause_ends_a_search_at_once():
    for dead, troubles in ((50, ()), (0, [NotFound("not here")] * 9)):
        fob = Fob(a_car(), dead=dead, troubles=troubles)
        mine = presence(fob)
        task = asyncio.create_task(mine.run(ticks_add(ticks_ms(), MINUTE)))
        await asyncio.sleep_ms(1500)
        mine.pause()
        assert await elapsed(task) < 250 and await task is False


async def test_a_pause_does_not_tear_a_message():
    vehicle = a_car(1000, asks(), on_sealed=[(OK,)])
    fob = Fob(vehicle, payload=20)
    mine = presence(fob)
    task = asyncio.create_task(mine.run(ticks_add(ticks_ms(), MINUTE)))
    while len(vehicle.heard) < 1:
        await asyncio.sleep_ms(10)
    link = fob.radio.links[0]
    written = len(link.writes)
    while len(link.writes) == written:
        await asyncio.sleep_ms(5)
    mine.pause()
    await task
    assert len(answers(vehicle)) == 1


async def test_a_pause_before_it_began_is_not_forgotten():
    fob = Fob(a_car())
    mine = presence(fob)
    task = asyncio.create_task(mine.run(ticks_add(ticks_ms(), MINUTE)))
    mine.pause()
    assert await elapsed(task) < 250 and await task is False


async def test_after_a_pause_it_goes_on_and_knows_what_it_answered():
    vehicle = a_car(1000, asks(), 3000, asks())
    fob = Fob(vehicle)
    mine = presence(fob)
    until = ticks_add(ticks_ms(), MINUTE)
    task = asyncio.create_task(mine.run(until))
    await asyncio.sleep_ms(2500)
    mine.pause()
    assert await task is False
    assert await mine.run(until) is True
    assert answers(vehicle) == [(DRIVE_ALLOWED, TOKEN)]
    assert vehicle.plaintexts.count(NONE) == 1


async def test_a_lost_link_is_looked_for_again_with_growing_pauses():
    gone = NotFound("not here")
    vehicle = Car(on_connect=[(status(LOCKED), 500, HANG_UP), (status(LOCKED), 500, asks())])
    vehicle._tokens = TOKENS
    said = []
    fob = Fob(vehicle, troubles=[])
    fob.radio._troubles = []
    task = asyncio.create_task(present(fob, 3 * MINUTE, said=said))
    await asyncio.sleep_ms(400)
    fob.radio._troubles = [gone] * 8
    assert await task
    assert answers(vehicle) == [(DRIVE_ALLOWED, TOKEN)] and "lost" in said[0]
    assert len(fob.radio.searched) == 10


async def test_a_car_that_hangs_up_all_the_time_is_not_called_all_the_time():
    vehicle = Car(on_connect=[(200, HANG_UP)] * 500)
    fob = Fob(vehicle)
    assert await present(fob, 5 * MINUTE)
    assert len(fob.radio.links) < 30 and all_down(fob)


async def test_a_link_lost_in_the_middle_of_an_answer_is_set_up_again():
    vehicle = a_car(1000, asks(), on_sealed=[(OK,), (HANG_UP,)])
    vehicle._script["connect"].append((status(LOCKED), 1000, asks(), 500, asks(token(1))))
    assert await present(Fob(vehicle), 20000)
    assert [bound for _, bound in answers(vehicle)] == [TOKEN, token(1)]


async def test_handles_that_point_elsewhere_are_discovered_anew():
    for refuses in (True, False):
        vehicle = a_car(5000, asks())
        vehicle.handles = (0x21, 0x23, 0x24, 3)
        vehicle.refuses_other_handles = refuses
        fob = Fob(vehicle, met=True)
        assert await present(fob, 20000)
        assert vehicle.plaintexts == [NONE, DRIVE_ALLOWED]


async def test_a_subscription_that_went_where_messages_go_costs_a_moment():
    vehicle = a_car(5000, asks())
    # The remembered CCCD is now where the car takes messages.
    vehicle.handles = (0x14, 0x16, 0x17, 3)
    vehicle.refuses_other_handles = False
    assert await present(Fob(vehicle, met=True), 20000)
    assert vehicle.plaintexts == [NONE, DRIVE_ALLOWED]


async def test_a_confirmed_answer_forgets_the_faults_before_it():
    pushes = [step for number in range(1, 6) for step in (3000, asks(token(number)))]
    stale = (fault(INVALID_TOKEN),)
    vehicle = a_car(*pushes, on_sealed=[(OK,), stale, (OK,), stale, (OK,), stale])
    fob = Fob(vehicle)
    assert await present(fob, 20000)
    assert len(answers(vehicle)) == 5


async def test_a_cancelled_presence_takes_its_link_down():
    fob = Fob(a_car())
    task = asyncio.create_task(present(fob, MINUTE))
    await asyncio.sleep_ms(1000)
    task.cancel()
    await awaiting(asyncio.CancelledError, task)
    await asyncio.sleep_ms(0)
    assert all_down(fob) and not fob.vehicle.linked


async def test_messages_of_every_kind_do_no_harm():
    hostile = (
        b"\xff\xff\xff\xff",
        b"\x00\x02\x1a\x00",
        b"\x00\x04\x1a\x02\x12\x00",
        b"\x00\x03\x1a\x01\xff",
        b"\x00\x00",
        {"commandStatus": {}},
        fault(UNREADABLE),
        fault(COUNTER_TOO_SMALL, 0xFFFFFFFF),
        fault(NOT_ON_WHITELIST),
        {"nominalError": {"genericError": 99}},
        {"sessionInfo": {"publicKey": b"\x04" + bytes(64)}},
        {"vehicleStatus": {"vehicleSleepStatus": 7, "vehicleLockState": -5}},
        {"whitelistInfo": b"\xff"},
        {"whitelistEntryInfo": b""},
        status(UNLOCKED),
        asks(b""),
    )
    vehicle = a_car(*[step for what in hostile for step in (1200, what)], 2000, asks())
    fob = Fob(vehicle)
    before = dict(fob.flash.files)
    assert await present(fob, MINUTE)
    assert answers(vehicle)[-1] == (DRIVE_ALLOWED, TOKEN)
    assert fob.vehicle.paired and not fob.vehicle.waits
    assert before["session"] == fob.flash.files["session"]
