"""Pairing where the car may speak the newer protocol: proven by session info, asked for in time."""

import codes
import virtual_time
from expect import awaiting
from scripted_car import (
    ERROR,
    HANG_UP,
    NONE,
    OK,
    OTHER_SHARED_KEY,
    OTHER_VEHICLE_KEY,
    SHARED_KEY,
    UNLOCK,
    VEHICLE_KEY,
    WAIT,
    enrolment,
    fault,
    framed,
    status,
    unlock,
)
from scripted_signed_car import (
    LATER_EPOCH,
    SignedCar,
    SignedFob,
    broadcast,
    clear,
    done,
    info,
    refusal,
)
from virtual_time import elapsed

from fob import pairing
from fob.cache import ENCRYPTS, NEEDS_NONE, SIGNED
from fob.errors import HeldBack, LinkError, NotPaired, Refused, TimedOut

ALREADY = (
    codes.WHITELISTOPERATION_INFORMATION_ATTEMPTING_TO_ADD_KEY_THAT_IS_ALREADY_ON_THE_WHITELIST
)
DENIED_ON_SCREEN = 24
UNKNOWN_KEY_ID = 3
NOT_ON_WHITELIST = fault(codes.SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST)
KEYS = VEHICLE_KEY, SHARED_KEY
OTHER_KEYS = OTHER_VEHICLE_KEY, OTHER_SHARED_KEY
UNKNOWN = info(status=1)
UNTAGGED = info(tag=b"")


async def pair(fob):
    lines = []
    await pairing.pair(fob.vehicle, fob.config, lines.append)
    return lines


def unpaired(vehicle, **options):
    return SignedFob(vehicle, paired=False, met=False, **options)


def proven(fob, traits=SIGNED):
    fob.start()
    return fob.cache.sessions == [KEYS] and fob.cache.traits == traits and fob.vehicle.paired


async def test_a_car_that_says_nothing_while_enrolling_is_asked_until_it_knows_the_key():
    for unknown in (UNKNOWN, refusal(UNKNOWN_KEY_ID), info(status=1, tag=b"")):
        vehicle = SignedCar(on_info=[(unknown,)] * 5)
        fob = unpaired(vehicle)
        took = await elapsed(pair(fob))
        assert 9000 <= took <= 13000
        assert vehicle.kinds == ["enrol"] + ["info"] * 6
        assert proven(fob)


async def test_nothing_is_sealed_to_a_car_of_the_newer_protocol_while_pairing():
    vehicle = SignedCar(on_info=[(UNKNOWN,)] * 5, legacy=True)
    await pair(unpaired(vehicle))
    assert vehicle.counters == []


async def test_the_questions_keep_their_distance():
    vehicle = SignedCar(on_info=[(UNKNOWN, 100, framed(WAIT), 300, framed(WAIT))] * 10)
    await pair(unpaired(vehicle))
    asked = vehicle.heard_at[1:]
    for index in range(len(asked) - 1):
        assert virtual_time.ticks_diff(asked[index + 1], asked[index]) >= 1900


async def test_the_press_after_pairing_is_warm():
    vehicle = SignedCar(on_signed=[(done,)])
    fob = unpaired(vehicle, payload=20)
    await pair(fob)
    fob.sleep(10)
    vehicle.then(on_signed=[(done,)])
    await unlock(fob)
    assert vehicle.kinds == ["signed"] and vehicle.commands == [UNLOCK]
    assert fob.requests == ["cccd", "mtu", "write", "write"]


async def test_the_cars_word_on_the_enrolment_is_followed_by_the_question():
    for word in (framed(enrolment()), broadcast(enrolment())):
        vehicle = SignedCar(on_enrol=[(framed(WAIT), 500, word)])
        fob = unpaired(vehicle)
        assert await elapsed(pair(fob)) < 1500
        assert vehicle.kinds == ["enrol", "info"] and proven(fob)


async def test_a_slow_answer_after_the_enrolment_is_waited_for_in_the_second_round():
    vehicle = SignedCar(on_enrol=[(enrolment(),)], on_info=[(1400, info())] * 50)
    fob = unpaired(vehicle)
    await pair(fob)
    assert vehicle.kinds == ["enrol", "info", "info", "legacy", "info"]


async def test_a_car_that_speaks_both_is_paired_in_the_newer_protocol():
    vehicle = SignedCar(on_enrol=[(WAIT, 2000, enrolment())], on_info=[(UNKNOWN,)], legacy=True)
    fob = unpaired(vehicle)
    await pair(fob)
    assert set(vehicle.kinds) == {"enrol", "info"} and proven(fob)


async def test_a_dozing_car_that_speaks_both_is_paired_in_the_newer_protocol():
    vehicle = SignedCar(on_info=[(), (UNKNOWN,), ()], on_session=[(NOT_ON_WHITELIST,)], legacy=True)
    fob = unpaired(vehicle)
    await pair(fob)
    assert "session" not in vehicle.kinds and proven(fob)


