"""The firmware's signed session against other people's: tesla-protocol and tesla-fleet-api.

tesla-protocol is another set of the message classes, tesla-fleet-api another implementation of
the fob's own side. It does not verify the tag of session info, so that part has no peer here.
"""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, Literal

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.descriptor import Descriptor
from tesla_fleet_api.tesla.vehicle.commands import Commands
from tesla_fleet_api.tesla.vehicle.proto.universal_message_pb2 import RoutableMessage
from tesla_protocol.command import signatures_pb2, universal_message_pb2, vcsec_pb2

from host_tools.protocol import signatures_pb2 as our_signatures
from host_tools.protocol import universal_message_pb2 as our_universal_message
from tests.interpreter import Interpreter, RemoteError
from tests.schemas import Schema, by_number

SIGNED = json.loads(
    (Path(__file__).resolve().parents[2] / "proto/vectors/signed-command.json").read_text("utf-8")
)
VIN = SIGNED["vin"]
PUBLIC_KEY = bytes.fromhex(SIGNED["public_key"])
VEHICLE_KEY = bytes.fromhex(SIGNED["vehicle_public_key"])
SHARED_KEY = bytes.fromhex(SIGNED["shared_key"])
EPOCH = bytes.fromhex(SIGNED["session_info"]["epoch"])
LOCKED = bytes.fromhex("0a080a00100118012001")  # a vehicleStatus

_FIRMWARE = f"""
from fob import routable, signed

def session(*draws):
    draws = list(draws)
    keys = ({VEHICLE_KEY}, {SHARED_KEY})
    return signed.Session({PUBLIC_KEY}, {VIN!r}, lambda n: draws.pop(0), keys, {EPOCH})

def opened(message):
    envelope = routable.read(message)["envelope"]
    assert fob.answered_by(envelope)
    return fob.open(envelope)
"""


@pytest.fixture
def firmware(interpreter: Interpreter) -> Interpreter:
    interpreter.exec(_FIRMWARE)
    return interpreter


class Peer(Commands[Any]):
    """tesla-fleet-api's side of a session, with the answers of `script` instead of a radio."""

    _auth_method: ClassVar[Literal["hmac", "aes"]] = "aes"

    def __init__(self) -> None:
        key = ec.derive_private_key(int(SIGNED["private_key"], 16), ec.SECP256R1())
        super().__init__(SimpleNamespace(private_key=key), VIN)
        self.sent: list[RoutableMessage] = []
        self.script = iter([RoutableMessage()])

    async def _send(self, msg: RoutableMessage, requires: str) -> RoutableMessage:
        self.sent.append(msg)
        answer = next(self.script)
        self.validate_msg(answer)
        return answer

    def know(self, counter: int = 6) -> "Peer":
        """Take session info as if the car had just sent it."""
        answer = RoutableMessage()
        answer.from_destination.domain = 2
        info = signatures_pb2.SessionInfo(
            counter=counter, publicKey=VEHICLE_KEY, epoch=EPOCH, clock_time=2650
        )
        answer.session_info = info.SerializeToString()
        self.validate_msg(answer)
        return self

    def lock(self) -> RoutableMessage:
        asyncio.run(self.door_lock())
        return self.sent[-1]


def ours(firmware: Interpreter, theirs: RoutableMessage, plaintext: bytes) -> bytes:
    """The message that the firmware seals with the numbers of a peer's; `fob` over there."""
    signature = theirs.signature_data.AES_GCM_Personalized_data
    draws = signature.nonce, theirs.from_destination.routing_address, theirs.uuid
    firmware.exec(f"fob = session(*{draws})")
    message = firmware.eval(f"fob.seal({plaintext}, {signature.counter}, {signature.expires_at})")
    assert isinstance(message, bytes)
    return message


def response(request: RoutableMessage, fault: int = 0) -> RoutableMessage:
    """LOCKED, encrypted in answer to `request`; `fault` is told in the metadata alone."""
    tag = request.signature_data.AES_GCM_Personalized_data.tag
    metadata = b"\x00\x01\x09\x01\x01\x02\x02\x11" + VIN.encode() + b"\x05\x04\x00\x00\x00\x01"
    metadata += b"\x07\x04\x00\x00\x00\x02\x08\x11\x05" + tag + b"\x09\x04" + bytes([0, 0, 0])
    metadata += bytes([fault]) + b"\xff"
    aad = hashlib.sha256(metadata).digest()
    sealed = AESGCM(SHARED_KEY).encrypt(bytes(12), LOCKED, aad)
    answer = RoutableMessage(protobuf_message_as_bytes=sealed[:-16], flags=2)
    answer.from_destination.domain = 2
    answer.to_destination.routing_address = request.from_destination.routing_address
    data = answer.signature_data.AES_GCM_Response_data
    data.nonce, data.counter, data.tag = bytes(12), 1, sealed[-16:]
    return answer


def test_a_request_for_session_info_is_theirs(firmware: Interpreter) -> None:
    peer = Peer()
    asyncio.run(peer.handshakeVehicleSecurity())
    theirs = peer.sent[0]
    draws = theirs.from_destination.routing_address, theirs.uuid
    assert firmware.eval(f"session(*{draws}).request()") == theirs.SerializeToString()


@pytest.mark.parametrize("counter", [0, 126, 127, 2**30 - 1, 2**31 - 1, 2**32 - 2])
def test_a_sealed_message_is_theirs(firmware: Interpreter, counter: int) -> None:
    theirs = Peer().know(counter).lock()
    assert ours(firmware, theirs, b"\x10\x01") == theirs.SerializeToString()


