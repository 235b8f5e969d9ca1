"""Somebody with a key pair of their own, who speaks as the car would.

Everything is as the signed-command protocol wants it, but for the key: nobody proved that it is the
car's.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from host_tools.protocol import signatures_pb2 as signatures
from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car import metadata, signature
from host_tools.simulator.car.keys import VehicleKey
from host_tools.simulator.faults.envelopes import Envelope, answer_to

_SCALAR = 7654321
_TAG_LENGTH = 16
_NONCE = bytes(12)


class Impostor:
    """Answers requests in the car's place; epoch and clock are what it claims."""

    def __init__(self, vin: str, epoch: bytes = bytes(range(16)), clock: int = 5000) -> None:
        self._vin = vin
        self._key = VehicleKey(ec.derive_private_key(_SCALAR, ec.SECP256R1()))
        self.epoch = epoch
        self.clock = clock

    def session_info(self, request: Envelope, *, counter: int = 0, status: int = 0) -> Envelope:
        """Session info under its own key, with the tag that belongs to it."""
        info = signatures.SessionInfo(
            counter=counter,
            publicKey=self._key.public_key,
            epoch=self.epoch,
            clock_time=self.clock,
            status=status,  # type: ignore[arg-type]
        ).SerializeToString()
        key = hmac.digest(self._shared_key(request), b"session info", hashlib.sha256)
        covered = metadata.session_info(self._vin, request.uuid) + info
        answer = answer_to(request)
        answer.session_info = info
        answer.signature_data.session_info_tag.tag = hmac.digest(key, covered, hashlib.sha256)
        return answer

    def encrypted(self, request: Envelope, message: vcsec.FromVCSECMessage) -> Envelope:
        """An answer to a sealed request, encrypted under its own key."""
        answer = answer_to(request)
        domain = answer.from_destination.domain
        request_hash = signature.request_hash(request)
        covered = metadata.response(domain, self._vin, 1, 0, request_hash, 0)
        sealed = AESGCM(self._shared_key(request)).encrypt(
            _NONCE, message.SerializeToString(), metadata.digest(covered)
        )
        answer.protobuf_message_as_bytes = sealed[:-_TAG_LENGTH]
        data = answer.signature_data.AES_GCM_Response_data
        data.nonce, data.counter, data.tag = _NONCE, 1, sealed[-_TAG_LENGTH:]
        return answer

    def _shared_key(self, request: Envelope) -> bytes:
        """The key that it shares with whoever sent the request."""
        if request.HasField("session_info_request"):
            return self._key.agree(request.session_info_request.public_key)
        return self._key.agree(request.signature_data.signer_identity.public_key)
