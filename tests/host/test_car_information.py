"""What the simulated car tells anybody who asks."""

import pytest

from host_tools.protocol import vcsec_pb2 as vcsec
from tests.car_bench import VIN, CarBench
from tests.legacy_client import information, level

ENTRY = vcsec.INFORMATION_REQUEST_TYPE_GET_WHITELIST_ENTRY_INFO


def test_status() -> None:
    (answer,) = CarBench().ask(information(vcsec.INFORMATION_REQUEST_TYPE_GET_STATUS))
    assert answer.vehicleStatus.vehicleLockState == vcsec.VEHICLELOCKSTATE_LOCKED


def test_vehicle_info_is_the_vin() -> None:
    (answer,) = CarBench().ask(information(vcsec.INFORMATION_REQUEST_TYPE_GET_VEHICLE_INFO))
    assert answer.vehicleInfo.VIN == VIN


def test_whitelist_info_lists_identifiers_and_slots() -> None:
    bench = CarBench()
    bench.enrol()
    (answer,) = bench.ask(information(vcsec.INFORMATION_REQUEST_TYPE_GET_WHITELIST_INFO))
    info = answer.whitelistInfo
    assert info.numberOfEntries == 2
    assert [entry.publicKeySHA1 for entry in info.whitelistEntries] == [
        bench.car.card.key_id,
        bench.key.key_id,
    ]
    assert info.slotMask == 0b11


@pytest.mark.parametrize("by", ["key_id", "public_key", "slot"])
def test_an_entry_is_found_three_ways(by: str) -> None:
    bench = CarBench()
    bench.enrol()
    wanted = {"key_id": bench.key.key_id, "public_key": bench.key.public_key, "slot": 1}[by]
    (answer,) = bench.ask(information(ENTRY, **{by: wanted}))
    entry = answer.whitelistEntryInfo
    assert entry.publicKey.PublicKeyRaw == bench.key.public_key
    assert (entry.slot, entry.keyRole) == (1, vcsec.ROLE_DRIVER)
    assert entry.metadataForKey.keyFormFactor == vcsec.KEY_FORM_FACTOR_ANDROID_DEVICE


def test_an_entry_that_is_not_there_is_refused_with_code_12() -> None:
    (answer,) = CarBench().ask(information(ENTRY, slot=7))
    assert answer.commandStatus.whitelistOperationStatus.whitelistOperationInformation == 12


def test_the_public_key_is_told_to_a_key_named_in_full() -> None:
    bench = CarBench()
    bench.enrol()
    kind = vcsec.INFORMATION_REQUEST_TYPE_GET_EPHEMERAL_PUBLIC_KEY
    (answer,) = bench.ask(information(kind, public_key=bench.key.public_key))
    assert answer.sessionInfo.publicKey == bench.car.public_key


def test_the_active_key_is_that_of_the_link() -> None:
    bench = CarBench()
    bench.enrol()
    request = information(vcsec.INFORMATION_REQUEST_TYPE_GET_ACTIVE_KEY)
    (before,) = bench.ask(request)
    assert not before.activeKey.HasField("activeKey")
    bench.ask(bench.key.signed(level(vcsec.AUTHENTICATION_LEVEL_NONE)))
    (after,) = bench.ask(request)
    assert after.activeKey.activeKey.publicKeySHA1 == bench.key.key_id


def test_a_signed_request_is_answered_like_an_unsigned_one() -> None:
    bench = CarBench()
    bench.enrol()
    (answer,) = bench.ask(bench.key.signed(b"\x0a\x00"))
    assert answer.HasField("vehicleStatus")


@pytest.mark.parametrize("kind", [1, 2, 4, 8, 16, 77])
def test_what_real_cars_do_not_answer_stays_unanswered(kind: int) -> None:
    assert CarBench().ask(information(kind)) == []
