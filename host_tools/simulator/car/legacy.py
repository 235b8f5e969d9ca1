"""Signed messages of the older protocol: AES-GCM with the counter as a 4-byte nonce.

The counter lives with the whitelist entry, so that it survives reconnects and a new vehicle key.
"""

from __future__ import annotations

from host_tools.protocol import vcsec_pb2 as vcsec

from .keyring import KeyRing
from .nonces import TAG_LENGTH, Sealed
from .whitelist import Whitelist, WhitelistKey

TOKEN_LENGTH = 20


class SignedMessageFault(Exception):
    """A signed message was refused; `information` is the SignedMessage_information_E."""

    def __init__(self, information: int, key: WhitelistKey | None = None) -> None:
        name = vcsec.SignedMessage_information_E.Name(information)
        super().__init__(name.removeprefix("SIGNEDMESSAGE_INFORMATION_"))
        self.information = information
        self.counter = key.counter if key else 0


class LegacySession:
    """Opens signed messages of the keys on the whitelist."""

    def __init__(self, whitelist: Whitelist, ring: KeyRing) -> None:
        self._whitelist = whitelist
        self._ring = ring

    def open(self, message: vcsec.SignedMessage, token: bytes | None) -> tuple[WhitelistKey, bytes]:
        """Return who sealed `message` and the plaintext; raises SignedMessageFault.

        token: the one last sent over this link, which AES_GCM_TOKEN authenticates. The counter is
        taken only once everything is right.
        """
        sealed = self.note(message, token)
        key = self._whitelist.find(message.keyId)
        if key is None:
            raise SignedMessageFault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST)
        if len(sealed.tag) < TAG_LENGTH:
            raise SignedMessageFault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_SIGNATURE_TOO_SHORT, key)
        if message.counter <= key.counter:
            raise SignedMessageFault(
                vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_IV_SMALLER_THAN_EXPECTED, key
            )
        try:
            plaintext = sealed.open(self._ring.shared_key(key.public_key))
        except ValueError:
            raise SignedMessageFault(
                vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_AES_DECRYPT_AUTH, key
            ) from None
        key.counter = message.counter
        return key, plaintext

    def note(self, message: vcsec.SignedMessage, token: bytes | None) -> Sealed:
        """Have the nonce of a message watched; raises SignedMessageFault."""
        sealed = Sealed(
            key_id=message.keyId,
            counter=message.counter,
            epoch=b"",
            nonce=message.counter.to_bytes(4, "big"),
            ciphertext=message.protobufMessageAsBytes,
            tag=message.signature,
            aad=_additional_data(message, token),
        )
        self._ring.note(sealed)
        return sealed


def _additional_data(message: vcsec.SignedMessage, token: bytes | None) -> bytes:
    """What is authenticated beside the ciphertext: nothing, or the token."""
    if message.signatureType == vcsec.SIGNATURE_TYPE_AES_GCM:
        return b""
    if message.signatureType != vcsec.SIGNATURE_TYPE_AES_GCM_TOKEN:
        raise SignedMessageFault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_UNKNOWN)
    if token is None:
        raise SignedMessageFault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_COULD_NOT_RETRIEVE_TOKEN)
    # Clients that work today leave the field empty and only authenticate the token.
    if message.token and len(message.token) != TOKEN_LENGTH:
        raise SignedMessageFault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_TOKEN_IS_INCORRECT_LENGTH)
    if message.token and message.token != token:
        raise SignedMessageFault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_INVALID_TOKEN)
    return token
