"""Signed messages of the older protocol: AES-GCM with the counter as a 4-byte nonce.

The counter lives with the whitelist entry, so that it survives reconnects and a new vehicle key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Opened:
    """Who sealed a message, what it says, and the token it is bound to, if any."""

    key: WhitelistKey
    plaintext: bytes
    token: bytes | None


class LegacySession:
    """Opens signed messages of the keys on the whitelist."""

    def __init__(self, whitelist: Whitelist, ring: KeyRing) -> None:
        self._whitelist = whitelist
        self._ring = ring

    def open(self, message: vcsec.SignedMessage, tokens: Sequence[bytes | None]) -> Opened:
        """Open a message; raises SignedMessageFault.

        tokens: of the authenticationRequests on this link, any of which AES_GCM_TOKEN may
        authenticate: first the present one, if there is one, then earlier ones. The counter is
        taken only once everything is right.
        """
        sealed = self.note(message, tokens)
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
        return Opened(key, plaintext, sealed.aad or None)

    def note(self, message: vcsec.SignedMessage, tokens: Sequence[bytes | None]) -> Sealed:
        """Have the nonce of a message watched; raises SignedMessageFault."""
        forms = [
            Sealed(
                key_id=message.keyId,
                counter=message.counter,
                epoch=b"",
                nonce=message.counter.to_bytes(4, "big"),
                ciphertext=message.protobufMessageAsBytes,
                tag=message.signature,
                aad=aad,
            )
            for aad in _additional_data(message, tokens)
        ]
        sealed = self._right(forms) or forms[0]
        self._ring.note(sealed)
        return sealed

    def _right(self, forms: list[Sealed]) -> Sealed | None:
        """The one that opens."""
        key = self._whitelist.find(forms[0].key_id)
        if key is None or len(forms) == 1:
            return None
        shared_key = self._ring.shared_key(key.public_key)
        return next((form for form in forms if form.opens_with(shared_key)), None)


def _additional_data(message: vcsec.SignedMessage, tokens: Sequence[bytes | None]) -> list[bytes]:
    """What may be authenticated beside the ciphertext: nothing, or one of the tokens."""
    if message.signatureType == vcsec.SIGNATURE_TYPE_AES_GCM:
        return [b""]
    if message.signatureType != vcsec.SIGNATURE_TYPE_AES_GCM_TOKEN:
        raise SignedMessageFault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_UNKNOWN)
    known = [token for token in tokens if token is not None]
    if not known:
        raise SignedMessageFault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_COULD_NOT_RETRIEVE_TOKEN)
    # Clients that work today leave the field empty and only authenticate the token.
    if not message.token:
        return known
    if len(message.token) != TOKEN_LENGTH:
        raise SignedMessageFault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_TOKEN_IS_INCORRECT_LENGTH)
    if message.token not in known:
        raise SignedMessageFault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_INVALID_TOKEN)
    return [message.token]
