"""The three vintages of the simulated car: which protocol each speaks, and how each enrols keys."""

from __future__ import annotations

from typing import Any

import pytest

from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car import Behaviour, vintage
from tests.car_bench import CarBench
from tests.legacy_client import LegacyKey, frame, information, rke
from tests.signed_bench import LOCK, UNLOCK, SignedBench
from tests.signed_client import SignedKey

STATUS = information(vcsec.INFORMATION_REQUEST_TYPE_GET_STATUS)


def test_a_car_without_a_vintage_is_one_of_2021() -> None:
    assert vintage("2021") == Behaviour()


def test_a_car_of_2021_does_not_understand_todays_messages() -> None:
    bench = SignedBench("2021", known=False)
    bench.enrol()
    assert bench.tell(bench.key.request()) == []
    assert bench.said("ignored") == ["neither signed nor unsigned"]
    bench.key.epoch = bytes(16)
    assert bench.tell(bench.key.command(UNLOCK)) == []
    assert bench.car.locked
    assert bench.status(bench.key.signed(UNLOCK)).operationStatus == vcsec.OPERATIONSTATUS_OK


def test_a_car_of_2023_takes_both_protocols_in_turn() -> None:
    bench = SignedBench("2023")
    assert bench.fault(bench.key.command(UNLOCK)) == 0
    assert bench.status(bench.key.signed(LOCK)).operationStatus == vcsec.OPERATIONSTATUS_OK
    assert bench.car.locked
    assert bench.fault(bench.key.command(UNLOCK)) == 0
    assert not bench.car.locked and bench.car.violations == []


def test_the_protocols_share_the_counter() -> None:
    bench = SignedBench("2023")
    bench.ask(bench.key.signed(LOCK, counter=5))
    (answer,) = bench.tell(bench.key.request())
    assert answer.info.counter == 5
    bench.tell(bench.key.command(LOCK, counter=9))
    status = bench.status(bench.key.signed(UNLOCK, counter=8)).signedMessageStatus
    assert (status.signedMessageInformation, status.counter) == (3, 9)


@pytest.mark.parametrize("message", ["signed", "status", "key", "unsigned command"])
def test_a_car_of_2026_ignores_the_older_protocol(message: str) -> None:
    bench = SignedBench("2026")
    command = vcsec.ToVCSECMessage(unsignedMessage=rke(vcsec.RKE_ACTION_UNLOCK))
    data = {
        "signed": bench.key.signed(UNLOCK, counter=7),
        "status": STATUS,
        "key": bench.key.key_request(),
        "unsigned command": frame(command),
    }[message]
    assert bench.ask(data) == []
    assert bench.said("ignored") == ["message of the older protocol"]
    assert bench.car.locked
    assert bench.car.whitelist.get(bench.key.key_id).counter == 0


@pytest.mark.parametrize(("year", "announced"), [("2021", 2), ("2023", 2), ("2026", 0)])
def test_every_car_enrols_with_the_bare_message_but_not_all_announce_it(
    year: Any, announced: int
) -> None:
    bench = SignedBench(year, known=False)
    bench.link.write(bench.key.whitelist_request())
    assert bench.car.tap_card()
    assert len(bench.link.take_frames()) == announced
    assert bench.car.whitelist.find(bench.key.key_id)


@pytest.mark.parametrize(("year", "code"), [("2021", None), ("2023", 19), ("2026", None)])
def test_a_key_without_a_role_is_for_the_oldest_only(year: Any, code: int | None) -> None:
    bench = SignedBench(year, known=False)
    said = bench.ask(bench.key.whitelist_request(role=0, permissions=(1, 2, 3, 4)))
    codes = [
        answer.commandStatus.whitelistOperationStatus.whitelistOperationInformation
        for answer in said
        if answer.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_ERROR
    ]
    assert codes == ([code] if code else [])
    assert bench.car.tap_card() is (year == "2021")


def test_a_car_of_2026_says_that_a_key_is_known_already() -> None:
    bench = SignedBench("2026")
    status = bench.status(bench.key.whitelist_request()).whitelistOperationStatus
    assert status.whitelistOperationInformation == 13


def test_a_request_to_add_a_key_is_nothing_in_todays_envelope() -> None:
    bench = SignedBench("2026", known=False)
    message = vcsec.UnsignedMessage()
    change = message.WhitelistOperation.addKeyToWhitelistAndAddPermissions
    change.key.PublicKeyRaw = bench.key.public_key
    change.keyRole = vcsec.ROLE_DRIVER
    fault = bench.fault(bench.key.plain(message))
    assert fault == universal.MESSAGEFAULT_ERROR_INSUFFICIENT_PRIVILEGES
    assert not bench.car.tap_card()


def test_an_update_may_change_the_protocol_of_a_running_car() -> None:
    bench = SignedBench("2021", known=False)
    bench.enrol()
    bench.ask(bench.key.signed(LOCK))
    vars(bench.car.behaviour).update(vars(vintage("2026")))
    bench.resume()
    assert bench.key.counter == 1
    assert bench.fault(bench.key.command(UNLOCK)) == 0
    assert not bench.car.locked


def test_an_older_client_opens_a_car_of_2023_as_ever() -> None:
    bench = CarBench(**vars(vintage("2023")))
    assert isinstance(bench.enrol(), LegacyKey)
    assert bench.status(bench.key.signed(UNLOCK)).operationStatus == vcsec.OPERATIONSTATUS_OK


def test_a_new_client_is_told_nothing_false_by_a_car_of_another_vin() -> None:
    bench = SignedBench("2026")
    elsewhere = SignedKey(vin="5YJ3E1EA1KF000001")
    elsewhere.agree(bench.car.public_key)
    (answer,) = bench.tell(elsewhere.request(), elsewhere)
    assert not elsewhere.verifies(answer)
