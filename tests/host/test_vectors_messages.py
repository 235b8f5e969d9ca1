"""What a fob may say and what it may be asked, against the vectors and the official library."""

import json
from pathlib import Path
from typing import Any

import pytest
from Crypto.Cipher import AES

from host_tools.decode import decode_frame
from host_tools.protocol import vcsec_pb2
from tests.interpreter import Interpreter

_FOLDER = Path(__file__).resolve().parents[2] / "proto" / "vectors"
VECTORS = json.loads((_FOLDER / "vcsec-messages.json").read_text("utf-8"))
LEGACY = json.loads((_FOLDER / "vcsec-legacy.json").read_text("utf-8"))
PUBLIC_KEY = bytes.fromhex(LEGACY["public_key"])
SHARED_KEY = bytes.fromhex(LEGACY["shared_key"])
# The published example of the signed-command specification.
PUBLISHED_KEY = bytes.fromhex("1b2fce19967b79db696f909cff89ea9a")

_FIRMWARE = """
from fob import framing, legacy, messages, protobuf, routable

def sealed(shared_key, plaintext, counter, token):
    session = legacy.Session(PUBLIC_KEY, b"", shared_key)
    return framing.frame(session.seal(plaintext, counter, token))
"""


def _named(vectors: list[dict[str, Any]]) -> Any:
    key = "name" if "name" in vectors[0] else "source"
    return pytest.mark.parametrize("vector", vectors, ids=[each[key] for each in vectors])


@pytest.fixture
def firmware(interpreter: Interpreter) -> Interpreter:
    interpreter.exec(f"PUBLIC_KEY = {PUBLIC_KEY}")
    interpreter.exec(_FIRMWARE)
    return interpreter


def _signed(frame: bytes) -> Any:
    return vcsec_pb2.ToVCSECMessage.FromString(frame[2:]).signedMessage


@_named(VECTORS["unsigned_messages"])
def test_a_message_is_encoded_and_decoded_as_the_vectors_have_it(
    firmware: Interpreter, vector: dict[str, Any]
) -> None:
    message = bytes.fromhex(vector["message"])
    assert firmware.call("fob.messages.unsigned", vector["content"]) == message
    assert firmware.eval(f"protobuf.decode(messages.UNSIGNED_MESSAGE, {message})")


@_named(VECTORS["unsigned_messages"])
def test_the_official_library_reads_a_message_of_the_vectors_without_unknown_fields(
    vector: dict[str, Any],
) -> None:
    message = vcsec_pb2.UnsignedMessage.FromString(bytes.fromhex(vector["message"]))
    encoded = message.SerializeToString()
    message.DiscardUnknownFields()
    assert message.SerializeToString() == encoded == bytes.fromhex(vector["message"])


@_named(VECTORS["authentication_requests"])
def test_an_authentication_request_is_read_however_it_is_wrapped(
    firmware: Interpreter, vector: dict[str, Any]
) -> None:
    request = firmware.eval(f"routable.read({bytes.fromhex(vector['message'])})")
    assert request == {
        "authenticationRequest": {
            "sessionInfo": {"token": bytes.fromhex(vector["token"])},
            "requestedLevel": vector["level"],
            **({"reasonsForAuth": vector["reasons"]} if vector["reasons"] else {}),
        }
    }


@_named(VECTORS["authentication_requests"])
def test_an_authentication_request_is_shown_readably(vector: dict[str, Any]) -> None:
    message = bytes.fromhex(vector["message"])
    text = decode_frame(len(message).to_bytes(2, "big") + message).text()
    assert vector["token"] in text and "DRIVE (2)" in text
    assert ("reasonsForAuth: IDENTIFICATION (1)" in text) == bool(vector["reasons"])


@_named(VECTORS["token_messages"])
def test_an_answer_is_bound_to_the_token_that_it_answers(
    firmware: Interpreter, vector: dict[str, Any]
) -> None:
    plaintext, token = bytes.fromhex(vector["plaintext"]), bytes.fromhex(vector["token"])
    frame = firmware.eval(f"sealed{(SHARED_KEY, plaintext, vector['counter'], token)}")
    assert frame.hex() == vector["frame"]


@_named(VECTORS["token_messages"])
def test_another_implementation_opens_an_answer_with_its_token_alone(
    vector: dict[str, Any],
) -> None:
    signed = _signed(bytes.fromhex(vector["frame"]))
    assert signed.signatureType == vcsec_pb2.SIGNATURE_TYPE_AES_GCM_TOKEN and not signed.token

    def opened(token: bytes) -> bytes:
        nonce = signed.counter.to_bytes(4, "big")
        cipher = AES.new(SHARED_KEY, AES.MODE_GCM, nonce=nonce)
        cipher.update(token)
        return cipher.decrypt_and_verify(signed.protobufMessageAsBytes, signed.signature)

    assert opened(bytes.fromhex(vector["token"])).hex() == vector["plaintext"]
    for wrong in (b"", bytes(20)):
        with pytest.raises(ValueError, match="MAC"):
            opened(wrong)


def test_the_answer_that_was_computed_from_the_published_key(firmware: Interpreter) -> None:
    plaintext = firmware.call("fob.messages.authentication_response", 2)
    signed = _signed(firmware.eval(f"sealed{(PUBLISHED_KEY, plaintext, 3, bytes(range(20)))}"))
    assert signed.protobufMessageAsBytes.hex() == "d92290ed"
    assert signed.signature.hex() == "271feb5c7be9e82239e98e3a33022fc0"


def test_a_token_answer_is_shown_readably() -> None:
    text = decode_frame(bytes.fromhex(VECTORS["token_messages"][0]["frame"])).text()
    assert "signatureType: AES_GCM_TOKEN (3)" in text
