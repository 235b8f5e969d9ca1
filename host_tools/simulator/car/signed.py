"""The vehicle's end of the signed-command protocol: session info, verification, sealed answers.

The counter of a key is the one of its whitelist entry, which the older protocol uses too. The order
of the checks is the official verifier's: domain, epoch, expiry, signature, counter.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from Crypto.Cipher import AES

from host_tools.protocol import signatures_pb2 as signatures
from host_tools.protocol import universal_message_pb2 as universal

from . import metadata, signature
from .behaviour import Behaviour
from .keyring import KeyRing
from .keys import Random
from .nonces import TAG_LENGTH, Sealed, Tagged
from .signature import EPOCH_LENGTH, MessageFault, Signature, not_on_whitelist
from .whitelist import Whitelist, WhitelistKey

DOMAIN = universal.DOMAIN_VEHICLE_SECURITY
NONCE_LENGTH = 12


class SignedSession:
    """Verifies messages of the keys on the whitelist, and answers them."""

    def __init__(
        self,
        vin: str,
        whitelist: Whitelist,
        ring: KeyRing,
        behaviour: Behaviour,
        clock: Callable[[], float],
        random: Random,
    ) -> None:
        self._vin = vin
        self._whitelist = whitelist
        self._ring = ring
        self._behaviour = behaviour
        self._clock = clock
        self._random = random
        self._started = clock()
        self._epoch = b""
        self._untagged: dict[bytes, int] = {}

    @property
    def epoch(self) -> bytes:
        """16 bytes, new since the last restart."""
        # Drawn when first needed: a car that is never asked draws nothing.
        if not self._epoch:
            self._epoch = self._random(EPOCH_LENGTH)
        return self._epoch

    @property
    def clock_time(self) -> int:
        """Whole seconds since the epoch began."""
        return int(self._clock() - self._started)

    def restart(self) -> None:
        """Begin a new epoch."""
        self._epoch = b""
        self._started = self._clock()

    def shift_clock(self, seconds: float) -> None:
        """Count from so much earlier on."""
        self._started -= seconds

    def key_added(self, key: WhitelistKey) -> None:
        """The first session infos of this key may lack their tag."""
        self._untagged[key.key_id] = self._behaviour.untagged

    def information(self, public_key: bytes, challenge: bytes) -> tuple[bytes, bytes | None]:
        """A serialized SessionInfo for a valid key, and its tag, which may be missing."""
        key = self._whitelist.find_public(public_key)
        info = signatures.SessionInfo(
            counter=key.counter if key else 0,
            publicKey=self._ring.vehicle_key.public_key,
            epoch=self.epoch,
            clock_time=self.clock_time,
            status=(
                signatures.SESSION_INFO_STATUS_OK
                if key
                else signatures.SESSION_INFO_STATUS_KEY_NOT_ON_WHITELIST
            ),
        ).SerializeToString()
        if key and self._untagged.get(key.key_id, 0) > 0:
            self._untagged[key.key_id] -= 1
            return info, None
        shared_key = self._ring.shared_key(public_key)
        info_key = hmac.digest(shared_key, b"session info", hashlib.sha256)
        covered = metadata.session_info(self._vin, challenge) + info
        return info, hmac.digest(info_key, covered, hashlib.sha256)

    def open(self, envelope: universal.RoutableMessage) -> tuple[WhitelistKey, bytes]:
        """Return who signed a message to this domain, and what it says; raises MessageFault.

        The counter is taken only once everything is right.
        """
        signed = self.note(envelope)
        key = self._whitelist.find_public(signed.public_key)
        if key is None:
            raise not_on_whitelist(signed.public_key)
        self._check_time(signed)
        plaintext = self._authenticate(signed.message, key)
        counter = signed.message.counter
        if counter <= key.counter:
            raise MessageFault(
                universal.MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER,
                f"counter {counter}, but {key.counter} was there already",
            )
        key.counter = counter
        return key, plaintext

    def note(self, envelope: universal.RoutableMessage) -> Signature:
        """Have the nonce and the counter of a message watched; raises MessageFault."""
        signed = signature.read(envelope, self._vin)
        self._ring.note(signed.message)
        return signed

    def seal(
        self,
        answer: universal.RoutableMessage,
        request: universal.RoutableMessage,
        key: WhitelistKey,
        counter: int,
    ) -> None:
        """Encrypt the payload of an answer to a signed request; counter: from 1 for each."""
        covered = metadata.response(
            answer.from_destination.domain,
            self._vin,
            counter,
            answer.flags,
            signature.request_hash(request),
            answer.signedMessageStatus.signed_message_fault,
        )
        nonce = self._random(NONCE_LENGTH)
        shared_key = self._ring.shared_key(key.public_key)
        cipher = AES.new(shared_key, AES.MODE_GCM, nonce=nonce, mac_len=TAG_LENGTH)
        cipher.update(metadata.digest(covered))
        ciphertext, tag = cipher.encrypt_and_digest(answer.protobuf_message_as_bytes)
        answer.protobuf_message_as_bytes = ciphertext
        data = answer.signature_data.AES_GCM_Response_data
        data.nonce, data.counter, data.tag = nonce, counter, tag

    def _check_time(self, signed: Signature) -> None:
        """Raises MessageFault for another epoch, and for an expiry that is not soon."""
        epoch, left = signed.message.epoch, signed.expires_at - self.clock_time
        if epoch != self.epoch:
            raise MessageFault(
                universal.MESSAGEFAULT_ERROR_INCORRECT_EPOCH,
                f"{epoch.hex()} is not the car's {self.epoch.hex()}",
            )
        if left < 0:
            raise MessageFault(
                universal.MESSAGEFAULT_ERROR_TIME_EXPIRED,
                f"at {signed.expires_at}, it is {self.clock_time}",
            )
        if left > self._behaviour.lifetime:
            raise MessageFault(
                universal.MESSAGEFAULT_ERROR_TIME_TO_LIVE_TOO_LONG,
                f"{left} s, at most {self._behaviour.lifetime}",
            )

    def _authenticate(self, message: Sealed | Tagged, key: WhitelistKey) -> bytes:
        """The plaintext; raises MessageFault unless `key` signed the message."""
        shared_key = self._ring.shared_key(key.public_key)
        if isinstance(message, Sealed) and len(message.nonce) != NONCE_LENGTH:
            raise MessageFault(
                universal.MESSAGEFAULT_ERROR_IV_INCORRECT_LENGTH,
                f"nonce of {len(message.nonce)} bytes",
            )
        if not message.opens_with(shared_key):
            raise MessageFault(
                universal.MESSAGEFAULT_ERROR_INVALID_SIGNATURE,
                f"the tag is not of key {key.key_id.hex()}",
            )
        return message.open(shared_key) if isinstance(message, Sealed) else message.payload
