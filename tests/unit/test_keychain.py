"""The car's whitelist, listed and shortened, in both protocols."""

from binascii import hexlify

import codes
from expect import awaiting
from scripted_car import (
    ERROR,
    HANG_UP,
    OK,
    OTHER_VEHICLE_KEY,
    PUBLIC_KEY,
    WAIT,
    Car,
    Fob,
    all_down,
    enrolment,
    fault,
)
from scripted_signed_car import SignedCar, SignedFob, clear, done, said, warm

from fob import keychain, protobuf, whitelist
from fob.errors import DecodeError, HeldBack, KeyRefused, NotPaired, Refused, TimedOut

REMOVAL = whitelist.removal(OTHER_VEHICLE_KEY)
ONESELF = 2
NO_PERMISSION = 7
INFO = codes.INFORMATION_REQUEST_TYPE_GET_WHITELIST_INFO
ENTRY = codes.INFORMATION_REQUEST_TYPE_GET_WHITELIST_ENTRY_INFO


def listing(*slots):
    mask = sum([1 << slot for slot in slots])
    entries = [{"publicKeySHA1": bytes([slot] * 4)} for slot in slots]
    info = {"numberOfEntries": len(slots), "slotMask": mask, "whitelistEntries": entries}
    return {"whitelistInfo": protobuf.encode(keychain.WHITELIST_INFO, info)}


def entry(slot, public_key=PUBLIC_KEY, role=3, form_factor=7):
    content = {
        "keyId": {"publicKeySHA1": bytes([slot] * 4)},
        "publicKey": {"PublicKeyRaw": public_key},
        "permissions": [1, 2],
        "metadataForKey": {"keyFormFactor": form_factor},
        "slot": slot,
        "keyRole": role,
    }
    return {"whitelistEntryInfo": protobuf.encode(keychain.WHITELIST_ENTRY_INFO, content)}


async def listed(fob):
    """Return (result, what was reported)."""
    told = []
    return await keychain.read(fob.vehicle, told.append), told


async def test_every_slot_in_use_is_asked_for_and_reported():
    answers = [(listing(0, 3, 31),), (entry(0),), (entry(3, role=2),), (entry(31),)]
    vehicle = Car(on_whitelist=answers)
    fob = Fob(vehicle)
    result, told = await listed(fob)
    assert result == {"count": 3, "slots": 1 << 31 | 9} and all_down(fob)
    assert told[1] == {
        "slot": 3,
        "key_id": "03030303",
        "public_key": hexlify(PUBLIC_KEY).decode(),
        "role": 2,
        "form_factor": 7,
    }
    assert [request for _, request in vehicle.heard] == [
        {"informationRequestType": INFO},
        {"informationRequestType": ENTRY, "slot": 0},
        {"informationRequestType": ENTRY, "slot": 3},
        {"informationRequestType": ENTRY, "slot": 31},
    ]


async def test_a_car_of_the_newer_protocol_is_asked_in_clear():
    vehicle = SignedCar(on_plain=[(said(listing(1)),), (said(entry(1)),)])
    result, told = await listed(SignedFob(vehicle))
    assert result["count"] == 1 and told[0]["slot"] == 1
    assert vehicle.kinds == ["plain", "plain"]


async def test_a_car_that_is_silent_in_one_protocol_is_asked_in_the_other():
    vehicle = SignedCar(on_plain=[(said(listing(1)),), (said(entry(1)),)])
    assert (await listed(SignedFob(vehicle, traits=0)))[0]["count"] == 1


async def test_a_silent_car_is_given_up():
    vehicle = SignedCar(legacy=True, on_plain=[()] * 9, on_whitelist=[()] * 9)
    fob = SignedFob(vehicle, traits=0)
    await awaiting(TimedOut, listed(fob))
    assert all_down(fob)


async def test_a_key_without_its_point_or_with_a_strange_one_is_reported_without_it():
    for strange in (b"", b"\x04", bytes(500)):
        vehicle = Car(on_whitelist=[(listing(2),), (entry(2, strange),)])
        assert (await listed(Fob(vehicle)))[1][0]["public_key"] == ""


async def test_an_empty_whitelist_is_no_key():
    for empty in (listing(), {"whitelistInfo": b""}):
        result = await listed(Fob(Car(on_whitelist=[(empty,)])))
        assert result == ({"count": 0, "slots": 0}, [])


async def test_a_late_answer_is_not_taken_for_another_slots():
    entries = [(1600, entry(1)), (100, entry(1)), (entry(2),), (entry(2),)]
    _, told = await listed(Fob(Car(on_whitelist=[(listing(1, 2),)] + entries)))
    assert [key["slot"] for key in told] == [1, 2]
    assert [key["key_id"] for key in told] == ["01010101", "02020202"]


async def test_a_link_lost_in_the_middle_is_set_up_again_and_no_key_told_twice():
    answers = [(listing(1, 2),), (entry(1),), (HANG_UP,), (listing(1, 2),), (entry(2),)]
    assert [told["slot"] for told in (await listed(Fob(Car(on_whitelist=answers))))[1]] == [1, 2]


async def test_stale_handles_are_discovered_anew():
    for refuses in (True, False):
        vehicle = Car(on_whitelist=[(listing(1),), (entry(1),)])
        vehicle.handles = (0x21, 0x23, 0x24, 3)
        vehicle.refuses_other_handles = refuses
        assert (await listed(Fob(vehicle, met=True)))[0]["count"] == 1


