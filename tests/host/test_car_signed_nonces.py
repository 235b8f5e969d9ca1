"""The simulated car's watch over nonces and counters, where two protocols share them."""

from __future__ import annotations

import pytest

from host_tools.simulator.car import CounterReuse, NonceReuse
from tests.car_bench import VIN
from tests.legacy_client import frame
from tests.signed_bench import LOCK, UNLOCK, SignedBench
from tests.signed_client import SignedKey


def test_a_key_that_behaves_leaves_no_violation() -> None:
    bench = SignedBench()
    for _ in range(3):
        bench.tell(bench.key.command(UNLOCK))
        bench.ask(bench.key.signed(LOCK))
        bench.tell(bench.key.authenticated(LOCK))
        bench.reconnect()
    assert bench.car.violations == []


def test_a_second_message_under_a_nonce_is_reported() -> None:
    bench = SignedBench()
    bench.tell(bench.key.command(UNLOCK, nonce=bytes(12)))
    bench.tell(bench.key.command(LOCK, nonce=bytes(12)))
    (violation,) = bench.car.violations
    assert isinstance(violation, NonceReuse)
    assert (violation.key_id, violation.nonce) == (bench.key.key_id, bytes(12))
    (text,) = bench.said("violation")
    assert text.startswith("NONCE REUSED: a second message")


@pytest.mark.parametrize("form", ["command", "authenticated"])
def test_a_second_message_under_a_counter_is_reported(form: str) -> None:
    bench = SignedBench()
    bench.tell(bench.key.command(UNLOCK, counter=9))
    bench.tell(getattr(bench.key, form)(LOCK, counter=9))
    (violation,) = bench.car.violations
    assert isinstance(violation, CounterReuse)
    assert (violation.key_id, violation.counter) == (bench.key.key_id, 9)
    (text,) = bench.said("violation")
    assert text.startswith("COUNTER REUSED: a second message") and "counter 9 of epoch" in text


def test_the_same_message_twice_is_reported_as_such() -> None:
    bench = SignedBench()
    message = bench.key.command(UNLOCK)
    bench.tell(message)
    bench.tell(message)
    (violation,) = bench.car.violations
    assert violation.identical


@pytest.mark.parametrize("older_first", [True, False])
def test_one_counter_in_both_protocols_is_reported(older_first: bool) -> None:
    bench = SignedBench()
    frames = [
        bench.key.signed(LOCK, counter=9),
        frame(bench.key.command(UNLOCK, counter=9)),
    ]
    for data in frames if older_first else reversed(frames):
        bench.link.write(data)
    (violation,) = bench.car.violations
    assert isinstance(violation, CounterReuse) and not violation.identical
    assert str(violation).endswith("counter 9 of both protocols")


def test_a_counter_may_come_again_in_another_epoch() -> None:
    bench = SignedBench()
    bench.tell(bench.key.command(UNLOCK, counter=9))
    bench.car.reboot()
    bench.resume()
    bench.tell(bench.key.command(LOCK, counter=9))
    assert bench.car.violations == []


def test_two_keys_may_use_the_same_counter() -> None:
    bench = SignedBench()
    other = bench.enrol_signed()
    bench.tell(bench.key.command(UNLOCK, counter=1))
    bench.tell(other.command(LOCK, counter=1), other)
    assert bench.car.violations == []


def test_a_forgery_blames_nobody() -> None:
    bench = SignedBench()
    forged = bench.key.command(LOCK, counter=1)
    forged.signature_data.AES_GCM_Personalized_data.tag = bytes(16)
    bench.tell(forged)
    bench.tell(bench.key.command(UNLOCK, counter=1))
    assert bench.car.violations == []
    assert not bench.car.locked


def test_what_the_car_refused_counts() -> None:
    bench = SignedBench()
    bench.tell(bench.key.command(UNLOCK, counter=1, expires_at=2**32 - 1))
    bench.tell(bench.key.command(UNLOCK, counter=1))
    assert len(bench.car.violations) == 1


def test_what_a_key_sent_before_it_was_added_counts() -> None:
    bench = SignedBench(known=False)
    bench.key.agree(bench.car.public_key)
    bench.key.epoch = bench.car.epoch
    bench.tell(bench.key.command(UNLOCK, counter=1))
    assert bench.car.violations == []
    bench.enrol()
    bench.tell(bench.key.command(LOCK, counter=1))
    assert len(bench.car.violations) == 1


def test_a_message_lost_on_its_way_counts() -> None:
    bench = SignedBench()
    bench.link.lose(frame(bench.key.command(UNLOCK, counter=1)))
    assert bench.car.locked and bench.car.violations == []
    bench.tell(bench.key.command(LOCK, counter=1))
    assert len(bench.car.violations) == 1


def test_another_domain_has_a_counter_of_its_own() -> None:
    bench = SignedBench()
    bench.tell(bench.key.command(UNLOCK, counter=1, domain=3))
    bench.link.lose(frame(bench.key.command(UNLOCK, counter=1, domain=3)))
    bench.tell(bench.key.command(LOCK, counter=1))
    assert bench.car.violations == []


@pytest.mark.parametrize("year", ["2021", "2026"])
def test_messages_of_a_protocol_that_a_car_does_not_speak_count(year: str) -> None:
    bench = SignedBench("2023")
    bench.car.behaviour.protocols = "legacy" if year == "2021" else "signed"
    bench.link.write(bench.key.signed(LOCK, counter=1))
    bench.link.write(frame(bench.key.command(UNLOCK, counter=1)))
    assert len(bench.car.violations) == 1


def test_a_new_vehicle_key_starts_a_new_record() -> None:
    bench = SignedBench()
    bench.tell(bench.key.command(UNLOCK, counter=1, nonce=bytes(12)))
    bench.car.rotate_key()
    bench.key.agree(bench.car.public_key)
    bench.tell(bench.key.command(LOCK, counter=1, nonce=bytes(12)))
    assert bench.car.violations == []


def test_a_reuse_under_a_former_vehicle_key_is_noticed() -> None:
    bench = SignedBench()
    bench.tell(bench.key.command(UNLOCK, counter=1))
    bench.car.rotate_key()
    bench.tell(bench.key.command(LOCK, counter=1))
    assert len(bench.car.violations) == 1


def test_a_stranger_is_kept_for_later_and_never_judged_without_a_key() -> None:
    bench = SignedBench()
    stranger = SignedKey(5, vin=VIN)
    stranger.agree(bench.car.public_key)
    stranger.epoch = bench.car.epoch
    for _ in range(3):
        bench.tell(stranger.command(UNLOCK, counter=1), stranger)
    assert bench.car.violations == []
