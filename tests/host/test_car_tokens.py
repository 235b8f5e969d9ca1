"""The tokens of authenticationRequests: whose they are, how long they last, and once each."""

from __future__ import annotations

from typing import Any

import pytest

from host_tools.protocol import vcsec_pb2 as vcsec
from tests.legacy_client import frame
from tests.passive_bench import NONE, UNLOCK, Form, PassiveBench
from tests.signed_client import SignedKey


def token_of(bench: PassiveBench, link: Any = None) -> bytes:
    return bench.requests(link)[-1].sessionInfo.token


def test_an_answer_bound_to_no_token_of_the_car_does_not_open() -> None:
    bench = PassiveBench()
    bench.car.pull_handle()
    assert bench.respond(UNLOCK, bytes(20)) == "AES_DECRYPT_AUTH"
    assert bench.car.locked and bench.car.whitelist.get(bench.key.key_id).counter == 0


def test_a_token_that_was_replaced_is_stale() -> None:
    bench = PassiveBench()
    bench.car.pull_handle()
    token = token_of(bench)
    bench.wait(5)
    assert bench.respond(UNLOCK, token) == "INVALID_TOKEN"
    assert bench.car.locked and bench.car.violations == []


def test_a_token_of_a_request_that_was_given_up_is_stale() -> None:
    bench = PassiveBench()
    bench.car.pull_handle()
    bench.wait(7)
    token = token_of(bench)
    bench.wait(1)
    assert bench.respond(UNLOCK, token) == "INVALID_TOKEN"
    assert bench.car.locked


def test_a_car_that_never_asked_has_no_token() -> None:
    bench = PassiveBench()
    assert bench.respond(UNLOCK, bytes(20)) == "COULD_NOT_RETRIEVE_TOKEN"


def test_a_token_that_is_answered_twice_is_a_violation() -> None:
    bench = PassiveBench()
    bench.car.pull_handle()
    token = token_of(bench)
    assert bench.respond(UNLOCK, token, estimatedDistance=9) == "ok"
    assert bench.respond(UNLOCK, token) == "INVALID_TOKEN"
    (violation,) = bench.said("violation")
    assert violation == f"TOKEN ANSWERED TWICE: by key {bench.key.key_id.hex()}"
    assert bench.car.locked


def test_a_token_that_is_answered_again_after_the_grant_is_a_violation() -> None:
    bench = PassiveBench()
    bench.car.pull_handle()
    token = token_of(bench)
    bench.respond(UNLOCK, token)
    assert bench.respond(UNLOCK, token) == "INVALID_TOKEN"
    assert len(bench.car.violations) == 1


@pytest.mark.parametrize("form", ["plain", "signed"])
def test_more_answers_than_tokens_are_a_violation_without_the_token_too(form: Form) -> None:
    bench = PassiveBench(form)
    bench.car.pull_handle()
    bench.respond(UNLOCK, estimatedDistance=9)
    bench.wait(5)
    bench.respond(UNLOCK, estimatedDistance=9)
    assert bench.car.violations == []
    bench.respond(UNLOCK, estimatedDistance=9)
    assert bench.said("violation")[0].startswith("TOKEN ANSWERED TWICE")


@pytest.mark.parametrize("form", ["plain", "signed"])
def test_none_at_the_beginning_of_a_link_answers_nothing(form: Form) -> None:
    bench = PassiveBench(form)
    bench.car.pull_handle()
    bench.respond(NONE)
    bench.respond(UNLOCK)
    assert not bench.car.locked and bench.car.violations == []


def test_every_link_is_asked_with_a_token_of_its_own() -> None:
    bench = PassiveBench()
    other = bench.car.connect("11:22:33:44:55:66")
    bench.car.pull_handle()
    own, others = token_of(bench), token_of(bench, other)
    assert own != others
    assert bench.respond(UNLOCK, others) == "AES_DECRYPT_AUTH"
    assert bench.respond(UNLOCK, others, link=other) == "ok"
    assert not bench.car.locked
    assert bench.respond(UNLOCK, own) == "INVALID_TOKEN"
    assert bench.car.violations == []


def test_a_link_that_is_made_meanwhile_is_asked_at_once() -> None:
    bench = PassiveBench()
    bench.link.disconnect()
    bench.car.pull_handle()
    bench.wait(2.5)
    bench.link = bench.car.connect("aa:bb:cc:dd:ee:ff")
    assert bench.respond(UNLOCK) == "ok"
    assert not bench.car.locked


def test_an_unknown_key_opens_nothing() -> None:
    bench = PassiveBench()
    stranger = SignedKey(4711)
    stranger.agree(bench.car.public_key)
    bench.car.pull_handle()
    assert bench.respond(UNLOCK, key=stranger) == "NOT_ON_WHITELIST"
    assert bench.car.locked and bench.link.active_key is None


def test_an_answer_that_is_repeated_as_it_was_opens_nothing() -> None:
    bench = PassiveBench()
    bench.car.pull_handle()
    sealed = bench.key.seal(b"\x1a\x04\x08\x01\x10\x09", aad=token_of(bench))
    sealed.signatureType = vcsec.SIGNATURE_TYPE_AES_GCM_TOKEN
    for _ in range(2):
        bench.link.write(frame(vcsec.ToVCSECMessage(signedMessage=sealed)))
    assert bench.car.locked
    assert "IV_SMALLER_THAN_EXPECTED" in bench.said("refused")[-1]


def test_a_nonce_used_for_two_tokens_is_noticed() -> None:
    bench = PassiveBench()
    bench.car.pull_handle()
    first = token_of(bench)
    bench.wait(5)
    second = token_of(bench)
    bench.respond(UNLOCK, first)
    bench.key.counter -= 1
    bench.respond(UNLOCK, second)
    (violation,) = bench.said("violation")
    assert violation.startswith("NONCE REUSED")


@pytest.mark.parametrize(
    ("taken", "form", "outcome"),
    [
        ("token", "token", "ok"),
        ("token", "plain", "INVALID_TOKEN"),
        ("token", "signed", "ok"),
        ("plain", "token", "UNKNOWN"),
        ("plain", "plain", "ok"),
        ("plain", "signed", "ok"),
    ],
)
def test_a_car_may_take_one_form_of_the_older_protocol_only(
    taken: Any, form: Form, outcome: str
) -> None:
    bench = PassiveBench(form, response_forms=taken)
    assert bench.respond(NONE) == "ok"
    bench.car.pull_handle()
    assert bench.respond(UNLOCK) == outcome
    assert bench.car.locked is (outcome != "ok")


@pytest.mark.parametrize("push", ["raw", "wrapped", "both"])
def test_a_car_of_2026_takes_the_signed_form_only(push: Any) -> None:
    bench = PassiveBench("signed", protocols="signed", encryption="required", push=push)
    bench.car.pull_handle()
    token = token_of(bench)
    sealed = bench.key.seal(b"\x1a\x02\x08\x01", aad=token)
    sealed.signatureType = vcsec.SIGNATURE_TYPE_AES_GCM_TOKEN
    bench.link.write(frame(vcsec.ToVCSECMessage(signedMessage=sealed)))
    assert bench.car.locked
    assert bench.respond(UNLOCK) == "ok"
    assert not bench.car.locked
