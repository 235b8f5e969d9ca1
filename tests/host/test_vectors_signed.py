"""The vectors of the signed-command protocol, recomputed with protobuf and `cryptography`."""

import hashlib
import json
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from Crypto.Cipher import AES
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from host_tools.protocol import signatures_pb2 as signatures
from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec

Vector = dict[str, Any]

_VECTORS = Path(__file__).parents[2] / "proto" / "vectors"
SIGNED: Vector = json.loads((_VECTORS / "signed-command.json").read_text("utf-8"))
VIN = SIGNED["vin"].encode()
SHARED_KEY = bytes.fromhex(SIGNED["shared_key"])
REQUESTS: dict[str, Vector] = {
    vector["name"]: vector
    for vector in chain(SIGNED["requests"], SIGNED["commands"], SIGNED["hmac_commands"])
}
HMAC_SIZE = 32


def every(kind: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", SIGNED[kind], ids=lambda vector: vector["name"])


def key_of(private_key: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int(private_key, 16), ec.SECP256R1())


def public_key_of(key: ec.EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()


def hmac(key: bytes, data: bytes) -> bytes:
    code = HMAC(key, SHA256())
    code.update(data)
    return code.finalize()


def metadata(kind: str, **values: Any) -> bytes:
    """Tags in ascending order, each with its length; a value of None is left out."""
    number = signatures.SignatureType.Value(f"SIGNATURE_TYPE_{kind}")
    items = {"SIGNATURE_TYPE": bytes([number]), "PERSONALIZATION": VIN}
    for name, value in values.items():
        if value is not None:
            items[name] = value.to_bytes(4, "big") if isinstance(value, int) else value
    result = b""
    for number, name in sorted((signatures.Tag.Value(f"TAG_{name}"), name) for name in items):
        result += bytes([number, len(items[name])]) + items[name]
    return result + bytes([signatures.TAG_END])


def sealed(vector: Vector) -> str:
    """The ciphertext and the tag behind it."""
    nonce, plaintext, aad = (bytes.fromhex(vector[n]) for n in ("nonce", "plaintext", "aad"))
    return AESGCM(SHARED_KEY).encrypt(nonce, plaintext, aad).hex()


def request_message(vector: Vector, **rest: Any) -> universal.RoutableMessage:
    message = universal.RoutableMessage(uuid=bytes.fromhex(vector["uuid"]), **rest)
    message.to_destination.domain = vector.get("domain", universal.DOMAIN_VEHICLE_SECURITY)
    message.from_destination.routing_address = bytes.fromhex(vector["routing_address"])
    return message


def answer_message(vector: Vector, **rest: Any) -> universal.RoutableMessage:
    message = universal.RoutableMessage(**rest)
    address = REQUESTS[vector["request"]]["routing_address"]
    message.to_destination.routing_address = bytes.fromhex(address)
    message.from_destination.domain = universal.DOMAIN_VEHICLE_SECURITY
    message.request_uuid = bytes.fromhex(vector["request_uuid"])
    if vector.get("operation_status") or vector["fault"]:
        status = message.signedMessageStatus
        status.operation_status = vector.get("operation_status", universal.OPERATIONSTATUS_ERROR)
        status.signed_message_fault = vector["fault"]
    return message


def signed_by_the_client() -> signatures.SignatureData:
    identity = signatures.KeyIdentity(public_key=bytes.fromhex(SIGNED["public_key"]))
    return signatures.SignatureData(signer_identity=identity)


def test_the_keys_belong_together() -> None:
    client, vehicle = key_of(SIGNED["private_key"]), key_of(SIGNED["vehicle_private_key"])
    assert public_key_of(client) == SIGNED["public_key"]
    assert public_key_of(vehicle) == SIGNED["vehicle_public_key"]
    key_id = hashlib.sha1(bytes.fromhex(SIGNED["public_key"])).digest()[:4]
    assert key_id.hex() == SIGNED["key_id"]
    shared_secret = client.exchange(ec.ECDH(), vehicle.public_key())
    assert shared_secret.hex() == SIGNED["shared_secret"]
    assert hashlib.sha1(shared_secret).digest()[:16] == SHARED_KEY
    assert hmac(SHARED_KEY, b"session info").hex() == SIGNED["session_info_key"]
    assert hmac(SHARED_KEY, b"authenticated command").hex() == SIGNED["command_hmac_key"]


def test_the_published_session_info_request() -> None:
    vector = SIGNED["session_info_request"]
    message = request_message(vector)
    message.session_info_request.public_key = bytes.fromhex(SIGNED["public_key"])
    assert message.SerializeToString().hex() == vector["message"]


def test_the_published_session_info() -> None:
    vector = SIGNED["session_info"]
    fields = signatures.SessionInfo(
        counter=vector["counter"],
        publicKey=bytes.fromhex(SIGNED["vehicle_public_key"]),
        epoch=bytes.fromhex(vector["epoch"]),
        clock_time=vector["clock_time"],
    )
    challenge = bytes.fromhex(SIGNED["session_info_request"]["uuid"])
    covered = metadata("HMAC", CHALLENGE=challenge)
    assert fields.SerializeToString().hex() == vector["session_info"]
    assert covered.hex() == vector["metadata"]
    key = bytes.fromhex(SIGNED["session_info_key"])
    assert hmac(key, covered + fields.SerializeToString()).hex() == vector["tag"]


@every("requests")
def test_a_request_that_is_not_sealed(vector: Vector) -> None:
    message = request_message(vector)
    if "public_key" in vector:
        message.session_info_request.public_key = bytes.fromhex(vector["public_key"])
    else:
        payload = bytes.fromhex(vector["payload"])
        message.protobuf_message_as_bytes = payload
        assert vcsec.UnsignedMessage.FromString(payload).HasField("InformationRequest")
    assert message.SerializeToString().hex() == vector["message"]


def command_metadata(kind: str, vector: Vector) -> bytes:
    return metadata(
        kind,
        DOMAIN=bytes([vector["domain"]]),
        EPOCH=bytes.fromhex(vector["epoch"]),
        EXPIRES_AT=vector["expires_at"],
        COUNTER=vector["counter"],
        FLAGS=vector["flags"] or None,
    )


@every("commands")
def test_a_sealed_command(vector: Vector) -> None:
    covered = command_metadata("AES_GCM_PERSONALIZED", vector)
    assert covered.hex() == vector["metadata"]
    assert hashlib.sha256(covered).hexdigest() == vector["aad"]
    assert sealed(vector) == vector["ciphertext"] + vector["tag"]
    signature = signed_by_the_client()
    data = signature.AES_GCM_Personalized_data
    data.epoch, data.nonce, data.tag = (
        bytes.fromhex(vector[name]) for name in ("epoch", "nonce", "tag")
    )
    data.counter, data.expires_at = vector["counter"], vector["expires_at"]
    message = request_message(vector, signature_data=signature, flags=vector["flags"])
    message.protobuf_message_as_bytes = bytes.fromhex(vector["ciphertext"])
    assert message.SerializeToString().hex() == vector["message"]


@every("hmac_commands")
def test_a_command_with_an_hmac(vector: Vector) -> None:
    covered = command_metadata("HMAC_PERSONALIZED", vector)
    payload = bytes.fromhex(vector["plaintext"])
    tag = hmac(bytes.fromhex(SIGNED["command_hmac_key"]), covered + payload)
    assert (covered.hex(), tag.hex()) == (vector["metadata"], vector["tag"])
    signature = signed_by_the_client()
    data = signature.HMAC_Personalized_data
    data.epoch, data.tag = bytes.fromhex(vector["epoch"]), tag
    data.counter, data.expires_at = vector["counter"], vector["expires_at"]
    message = request_message(vector, signature_data=signature, flags=vector["flags"])
    message.protobuf_message_as_bytes = payload
    assert message.SerializeToString().hex() == vector["message"]


@pytest.mark.parametrize(
    "vector",
    [v for v in SIGNED["commands"] if v["domain"] == universal.DOMAIN_VEHICLE_SECURITY],
    ids=lambda vector: vector["name"],
)
def test_a_command_is_what_the_vehicle_security_controller_understands(vector: Vector) -> None:
    message = vcsec.UnsignedMessage.FromString(bytes.fromhex(vector["plaintext"]))
    assert message.WhichOneof("sub_message")
    assert message.SerializeToString().hex() == vector["plaintext"]


@every("session_infos")
def test_a_session_info_verifies_as_it_says(vector: Vector) -> None:
    challenge = bytes.fromhex(REQUESTS[vector["request"]]["uuid"])
    covered = metadata("HMAC", CHALLENGE=challenge)
    assert covered.hex() == vector["metadata"]
    key = bytes.fromhex(SIGNED["session_info_key"])
    tag = hmac(key, covered + bytes.fromhex(vector["session_info"]))
    assert (vector.get("tag") == tag.hex()) == vector["verifies"]


@every("session_infos")
def test_the_message_of_a_session_info(vector: Vector) -> None:
    fields = signatures.SessionInfo(
        counter=vector["counter"],
        publicKey=bytes.fromhex(vector["public_key"]),
        epoch=bytes.fromhex(vector["epoch"]),
        clock_time=vector["clock_time"],
        status=vector["status"],
        handle=vector["handle"],
    )
    assert fields.SerializeToString().hex() == vector["session_info"]
    message = answer_message(vector, session_info=fields.SerializeToString())
    message.uuid = bytes.fromhex(vector["uuid"])
    if vector["tag"] is not None:
        message.signature_data.session_info_tag.tag = bytes.fromhex(vector["tag"])
    assert message.SerializeToString().hex() == vector["message"]


@every("encrypted_responses")
def test_an_encrypted_response(vector: Vector) -> None:
    request = REQUESTS[vector["request"]]
    is_hmac = len(request["tag"]) == 2 * HMAC_SIZE
    kind = "HMAC_PERSONALIZED" if is_hmac else "AES_GCM_PERSONALIZED"
    number = signatures.SignatureType.Value(f"SIGNATURE_TYPE_{kind}")
    request_hash = (bytes([number]) + bytes.fromhex(request["tag"]))[:17]
    covered = metadata(
        "AES_GCM_RESPONSE",
        DOMAIN=bytes([universal.DOMAIN_VEHICLE_SECURITY]),
        COUNTER=vector["counter"],
        FLAGS=vector["flags"],
        REQUEST_HASH=request_hash,
        FAULT=vector["fault"],
    )
    assert (request_hash.hex(), covered.hex()) == (vector["request_hash"], vector["metadata"])
    assert hashlib.sha256(covered).hexdigest() == vector["aad"]
    assert sealed(vector) == (vector["ciphertext"] or "") + vector["tag"]
    message = answer_message(vector, flags=vector["flags"])
    if vector["ciphertext"] is not None:
        message.protobuf_message_as_bytes = bytes.fromhex(vector["ciphertext"])
    data = message.signature_data.AES_GCM_Response_data
    data.nonce, data.tag = bytes.fromhex(vector["nonce"]), bytes.fromhex(vector["tag"])
    data.counter = vector["counter"]
    assert message.SerializeToString().hex() == vector["message"]


@every("plain_responses")
def test_a_response_in_clear(vector: Vector) -> None:
    message = answer_message(vector, uuid=bytes.fromhex(vector["uuid"]))
    if vector["payload"] is not None:
        message.protobuf_message_as_bytes = bytes.fromhex(vector["payload"])
    assert message.SerializeToString().hex() == vector["message"]


@pytest.mark.parametrize(
    "payload",
    sorted(
        {vector["plaintext"] for vector in SIGNED["encrypted_responses"]}
        | {vector["payload"] or "" for vector in SIGNED["plain_responses"]}
        | {vector["payload"] for vector in SIGNED["broadcasts"]}
    ),
)
def test_a_payload_is_what_the_vehicle_security_controller_says(payload: str) -> None:
    message = vcsec.FromVCSECMessage.FromString(bytes.fromhex(payload))
    assert bool(message.WhichOneof("sub_message")) == bool(payload)
    assert message.SerializeToString().hex() == payload


@every("broadcasts")
def test_a_broadcast(vector: Vector) -> None:
    message = universal.RoutableMessage(
        protobuf_message_as_bytes=bytes.fromhex(vector["payload"]),
        uuid=bytes.fromhex(vector["uuid"]),
    )
    message.to_destination.domain = universal.DOMAIN_BROADCAST
    message.from_destination.domain = universal.DOMAIN_VEHICLE_SECURITY
    assert message.SerializeToString().hex() == vector["message"]


@every("legacy_messages")
def test_a_message_of_the_older_protocol_under_the_same_key(vector: Vector) -> None:
    aad, plaintext = bytes.fromhex(vector["aad"]), bytes.fromhex(vector["plaintext"])
    # Not AESGCM: it refuses nonces of 4 bytes.
    nonce = vector["counter"].to_bytes(4, "big")
    cipher = AES.new(SHARED_KEY, AES.MODE_GCM, nonce=nonce, mac_len=16)
    cipher.update(aad)
    ciphertext, tag = cipher.encrypt_and_digest(plaintext)
    assert (ciphertext.hex(), tag.hex()) == (vector["ciphertext"], vector["tag"])


def test_names_are_told_apart() -> None:
    kinds = ("requests", "commands", "hmac_commands")
    assert len(REQUESTS) == sum(len(SIGNED[kind]) for kind in kinds)
    for kind in ("session_infos", "encrypted_responses", "plain_responses", "broadcasts"):
        names = [vector["name"] for vector in SIGNED[kind]]
        assert len(set(names)) == len(names)