async def test_an_older_car_is_paired_in_the_older_protocol():
    for word in ((), (WAIT, 4000, enrolment())):
        vehicle = SignedCar(
            on_info=[()] * 50,
            on_enrol=[word],
            on_session=[(NOT_ON_WHITELIST,)] * 2,
            on_sealed=[(OK,)],
            legacy=True,
        )
        fob = unpaired(vehicle)
        await pair(fob)
        assert vehicle.plaintexts == [NONE] and proven(fob, 0)


async def test_one_forged_answer_does_not_keep_an_older_car_from_being_asked():
    vehicle = SignedCar(
        on_info=[(clear({}),)] + [()] * 50,
        on_session=[(NOT_ON_WHITELIST,)] * 2,
        on_sealed=[(OK,)],
        legacy=True,
    )
    fob = unpaired(vehicle)
    await pair(fob)
    assert vehicle.kinds[:5] == ["enrol", "info", "info", "info", "session"] and proven(fob, 0)


async def test_a_car_that_proves_nothing_yet_is_not_asked_in_the_older_protocol():
    vehicle = SignedCar(on_info=[(info(tag=b""),)] * 6, legacy=True)
    fob = unpaired(vehicle)
    await pair(fob)
    assert set(vehicle.kinds) == {"enrol", "info"} and proven(fob)


async def test_an_older_car_is_no_more_asked_in_the_newer_protocol_once_it_answered():
    vehicle = SignedCar(
        on_info=[()] * 50,
        on_session=[(NOT_ON_WHITELIST,)] * 5,
        on_sealed=[(OK,)],
        legacy=True,
    )
    await pair(unpaired(vehicle))
    assert vehicle.kinds == ["enrol", "info", "info"] + ["session"] * 6 + ["sealed"]


async def test_the_older_protocol_costs_a_car_of_the_newer_nothing():
    # The first five questions get lost, in whatever protocol.
    vehicle = SignedCar(on_info=[()] * 4)
    fob = unpaired(vehicle)
    await pair(fob)
    assert vehicle.kinds == ["enrol", "info", "info", "legacy", "info", "info", "legacy", "info"]
    assert proven(fob)


async def test_the_configured_protocol_alone_is_asked_in():
    vehicle = SignedCar(on_info=[()] * 4, legacy=True)
    await pair(unpaired(vehicle, protocol="signed"))
    assert vehicle.kinds == ["enrol"] + ["info"] * 5
    vehicle = SignedCar(on_sealed=[(OK,)], legacy=True)
    fob = unpaired(vehicle, protocol="legacy")
    await pair(fob)
    assert vehicle.kinds == ["enrol", "session", "sealed"] and proven(fob, 0)


async def test_first_session_info_without_a_tag_is_asked_for_again():
    vehicle = SignedCar(on_enrol=[(enrolment(),)], on_info=[(UNTAGGED,)] * 3)
    fob = unpaired(vehicle)
    took = await elapsed(pair(fob))
    assert vehicle.kinds == ["enrol"] + ["info"] * 4 and proven(fob)
    assert took >= 2500


async def test_session_info_that_never_has_a_tag_pairs_nothing():
    for lie in (UNTAGGED, info(tag=bytes(32)), info(uuid=bytes(16))):
        vehicle = SignedCar(on_info=[(lie,)] * 100, legacy=True)
        fob = unpaired(vehicle)
        await awaiting(TimedOut, pair(fob))
        assert fob.cache.sessions == [] and "session" not in vehicle.kinds


async def test_a_key_that_is_on_the_whitelist_already_is_a_success():
    known = enrolment(ALREADY, codes.OPERATIONSTATUS_ERROR)
    vehicle = SignedCar(on_enrol=[(known,)])
    fob = unpaired(vehicle)
    assert await elapsed(pair(fob)) < 1000
    assert proven(fob)


async def test_a_refusal_ends_pairing_with_its_reason():
    refused = enrolment(DENIED_ON_SCREEN, codes.OPERATIONSTATUS_ERROR)
    for word in (framed(refused), broadcast(refused)):
        vehicle = SignedCar(on_enrol=[(framed(WAIT), 2500, word)], on_info=[(UNKNOWN,)] * 9)
        fob = unpaired(vehicle)
        error = await awaiting(Refused, pair(fob))
        assert error.reason == DENIED_ON_SCREEN and fob.cache.sessions == []


async def test_an_error_without_a_reason_ends_pairing_too():
    await awaiting(Refused, pair(unpaired(SignedCar(on_enrol=[(ERROR,)]))))


async def test_a_card_that_never_comes_times_out():
    vehicle = SignedCar(on_info=[(UNKNOWN,)] * 100)
    fob = unpaired(vehicle)
    start = virtual_time.ticks_ms()
    await awaiting(TimedOut, pair(fob))
    assert 59000 < virtual_time.ticks_diff(virtual_time.ticks_ms(), start) < 66000
    assert fob.cache.sessions == [] and vehicle.counters == []
    assert len(vehicle.kinds) <= 32


