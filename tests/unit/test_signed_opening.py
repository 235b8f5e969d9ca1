"""Answers that the signed-command session opens, and those it refuses."""

from expect import raises
from signed_answers import (
    DONE,
    UNLOCK,
    answer_to,
    encrypted,
    known,
    sealing,
    sent,
)

from fob import signed
from fob.errors import AuthenticationFailed


def test_an_answer_in_clear_is_what_it_says():
    session, request = sealing()
    assert session.open(answer_to(request, protobuf_message_as_bytes=DONE)) == (DONE, False)


def test_an_answer_without_a_payload_is_empty():
    session, request = sealing()
    assert session.open(answer_to(request)) == (b"", False)


def test_an_encrypted_answer_is_opened():
    session, request = sealing()
    assert session.open(encrypted(request, DONE)) == (DONE, True)


def test_an_encrypted_answer_may_be_empty():
    session, request = sealing()
    assert session.open(encrypted(request, b"")) == (b"", True)


def test_flags_count_even_when_they_are_zero():
    session, request = sealing()
    assert session.open(encrypted(request, DONE, flags=0)) == (DONE, True)


def test_an_encrypted_answer_may_carry_a_fault():
    session, request = sealing()
    answer = encrypted(request, DONE, fault=25)
    assert session.open(answer) == (DONE, True)
    assert signed.fault(answer) == (2, 25)


def test_every_answer_to_one_message_is_opened_in_any_order():
    session, request = sealing()
    for counter in (1, 3, 2, 0, 0xFFFFFFFF):
        assert session.open(encrypted(request, DONE, counter)) == (DONE, True)


def test_a_repeated_answer_is_refused():
    session, request = sealing()
    first = encrypted(request, DONE, 1)
    session.open(first)
    session.open(encrypted(request, DONE, 2))
    raises(AuthenticationFailed, session.open, first)
    raises(AuthenticationFailed, session.open, encrypted(request, UNLOCK, 2))


def test_a_forged_answer_does_not_use_up_its_counter():
    session, request = sealing()
    good = encrypted(request, DONE, 1)
    forged = dict(good)
    forged["protobuf_message_as_bytes"] = b"\x00\x00"
    raises(AuthenticationFailed, session.open, forged)
    assert session.open(good) == (DONE, True)


def test_a_counter_counts_anew_for_the_next_message():
    session, request = sealing()
    session.open(encrypted(request, DONE, 1))
    request = sent(session.seal(UNLOCK, 8, 2655))
    assert session.open(encrypted(request, DONE, 1)) == (DONE, True)


def test_an_answer_to_another_message_is_refused():
    session, request = sealing()
    answer = encrypted(request, DONE)
    session.seal(UNLOCK, 8, 2655)
    raises(AuthenticationFailed, session.open, answer)


def test_an_answer_to_another_kind_of_message_is_refused():
    session, request = sealing()
    raises(AuthenticationFailed, session.open, encrypted(request, DONE, request_type=8))


def test_an_encrypted_answer_to_a_message_in_clear_is_refused():
    for send in (lambda session: session.request(), lambda session: session.plain(UNLOCK)):
        session, request = sealing()
        send(session)
        raises(AuthenticationFailed, session.open, encrypted(request, DONE))


def test_an_encrypted_answer_before_the_first_message_is_refused():
    _, request = sealing()
    raises(AuthenticationFailed, known().open, encrypted(request, DONE))


def test_a_change_anywhere_in_an_encrypted_answer_is_refused():
    session, request = sealing()
    good = encrypted(request, DONE, 3, fault=25)
    nonce, tag = b"\x03" * 12, good["signature_data"]["AES_GCM_Response_data"]["tag"]

    def signature(nonce=nonce, counter=3, tag=tag):
        seal = {"nonce": nonce, "counter": counter, "tag": tag}
        return {"signature_data": {"AES_GCM_Response_data": seal}}

    changes = [
        {"protobuf_message_as_bytes": b""},
        {"protobuf_message_as_bytes": good["protobuf_message_as_bytes"] + b"\x00"},
        {"flags": 0},
        {"flags": 3},
        {"signedMessageStatus": {}},
        {"signedMessageStatus": {"operation_status": 2, "signed_message_fault": 24}},
        {"signedMessageStatus": {"operation_status": 2, "signed_message_fault": -1}},
        {"from_destination": {"domain": 3}},
        {"from_destination": {"domain": 258}},
        {"from_destination": {}},
        signature(counter=4),
        signature(nonce=b"\x03" * 11 + b"\x04"),
        signature(nonce=b"\x03" * 11),
        signature(nonce=b""),
        signature(tag=b""),
        signature(tag=tag[:15]),
        signature(tag=tag + b"\x00"),
        {"signature_data": {"AES_GCM_Response_data": {}}},
    ]
    for i in range(16):
        changes.append(signature(tag=tag[:i] + bytes([tag[i] ^ 1]) + tag[i + 1 :]))
    for change in changes:
        forged = dict(good)
        forged.update(change)
        raises(AuthenticationFailed, session.open, forged)
    assert session.open(good) == (DONE, True)


def test_a_whole_answer_of_another_domain_is_refused():
    session, request = sealing()
    raises(AuthenticationFailed, session.open, encrypted(request, DONE, domain=3))


def test_a_fault_has_its_status_and_number():
    for status in (0, 1, 2):
        content = {"operation_status": status, "signed_message_fault": 17}
        assert signed.fault({"signedMessageStatus": content}) == (status, 17)


def test_without_a_status_there_is_no_fault():
    assert signed.fault({}) == (0, 0)
    assert signed.fault({"signedMessageStatus": {}}) == (0, 0)
