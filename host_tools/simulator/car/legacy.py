"""Signed messages of the older protocol: AES-GCM with the counter as a 4-byte nonce.

The shared key is cached per key pair; the counter lives with the whitelist entry, so that it
survives reconnects and a new vehicle key.
"""

from __future__ import annotations

from collections.abc import Callable

from host_tools.protocol import vcsec_pb2 as vcsec

from .keys import Agreement, Random, VehicleKey
from .nonces import TAG_LENGTH, NonceRecord, NonceReuse, Sealed
from .whitelist import Whitelist, WhitelistKey

TOKEN_LENGTH = 20

# Former vehicle keys with which an old message is still recognised in the nonce record.
_FORMER_KEYS = 8


class SignedMessageFault(Exception):
    """A signed message was refused; `information` is the SignedMessage_information_E."""

    def __init__(self, information: int, key: WhitelistKey | None = None) -> None:
        name = vcsec.SignedMessage_information_E.Name(information)
        super().__init__(name.removeprefix("SIGNEDMESSAGE_INFORMATION_"))
        self.information = information
        self.counter = key.counter if key else 0


class LegacySession:
    """Opens signed messages of the keys on the whitelist."""

    def __init__(
        self,
        whitelist: Whitelist,
        vehicle_key: Agreement,
        on_reuse: Callable[[NonceReuse], None],
    ) -> None:
        self._whitelist = whitelist
        self._vehicle_keys: list[Agreement] = [vehicle_key]
        self._shared_keys: dict[tuple[bytes, bytes], bytes] = {}
        self._on_reuse = on_reuse
        self.nonces = NonceRecord()

    @property
    def vehicle_key(self) -> Agreement:
        return self._vehicle_keys[0]

    def rotate(self, random: Random) -> None:
        """Replace the vehicle's key pair; messages sealed for the old one no longer open."""
        self._vehicle_keys = [VehicleKey.generate(random), *self._vehicle_keys[: _FORMER_KEYS - 1]]

    def key_added(self, key: WhitelistKey) -> None:
        """Look again at what came from this key before it was known."""
        for reuse in self.nonces.key_added(key.key_id, self._all_shared_keys(key)):
            self._on_reuse(reuse)

    def open(self, message: vcsec.SignedMessage, token: bytes | None) -> tuple[WhitelistKey, bytes]:
        """Return who sealed `message` and the plaintext; raises SignedMessageFault.

        token: the one last sent over this link, which AES_GCM_TOKEN authenticates. The counter is
        taken only once everything is right.
        """
        key, sealed = self.note(message, token)
        if len(sealed.tag) < TAG_LENGTH:
            raise SignedMessageFault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_SIGNATURE_TOO_SHORT, key)
        if message.counter <= key.counter:
            raise SignedMessageFault(
                vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_IV_SMALLER_THAN_EXPECTED, key
            )
        try:
            plaintext = sealed.open(self._shared_key(key, self.vehicle_key))
        except ValueError:
            raise SignedMessageFault(
                vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_AES_DECRYPT_AUTH, key
            ) from None
        key.counter = message.counter
        return key, plaintext

    def note(
        self, message: vcsec.SignedMessage, token: bytes | None
    ) -> tuple[WhitelistKey, Sealed]:
        """Record the nonce of a message; raises SignedMessageFault."""
        sealed = Sealed(
            key_id=message.keyId,
            nonce=message.counter.to_bytes(4, "big"),
            ciphertext=message.protobufMessageAsBytes,
            tag=message.signature,
            aad=self._additional_data(message, token),
        )
        key = self._whitelist.find(message.keyId)
        if key is None:
            self.nonces.keep(sealed)
            raise SignedMessageFault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST)
        reuse = self.nonces.note(sealed, self._all_shared_keys(key))
        if reuse:
            self._on_reuse(reuse)
        return key, sealed

    def _additional_data(self, message: vcsec.SignedMessage, token: bytes | None) -> bytes:
        """What is authenticated beside the ciphertext: nothing, or the token."""
        if message.signatureType == vcsec.SIGNATURE_TYPE_AES_GCM:
            return b""
        if message.signatureType != vcsec.SIGNATURE_TYPE_AES_GCM_TOKEN:
            raise SignedMessageFault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_UNKNOWN)
        if token is None:
            raise SignedMessageFault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_COULD_NOT_RETRIEVE_TOKEN)
        # Clients that work today leave the field empty and only authenticate the token.
        if message.token and len(message.token) != TOKEN_LENGTH:
            raise SignedMessageFault(
                vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_TOKEN_IS_INCORRECT_LENGTH
            )
        if message.token and message.token != token:
            raise SignedMessageFault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_INVALID_TOKEN)
        return token

    def _shared_key(self, key: WhitelistKey, vehicle_key: Agreement) -> bytes:
        pair = (vehicle_key.public_key, key.public_key)
        if pair not in self._shared_keys:
            self._shared_keys[pair] = vehicle_key.agree(key.public_key)
        return self._shared_keys[pair]

    def _all_shared_keys(self, key: WhitelistKey) -> list[bytes]:
        return [self._shared_key(key, vehicle_key) for vehicle_key in self._vehicle_keys]
