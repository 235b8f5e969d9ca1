"""A key of the signed-command protocol as a third party would write it, for tests of the car.

It shares nothing with the firmware and nothing with the car: its cryptography is the `cryptography`
package's and the standard library's, the car's is PyCryptodome.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import struct
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from host_tools.protocol import signatures_pb2 as signatures
from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec
from tests.legacy_client import LegacyKey

ENCRYPT_RESPONSE = 2


def tlv(*fields: tuple[int, bytes]) -> bytes:
    """Metadata: tag, length, value, in the order given, and its end."""
    return b"".join(struct.pack("BB", tag, len(value)) + value for tag, value in fields) + b"\xff"


def number(value: int) -> bytes:
    return struct.pack(">I", value)


@dataclass(frozen=True)
class Answer:
    """A message of the car to this key. payload: decrypted, None for none of this kind."""

    envelope: universal.RoutableMessage
    payload: vcsec.FromVCSECMessage | None
    encrypted: bool
    response_counter: int

    @property
    def fault(self) -> int:
        return self.envelope.signedMessageStatus.signed_message_fault

    @property
    def info(self) -> signatures.SessionInfo:
        """The session info, verified or not."""
        return signatures.SessionInfo.FromString(self.envelope.session_info)


class SignedKey(LegacyKey):
    """A key pair and its session with one vehicle; it may speak the older protocol as well."""

    def __init__(self, scalar: int = 1234567, vin: str = "5YJ3E1EA1KF000000") -> None:
        super().__init__(scalar)
        self.vin = vin
        self.epoch = b""
        self.clock_time = 0
        self._ids = itertools.count(scalar + 1)
        self._request: universal.RoutableMessage | None = None

    def request(self, **changes: Any) -> universal.RoutableMessage:
        """A session info request."""
        envelope = self._envelope()
        envelope.session_info_request.public_key = self.public_key
        return self._changed(envelope, changes)

    def plain(self, message: vcsec.UnsignedMessage, **changes: Any) -> universal.RoutableMessage:
        """A message without a signature."""
        envelope = self._envelope()
        envelope.protobuf_message_as_bytes = message.SerializeToString()
        return self._changed(envelope, changes)

    def command(
        self,
        plaintext: bytes | vcsec.UnsignedMessage,
        *,
        counter: int | None = None,
        expires_at: int | None = None,
        epoch: bytes | None = None,
        flags: int = ENCRYPT_RESPONSE,
        domain: int = 2,
        nonce: bytes | None = None,
        vin: str | None = None,
    ) -> universal.RoutableMessage:
        """A command sealed with AES-GCM; by default right in everything, for 5 seconds."""
        envelope, fields, plaintext = self._command(
            5, plaintext, counter, expires_at, epoch, flags, domain, vin
        )
        data = envelope.signature_data.AES_GCM_Personalized_data
        data.nonce = self._id()[:12] if nonce is None else nonce
        self._fill(data, fields)
        aad = hashlib.sha256(tlv(*fields.items())).digest()
        sealed = AESGCM(self.shared_key).encrypt(data.nonce, plaintext, aad)
        envelope.protobuf_message_as_bytes, data.tag = sealed[:-16], sealed[-16:]
        return envelope

    def authenticated(
        self,
        plaintext: bytes | vcsec.UnsignedMessage,
        *,
        counter: int | None = None,
        expires_at: int | None = None,
        epoch: bytes | None = None,
        flags: int = ENCRYPT_RESPONSE,
        domain: int = 2,
        vin: str | None = None,
    ) -> universal.RoutableMessage:
        """A command in clear with an HMAC."""
        envelope, fields, plaintext = self._command(
            8, plaintext, counter, expires_at, epoch, flags, domain, vin
        )
        data = envelope.signature_data.HMAC_Personalized_data
        self._fill(data, fields)
        key = hmac.digest(self.shared_key, b"authenticated command", "sha256")
        data.tag = hmac.digest(key, tlv(*fields.items()) + plaintext, "sha256")
        envelope.protobuf_message_as_bytes = plaintext
        return envelope

    def read(self, data: bytes) -> Answer | None:
        """Read a frame of the vehicle; None unless it answers the message made last.

        Raises cryptography.exceptions.InvalidTag if it does not decrypt.
        """
        envelope = universal.RoutableMessage.FromString(data[2:])
        assert self._request is not None
        to, own = envelope.to_destination, self._request.from_destination
        if to.routing_address != own.routing_address:
            return None
        assert envelope.from_destination.domain == 2
        assert envelope.request_uuid in (b"", self._request.uuid)
        payload = envelope.protobuf_message_as_bytes
        response = envelope.signature_data.AES_GCM_Response_data
        encrypted = envelope.signature_data.HasField("AES_GCM_Response_data")
        if encrypted:
            fault = envelope.signedMessageStatus.signed_message_fault
            fields = {
                0: b"\x09",
                1: b"\x02",
                2: self.vin.encode(),
                5: number(response.counter),
                7: number(envelope.flags),
                8: self._request_hash(),
                9: number(fault),
            }
            aad = hashlib.sha256(tlv(*fields.items())).digest()
            cipher = AESGCM(self.shared_key)
            payload = cipher.decrypt(response.nonce, payload + response.tag, aad)
        has_payload = envelope.WhichOneof("payload") == "protobuf_message_as_bytes"
        message = vcsec.FromVCSECMessage.FromString(payload) if has_payload else None
        return Answer(envelope, message, encrypted, response.counter)

    def verifies(self, answer: Answer, uuid: bytes | None = None) -> bool:
        """Whether the tag of attached session info is right; uuid: of another request."""
        assert self._request is not None
        challenge = self._request.uuid if uuid is None else uuid
        covered = tlv((0, b"\x06"), (2, self.vin.encode()), (6, challenge))
        key = hmac.digest(self.shared_key, b"session info", "sha256")
        tag = hmac.digest(key, covered + answer.envelope.session_info, "sha256")
        return hmac.compare_digest(tag, answer.envelope.signature_data.session_info_tag.tag)

    def take(self, answer: Answer) -> None:
        """Take over session info, which must be verifiable."""
        self.agree(answer.info.publicKey)
        assert self.verifies(answer)
        self.epoch, self.clock_time = answer.info.epoch, answer.info.clock_time
        self.counter = answer.info.counter

    def _command(
        self,
        signature_type: int,
        plaintext: bytes | vcsec.UnsignedMessage,
        counter: int | None,
        expires_at: int | None,
        epoch: bytes | None,
        flags: int,
        domain: int,
        vin: str | None,
    ) -> tuple[universal.RoutableMessage, dict[int, bytes], bytes]:
        if counter is None:
            self.counter += 1
            counter = self.counter
        if not isinstance(plaintext, bytes):
            plaintext = plaintext.SerializeToString()
        envelope = self._envelope()
        envelope.to_destination.domain = domain  # type: ignore[assignment]
        envelope.flags = flags
        envelope.signature_data.signer_identity.public_key = self.public_key
        fields = {
            0: bytes([signature_type]),
            1: bytes([domain]),
            2: (self.vin if vin is None else vin).encode(),
            3: self.epoch if epoch is None else epoch,
            4: number(self.clock_time + 5 if expires_at is None else expires_at),
            5: number(counter),
        }
        if flags:
            fields[7] = number(flags)
        return envelope, fields, plaintext

    def _fill(self, data: Any, fields: dict[int, bytes]) -> None:
        data.epoch = fields[3]
        data.expires_at = int.from_bytes(fields[4], "big")
        data.counter = int.from_bytes(fields[5], "big")

    def _envelope(self) -> universal.RoutableMessage:
        envelope = universal.RoutableMessage(uuid=self._id())
        envelope.to_destination.domain = universal.DOMAIN_VEHICLE_SECURITY
        envelope.from_destination.routing_address = self._id()
        self._request = envelope
        return envelope

    def _request_hash(self) -> bytes:
        assert self._request is not None
        data = self._request.signature_data
        gcm, plain = data.AES_GCM_Personalized_data, data.HMAC_Personalized_data
        return (b"\x05" + gcm.tag if gcm.tag else b"\x08" + plain.tag)[:17]

    def _id(self) -> bytes:
        return hashlib.sha256(number(next(self._ids))).digest()[:16]

    def _changed(
        self, envelope: universal.RoutableMessage, changes: dict[str, Any]
    ) -> universal.RoutableMessage:
        for name, value in changes.items():
            setattr(envelope, name, value)
        return envelope
