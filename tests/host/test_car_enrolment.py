"""How keys get on the simulated car's whitelist, and how they are refused."""

from typing import Any

import pytest

from host_tools.protocol import vcsec_pb2 as vcsec
from tests.car_bench import CarBench
from tests.legacy_client import DOCUMENTED_PERMISSIONS, LegacyKey, frame

INFORMATION = vcsec.WhitelistOperation_information_E


def refusal(status: vcsec.CommandStatus) -> int:
    """The information code of a refused change."""
    assert status.operationStatus == vcsec.OPERATIONSTATUS_ERROR
    assert status.whitelistOperationStatus.operationStatus == vcsec.OPERATIONSTATUS_ERROR
    return status.whitelistOperationStatus.whitelistOperationInformation


def test_wait_and_ok_are_the_frames_of_the_seed() -> None:
    bench = CarBench()
    bench.link.write(bench.key.whitelist_request())
    assert bench.link.take_frames() == [bytes.fromhex("000422020801")]
    assert bench.car.waits_for_card
    assert bench.car.tap_card()
    card = bench.car.card.key_id
    assert bench.link.take_frames() == [bytes.fromhex("000c220a1a0812060a04") + card]
    assert not bench.car.waits_for_card


def test_a_role_is_remembered_with_its_form_factor() -> None:
    bench = CarBench()
    key = bench.car.whitelist.find(bench.enrol().key_id)
    assert key
    assert (key.role, key.form_factor, key.slot) == (
        vcsec.ROLE_DRIVER,
        vcsec.KEY_FORM_FACTOR_ANDROID_DEVICE,
        1,
    )
    assert key.permissions == frozenset()


def test_permissions_without_a_role_are_accepted_as_in_the_seed() -> None:
    bench = CarBench()
    bench.enrol(role=0, permissions=DOCUMENTED_PERMISSIONS)
    key = bench.car.whitelist.find(bench.key.key_id)
    assert key and key.permissions == {1, 2, 3, 4}


def test_a_tap_without_a_request_does_nothing() -> None:
    bench = CarBench()
    assert not bench.car.tap_card()
    bench.ask(bench.key.whitelist_request())
    assert bench.car.whitelist.find(bench.key.key_id) is None


def test_a_tap_counts_once() -> None:
    bench = CarBench()
    bench.enrol()
    assert not bench.car.tap_card()


@pytest.mark.parametrize(
    "public_key",
    [b"", b"\x04" * 64, b"\x02" + bytes(32), b"\x04" + bytes(64), b"\x04" + b"\xff" * 64],
    ids=["empty", "short", "compressed", "infinity", "off the curve"],
)
def test_a_malformed_key_is_refused(public_key: bytes) -> None:
    bench = CarBench()
    status = bench.status(bench.key.whitelist_request(public_key=public_key))
    assert refusal(status) == 6
    assert not bench.car.waits_for_card


def test_a_known_key_is_refused_with_code_13() -> None:
    bench = CarBench()
    bench.enrol()
    assert refusal(bench.status(bench.key.whitelist_request())) == 13


@pytest.mark.parametrize(
    ("rule", "code"), [("refuse", 19), ("ignore", None)], ids=["refused", "ignored"]
)
def test_a_car_of_today_wants_a_role(rule: Any, code: int | None) -> None:
    bench = CarBench(require_role=rule)
    said = bench.ask(bench.key.whitelist_request(role=0, permissions=DOCUMENTED_PERMISSIONS))
    assert [refusal(answer.commandStatus) for answer in said] == ([code] if code else [])
    assert not bench.car.tap_card()
    bench.enrol()


def test_nineteen_keys_fill_the_whitelist() -> None:
    bench = CarBench()
    for _ in range(18):
        bench.enrol_new()
    assert len(bench.car.whitelist) == 19
    assert refusal(bench.status(bench.key.whitelist_request())) == 4


def test_four_key_fobs_fill_their_slots() -> None:
    bench = CarBench()
    fob = vcsec.KEY_FORM_FACTOR_3_BUTTON_BLE_CAR_KEYFOB
    for _ in range(4):
        bench.enrol_new(form_factor=fob)
    assert refusal(bench.status(bench.key.whitelist_request(form_factor=fob))) == 3
    bench.enrol()


def test_the_wait_for_a_card_ends_with_code_25() -> None:
    bench = CarBench()
    bench.ask(bench.key.whitelist_request())
    bench.now += 29.9
    bench.car.tick()
    assert bench.car.waits_for_card
    bench.now += 0.1
    bench.car.tick()
    (answer,) = bench.link.take_frames()
    status = vcsec.FromVCSECMessage.FromString(answer[2:]).commandStatus
    assert refusal(status) == 25
    assert not bench.car.tap_card()


