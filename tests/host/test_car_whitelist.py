"""The keys of the simulated car: what a full list refuses, and who may take whom off it."""

from __future__ import annotations

from typing import Any

import pytest

from host_tools.protocol import vcsec_pb2 as vcsec
from tests.legacy_client import LegacyKey, information
from tests.signed_bench import SignedBench
from tests.signed_client import SignedKey

FOB = vcsec.KEY_FORM_FACTOR_3_BUTTON_BLE_CAR_KEYFOB
both = pytest.mark.parametrize("protocol", ["legacy", "signed"])


def code(bench: SignedBench, protocol: str, key: SignedKey, public_key: bytes) -> int:
    """Have `key` remove another one; the WhitelistOperation_information_E, 0 for done."""
    message = vcsec.UnsignedMessage()
    message.WhitelistOperation.removePublicKeyFromWhitelist.PublicKeyRaw = public_key
    if protocol == "legacy":
        said: Any = bench.ask(key.signed(message))[0]
    else:
        said = bench.tell(key.command(message), key)[0].payload
    status = said.commandStatus.whitelistOperationStatus
    refused = status.whitelistOperationInformation
    assert refused or status.signerOfOperation.publicKeySHA1 == key.key_id
    return int(refused)


def request_code(bench: SignedBench, **request: Any) -> int:
    """Ask to add a key; the code of the refusal."""
    status = bench.status(LegacyKey(99).whitelist_request(**request))
    return status.whitelistOperationStatus.whitelistOperationInformation


@both
def test_an_owner_removes_another_key_which_then_opens_nothing(protocol: str) -> None:
    bench = SignedBench("2023")
    owner = bench.enrol_signed(role=vcsec.ROLE_OWNER)
    assert code(bench, protocol, owner, bench.key.public_key) == 0
    assert bench.car.whitelist.find(bench.key.key_id) is None
    assert bench.fault(bench.key.command(b"\x10\x00")) == 3
    assert bench.car.locked
    assert code(bench, protocol, owner, bench.key.public_key) == 12


@both
@pytest.mark.parametrize("role", [vcsec.ROLE_OWNER, vcsec.ROLE_DRIVER])
def test_no_key_removes_itself(protocol: str, role: int) -> None:
    bench = SignedBench("2023")
    key = bench.enrol_signed(role=role)
    assert code(bench, protocol, key, key.public_key) == 2
    assert bench.car.whitelist.find(key.key_id)


@both
@pytest.mark.parametrize("role", [vcsec.ROLE_DRIVER, vcsec.ROLE_CHARGING_MANAGER])
def test_only_owners_remove_keys(protocol: str, role: int) -> None:
    bench = SignedBench("2023")
    key = bench.enrol_signed(role=role)
    assert code(bench, protocol, key, bench.car.card.public_key) == 7
    assert len(bench.car.whitelist) == 3


def test_a_full_whitelist_takes_no_key() -> None:
    bench = SignedBench("2021", known=False)
    assert bench.car.whitelist.fill() == 18
    assert len(bench.car.whitelist) == 19
    assert request_code(bench) == 4
    assert bench.car.whitelist.fill() == 0


def test_full_places_of_key_fobs_take_phones_only() -> None:
    bench = SignedBench("2021", known=False)
    assert bench.car.whitelist.fill(key_fobs=True) == 4
    assert request_code(bench, form_factor=FOB) == 3
    bench.enrol()


def test_key_fobs_fill_no_more_than_there_is_place() -> None:
    bench = SignedBench("2021", known=False)
    bench.car.whitelist.fill()
    for key in list(bench.car.whitelist)[1:3]:
        bench.car.whitelist.remove(key.key_id)
    assert bench.car.whitelist.fill(key_fobs=True) == 2
    assert len(bench.car.whitelist) == 19


def test_the_keys_that_fill_a_whitelist_are_drivers_and_can_be_read() -> None:
    bench = SignedBench("2021", known=False)
    bench.car.whitelist.fill()
    kind = vcsec.INFORMATION_REQUEST_TYPE_GET_WHITELIST_ENTRY_INFO
    (said,) = bench.ask(information(kind, slot=18))
    assert said.whitelistEntryInfo.keyRole == vcsec.ROLE_DRIVER
    assert len({key.public_key for key in bench.car.whitelist}) == 19
    (said,) = bench.ask(information(vcsec.INFORMATION_REQUEST_TYPE_GET_WHITELIST_INFO))
    assert said.whitelistInfo.slotMask == 2**19 - 1
