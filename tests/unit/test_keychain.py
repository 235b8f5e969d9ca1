"""The car's whitelist, listed and shortened, in both protocols."""

import codes
from expect import awaiting
from scripted_car import (
    ERROR,
    HANG_UP,
    OK,
    WAIT,
    Car,
    Fob,
    all_down,
    enrolment,
    fault,
)
from scripted_signed_car import SignedCar, SignedFob, clear, done, said, warm

from fob import keychain, protobuf
from fob.errors import DecodeError, HeldBack, KeyRefused, NotPaired, Refused, TimedOut

# As a laptop makes it; the fob sends it as it is.
REMOVAL = b"\x82\x01\x02\x12\x00"
NO_PERMISSION = 7
INFO = codes.INFORMATION_REQUEST_TYPE_GET_WHITELIST_INFO
ENTRY = codes.INFORMATION_REQUEST_TYPE_GET_WHITELIST_ENTRY_INFO


def listing(*slots):
    mask = sum([1 << slot for slot in slots])
    return {"whitelistInfo": protobuf.encode(keychain.WHITELIST_INFO, {"slotMask": mask})}


def entry(slot):
    content = protobuf.encode(keychain.WHITELIST_ENTRY_INFO, {"slot": slot})
    # And its role, which the fob does not read.
    return {"whitelistEntryInfo": content + b"\x38\x03"}


async def listed(fob):
    """Return (result, slots that were reported)."""
    told = []

    def report(slot, encoded):
        assert entry(slot) == {"whitelistEntryInfo": encoded}
        told.append(slot)

    return await keychain.read(fob.vehicle, report), told


async def test_every_slot_in_use_is_asked_for_and_reported_as_the_car_encodes_it():
    answers = [(listing(0, 3, 31),), (entry(0),), (entry(3),), (entry(31),)]
    vehicle = Car(on_whitelist=answers)
    fob = Fob(vehicle)
    result, told = await listed(fob)
    assert (result, told) == (listing(0, 3, 31)["whitelistInfo"], [0, 3, 31]) and all_down(fob)
    assert [request for _, request in vehicle.heard] == [
        {"informationRequestType": INFO},
        {"informationRequestType": ENTRY, "slot": 0},
        {"informationRequestType": ENTRY, "slot": 3},
        {"informationRequestType": ENTRY, "slot": 31},
    ]


async def test_a_car_of_the_newer_protocol_is_asked_in_clear():
    vehicle = SignedCar(on_plain=[(said(listing(1)),), (said(entry(1)),)])
    assert (await listed(SignedFob(vehicle)))[1] == [1]
    assert vehicle.kinds == ["plain", "plain"]


async def test_a_car_that_is_silent_in_one_protocol_is_asked_in_the_other():
    vehicle = SignedCar(on_plain=[(said(listing(1)),), (said(entry(1)),)])
    assert (await listed(SignedFob(vehicle, traits=0)))[1] == [1]


async def test_a_silent_car_is_given_up():
    vehicle = SignedCar(legacy=True, on_plain=[()] * 9, on_whitelist=[()] * 9)
    fob = SignedFob(vehicle, traits=0)
    await awaiting(TimedOut, listed(fob))
    assert all_down(fob)


async def test_an_empty_whitelist_is_no_key():
    for empty in (listing(), {"whitelistInfo": b""}):
        assert await listed(Fob(Car(on_whitelist=[(empty,)]))) == (b"", [])


async def test_a_late_answer_is_not_taken_for_another_slots():
    entries = [(1600, entry(1)), (100, entry(1)), (entry(2),), (entry(2),)]
    _, told = await listed(Fob(Car(on_whitelist=[(listing(1, 2),)] + entries)))
    assert told == [1, 2]


async def test_a_link_lost_in_the_middle_is_set_up_again_and_no_key_told_twice():
    answers = [(listing(1, 2),), (entry(1),), (HANG_UP,), (listing(1, 2),), (entry(2),)]
    assert (await listed(Fob(Car(on_whitelist=answers))))[1] == [1, 2]


async def test_stale_handles_are_discovered_anew():
    for refuses in (True, False):
        vehicle = Car(on_whitelist=[(listing(1),), (entry(1),)])
        vehicle.handles = (0x21, 0x23, 0x24, 3)
        vehicle.refuses_other_handles = refuses
        assert (await listed(Fob(vehicle, met=True)))[1] == [1]


async def test_malformed_whitelists_are_refused():
    info, key = {"whitelistInfo": b"\xff"}, {"whitelistEntryInfo": b"\x0a"}
    for answers in ([(info,)], [(listing(1),), (key,)]):
        fob = Fob(Car(on_whitelist=answers))
        await awaiting(DecodeError, listed(fob))
        assert all_down(fob)


