"""The keys that a car lists, and which of them may be removed."""

import pytest

from host_tools.advice import car_keys
from host_tools.failure import Failure, InputError
from host_tools.protocol import vcsec_pb2

OURS = {
    "slot": 2,
    "key_id": "3fb59233",
    "public_key": "04" + 64 * "5a",
    "role": 2,
    "form_factor": 7,
    "ours": True,
}
CARD = {**OURS, "slot": 0, "key_id": "00000012", "form_factor": 1, "ours": False}
NAMELESS = {**CARD, "slot": 11, "key_id": "aabbccdd", "public_key": ""}
ENTRIES = [CARD, OURS, NAMELESS]


def told(**fields):
    """A "key" event of the fob."""
    entry = vcsec_pb2.WhitelistEntryInfo(**fields).SerializeToString().hex()
    return {"event": "key", "slot": 3, "entry": entry, "ours": False}


def test_an_entry_is_what_the_car_encoded():
    point = b"\x04" + bytes(64)
    key = {"PublicKeyRaw": point}
    listed = {"keyFormFactor": 1}
    event = told(
        keyId={"publicKeySHA1": b"abcdefgh"}, publicKey=key, keyRole=2, metadataForKey=listed
    )
    assert car_keys.entry_of(event) == {
        "slot": 3,
        "key_id": b"abcd".hex(),
        "public_key": point.hex(),
        "role": 2,
        "form_factor": 1,
        "ours": False,
    }


@pytest.mark.parametrize("strange", [b"", b"\x04", bytes(500)])
def test_a_key_without_its_point_or_with_a_strange_one_has_none(strange):
    assert car_keys.entry_of(told(publicKey={"PublicKeyRaw": strange}))["public_key"] == ""


@pytest.mark.parametrize("entry", ["0a", "0a01ff0a", "1202ffff"])
def test_a_word_that_cannot_be_read_is_a_failure(entry):
    with pytest.raises(Failure, match="cannot be read"):
        car_keys.entry_of({**told(), "entry": entry})


def test_keys_are_counted_where_the_car_does_not():
    info = vcsec_pb2.WhitelistInfo(slotMask=9, whitelistEntries=[{}, {}])
    for number, expected in ((0, 2), (3, 3)):
        info.numberOfEntries = number
        summary = car_keys.summary_of({"info": info.SerializeToString().hex()})
        assert summary == {"count": expected, "slots": 9}


def test_a_removal_names_the_key():
    message = vcsec_pb2.UnsignedMessage.FromString(bytes.fromhex(car_keys.removal(CARD)))
    unwanted = message.WhitelistOperation.removePublicKeyFromWhitelist
    assert unwanted.PublicKeyRaw.hex() == CARD["public_key"]


def test_a_key_is_shown_with_its_place_and_what_it_is():
    assert car_keys.row(OURS) == ("2", "3fb59233", "owner", "android device", "this fob's")
    assert car_keys.row(CARD)[-1] == ""


def test_numbers_of_later_cars_are_shown_as_they_are():
    assert car_keys.row({**CARD, "role": 77, "form_factor": 99})[2:4] == ("77", "99")


@pytest.mark.parametrize("wanted", ["0", "00", "00000012"])
def test_a_key_is_chosen_by_slot_or_by_id(wanted):
    assert car_keys.chosen(ENTRIES, wanted) is CARD


def test_an_id_may_be_typed_in_capitals():
    assert car_keys.chosen([{**CARD, "key_id": "aabbccdd"}], "AABBCCDD")


@pytest.mark.parametrize("wanted", ["", "5", "ffffffff", "3fb5", "²"])
def test_a_key_that_is_not_there_is_wrong_input(wanted):
    with pytest.raises(InputError, match="`fob keys` shows them"):
        car_keys.chosen(ENTRIES, wanted)


def test_two_keys_of_one_id_are_told_apart_by_their_slots():
    with pytest.raises(InputError, match="Take its slot"):
        car_keys.chosen([CARD, {**CARD, "slot": 3}], "00000012")


def test_the_own_key_is_refused_with_what_to_do():
    with pytest.raises(Failure, match=r"cannot remove itself.*car's screen"):
        car_keys.chosen(ENTRIES, "2")


def test_a_key_without_a_public_one_cannot_be_named_to_the_car():
    with pytest.raises(Failure, match="did not tell the public key"):
        car_keys.chosen(ENTRIES, "11")


def test_the_only_key_card_is_not_removed_without_a_caution():
    assert "the only key card" in car_keys.caution([CARD, OURS], CARD)
    metal = {**CARD, "slot": 4, "form_factor": 15}
    assert not car_keys.caution([CARD, OURS, metal], CARD)
    assert not car_keys.caution([CARD, {**OURS, "ours": False}], {**OURS, "ours": False})
