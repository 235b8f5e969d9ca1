"""A key of the older protocol as a third party would write it, for tests of the simulated car.

It shares nothing with the firmware and nothing with the car.
"""

from __future__ import annotations

import hashlib
from typing import Any

from Crypto.Cipher import AES
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from host_tools.protocol import vcsec_pb2 as vcsec

DOCUMENTED_PERMISSIONS = (2, 1, 4, 3)


def frame(message: Any) -> bytes:
    """A message behind its two bytes of length."""
    data = message if isinstance(message, bytes) else message.SerializeToString()
    return len(data).to_bytes(2, "big") + data


def answers(frames: list[bytes]) -> list[vcsec.FromVCSECMessage]:
    """Frames of the vehicle as messages; every length must be right."""
    for each in frames:
        assert int.from_bytes(each[:2], "big") == len(each) - 2
    return [vcsec.FromVCSECMessage.FromString(each[2:]) for each in frames]


class LegacyKey:
    """A key pair, what it was told about the vehicle, and its counter."""

    def __init__(self, scalar: int = 1234567) -> None:
        self._private = ec.derive_private_key(scalar, ec.SECP256R1())
        self.public_key = self._private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        self.key_id = hashlib.sha1(self.public_key).digest()[:4]
        self.counter = 0
        self.shared_key = b""

    def whitelist_request(
        self,
        *,
        role: int = vcsec.ROLE_DRIVER,
        permissions: tuple[int, ...] = (),
        form_factor: int = vcsec.KEY_FORM_FACTOR_ANDROID_DEVICE,
        public_key: bytes | None = None,
    ) -> bytes:
        """The frame that asks for a card to approve this key."""
        message = vcsec.UnsignedMessage()
        change = message.WhitelistOperation.addKeyToWhitelistAndAddPermissions
        change.key.PublicKeyRaw = self.public_key if public_key is None else public_key
        change.permission.extend(permissions)
        change.keyRole = role
        message.WhitelistOperation.metadataForKey.keyFormFactor = form_factor
        return self.present(message)

    def present(self, message: vcsec.UnsignedMessage) -> bytes:
        """The frame of a message that a card must approve."""
        return frame(
            vcsec.ToVCSECMessage(
                signedMessage=vcsec.SignedMessage(
                    protobufMessageAsBytes=message.SerializeToString(),
                    signatureType=vcsec.SIGNATURE_TYPE_PRESENT_KEY,
                )
            )
        )

    def key_request(self) -> bytes:
        """The frame that asks for the vehicle's public key."""
        return information(
            vcsec.INFORMATION_REQUEST_TYPE_GET_EPHEMERAL_PUBLIC_KEY, key_id=self.key_id
        )

    def agree(self, vehicle_public_key: bytes) -> None:
        """Take the vehicle's public key."""
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), vehicle_public_key)
        self.shared_key = hashlib.sha1(self._private.exchange(ec.ECDH(), point)).digest()[:16]

    def seal(self, plaintext: bytes, counter: int | None = None, aad: bytes = b"") -> Any:
        """A SignedMessage under the next counter, or a given one."""
        if counter is None:
            self.counter += 1
            counter = self.counter
        cipher = AES.new(
            self.shared_key, AES.MODE_GCM, nonce=counter.to_bytes(4, "big"), mac_len=16
        )
        cipher.update(aad)
        ciphertext, tag = cipher.encrypt_and_digest(plaintext)
        return vcsec.SignedMessage(
            protobufMessageAsBytes=ciphertext, signature=tag, keyId=self.key_id, counter=counter
        )

    def signed(self, plaintext: bytes | vcsec.UnsignedMessage, counter: int | None = None) -> bytes:
        """The frame of a sealed message."""
        if not isinstance(plaintext, bytes):
            plaintext = plaintext.SerializeToString()
        return frame(vcsec.ToVCSECMessage(signedMessage=self.seal(plaintext, counter)))


def rke(action: int) -> vcsec.UnsignedMessage:
    return vcsec.UnsignedMessage(RKEAction=action)


def level(value: int) -> vcsec.UnsignedMessage:
    response = vcsec.AuthenticationResponse(authenticationLevel=value)
    return vcsec.UnsignedMessage(authenticationResponse=response)


def information(
    kind: int, key_id: bytes | None = None, public_key: bytes | None = None, slot: int | None = None
) -> bytes:
    """The frame of an unsigned request for information."""
    request = vcsec.InformationRequest(informationRequestType=kind)
    if key_id is not None:
        request.keyId.publicKeySHA1 = key_id
    if public_key is not None:
        request.publicKey = public_key
    if slot is not None:
        request.slot = slot
    return frame(
        vcsec.ToVCSECMessage(unsignedMessage=vcsec.UnsignedMessage(InformationRequest=request))
    )