async def test_a_removal_is_confirmed_by_the_cars_word_on_the_whitelist():
    vehicle = Car(on_sealed=[(enrolment(),)])
    await keychain.remove(Fob(vehicle).vehicle, REMOVAL)
    assert vehicle.plaintexts == [REMOVAL]


async def test_a_removal_is_confirmed_by_an_ok():
    vehicle = Car(on_sealed=[(OK,)])
    await keychain.remove(Fob(vehicle).vehicle, REMOVAL)


async def test_a_removal_in_the_newer_protocol_is_sealed():
    for answer in (done, said(enrolment()), said(OK)):
        vehicle = SignedCar(on_signed=[(answer,)])
        await keychain.remove((await warm(vehicle)).vehicle, REMOVAL)
        assert vehicle.commands == [REMOVAL]


async def test_a_refusal_has_the_cars_reason():
    for answer in (enrolment(NO_PERMISSION), enrolment(NO_PERMISSION, codes.OPERATIONSTATUS_ERROR)):
        fob = Fob(Car(on_sealed=[(answer,)]))
        error = await awaiting(KeyRefused, keychain.remove(fob.vehicle, REMOVAL))
        assert error.reason == NO_PERMISSION and error.code == "key-refused" and all_down(fob)
        fob = await warm(SignedCar(on_signed=[(said(answer),)]))
        error = await awaiting(KeyRefused, keychain.remove(fob.vehicle, REMOVAL))
        assert error.reason == NO_PERMISSION


async def test_a_refusal_without_a_reason_is_told():
    fob = Fob(Car(on_sealed=[(enrolment(0, codes.OPERATIONSTATUS_ERROR),)]))
    assert (await awaiting(KeyRefused, keychain.remove(fob.vehicle, REMOVAL))).reason == 0
    fob = Fob(Car(on_sealed=[(ERROR,)]))
    await awaiting(Refused, keychain.remove(fob.vehicle, REMOVAL))


async def test_what_the_car_does_not_confirm_is_not_said_again():
    vehicle = Car(on_sealed=[()] * 9)
    error = await awaiting(TimedOut, keychain.remove(Fob(vehicle).vehicle, REMOVAL))
    assert "fob keys" in str(error) and vehicle.plaintexts == [REMOVAL]
    vehicle = Car(on_sealed=[(HANG_UP,)] * 9)
    fob = Fob(vehicle)
    await awaiting(Exception, keychain.remove(fob.vehicle, REMOVAL))
    assert vehicle.plaintexts == [REMOVAL] and all_down(fob)


async def test_a_success_that_anybody_could_say_is_none_of_a_car_that_encrypts():
    vehicle = SignedCar()
    fob = await warm(vehicle)
    vehicle.then(on_signed=[(clear(enrolment()),)])
    await awaiting(TimedOut, keychain.remove(fob.vehicle, REMOVAL))


async def test_a_car_that_does_not_know_this_key_is_told():
    fob = Fob(Car(on_sealed=[(fault(2),)]))
    await awaiting(NotPaired, keychain.remove(fob.vehicle, REMOVAL))


async def test_a_fob_that_was_never_proven_removes_nothing():
    fob = Fob(Car(), paired=False)
    error = await awaiting(NotPaired, keychain.remove(fob.vehicle, REMOVAL))
    assert "not proven" in str(error) and fob.radio.dialled == []


async def test_a_fob_that_is_held_back_removes_nothing():
    vehicle = Car()
    fob = Fob(vehicle)
    for _ in range(10):
        fob.guard.begin()
        try:
            fob.guard.fault()
        except HeldBack:
            pass
    await awaiting(HeldBack, keychain.remove(fob.vehicle, REMOVAL))
    assert vehicle.heard == []


async def test_a_removal_through_stale_handles_is_said_once_to_the_car():
    for refuses in (True, False):
        vehicle = Car(on_sealed=[(enrolment(),)])
        vehicle.handles = (0x21, 0x23, 0x24, 3)
        vehicle.refuses_other_handles = refuses
        fob = Fob(vehicle, met=True)
        await keychain.remove(fob.vehicle, REMOVAL)
        assert vehicle.plaintexts == [REMOVAL] and fob.cache.handles == vehicle.handles


async def test_a_busy_car_is_asked_again():
    vehicle = Car(on_sealed=[(WAIT,), (enrolment(),)])
    await keychain.remove(Fob(vehicle).vehicle, REMOVAL)
    assert vehicle.plaintexts == [REMOVAL, REMOVAL]
