"""The simulated car's session info: what it tells, to whom, and how its tag is made."""

from typing import Any

import pytest

from host_tools.protocol import signatures_pb2 as signatures
from host_tools.protocol import universal_message_pb2 as universal
from tests.car_bench import VIN
from tests.signed_bench import LOCK, SignedBench
from tests.signed_client import SignedKey

NOT_ON_WHITELIST = signatures.SESSION_INFO_STATUS_KEY_NOT_ON_WHITELIST
UNKNOWN_KEY_ID = universal.MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID


def test_session_info_is_the_key_the_counter_the_epoch_and_the_clock() -> None:
    bench = SignedBench()
    bench.now += 2.9
    bench.tell(bench.key.command(LOCK, counter=300))
    (answer,) = bench.tell(bench.key.request())
    assert answer.info == signatures.SessionInfo(
        counter=300, publicKey=bench.car.public_key, epoch=bench.car.epoch, clock_time=2
    )
    assert len(bench.car.epoch) == 16
    assert not answer.encrypted and answer.fault == 0


def test_its_tag_answers_the_uuid_of_the_request() -> None:
    bench = SignedBench()
    (answer,) = bench.tell(bench.key.request())
    assert bench.key.verifies(answer)
    assert not bench.key.verifies(answer, uuid=bytes(16))
    assert answer.envelope.request_uuid != b""


def test_its_tag_is_of_the_vin() -> None:
    bench = SignedBench()
    (answer,) = bench.tell(bench.key.request())
    bench.key.vin = "5YJ3E1EA1KF000001"
    assert not bench.key.verifies(answer)


def test_without_a_uuid_the_challenge_is_empty_whatever_the_request_says() -> None:
    bench = SignedBench()
    request = bench.key.request(uuid=b"")
    request.session_info_request.challenge = bytes(16)
    (answer,) = bench.tell(request)
    assert bench.key.verifies(answer, uuid=b"")


def test_the_answer_goes_to_the_routing_address_from_the_security_domain() -> None:
    bench = SignedBench()
    request = bench.key.request()
    (answer,) = bench.tell(request)
    assert answer.envelope.to_destination == request.from_destination
    assert answer.envelope.from_destination.domain == universal.DOMAIN_VEHICLE_SECURITY


def test_an_unknown_key_may_be_told_that_it_is_not_on_the_whitelist() -> None:
    bench = SignedBench(known=False, unknown_key="session-info")
    bench.key.agree(bench.car.public_key)
    (answer,) = bench.tell(bench.key.request())
    assert answer.info.status == NOT_ON_WHITELIST
    assert answer.info.counter == 0
    assert bench.key.verifies(answer)


def test_an_unknown_key_may_be_refused() -> None:
    bench = SignedBench(known=False, unknown_key="fault")
    (answer,) = bench.tell(bench.key.request())
    assert answer.fault == UNKNOWN_KEY_ID
    assert answer.envelope.WhichOneof("payload") is None


def test_the_first_session_infos_of_a_new_key_may_lack_their_tag() -> None:
    bench = SignedBench(known=False, untagged=2)
    bench.enrol()
    tagged = []
    for _ in range(3):
        (answer,) = bench.tell(bench.key.request())
        tagged.append(answer.envelope.HasField("signature_data"))
    assert tagged == [False, False, True]
    bench.enrol_new()
    (answer,) = bench.tell(bench.key.request())
    assert answer.envelope.HasField("signature_data")


def test_a_car_that_restarts_begins_an_epoch_at_0_and_keeps_the_counter() -> None:
    bench = SignedBench()
    bench.tell(bench.key.command(LOCK, counter=9))
    before = bench.car.epoch
    bench.now += 1000
    bench.car.reboot()
    assert bench.car.epoch != before
    (answer,) = bench.tell(bench.key.request())
    assert (answer.info.clock_time, answer.info.counter) == (0, 9)