async def test_malformed_whitelists_are_refused():
    info, key = {"whitelistInfo": b"\xff"}, {"whitelistEntryInfo": b"\x0a"}
    for answers in ([(info,)], [(listing(1),), (key,)]):
        fob = Fob(Car(on_whitelist=answers))
        await awaiting(DecodeError, listed(fob))
        assert all_down(fob)


async def test_a_removal_is_confirmed_by_the_cars_word_on_the_whitelist():
    vehicle = Car(on_sealed=[(enrolment(),)])
    await keychain.remove(Fob(vehicle).vehicle, OTHER_VEHICLE_KEY)
    assert vehicle.plaintexts == [REMOVAL]


async def test_a_removal_is_confirmed_by_an_ok():
    vehicle = Car(on_sealed=[(OK,)])
    await keychain.remove(Fob(vehicle).vehicle, OTHER_VEHICLE_KEY)


async def test_a_removal_in_the_newer_protocol_is_sealed():
    for answer in (done, said(enrolment()), said(OK)):
        vehicle = SignedCar(on_signed=[(answer,)])
        await keychain.remove((await warm(vehicle)).vehicle, OTHER_VEHICLE_KEY)
        assert vehicle.commands == [REMOVAL]


async def test_a_key_cannot_remove_itself():
    fob = Fob(Car(on_sealed=[(enrolment(ONESELF, codes.OPERATIONSTATUS_ERROR),)]))
    error = await awaiting(KeyRefused, keychain.remove(fob.vehicle, PUBLIC_KEY))
    assert error.reason == ONESELF and "itself" in str(error) and error.code == "key-refused"
    assert all_down(fob)


async def test_a_refusal_has_the_cars_reason():
    for answer in (enrolment(NO_PERMISSION), enrolment(NO_PERMISSION, codes.OPERATIONSTATUS_ERROR)):
        fob = Fob(Car(on_sealed=[(answer,)]))
        error = await awaiting(KeyRefused, keychain.remove(fob.vehicle, OTHER_VEHICLE_KEY))
        assert error.reason == NO_PERMISSION
        fob = await warm(SignedCar(on_signed=[(said(answer),)]))
        error = await awaiting(KeyRefused, keychain.remove(fob.vehicle, OTHER_VEHICLE_KEY))
        assert error.reason == NO_PERMISSION


async def test_a_refusal_without_a_reason_is_told():
    fob = Fob(Car(on_sealed=[(enrolment(0, codes.OPERATIONSTATUS_ERROR),)]))
    assert (await awaiting(KeyRefused, keychain.remove(fob.vehicle, OTHER_VEHICLE_KEY))).reason == 0
    fob = Fob(Car(on_sealed=[(ERROR,)]))
    await awaiting(Refused, keychain.remove(fob.vehicle, OTHER_VEHICLE_KEY))


async def test_what_the_car_does_not_confirm_is_not_said_again():
    vehicle = Car(on_sealed=[()] * 9)
    error = await awaiting(TimedOut, keychain.remove(Fob(vehicle).vehicle, OTHER_VEHICLE_KEY))
    assert "fob keys" in str(error) and vehicle.plaintexts == [REMOVAL]
    vehicle = Car(on_sealed=[(HANG_UP,)] * 9)
    fob = Fob(vehicle)
    await awaiting(Exception, keychain.remove(fob.vehicle, OTHER_VEHICLE_KEY))
    assert vehicle.plaintexts == [REMOVAL] and all_down(fob)


async def test_a_success_that_anybody_could_say_is_none_of_a_car_that_encrypts():
    vehicle = SignedCar()
    fob = await warm(vehicle)
    vehicle.then(on_signed=[(clear(enrolment()),)])
    await awaiting(TimedOut, keychain.remove(fob.vehicle, OTHER_VEHICLE_KEY))


async def test_a_car_that_does_not_know_this_key_is_told():
    fob = Fob(Car(on_sealed=[(fault(2),)]))
    await awaiting(NotPaired, keychain.remove(fob.vehicle, OTHER_VEHICLE_KEY))


async def test_a_fob_that_was_never_proven_removes_nothing():
    fob = Fob(Car(), paired=False)
    error = await awaiting(NotPaired, keychain.remove(fob.vehicle, OTHER_VEHICLE_KEY))
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
    await awaiting(HeldBack, keychain.remove(fob.vehicle, OTHER_VEHICLE_KEY))
    assert vehicle.heard == []


async def test_a_removal_through_stale_handles_is_said_once_to_the_car():
    for refuses in (True, False):
        vehicle = Car(on_sealed=[(enrolment(),)])
        vehicle.handles = (0x21, 0x23, 0x24, 3)
        vehicle.refuses_other_handles = refuses
        fob = Fob(vehicle, met=True)
        await keychain.remove(fob.vehicle, OTHER_VEHICLE_KEY)
        assert vehicle.plaintexts == [REMOVAL] and fob.cache.handles == vehicle.handles


async def test_a_busy_car_is_asked_again():
    vehicle = Car(on_sealed=[(WAIT,), (enrolment(),)])
    await keychain.remove(Fob(vehicle).vehicle, OTHER_VEHICLE_KEY)
    assert vehicle.plaintexts == [REMOVAL, REMOVAL]
