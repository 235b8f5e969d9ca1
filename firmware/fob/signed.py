"""The session of the signed-command protocol with vehicle security: bytes in and out.

The shared key is that of the legacy session. Metadata is a list of (tag, length, value) in
ascending order of tags, numbers as 32 bits big-endian; its SHA-256 is what AES-GCM authenticates
beside the payload. Only session info whose tag verifies changes a session; how old it may be, and
what clock and counter may do, is decided by the caller.

Source: the vehicle-command SDK's description of the protocol (pkg/protocol/protocol.md).
"""

import hashlib

from micropython import const

from fob import protobuf, routable
from fob.errors import AuthenticationFailed, DecodeError
from fob.loaded import agree

_DOMAIN_VEHICLE_SECURITY = const(2)
_FLAG_ENCRYPT_RESPONSE = const(1)  # the number of a bit

_SIGNATURE_TYPE_AES_GCM_PERSONALIZED = const(5)
_SIGNATURE_TYPE_HMAC = const(6)
_SIGNATURE_TYPE_AES_GCM_RESPONSE = const(9)

_SESSION_INFO_STATUS_KEY_NOT_ON_WHITELIST = const(1)

_TAG_SIGNATURE_TYPE = const(0)
_TAG_DOMAIN = const(1)
_TAG_PERSONALIZATION = const(2)
_TAG_EPOCH = const(3)
_TAG_EXPIRES_AT = const(4)
_TAG_COUNTER = const(5)
_TAG_CHALLENGE = const(6)
_TAG_FLAGS = const(7)
_TAG_REQUEST_HASH = const(8)
_TAG_FAULT = const(9)
_TAG_END = const(255)

# Agreements in one conversation: each takes a chip a second, and anybody can call for one.
_AGREEMENTS = const(3)


