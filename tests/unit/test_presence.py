"""Passive entry in the older protocol: which requests are answered, and how."""

import codes
import virtual_time
from expect import awaiting
from passive_entry import (
    DRIVE_ALLOWED,
    MINUTE,
    TOKEN,
    UNLOCK_ALLOWED,
    a_car,
    answers,
    asks,
    present,
    token,
)
from scripted_car import (
    ERROR,
    NONE,
    OK,
    UNLOCKED,
    WAIT,
    Fob,
    all_down,
    fault,
    status,
)
from virtual_time import elapsed

from fob.errors import HeldBack, NotPaired, Refused

INVALID_TOKEN = 4
UNREADABLE = codes.SIGNEDMESSAGE_INFORMATION_FAULT_AES_DECRYPT_AUTH
COUNTER_TOO_SMALL = codes.SIGNEDMESSAGE_INFORMATION_FAULT_IV_SMALLER_THAN_EXPECTED
NOT_ON_WHITELIST = codes.SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST


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
    assert len(answers(vehicle)) == 2 and "refuses: error 6" in said[0]


async def test_a_confirmed_answer_forgets_the_faults_before_it():
    pushes = [step for number in range(1, 6) for step in (3000, asks(token(number)))]
    stale = (fault(INVALID_TOKEN),)
    vehicle = a_car(*pushes, on_sealed=[(OK,), stale, (OK,), stale, (OK,), stale])
    fob = Fob(vehicle)
    assert await present(fob, 20000)
    assert len(answers(vehicle)) == 5


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
