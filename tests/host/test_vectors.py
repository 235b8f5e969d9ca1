"""The firmware against the published frames: what it builds, byte for byte, and what it reads."""

import json
from pathlib import Path
from typing import Any

import pytest

from host_tools.protocol import vcsec_pb2
from tests.interpreter import Interpreter

_VECTORS = Path(__file__).resolve().parents[2] / "proto" / "vectors"
LEGACY = json.loads((_VECTORS / "vcsec-legacy.json").read_text("utf-8"))
DOCUMENTED = json.loads((_VECTORS / "teslabtapi-examples.json").read_text("utf-8"))

PUBLIC_KEY = bytes.fromhex(LEGACY["public_key"])
VEHICLE_KEY = bytes.fromhex(LEGACY["vehicle_public_key"])
SHARED_KEY = bytes.fromhex(LEGACY["shared_key"])

_FIRMWARE = """
import os
from fob import framing, legacy, messages, whitelist

def agreed(public_key, private_key, vehicle_key):
    session = legacy.Session(public_key)
    session.agree({"sessionInfo": {"publicKey": vehicle_key}}, private_key, os.urandom)
    return session.shared_key

def request(public_key):
    return framing.frame(legacy.Session(public_key).request())

def sealed(public_key, vehicle_key, shared_key, plaintext, counter):
    session = legacy.Session(public_key, vehicle_key, shared_key)
    return framing.frame(session.seal(plaintext, counter))

def enrolment(*args, **options):
    return framing.frame(whitelist.enrolment(*args, **options))

def read(frame):
    frames = framing.Reassembler()
    frames.feed(frame, 0)
    answer = messages.read(frames.next())
    assert frames.next() is None
    return answer
"""


@pytest.fixture
def firmware(interpreter: Interpreter) -> Interpreter:
    interpreter.exec(_FIRMWARE)
    return interpreter


def test_the_public_key_comes_from_the_private_key(firmware: Interpreter) -> None:
    private_key = bytes.fromhex(LEGACY["private_key"])
    assert firmware.call("fob.p256.public_key", private_key) == PUBLIC_KEY


def test_the_key_identifier_comes_from_the_public_key(firmware: Interpreter) -> None:
    assert firmware.call("fob.legacy.key_identifier", PUBLIC_KEY).hex() == LEGACY["key_id"]


def test_the_shared_key_comes_from_the_private_key_and_the_vehicle_key(
    firmware: Interpreter,
) -> None:
    private_key = bytes.fromhex(LEGACY["private_key"])
    assert firmware.eval(f"agreed({PUBLIC_KEY}, {private_key}, {VEHICLE_KEY})") == SHARED_KEY


def test_the_whitelist_request_with_a_role(firmware: Interpreter) -> None:
    vector = LEGACY["whitelist_request_role"]
    role, form_factor = vector["key_role"], vector["key_form_factor"]
    frame = firmware.eval(f"enrolment({PUBLIC_KEY}, {role}, {form_factor})")
    assert frame.hex() == vector["frame"]


def test_the_whitelist_request_asks_for_a_driver_on_an_android_phone_by_default(
    firmware: Interpreter,
) -> None:
    frame = firmware.eval(f"enrolment({PUBLIC_KEY})")
    assert frame.hex() == LEGACY["whitelist_request_role"]["frame"]


def test_the_whitelist_request_with_permissions(firmware: Interpreter) -> None:
    vector = LEGACY["whitelist_request_permissions"]
    frame = firmware.eval(
        f"enrolment({PUBLIC_KEY}, form_factor={vector['key_form_factor']},"
        f" permissions={vector['permissions']})"
    )
    assert frame.hex() == vector["frame"]


def test_the_permissions_of_the_seed_are_in_its_order(firmware: Interpreter) -> None:
    permissions = LEGACY["whitelist_request_permissions"]["permissions"]
    assert list(firmware.eval("whitelist.DOCUMENTED_PERMISSIONS")) == permissions


def test_the_ephemeral_key_request(firmware: Interpreter) -> None:
    frame = firmware.eval(f"request({PUBLIC_KEY})")
    assert frame.hex() == LEGACY["ephemeral_key_request"]["frame"]


