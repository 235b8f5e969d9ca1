"""The simulated car's watch over nonces."""

from host_tools.protocol import vcsec_pb2 as vcsec
from tests.car_bench import CarBench
from tests.legacy_client import LegacyKey, frame

UNLOCK = b"\x10\x00"
LOCK = b"\x10\x01"


def test_a_key_that_behaves_leaves_no_violation() -> None:
    bench = CarBench()
    bench.enrol()
    for _ in range(5):
        bench.ask(bench.key.signed(UNLOCK))
        bench.reconnect()
    assert bench.car.violations == []
    assert len(bench.car.nonces.seen) == 5


def test_a_second_message_under_a_nonce_is_reported() -> None:
    bench = CarBench()
    bench.enrol()
    bench.ask(bench.key.signed(UNLOCK, counter=9))
    bench.ask(bench.key.signed(LOCK, counter=9))
    (violation,) = bench.car.violations
    assert not violation.identical
    assert (violation.key_id, violation.nonce) == (bench.key.key_id, bytes([0, 0, 0, 9]))
    (text,) = bench.said("violation")
    assert "00000009" in text and bench.key.key_id.hex() in text


def test_the_same_message_twice_is_reported_as_such() -> None:
    bench = CarBench()
    bench.enrol()
    data = bench.key.signed(UNLOCK)
    bench.ask(data)
    bench.reconnect()
    bench.ask(data)
    (violation,) = bench.car.violations
    assert violation.identical


def test_a_reuse_is_answered_like_any_old_counter() -> None:
    bench = CarBench()
    bench.enrol()
    bench.ask(bench.key.signed(UNLOCK, counter=9))
    status = bench.status(bench.key.signed(LOCK, counter=9))
    assert status.signedMessageStatus.signedMessageInformation == 3


def test_two_keys_may_use_the_same_counter() -> None:
    bench = CarBench()
    other = bench.enrol_new()
    bench.enrol()
    bench.ask(bench.key.signed(UNLOCK, counter=1))
    bench.ask(other.signed(UNLOCK, counter=1))
    assert bench.car.violations == []


def test_a_forgery_blames_nobody() -> None:
    bench = CarBench()
    bench.enrol()
    forger = LegacyKey(666)
    forger.agree(bench.car.public_key)
    forged = forger.seal(LOCK, counter=1)
    forged.keyId = bench.key.key_id
    bench.ask(frame(vcsec.ToVCSECMessage(signedMessage=forged)))
    bench.ask(bench.key.signed(UNLOCK, counter=1))
    assert bench.car.violations == []
    assert not bench.car.locked


def test_what_a_key_sent_before_it_was_added_counts() -> None:
    bench = CarBench()
    bench.key.agree(bench.car.public_key)
    bench.ask(bench.key.signed(LOCK, counter=1))
    assert bench.car.violations == []
    bench.enrol()
    bench.ask(bench.key.signed(UNLOCK, counter=1))
    assert len(bench.car.violations) == 1


def test_a_reuse_under_a_former_vehicle_key_is_noticed() -> None:
    bench = CarBench()
    bench.enrol()
    bench.ask(bench.key.signed(LOCK, counter=1))
    bench.car.rotate_key()
    bench.ask(bench.key.signed(UNLOCK, counter=1))
    assert len(bench.car.violations) == 1


def test_a_new_vehicle_key_starts_a_new_record() -> None:
    bench = CarBench()
    bench.enrol()
    bench.ask(bench.key.signed(LOCK, counter=1))
    bench.car.rotate_key()
    bench.key.agree(bench.car.public_key)
    bench.ask(bench.key.signed(UNLOCK, counter=1))
    assert bench.car.violations == []