def test_the_published_session_info_leads_to_the_key_and_epoch_that_they_find(
    firmware: Interpreter,
) -> None:
    info, request = SIGNED["session_info"], SIGNED["session_info_request"]
    encoded, tag = bytes.fromhex(info["session_info"]), bytes.fromhex(info["tag"])
    peer = Peer()
    answer = RoutableMessage(session_info=encoded)
    answer.from_destination.domain = 2
    peer.validate_msg(answer)
    envelope = {
        "session_info": encoded,
        "signature_data": {"session_info_tag": {"tag": tag}},
    }
    address, uuid = bytes.fromhex(request["routing_address"]), bytes.fromhex(request["uuid"])
    firmware.exec(
        f"draws = [{address}, {uuid}]\n"
        "random = lambda n: draws.pop(0) if draws else bytes(range(n))\n"
        f"fob = signed.Session({PUBLIC_KEY}, {VIN!r}, random)\n"
        "fob.request()\n"
        f"fob.verify({envelope}, {bytes.fromhex(SIGNED['private_key'])})"
    )
    theirs = peer._sessions[2]
    expected = theirs.publicKey, theirs.sharedKey, theirs.epoch
    assert firmware.eval("(fob.vehicle_key, fob.shared_key, fob.epoch)") == expected


@pytest.mark.parametrize("plaintext", [b"", b"\x10\x00", bytes(200)])
def test_the_message_classes_of_tesla_protocol_read_and_write_the_same(
    firmware: Interpreter, plaintext: bytes
) -> None:
    firmware.exec("fob = session(bytes(12), bytes(16), b'uuid' * 4)")
    encoded = firmware.eval(f"fob.seal({plaintext}, 2**32 - 1, 2655)")
    message = universal_message_pb2.RoutableMessage.FromString(encoded)
    assert message.SerializeToString(deterministic=True) == encoded
    assert message.uuid == b"uuid" * 4
    signature = message.signature_data.AES_GCM_Personalized_data
    assert (signature.counter, signature.expires_at) == (2**32 - 1, 2655)
    assert len(message.protobuf_message_as_bytes) == len(plaintext)


def test_both_open_an_encrypted_response(firmware: Interpreter) -> None:
    peer = Peer().know()

    def answers() -> Iterator[RoutableMessage]:
        yield response(peer.sent[-1])

    peer.script = answers()
    result = asyncio.run(peer.door_lock())
    assert result["response"].vehicleLockState == vcsec_pb2.VEHICLELOCKSTATE_LOCKED
    ours(firmware, peer.sent[-1], b"\x10\x01")
    message = response(peer.sent[-1]).SerializeToString()
    assert firmware.eval(f"opened({message})") == (LOCKED, True)


@pytest.mark.parametrize("change", ["flags", "fault", "counter", "tag", "payload", "request"])
def test_both_refuse_what_was_altered(firmware: Interpreter, change: str) -> None:
    peer = Peer().know()
    altered = []

    def answers() -> Iterator[RoutableMessage]:
        answer = response(peer.sent[-1])
        signature = answer.signature_data.AES_GCM_Response_data
        if change == "flags":
            answer.flags = 0
        elif change == "fault":  # taken out: their side stops at once at one that is there
            answer = response(peer.sent[-1], fault=25)
        elif change == "counter":
            signature.counter += 1
        elif change == "tag":
            signature.tag = signature.tag[:15] + bytes([signature.tag[15] ^ 1])
        elif change == "payload":
            answer.protobuf_message_as_bytes += b"\x00"
        else:
            other = RoutableMessage.FromString(peer.sent[-1].SerializeToString())
            other.signature_data.AES_GCM_Personalized_data.tag = bytes(16)
            answer = response(other)
        altered.append(answer)
        yield answer

    peer.script = answers()
    with pytest.raises(InvalidTag):
        asyncio.run(peer.door_lock())
    ours(firmware, peer.sent[-1], b"\x10\x01")
    with pytest.raises(RemoteError, match="AuthenticationFailed"):
        firmware.eval(f"opened({altered[0].SerializeToString()})")


def _fields(message: Descriptor, schema: Schema) -> Iterator[tuple[str, str]]:
    """(name in a schema of the firmware, name of the same number in a class) of every field."""
    for number, (name, _, sub) in schema.items():
        field = message.fields_by_number[number]
        yield name, field.name
        if sub is not None:
            yield from _fields(field.message_type, sub)


def test_every_field_has_the_name_of_its_number_in_tesla_protocol(firmware: Interpreter) -> None:
    for name, message in {
        "routable.ROUTABLE_MESSAGE": universal_message_pb2.RoutableMessage,
        "routable.SESSION_INFO": signatures_pb2.SessionInfo,
    }.items():
        for our_name, their_name in _fields(message.DESCRIPTOR, by_number(firmware.eval(name))):
            assert our_name == their_name


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(our_signatures, signatures_pb2), (our_universal_message, universal_message_pb2)],
    ids=["signatures", "universal_message"],
)
def test_every_enum_value_has_its_number_in_tesla_protocol(ours: Any, theirs: Any) -> None:
    for name, enum in ours.DESCRIPTOR.enum_types_by_name.items():
        known = theirs.DESCRIPTOR.enum_types_by_name[name].values_by_name
        for value in enum.values:
            assert known[value.name].number == value.number
