"""A car of the signed-command protocol after the SDK's verifier and dispatcher, nothing of ours.

It shares no line with the firmware or the simulated car: message classes of tesla-protocol, the
checks in the order of the SDK's internal/authentication (domain, epoch, expiry, signature, then the
counter), session info beside every fault that it mends. It never pushes anything, and of its
answers only every other one names the uuid it answers.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tesla_protocol.command import keys_pb2, signatures_pb2, universal_message_pb2, vcsec_pb2

Envelope = universal_message_pb2.RoutableMessage
Fault = universal_message_pb2

_CURVE = ec.SECP256R1()
_ENCRYPT_RESPONSE = 2
_HASH_OF_REQUEST = 17


@dataclass
class Client:
    """One key of the whitelist, or one that asked."""

    shared_key: bytes
    enrolled: bool = False
    counter: int = 0


@dataclass
class Verdict:
    """What became of a signed message: `fault` 0 for one that was carried out."""

    frame: bytes
    fault: int
    plaintext: bytes = b""
    lifetime: int = 0
    counter: int = 0


@dataclass
class ReferenceCar:
    """In place of a Car behind a DirectRadio.

    clock: seconds. encrypts: whether FLAG_ENCRYPT_RESPONSE is honoured. tells_unknown: session info
    says that a key is not on the whitelist; without it only commands are refused so. longest_life:
    seconds that a message may be ahead.
    """

    vin: str
    clock: Callable[[], float]
    encrypts: bool = True
    tells_unknown: bool = True
    longest_life: int = 15
    locked: bool = True
    verdicts: list[Verdict] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    connectable = True

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(_CURVE)
        self._clients: dict[bytes, Client] = {}
        self._answers = itertools.count()
        self.waiting: bytes | None = None
        self.reboot()

    @property
    def advertised_name(self) -> str:
        return "S" + hashlib.sha1(self.vin.encode()).hexdigest()[:16] + "C"

    def reboot(self) -> None:
        """A new epoch, which begins now, in which every counter begins anew."""
        self._epoch = os.urandom(16)
        self._began = self.clock()
        for client in self._clients.values():
            client.counter = 0

    def tap(self) -> None:
        """The owner's card confirms the key that waits; nobody is told."""
        assert self.waiting is not None
        self._client(self.waiting).enrolled = True

    def disown(self) -> None:
        """The owner deletes every key but the cards."""
        for client in self._clients.values():
            client.enrolled = False

    next_due = None
    """Nothing ever times out."""

    def tick(self) -> None:
        """So nothing happens."""

    def connect(self, _peer: str = "") -> Connection:
        return Connection(self)

    def hear(self, message: bytes) -> list[bytes]:
        """Take one message; return the answers."""
        envelope = Envelope.FromString(message)
        if not envelope.HasField("to_destination"):
            return self._enrol(message)
        if not envelope.from_destination.routing_address or len(envelope.uuid) != 16:
            return []
        answer = self._answer(envelope, message)
        return [answer.SerializeToString()] if answer else []

    def _enrol(self, message: bytes) -> list[bytes]:
        signed = vcsec_pb2.ToVCSECMessage.FromString(message).signedMessage
        if signed.signatureType != vcsec_pb2.SIGNATURE_TYPE_PRESENT_KEY:
            self.kinds.append("legacy")
            return []
        unsigned = vcsec_pb2.UnsignedMessage.FromString(signed.protobufMessageAsBytes)
        change = unsigned.WhitelistOperation.addKeyToWhitelistAndAddPermissions
        if change.keyRole == keys_pb2.ROLE_DRIVER:
            self.kinds.append("enrol")
            self.waiting = change.key.PublicKeyRaw
        return []

    def _answer(self, request: Envelope, message: bytes) -> Envelope | None:
        if request.HasField("session_info_request"):
            self.kinds.append("info")
            return self._informed(request, request.session_info_request.public_key)
        if not request.HasField("signature_data"):
            self.kinds.append("plain")
            return self._status(request)
        self.kinds.append("signed")
        verdict = self._verify(request, message)
        self.verdicts.append(verdict)
        public_key = request.signature_data.signer_identity.public_key
        if verdict.fault == Fault.MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID:
            answer = self._reply(request)
        elif verdict.fault:
            answer = self._informed(request, public_key)
        else:
            return self._carry_out(request, verdict.plaintext)
        answer.signedMessageStatus.operation_status = Fault.OPERATIONSTATUS_ERROR
        answer.signedMessageStatus.signed_message_fault = verdict.fault  # type: ignore[assignment]
        return answer

    def _verify(self, request: Envelope, message: bytes) -> Verdict:
        data = request.signature_data.AES_GCM_Personalized_data
        client = self._clients.get(request.signature_data.signer_identity.public_key)
        lifetime = data.expires_at - self._now
        verdict = Verdict(message, 0, b"", lifetime, data.counter)
        if client is None or not client.enrolled:
            verdict.fault = Fault.MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID
        elif request.to_destination.domain != Fault.DOMAIN_VEHICLE_SECURITY:
            verdict.fault = Fault.MESSAGEFAULT_ERROR_INVALID_DOMAINS
        elif data.epoch != self._epoch:
            verdict.fault = Fault.MESSAGEFAULT_ERROR_INCORRECT_EPOCH
        elif lifetime < 0:
            verdict.fault = Fault.MESSAGEFAULT_ERROR_TIME_EXPIRED
        elif lifetime > self.longest_life:
            verdict.fault = Fault.MESSAGEFAULT_ERROR_TIME_TO_LIVE_TOO_LONG
        else:
            self._open(request, client, verdict)
        return verdict

    def _open(self, request: Envelope, client: Client, verdict: Verdict) -> None:
        data = request.signature_data.AES_GCM_Personalized_data
        metadata = [
            (signatures_pb2.TAG_SIGNATURE_TYPE, b"\x05"),
            (signatures_pb2.TAG_DOMAIN, b"\x02"),
            (signatures_pb2.TAG_PERSONALIZATION, self.vin.encode()),
            (signatures_pb2.TAG_EPOCH, data.epoch),
            (signatures_pb2.TAG_EXPIRES_AT, data.expires_at.to_bytes(4, "big")),
            (signatures_pb2.TAG_COUNTER, data.counter.to_bytes(4, "big")),
        ]
        if request.flags:
            metadata.append((signatures_pb2.TAG_FLAGS, request.flags.to_bytes(4, "big")))
        sealed = request.protobuf_message_as_bytes + data.tag
        try:
            verdict.plaintext = AESGCM(client.shared_key).decrypt(
                data.nonce, sealed, hashlib.sha256(_encoded(metadata)).digest()
            )
        except InvalidTag:
            verdict.fault = Fault.MESSAGEFAULT_ERROR_INVALID_SIGNATURE
            return
        if data.counter <= client.counter:
            verdict.fault = Fault.MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER
            return
        client.counter = data.counter

    def _carry_out(self, request: Envelope, plaintext: bytes) -> Envelope:
        action = vcsec_pb2.UnsignedMessage.FromString(plaintext)
        assert action.HasField("RKEAction")
        self.locked = action.RKEAction == vcsec_pb2.RKE_ACTION_LOCK
        answer = self._reply(request)
        if self.encrypts and request.flags & _ENCRYPT_RESPONSE:
            self._encrypt(request, answer)
        return answer

    def _encrypt(self, request: Envelope, answer: Envelope) -> None:
        client = self._client(request.signature_data.signer_identity.public_key)
        nonce, counter = os.urandom(12), 1
        answer.flags = next(self._answers) % 2 * 2
        tag = request.signature_data.AES_GCM_Personalized_data.tag
        metadata = [
            (signatures_pb2.TAG_SIGNATURE_TYPE, b"\x09"),
            (signatures_pb2.TAG_DOMAIN, b"\x02"),
            (signatures_pb2.TAG_PERSONALIZATION, self.vin.encode()),
            (signatures_pb2.TAG_COUNTER, counter.to_bytes(4, "big")),
            (signatures_pb2.TAG_FLAGS, answer.flags.to_bytes(4, "big")),
            (signatures_pb2.TAG_REQUEST_HASH, (b"\x05" + tag)[:_HASH_OF_REQUEST]),
            (signatures_pb2.TAG_FAULT, bytes(4)),
        ]
        aad = hashlib.sha256(_encoded(metadata)).digest()
        data = answer.signature_data.AES_GCM_Response_data
        data.nonce, data.counter = nonce, counter
        data.tag = AESGCM(client.shared_key).encrypt(nonce, b"", aad)

    def _informed(self, request: Envelope, public_key: bytes) -> Envelope:
        client = self._client(public_key)
        info = signatures_pb2.SessionInfo(
            counter=client.counter,
            publicKey=_point(self._key),
            epoch=self._epoch,
            clock_time=self._now,
        )
        if self.tells_unknown and not client.enrolled:
            info.status = signatures_pb2.SESSION_INFO_STATUS_KEY_NOT_ON_WHITELIST
        encoded = info.SerializeToString()
        metadata = [
            (signatures_pb2.TAG_SIGNATURE_TYPE, b"\x06"),
            (signatures_pb2.TAG_PERSONALIZATION, self.vin.encode()),
            (signatures_pb2.TAG_CHALLENGE, request.uuid),
        ]
        key = hmac.digest(client.shared_key, b"session info", "sha256")
        answer = self._reply(request)
        answer.session_info = encoded
        answer.signature_data.session_info_tag.tag = hmac.digest(
            key, _encoded(metadata) + encoded, "sha256"
        )
        return answer

    def _status(self, request: Envelope) -> Envelope:
        status = vcsec_pb2.FromVCSECMessage()
        status.vehicleStatus.vehicleLockState = (
            vcsec_pb2.VEHICLELOCKSTATE_LOCKED
            if self.locked
            else vcsec_pb2.VEHICLELOCKSTATE_UNLOCKED
        )
        answer = self._reply(request)
        answer.protobuf_message_as_bytes = status.SerializeToString()
        return answer

    def _reply(self, request: Envelope) -> Envelope:
        answer = Envelope()
        answer.to_destination.routing_address = request.from_destination.routing_address
        answer.from_destination.domain = Fault.DOMAIN_VEHICLE_SECURITY
        if next(self._answers) % 2:
            answer.request_uuid = request.uuid
        return answer

    def _client(self, public_key: bytes) -> Client:
        if public_key not in self._clients:
            peer = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, public_key)
            secret = self._key.exchange(ec.ECDH(), peer)
            self._clients[public_key] = Client(hashlib.sha1(secret).digest()[:16])
        return self._clients[public_key]

    @property
    def _now(self) -> int:
        return int(self.clock() - self._began)


class Connection:
    """One link to it, as DirectLink wants one."""

    def __init__(self, car: ReferenceCar) -> None:
        self.on_frame: Callable[[], None] | None = None
        self.on_drop: Callable[[], None] | None = None
        self.on_message: Callable[[bytes], list[bytes] | None] | None = None
        self._car = car
        self._received = b""
        self._frames: list[bytes] = []

    def write(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= 2:
            end = 2 + int.from_bytes(self._received[:2], "big")
            if len(self._received) < end:
                return
            message, self._received = self._received[2:end], self._received[end:]
            for answer in self._car.hear(message):
                self._frames.append(len(answer).to_bytes(2, "big") + answer)
        if self.on_frame:
            self.on_frame()

    def read_version(self) -> None:
        """No link is ever idle."""

    def lose(self, data: bytes) -> None:
        """What the air swallowed never happened."""

    def take_frames(self) -> list[bytes]:
        frames, self._frames = self._frames, []
        return frames

    def disconnect(self) -> None:
        self._received = b""


def _encoded(metadata: list[tuple[int, bytes]]) -> bytes:
    return b"".join(bytes([tag, len(value)]) + value for tag, value in metadata) + b"\xff"


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
