"""The session of the teslabtapi documentation: ephemeral key, counter, AES-GCM; bytes in and out.

The shared key is SHA-1(x of the P-256 agreement)[:16]; the nonce is the counter as 4 bytes
big-endian; the AAD is empty, or the token of the authenticationRequest that a message answers; what
is encrypted is the UnsignedMessage itself (plaintext form A, the one that cars accepted in 2026).
Source: teslabtapi documentation, "Getting the ephemeral key" and "Authenticating"; for the token,
what a car granted in July 2026.
"""

import hashlib

from micropython import const

from fob import messages, protobuf
from fob.errors import DecodeError
from fob.loaded import agree

_SIGNATURE_TYPE_AES_GCM_TOKEN = const(3)
_SIGNEDMESSAGE_INFORMATION_NONE = const(0)


def key_identifier(public_key):
    """Return the 4-byte key identifier of a 65-byte public key."""
    return hashlib.sha1(public_key).digest()[:4]


class Session:
    """What a fob needs to speak to one car: its own identity and the key shared with the car."""

    def __init__(self, public_key, vehicle_key=None, shared_key=None):
        self.key_id = key_identifier(public_key)
        self.vehicle_key = vehicle_key
        self.shared_key = shared_key

    def request(self):
        """Return the message that asks the car for its public key."""
        return messages.ephemeral_key_request(self.key_id)

    def agree(self, answer, private_key, random):
        """Take the car's key from a decoded answer and derive the shared key.

        Raises DecodeError when the answer carries no key, InvalidKey when the key is bad; the
        session stays as it was then. `random` (n -> bytes) blinds the computation.
        """
        offered = vehicle_key(answer)
        if not offered:
            raise DecodeError
        if offered != self.vehicle_key:
            self.shared_key = agree(private_key, offered, random)
            self.vehicle_key = offered

    def seal(self, unsigned, counter, token=b""):
        """Encrypt an UnsignedMessage under `counter` (1..2**32-1, never used before).

        With a `token` the message answers that one alone; it does not travel along.
        """
        # Loaded here because a key agreement needs all the memory.
        from fob import gcm

        ciphertext, tag = gcm.seal(self.shared_key, counter.to_bytes(4, "big"), unsigned, token)
        signed = {
            "protobufMessageAsBytes": ciphertext,
            "signature": tag,
            "keyId": self.key_id,
            "counter": counter,
        }
        if token:
            signed["signatureType"] = _SIGNATURE_TYPE_AES_GCM_TOKEN
        return protobuf.encode(messages.TO_VCSEC_MESSAGE, {"signedMessage": signed})


def vehicle_key(answer):
    """Return the car's public key in a decoded answer, None where there is none."""
    return answer.get("sessionInfo", {}).get("publicKey")


def fault(answer):
    """Return (information, counter) of a signed message's fault, or None.

    Both come unauthenticated: they may cost a retry, never more.
    """
    status = answer.get("commandStatus", {}).get("signedMessageStatus", {})
    information = status.get("signedMessageInformation", _SIGNEDMESSAGE_INFORMATION_NONE)
    if information == _SIGNEDMESSAGE_INFORMATION_NONE:
        return None
    return information, status.get("counter", 0)