@pytest.mark.parametrize("seconds", [250, -20])
def test_a_clock_can_be_made_to_jump_within_its_epoch(seconds: int) -> None:
    bench = SignedBench()
    bench.now += 100
    epoch, before = bench.car.epoch, bench.car.clock_time
    bench.car.shift_clock(seconds)
    assert (bench.car.epoch, bench.car.clock_time) == (epoch, before + seconds)


def test_after_a_new_vehicle_key_the_session_info_is_under_it() -> None:
    bench = SignedBench()
    bench.car.rotate_key()
    (answer,) = bench.tell(bench.key.request())
    assert not bench.key.verifies(answer)
    bench.key.take(answer)
    assert bench.fault(bench.key.command(LOCK)) == 0


def test_a_removed_key_is_unknown_again() -> None:
    bench = SignedBench()
    bench.car.whitelist.remove(bench.key.key_id)
    assert bench.fault(bench.key.request()) == UNKNOWN_KEY_ID


@pytest.mark.parametrize(
    ("rule", "info", "command"),
    [("always", True, True), ("session-info", True, False), ("never", False, False)],
)
def test_answers_may_leave_the_request_uuid_empty(rule: Any, info: bool, command: bool) -> None:
    bench = SignedBench(echo_uuid=rule)
    (answer,) = bench.tell(bench.key.request())
    assert (answer.envelope.request_uuid != b"") is info
    (answer,) = bench.tell(bench.key.command(LOCK))
    assert (answer.envelope.request_uuid != b"") is command


@pytest.mark.parametrize("public_key", [b"", bytes(65), b"\x04" + bytes(64), b"\x02" + bytes(32)])
def test_a_request_without_a_public_key_is_refused(public_key: bytes) -> None:
    bench = SignedBench()
    request = bench.key.request()
    request.session_info_request.public_key = public_key
    assert bench.fault(request) == universal.MESSAGEFAULT_ERROR_BAD_PARAMETER


@pytest.mark.parametrize("domain", [0, 1, 3])
def test_another_domain_is_refused(domain: int) -> None:
    bench = SignedBench()
    request = bench.key.request()
    request.to_destination.domain = domain  # type: ignore[assignment]
    assert bench.fault(request) == universal.MESSAGEFAULT_ERROR_INVALID_DOMAINS


@pytest.mark.parametrize("length", [1, 15, 17, 300])
def test_a_uuid_of_another_length_is_refused(length: int) -> None:
    bench = SignedBench()
    request = bench.key.request(uuid=bytes(length))
    (answer,) = bench.tell(request)
    assert answer.fault == universal.MESSAGEFAULT_ERROR_BAD_PARAMETER


@pytest.mark.parametrize("length", [0, 1, 15, 17])
def test_without_a_routing_address_there_is_no_answer(length: int) -> None:
    bench = SignedBench()
    request = bench.key.request()
    request.from_destination.routing_address = bytes(length)
    assert bench.tell(request) == []
    assert bench.said("ignored")[-1] == "no routing address to answer to"


def test_what_is_for_no_domain_is_ignored() -> None:
    bench = SignedBench()
    request = bench.key.request()
    request.to_destination.routing_address = bytes(16)
    assert bench.tell(request) == []
    assert bench.said("ignored")[-1] == "for no domain"


def test_a_key_whose_identifier_is_that_of_another_is_unknown() -> None:
    bench = SignedBench("2026")
    stranger = SignedKey(5, vin=VIN)
    stranger.agree(bench.car.public_key)
    bench.car.whitelist.get(bench.key.key_id).key_id = stranger.key_id
    (answer,) = bench.tell(stranger.request(), stranger)
    assert answer.info.status == NOT_ON_WHITELIST


def test_each_key_has_a_counter_and_a_shared_key_of_its_own() -> None:
    bench = SignedBench()
    other = bench.enrol_signed()
    bench.tell(bench.key.command(LOCK, counter=40))
    (answer,) = bench.tell(other.request(), other)
    assert answer.info.counter == 0
    assert other.verifies(answer)
    stranger = SignedKey(5, vin=VIN)
    stranger.shared_key = other.shared_key
    assert bench.fault(stranger.request(), stranger) == UNKNOWN_KEY_ID
