"""Pairing: what the car may say to a whitelist request, and what it may leave out."""

from binascii import hexlify

import codes
import scripted_car as car
import virtual_time
from expect import awaiting
from scripted_car import ERROR, HANG_UP, NONE, OK, WAIT, Car, Fob, enrolment, fault, status
from virtual_time import elapsed

from fob import pairing
from fob.errors import LinkError, NotFound, Refused, TimedOut

ALREADY = (
    codes.WHITELISTOPERATION_INFORMATION_ATTEMPTING_TO_ADD_KEY_THAT_IS_ALREADY_ON_THE_WHITELIST
)
DENIED_ON_SCREEN = 24
NOT_ON_WHITELIST = fault(codes.SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST)
REQUEST = {"authenticationRequest": {"requestedLevel": 2}}


class Steps:
    """The lines that pairing reports."""

    def __init__(self):
        self.lines = []

    def __call__(self, text):
        self.lines.append(str(text))


async def pair(fob, steps=None):
    await pairing.pair(fob.vehicle, fob.config, steps or Steps())


def unpaired(vehicle, **options):
    return Fob(vehicle, paired=False, **options)


def kinds(vehicle):
    return [entry[0] for entry in vehicle.heard]


async def test_pairing_waits_for_the_card_and_ends_with_none():
    vehicle = Car(on_enrol=[(50, WAIT, 2000, enrolment())], on_sealed=[(OK,)])
    fob = unpaired(vehicle)
    await pair(fob)
    assert kinds(vehicle) == ["enrol", "session", "sealed"]
    assert vehicle.plaintexts == [NONE]


async def test_a_proven_session_is_kept():
    vehicle = Car(on_enrol=[(enrolment(),)], on_sealed=[(OK,)])
    fob = unpaired(vehicle)
    await pair(fob)
    fob.start()
    assert fob.cache.sessions == [(car.VEHICLE_KEY, car.SHARED_KEY)]


async def test_the_owner_is_told_to_hold_the_card():
    steps = Steps()
    await pair(unpaired(Car(on_enrol=[(WAIT, 10, enrolment())], on_sealed=[(OK,)])), steps)
    assert any("card" in line for line in steps.lines)


async def test_the_request_has_a_role_by_default():
    vehicle = Car(on_enrol=[(enrolment(),)], on_sealed=[(OK,)])
    await pair(unpaired(vehicle))
    change = vehicle.heard[0][1]["addKeyToWhitelistAndAddPermissions"]
    assert change == {"key": {"PublicKeyRaw": car.PUBLIC_KEY}, "keyRole": codes.ROLE_DRIVER}
    assert vehicle.heard[0][1]["metadataForKey"] == {"keyFormFactor": 7}


async def test_the_request_has_the_seeds_permissions_where_the_configuration_says_so():
    vehicle = Car(on_enrol=[(enrolment(),)], on_sealed=[(OK,)])
    await pair(unpaired(vehicle, enrol="permissions"))
    change = vehicle.heard[0][1]["addKeyToWhitelistAndAddPermissions"]
    assert change == {"key": {"PublicKeyRaw": car.PUBLIC_KEY}, "permission": [2, 1, 4, 3]}


async def test_a_key_that_is_on_the_whitelist_already_is_a_success():
    vehicle = Car(on_enrol=[(enrolment(ALREADY, codes.OPERATIONSTATUS_ERROR),)], on_sealed=[(OK,)])
    fob = unpaired(vehicle)
    await pair(fob)
    assert fob.cache.sessions[0][1] == car.SHARED_KEY


async def test_a_refusal_ends_pairing_with_its_reason():
    refusal = enrolment(DENIED_ON_SCREEN, codes.OPERATIONSTATUS_ERROR)
    vehicle = Car(on_enrol=[(WAIT, 500, refusal)])
    fob = unpaired(vehicle)
    error = await awaiting(Refused, pair(fob))
    assert error.reason == DENIED_ON_SCREEN
    assert fob.cache.sessions == [] and vehicle.counters == []


async def test_an_error_without_a_reason_ends_pairing_too():
    await awaiting(Refused, pair(unpaired(Car(on_enrol=[(ERROR,)]))))


async def test_a_silent_car_is_asked_whether_it_knows_the_key():
    vehicle = Car(on_session=[(NOT_ON_WHITELIST,), (NOT_ON_WHITELIST,)], on_sealed=[(OK,)])
    fob = unpaired(vehicle)
    await pair(fob)
    assert kinds(vehicle)[0] == "enrol" and vehicle.plaintexts == [NONE]
    assert kinds(vehicle).count("session") >= 3
    assert fob.cache.sessions[0][1] == car.SHARED_KEY


async def test_a_silent_car_is_asked_every_three_seconds_and_not_more():
    vehicle = Car(on_session=[(NOT_ON_WHITELIST,)] * 5, on_sealed=[(OK,)])
    fob = unpaired(vehicle)
    took = await elapsed(pair(fob))
    assert took > 14000
    probes = [at for at, entry in zip(vehicle.heard_at, vehicle.heard) if entry[0] == "session"]
    assert len(probes) >= 6
    for index in range(4):
        assert virtual_time.ticks_diff(probes[index + 1], probes[index]) >= 2900


async def test_a_car_that_only_pushes_is_asked_too():
    pushes = [step for _ in range(200) for step in (700, REQUEST, 10, status(car.LOCKED))]
    vehicle = Car(on_connect=[pushes], on_sealed=[(OK,)])
    fob = unpaired(vehicle)
    assert await elapsed(pair(fob)) < 10000
    assert fob.cache.sessions[0][1] == car.SHARED_KEY