class Session:
    """What a fob needs to speak to one car, and the request it sent last.

    `public_key`: 65 bytes; `vin`: str; `random(n)`: n random bytes; `keys`: the car's public key
    (65 bytes) and the key shared with it (16 bytes), or two times None; `epoch`: 16 bytes or None.
    `agreements`: how many there may be yet.
    """

    def __init__(self, public_key, vin, random, keys=(None, None), epoch=None):
        self.vehicle_key, self.shared_key = keys
        self.epoch = epoch
        self.agreements = _AGREEMENTS
        self._public_key = public_key
        self._vin = vin.encode()
        self._random = random
        self._address = None
        self._uuid = None
        self._request_hash = None
        self._counters = []

    def request(self):
        """Return the message that asks for session info; its uuid is the challenge."""
        return self._message({"session_info_request": {"public_key": self._public_key}})

    def plain(self, unsigned):
        """Return the message that sends an UnsignedMessage without authentication."""
        return self._message({"protobuf_message_as_bytes": unsigned})

    def seal(self, unsigned, counter, expires_at):
        """Encrypt an UnsignedMessage; its answer is asked for encrypted.

        `counter` (1..2**32-1, never used before) and `expires_at` (seconds of the car's clock
        since the epoch began) count within the session's epoch.
        """
        # Loaded here and below because pairing seals nothing, and needs all the memory.
        from fob import gcm

        nonce = self._random(12)
        flags = 1 << _FLAG_ENCRYPT_RESPONSE
        metadata = self._metadata(
            _SIGNATURE_TYPE_AES_GCM_PERSONALIZED,
            (_TAG_EPOCH, self.epoch),
            (_TAG_EXPIRES_AT, expires_at),
            (_TAG_COUNTER, counter),
            (_TAG_FLAGS, flags),
        )
        ciphertext, tag = gcm.seal(self.shared_key, nonce, unsigned, _digest(metadata))
        signature = {
            "epoch": self.epoch,
            "nonce": nonce,
            "counter": counter,
            "expires_at": expires_at,
            "tag": tag,
        }
        message = self._message(
            {
                "protobuf_message_as_bytes": ciphertext,
                "signature_data": {
                    "signer_identity": {"public_key": self._public_key},
                    "AES_GCM_Personalized_data": signature,
                },
                "flags": flags,
            }
        )
        self._request_hash = bytes((_SIGNATURE_TYPE_AES_GCM_PERSONALIZED,)) + tag
        return message

    def answered_by(self, envelope):
        """Whether a decoded RoutableMessage claims to answer the message that was sent last."""
        return (
            _from_vehicle_security(envelope)
            and envelope.get("to_destination") == {"routing_address": self._address}
            # Most answers of a car leave it out.
            and envelope.get("request_uuid", b"") in (b"", self._uuid)
        )

    def verify(self, envelope, private_key, known=()):
        """Take over key and epoch from the session info that answers the message sent last.

        `known` are further (vehicle key, shared key) that need no agreement; without a private key
        there is none, and another key of the car's fails. Returns the SessionInfo, every field
        present; its status may say that the car does not know this fob.
        Raises AuthenticationFailed for a tag that is wrong or not there, DecodeError for session
        info that is malformed, InvalidKey for a bad key of the car; the session stays as it was
        then.
        """
        encoded = envelope.get("session_info", b"")
        tag = envelope.get("signature_data", {}).get("session_info_tag", {}).get("tag", b"")
        if len(tag) != 32:
            raise AuthenticationFailed
        info: dict = {"counter": 0, "publicKey": b"", "epoch": b"", "clock_time": 0, "status": 0}
        protobuf.decode(routable.SESSION_INFO, encoded, info)
        if len(info["epoch"]) != 16:
            raise DecodeError
        shared_key = None
        for keys in [(self.vehicle_key, self.shared_key)] + list(known):
            if keys[0] == info["publicKey"]:
                shared_key = keys[1]
        if shared_key is None:
            if not private_key or not self.agreements:
                raise AuthenticationFailed
            self.agreements -= 1
            shared_key = agree(private_key, info["publicKey"], self._random)
        # Most presses learn no session info.
        from fob import hmac

        key = hmac.sha256(shared_key, b"session info")
        metadata = self._metadata(_SIGNATURE_TYPE_HMAC, (_TAG_CHALLENGE, self._uuid))
        if not hmac.equal(hmac.sha256(key, metadata, encoded), tag):
            raise AuthenticationFailed
        self.vehicle_key, self.shared_key = info["publicKey"], shared_key
        self.epoch = info["epoch"]
        return info

    def open(self, envelope):
        """Return (payload, whether it was encrypted) of an answer: a FromVCSECMessage or b"".

        Raises AuthenticationFailed for an encrypted answer whose tag is wrong, whose counter
        an earlier answer to the same request had, or to which no sealed request belongs.
        """
        payload = envelope.get("protobuf_message_as_bytes", b"")
        signature = envelope.get("signature_data", {}).get("AES_GCM_Response_data")
        if signature is None:
            return payload, False
        counter = signature.get("counter", 0)
        nonce = signature.get("nonce")
        expected = self._request_hash and counter not in self._counters
        if not (expected and nonce and _from_vehicle_security(envelope)):
            raise AuthenticationFailed
        metadata = self._metadata(
            _SIGNATURE_TYPE_AES_GCM_RESPONSE,
            (_TAG_COUNTER, counter),
            (_TAG_FLAGS, envelope.get("flags", 0)),
            (_TAG_REQUEST_HASH, self._request_hash),
            (_TAG_FAULT, fault(envelope)[1]),
        )
        tag = signature.get("tag", b"")
        from fob import gcm

        payload = gcm.open(self.shared_key, nonce, payload, tag, _digest(metadata))
        self._counters.append(counter)
        return payload, True

    def _message(self, content):
        """Encode a message to vehicle security, to which alone answers belong from now on."""
        self._address = self._random(16)
        self._uuid = self._random(16)
        self._request_hash = None
        self._counters = []
        content["to_destination"] = {"domain": _DOMAIN_VEHICLE_SECURITY}
        content["from_destination"] = {"routing_address": self._address}
        content["uuid"] = self._uuid
        return protobuf.encode(routable.ROUTABLE_MESSAGE, content)

    def _metadata(self, signature_type, *entries):
        """Encode what a tag of this type covers; `entries` are the (tag, value) after the VIN."""
        encoded = bytearray((_TAG_SIGNATURE_TYPE, 1, signature_type))
        if signature_type != _SIGNATURE_TYPE_HMAC:  # session info belongs to no domain
            encoded += bytes((_TAG_DOMAIN, 1, _DOMAIN_VEHICLE_SECURITY))
        for tag, value in ((_TAG_PERSONALIZATION, self._vin),) + entries:
            if isinstance(value, int):
                value = (value & 0xFFFFFFFF).to_bytes(4, "big")
            encoded += bytes((tag, len(value)))
            encoded += value
        encoded.append(_TAG_END)
        return encoded


def fault(envelope):
    """Return (operation status, fault) of a decoded RoutableMessage, zeros when it has none.

    In an answer that is not encrypted nobody vouches for them: they may cost a retry, never more.
    """
    status = envelope.get("signedMessageStatus", {})
    return status.get("operation_status", 0), status.get("signed_message_fault", 0)


def denies(envelope):
    """Whether the session info in a decoded RoutableMessage says that the car does not know the
    key; nobody vouches for that before it is verified."""
    try:
        info = protobuf.decode(routable.SESSION_INFO, envelope.get("session_info", b""))
    except DecodeError:
        return False
    return info.get("status") == _SESSION_INFO_STATUS_KEY_NOT_ON_WHITELIST


def _from_vehicle_security(envelope):
    return envelope.get("from_destination") == {"domain": _DOMAIN_VEHICLE_SECURITY}


def _digest(metadata):
    return hashlib.sha256(metadata).digest()