async def test_a_link_that_goes_down_while_waiting_is_set_up_and_the_request_sent_again():
    vehicle = SignedCar(
        on_enrol=[(WAIT, 3000, HANG_UP), (WAIT, 3000, HANG_UP)],
        on_info=[(UNKNOWN,)] * 4,
    )
    fob = unpaired(vehicle)
    await pair(fob)
    assert vehicle.kinds.count("enrol") == 3 and proven(fob)


async def test_a_link_that_goes_down_again_and_again_ends_with_the_time():
    fob = unpaired(SignedCar(on_enrol=[(1500, HANG_UP)] * 1000, on_info=[(UNKNOWN,)] * 1000))
    start = virtual_time.ticks_ms()
    await awaiting(LinkError, pair(fob))
    assert 59000 < virtual_time.ticks_diff(virtual_time.ticks_ms(), start) < 65000


async def test_pushes_without_end_do_not_keep_pairing_alive():
    pushes = [step for _ in range(200) for step in (500, status(0), broadcast(status(1)))]
    vehicle = SignedCar(on_connect=[pushes], on_info=[(UNKNOWN,)] * 100)
    start = virtual_time.ticks_ms()
    await awaiting(TimedOut, pair(unpaired(vehicle)))
    assert virtual_time.ticks_diff(virtual_time.ticks_ms(), start) < 66000


async def test_garbage_while_waiting_costs_nothing():
    noise = (b"\xff\xff", b"\x00\x03\xff\xff\xff", 100, b"\x00\x04\x32\x02\x12\x10")
    vehicle = SignedCar(on_connect=[noise], on_enrol=[noise], on_info=[noise + (5, info())] * 4)
    fob = unpaired(vehicle)
    await pair(fob)
    assert proven(fob)


async def test_pairing_replaces_what_was_known_of_the_car():
    vehicle = SignedCar()
    vehicle.vehicle_key, vehicle.shared_key = OTHER_KEYS
    vehicle.epoch = LATER_EPOCH
    fob = SignedFob(vehicle, traits=NEEDS_NONE)
    await pair(fob)
    assert fob.cache.sessions == [OTHER_KEYS] and fob.cache.traits == SIGNED


async def test_pairing_anew_forgets_that_the_car_encrypted():
    vehicle = SignedCar(on_signed=[(done,)], encrypts=False)
    fob = SignedFob(vehicle, traits=SIGNED | ENCRYPTS)
    await pair(fob)
    await unlock(fob)
    assert vehicle.commands == [UNLOCK] and fob.cache.traits == SIGNED


async def test_pairing_with_a_new_key_of_the_car_ends_what_was_held_against_it():
    vehicle = SignedCar(on_info=[(refusal(UNKNOWN_KEY_ID),)])
    vehicle.vehicle_key, vehicle.shared_key = OTHER_KEYS
    fob = SignedFob(vehicle)
    await awaiting(NotPaired, unlock(fob))
    assert not fob.vehicle.paired
    await pair(fob)
    assert fob.vehicle.paired and not fob.vehicle.waits


async def test_pairing_anew_may_lead_back_to_the_older_protocol():
    vehicle = SignedCar(on_info=[()] * 50, on_sealed=[(OK,), (OK,)], legacy=True)
    fob = SignedFob(vehicle, traits=SIGNED | ENCRYPTS)
    await pair(fob)
    assert proven(fob, 0)
    await unlock(fob)
    assert vehicle.plaintexts == [NONE, UNLOCK]


async def test_a_counter_that_the_car_knows_better_is_followed_while_pairing():
    vehicle = SignedCar(on_info=[(info(counter=900),)], on_signed=[(done,)])
    fob = unpaired(vehicle)
    await pair(fob)
    await unlock(fob)
    assert vehicle.counters == [901]


async def test_a_counter_far_ahead_needs_the_owner_to_start_pairing_again():
    vehicle = SignedCar(on_info=[(info(counter=1000000),)] * 2, on_signed=[(done,)])
    fob = unpaired(vehicle)
    await awaiting(HeldBack, pair(fob))
    await pair(fob)
    await unlock(fob)
    assert vehicle.counters == [1000001]


async def test_an_unknown_key_while_pairing_is_held_against_nobody():
    vehicle = SignedCar(on_info=[(refusal(UNKNOWN_KEY_ID),)] * 15)
    fob = unpaired(vehicle)
    await pair(fob)
    assert proven(fob) and not fob.vehicle.waits


async def test_no_step_tells_a_key():
    text = "\n".join(await pair(unpaired(SignedCar(on_info=[(UNKNOWN,)]))))
    assert "card" in text
    assert repr(SHARED_KEY)[2:-1] not in text