def test_a_card_that_comes_too_late_adds_nothing() -> None:
    bench = CarBench()
    bench.ask(bench.key.whitelist_request())
    bench.now += 31
    assert not bench.car.tap_card()
    assert bench.car.whitelist.find(bench.key.key_id) is None


def test_the_card_approves_the_newest_request() -> None:
    bench = CarBench()
    bench.ask(LegacyKey(99).whitelist_request())
    bench.ask(bench.key.whitelist_request())
    assert bench.car.tap_card()
    assert [key.key_id for key in bench.car.whitelist][1:] == [bench.key.key_id]


def test_a_key_whose_link_dropped_meanwhile_is_still_added() -> None:
    bench = CarBench()
    bench.ask(bench.key.whitelist_request())
    bench.reconnect()
    assert bench.car.tap_card()
    assert bench.car.whitelist.find(bench.key.key_id)
    assert bench.link.take_frames() == []


def test_a_newer_car_adds_a_key_without_a_word() -> None:
    bench = CarBench(announce_enrolment=False)
    assert bench.ask(bench.key.whitelist_request()) == []
    assert bench.car.tap_card()
    assert bench.link.take_frames() == []
    assert bench.car.whitelist.find(bench.key.key_id)


def test_an_unsigned_change_is_refused() -> None:
    bench = CarBench()
    message = vcsec.ToVCSECMessage()
    operation = message.unsignedMessage.WhitelistOperation
    operation.addPublicKeyToWhitelist.PublicKeyRaw = bench.key.public_key
    assert refusal(bench.status(frame(message))) == 5


def test_a_card_cannot_approve_a_command() -> None:
    bench = CarBench()
    status = bench.status(bench.key.present(vcsec.UnsignedMessage(RKEAction=0)))
    assert status.operationStatus == vcsec.OPERATIONSTATUS_ERROR
    assert not bench.car.tap_card()
    assert bench.car.locked


def removal(key: LegacyKey) -> vcsec.UnsignedMessage:
    message = vcsec.UnsignedMessage()
    message.WhitelistOperation.removePublicKeyFromWhitelist.PublicKeyRaw = key.public_key
    return message


def test_an_owner_adds_and_removes_other_keys() -> None:
    bench = CarBench()
    owner = bench.enrol(role=vcsec.ROLE_OWNER)
    other = LegacyKey(42)
    request = vcsec.ToVCSECMessage.FromString(other.whitelist_request()[2:])
    status = bench.status(owner.signed(request.signedMessage.protobufMessageAsBytes))
    assert status.whitelistOperationStatus.signerOfOperation.publicKeySHA1 == owner.key_id
    assert bench.car.whitelist.find(other.key_id)
    bench.status(owner.signed(removal(other)))
    assert bench.car.whitelist.find(other.key_id) is None


def test_an_owner_cannot_remove_itself() -> None:
    bench = CarBench()
    owner = bench.enrol(role=vcsec.ROLE_OWNER)
    assert refusal(bench.status(owner.signed(removal(owner)))) == 2


def test_a_driver_adds_and_removes_nobody() -> None:
    bench = CarBench()
    driver = bench.enrol()
    other = bench.enrol_new()
    request = vcsec.ToVCSECMessage.FromString(LegacyKey(42).whitelist_request()[2:])
    plaintext = request.signedMessage.protobufMessageAsBytes
    assert refusal(bench.status(driver.signed(plaintext))) == 5
    assert refusal(bench.status(driver.signed(removal(other)))) == 7
    assert refusal(bench.status(driver.signed(removal(LegacyKey(42))))) == 12


def test_only_who_may_change_permissions_does() -> None:
    bench = CarBench()
    owner = bench.enrol(role=vcsec.ROLE_OWNER)
    other = bench.enrol_new(role=0, permissions=(1,))
    message = vcsec.UnsignedMessage()
    change = message.WhitelistOperation.addPermissionsToPublicKey
    change.key.PublicKeyRaw = other.public_key
    change.permission.append(vcsec.WHITELISTKEYPERMISSION_LOCAL_DRIVE)
    assert refusal(bench.status(other.signed(message))) == 8
    bench.status(owner.signed(message))
    entry = bench.car.whitelist.find(other.key_id)
    assert entry and entry.permissions == {1, 2}