async def test_a_card_that_never_comes_times_out():
    vehicle = Car(on_enrol=[(WAIT,)], on_session=[(NOT_ON_WHITELIST,)] * 100)
    fob = unpaired(vehicle)
    start = virtual_time.ticks_ms()
    await awaiting(TimedOut, pair(fob))
    took = virtual_time.ticks_diff(virtual_time.ticks_ms(), start)
    assert 59000 < took < 66000
    assert fob.cache.sessions == []
    assert not fob.radio.links[-1].connected


async def test_a_car_that_says_nothing_at_all_times_out():
    vehicle = Car(on_session=[()] * 100)
    fob = unpaired(vehicle)
    await awaiting(TimedOut, pair(fob))
    assert vehicle.counters == []


async def test_pushes_without_end_do_not_keep_pairing_alive():
    pushes = [step for _ in range(200) for step in (500, REQUEST)]
    vehicle = Car(on_connect=[pushes], on_session=[(NOT_ON_WHITELIST,)] * 100)
    start = virtual_time.ticks_ms()
    await awaiting(TimedOut, pair(unpaired(vehicle)))
    assert virtual_time.ticks_diff(virtual_time.ticks_ms(), start) < 66000


async def test_an_ok_to_the_request_itself_is_not_yet_an_enrolment():
    vehicle = Car(on_enrol=[(OK, 2000, enrolment())], on_sealed=[(OK,)])
    took = await elapsed(pair(unpaired(vehicle)))
    assert took > 2000


async def test_a_link_that_goes_down_while_waiting_is_set_up_and_the_request_sent_again():
    vehicle = Car(
        on_enrol=[(WAIT, 1000, HANG_UP), (WAIT, 1000, HANG_UP), (WAIT, 100, enrolment())],
        on_sealed=[(OK,)],
    )
    fob = unpaired(vehicle)
    await pair(fob)
    assert kinds(vehicle).count("enrol") == 3
    assert fob.cache.sessions[0][1] == car.SHARED_KEY
    assert not any(link.connected for link in fob.radio.links)


async def test_a_link_that_goes_down_again_and_again_ends_with_the_time():
    fob = unpaired(Car(on_enrol=[(HANG_UP,)] * 1000))
    start = virtual_time.ticks_ms()
    await awaiting(LinkError, pair(fob))
    assert 59000 < virtual_time.ticks_diff(virtual_time.ticks_ms(), start) < 65000


async def test_a_car_out_of_reach_ends_pairing():
    await awaiting(NotFound, pair(unpaired(Car(), troubles=[NotFound("not in reach")])))


async def test_a_key_whose_none_is_refused_is_not_kept():
    vehicle = Car(on_enrol=[(enrolment(),)], on_sealed=[(fault(1),)])
    fob = unpaired(vehicle)
    error = await awaiting(Refused, pair(fob))
    assert error.reason == 1
    assert fob.cache.sessions == []


async def test_a_car_that_takes_none_without_a_word_is_asked_for_its_status():
    vehicle = Car(on_enrol=[(enrolment(),)])
    fob = unpaired(vehicle)
    await pair(fob)
    assert kinds(vehicle) == ["enrol", "session", "sealed", "status"]
    assert fob.cache.sessions[0][1] == car.SHARED_KEY


async def test_a_proof_that_nothing_at_all_answers_keeps_nothing():
    vehicle = Car(on_enrol=[(enrolment(),)], on_status=[()] * 100)
    fob = unpaired(vehicle)
    await awaiting(TimedOut, pair(fob))
    assert fob.cache.sessions == []


async def test_a_fault_in_place_of_the_status_keeps_nothing():
    vehicle = Car(on_enrol=[(enrolment(),)], on_status=[(fault(1),)])
    fob = unpaired(vehicle)
    await awaiting(Refused, pair(fob))
    assert fob.cache.sessions == []


async def test_a_counter_the_car_knows_better_is_followed_while_pairing():
    too_small = codes.SIGNEDMESSAGE_INFORMATION_FAULT_IV_SMALLER_THAN_EXPECTED
    vehicle = Car(on_enrol=[(enrolment(),)], on_sealed=[(fault(too_small, 900),), (OK,)])
    fob = unpaired(vehicle)
    await pair(fob)
    assert vehicle.counters[1] == 901


async def test_a_key_not_known_yet_after_the_card_is_asked_for_again():
    vehicle = Car(on_enrol=[(enrolment(),)], on_session=[(NOT_ON_WHITELIST,)], on_sealed=[(OK,)])
    fob = unpaired(vehicle)
    await pair(fob)
    assert fob.cache.sessions[0][1] == car.SHARED_KEY


async def test_garbage_while_waiting_costs_nothing():
    noise = (b"\xff\xff", b"\x00\x03\xff\xff\xff", 100)
    vehicle = Car(on_connect=[noise], on_enrol=[noise + (enrolment(),)], on_sealed=[(OK,)])
    fob = unpaired(vehicle)
    await pair(fob)
    assert vehicle.plaintexts == [NONE]


async def test_no_step_tells_a_key():
    steps = Steps()
    await pair(unpaired(Car(on_enrol=[(WAIT, 10, enrolment())], on_sealed=[(OK,)])), steps)
    text = "\n".join(steps.lines)
    for secret in (car.PRIVATE_KEY, car.SHARED_KEY):
        assert repr(secret)[2:-1] not in text
        assert hexlify(secret).decode() not in text
