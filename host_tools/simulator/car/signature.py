"""What a message of the signed-command protocol says about who signed it, as it is written there.

Nothing is verified here.
"""

from __future__ import annotations

from dataclasses import dataclass

from host_tools.protocol import signatures_pb2 as signatures
from host_tools.protocol import universal_message_pb2 as universal

from . import keys, metadata
from .nonces import Sealed, Tagged

EPOCH_LENGTH = 16

# Of this domain; another one takes the whole hash.
_REQUEST_HASH_LENGTH = 17

_RESYNCHRONISING = frozenset(
    (
        universal.MESSAGEFAULT_ERROR_INVALID_SIGNATURE,
        universal.MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER,
        universal.MESSAGEFAULT_ERROR_INCORRECT_EPOCH,
        universal.MESSAGEFAULT_ERROR_TIME_EXPIRED,
        universal.MESSAGEFAULT_ERROR_TIME_TO_LIVE_TOO_LONG,
    )
)


class MessageFault(Exception):
    """A message was refused; `code` is the MessageFault_E."""

    def __init__(self, code: universal.MessageFault_E, why: str) -> None:
        name = universal.MessageFault_E.Name(code).removeprefix("MESSAGEFAULT_ERROR_")
        super().__init__(f"{name}: {why}")
        self.code = code

    @property
    def resynchronises(self) -> bool:
        """Whether a key on the whitelist is told the session's state along with it."""
        return self.code in _RESYNCHRONISING


def not_on_whitelist(public_key: bytes) -> MessageFault:
    """The fault of a key that the car does not know."""
    return MessageFault(
        universal.MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID,
        f"key {keys.key_id(public_key).hex()} is not on the whitelist",
    )


_SignatureData = (
    signatures.AES_GCM_Personalized_Signature_Data | signatures.HMAC_Personalized_Signature_Data
)


@dataclass(frozen=True)
class Signature:
    """The signature of a command; expires_at: in seconds of the vehicle's clock."""

    public_key: bytes
    message: Sealed | Tagged
    expires_at: int


def read(envelope: universal.RoutableMessage, vin: str) -> Signature:
    """Read the signature of a message to a vehicle; raises MessageFault where it is malformed."""
    public_key = _signer(envelope)
    data = envelope.signature_data
    match data.WhichOneof("sig_type"):
        case "AES_GCM_Personalized_data":
            gcm = data.AES_GCM_Personalized_data
            sealed = Sealed(
                key_id=keys.key_id(public_key),
                counter=gcm.counter,
                epoch=gcm.epoch,
                nonce=gcm.nonce,
                ciphertext=envelope.protobuf_message_as_bytes,
                tag=gcm.tag,
                aad=metadata.digest(
                    _metadata(signatures.SIGNATURE_TYPE_AES_GCM_PERSONALIZED, envelope, vin, gcm)
                ),
            )
            return Signature(public_key, sealed, gcm.expires_at)
        case "HMAC_Personalized_data":
            plain = data.HMAC_Personalized_data
            tagged = Tagged(
                key_id=keys.key_id(public_key),
                counter=plain.counter,
                epoch=plain.epoch,
                metadata=_metadata(
                    signatures.SIGNATURE_TYPE_HMAC_PERSONALIZED, envelope, vin, plain
                ),
                payload=envelope.protobuf_message_as_bytes,
                tag=plain.tag,
            )
            return Signature(public_key, tagged, plain.expires_at)
        case kind:
            raise MessageFault(
                universal.MESSAGEFAULT_ERROR_BAD_PARAMETER,
                f"{kind or 'no signature'} does not sign commands",
            )


def request_hash(request: universal.RoutableMessage) -> bytes:
    """By which answers name the signed request that they answer: its signature type and tag."""
    data = request.signature_data
    if data.HasField("AES_GCM_Personalized_data"):
        kind, tag = (
            signatures.SIGNATURE_TYPE_AES_GCM_PERSONALIZED,
            data.AES_GCM_Personalized_data.tag,
        )
    else:
        kind, tag = signatures.SIGNATURE_TYPE_HMAC_PERSONALIZED, data.HMAC_Personalized_data.tag
    return (bytes([kind]) + tag)[:_REQUEST_HASH_LENGTH]


def _signer(envelope: universal.RoutableMessage) -> bytes:
    """The public key that the message names."""
    identity = envelope.signature_data.signer_identity
    if identity.WhichOneof("identity_type") == "handle":
        # This car gives none.
        raise MessageFault(
            universal.MESSAGEFAULT_ERROR_INVALID_KEY_HANDLE, f"handle {identity.handle}"
        )
    if not keys.is_public_key(identity.public_key):
        raise MessageFault(
            universal.MESSAGEFAULT_ERROR_BAD_PARAMETER, "no public key of the signer"
        )
    return identity.public_key


def _metadata(
    signature_type: signatures.SignatureType,
    envelope: universal.RoutableMessage,
    vin: str,
    data: _SignatureData,
) -> bytes:
    if len(data.epoch) != EPOCH_LENGTH:
        raise MessageFault(
            universal.MESSAGEFAULT_ERROR_INCORRECT_EPOCH, f"epoch of {len(data.epoch)} bytes"
        )
    return metadata.command(
        signature_type,
        envelope.to_destination.domain,
        vin,
        data.epoch,
        data.expires_at,
        data.counter,
        envelope.flags,
    )