@pytest.mark.parametrize("vector", LEGACY["signed_messages"], ids=lambda vector: vector["name"])
def test_a_signed_message(firmware: Interpreter, vector: dict[str, Any]) -> None:
    plaintext = bytes.fromhex(vector["plaintext"])
    arguments = (PUBLIC_KEY, VEHICLE_KEY, SHARED_KEY, plaintext, vector["counter"])
    assert firmware.eval(f"sealed{arguments}").hex() == vector["frame"]


@pytest.mark.parametrize(
    ("name", "expression"),
    [
        ("authentication_response_none", "messages.authentication_response(0)"),
        ("authentication_response_drive", "messages.authentication_response(2)"),
        ("rke_unlock", "messages.unsigned({'RKEAction': 0})"),
        ("rke_lock", "messages.unsigned({'RKEAction': 1})"),
    ],
)
def test_the_plaintext_of_a_signed_message(
    firmware: Interpreter, name: str, expression: str
) -> None:
    plaintexts = {vector["name"]: vector["plaintext"] for vector in LEGACY["signed_messages"]}
    assert firmware.eval(expression).hex() == plaintexts[name]


def test_the_counter_is_the_nonce_in_four_bytes(firmware: Interpreter) -> None:
    for vector in DOCUMENTED["nonces"]:
        arguments = (PUBLIC_KEY, VEHICLE_KEY, SHARED_KEY, b"\x10\x00", vector["counter"])
        message = vcsec_pb2.ToVCSECMessage.FromString(firmware.eval(f"sealed{arguments}")[2:])
        signed = message.signedMessage
        opened = firmware.call(
            "fob.gcm.open",
            SHARED_KEY,
            bytes.fromhex(vector["nonce"]),
            signed.protobufMessageAsBytes,
            signed.signature,
        )
        assert (opened, signed.counter) == (b"\x10\x00", vector["counter"])


@pytest.mark.parametrize("vector", DOCUMENTED["names"], ids=lambda vector: vector["vin"])
def test_a_name_of_a_vin(firmware: Interpreter, vector: dict[str, Any]) -> None:
    names = [name.decode() for name in firmware.call("fob.names.of", vector["vin"])]
    if vector["scheme"] == "vin":
        assert vector["name"] in names
    else:
        hashed = {vector["name_without_last_letter"] + letter for letter in vector["last_letters"]}
        assert {name for name in names if name.startswith("S")} == hashed


def test_the_frame_of_the_seed(firmware: Interpreter) -> None:
    frame = firmware.call("fob.framing.frame", bytes.fromhex(DOCUMENTED["framing"]["message"]))
    assert frame.hex() == DOCUMENTED["framing"]["frame"]


def _with_bytes(value: Any, hexadecimal: frozenset[str]) -> Any:
    """The JSON of a vector with its hexadecimal fields as bytes, and enum names as numbers."""
    if isinstance(value, dict):
        return {
            name: bytes.fromhex(item) if name in hexadecimal else _with_bytes(item, hexadecimal)
            for name, item in value.items()
        }
    enums = vcsec_pb2.DESCRIPTOR.enum_types_by_name.values()
    return next(v.number for enum in enums for v in enum.values if v.name == value)


@pytest.mark.parametrize(
    "vector", DOCUMENTED["answers"], ids=lambda vector: next(iter(vector["message"]))
)
def test_an_answer_of_the_seed_is_read(firmware: Interpreter, vector: dict[str, Any]) -> None:
    expected = _with_bytes(vector["message"], frozenset({"publicKeySHA1", "publicKey", "token"}))
    assert firmware.eval(f"read({bytes.fromhex(vector['frame'])})") == expected


@pytest.mark.parametrize("vector", LEGACY["responses"], ids=lambda vector: vector["frame"][:8])
def test_an_answer_of_the_vectors_is_read_as_the_official_library_reads_it(
    firmware: Interpreter, vector: dict[str, Any]
) -> None:
    frame = bytes.fromhex(vector["frame"])
    answer = firmware.eval(f"read({frame})")
    official = vcsec_pb2.FromVCSECMessage.FromString(frame[2:])
    rebuilt = vcsec_pb2.FromVCSECMessage()
    _fill(rebuilt, answer)
    assert answer
    assert rebuilt == official


def _fill(message: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(value, dict):
            getattr(message, name).SetInParent()
            _fill(getattr(message, name), value)
        else:
            setattr(message, name, value)
