"""What tags of the signed-command protocol cover beside the payload.

For each tag that applies, in ascending order, one byte of tag, one of length and the value; at the
end the single byte ff. Enums are one byte, other numbers four, big-endian.
"""

from __future__ import annotations

import hashlib

from host_tools.protocol import signatures_pb2 as signatures


def command(
    signature_type: signatures.SignatureType,
    domain: int,
    vin: str,
    epoch: bytes,
    expires_at: int,
    counter: int,
    flags: int,
) -> bytes:
    """Of a command; flags only count if there are any."""
    fields = {
        signatures.TAG_SIGNATURE_TYPE: bytes([signature_type]),
        signatures.TAG_DOMAIN: bytes([domain]),
        signatures.TAG_PERSONALIZATION: vin.encode(),
        signatures.TAG_EPOCH: epoch,
        signatures.TAG_EXPIRES_AT: _number(expires_at),
        signatures.TAG_COUNTER: _number(counter),
    }
    if flags:
        fields[signatures.TAG_FLAGS] = _number(flags)
    return _serialize(fields)


def response(
    domain: int, vin: str, counter: int, flags: int, request_hash: bytes, fault: int
) -> bytes:
    """Of an encrypted answer."""
    return _serialize(
        {
            signatures.TAG_SIGNATURE_TYPE: bytes([signatures.SIGNATURE_TYPE_AES_GCM_RESPONSE]),
            signatures.TAG_DOMAIN: bytes([domain]),
            signatures.TAG_PERSONALIZATION: vin.encode(),
            signatures.TAG_COUNTER: _number(counter),
            signatures.TAG_FLAGS: _number(flags),
            signatures.TAG_REQUEST_HASH: request_hash,
            signatures.TAG_FAULT: _number(fault),
        }
    )


def session_info(vin: str, challenge: bytes) -> bytes:
    """Of session info that answers the message with the uuid `challenge`."""
    return _serialize(
        {
            signatures.TAG_SIGNATURE_TYPE: bytes([signatures.SIGNATURE_TYPE_HMAC]),
            signatures.TAG_PERSONALIZATION: vin.encode(),
            signatures.TAG_CHALLENGE: challenge,
        }
    )


def digest(metadata: bytes) -> bytes:
    """What AES-GCM authenticates of it."""
    return hashlib.sha256(metadata).digest()


def _number(value: int) -> bytes:
    return value.to_bytes(4, "big")


def _serialize(fields: dict[signatures.Tag, bytes]) -> bytes:
    serialized = b"".join(bytes([tag, len(value)]) + value for tag, value in sorted(fields.items()))
    return serialized + bytes([signatures.TAG_END])
