"""RoutableMessage, the envelope of the signed-command protocol: schemas, and reading a frame.

Field names and numbers are those of proto/universal_message.proto and proto/signatures.proto (a
test compares them); a message is the dict that fob.protobuf describes.
"""

from micropython import const

from fob import messages, protobuf
from fob.protobuf import BYTES, ENUM, FIXED32, MESSAGE, ONEOF, ONEOF_2, UINT32

_DOMAIN_BROADCAST = const(0)
_DOMAIN_VEHICLE_SECURITY = const(2)

# fmt: off
KEY_IDENTITY = [1, "public_key", BYTES | ONEOF, None]
AES_GCM_PERSONALIZED = [
    1, "epoch", BYTES, None,
    2, "nonce", BYTES, None,
    3, "counter", UINT32, None,
    4, "expires_at", FIXED32, None,
    5, "tag", BYTES, None,
]
AES_GCM_RESPONSE = [
    1, "nonce", BYTES, None,
    2, "counter", UINT32, None,
    3, "tag", BYTES, None,
]
HMAC = [1, "tag", BYTES, None]
SIGNATURE_DATA = [
    1, "signer_identity", MESSAGE, KEY_IDENTITY,
    5, "AES_GCM_Personalized_data", MESSAGE | ONEOF, AES_GCM_PERSONALIZED,
    6, "session_info_tag", MESSAGE | ONEOF, HMAC,
    9, "AES_GCM_Response_data", MESSAGE | ONEOF, AES_GCM_RESPONSE,
]
DESTINATION = [
    1, "domain", ENUM | ONEOF, None,
    2, "routing_address", BYTES | ONEOF, None,
]
MESSAGE_STATUS = [
    1, "operation_status", ENUM, None,
    2, "signed_message_fault", ENUM, None,
]
SESSION_INFO_REQUEST = [1, "public_key", BYTES, None]
ROUTABLE_MESSAGE = [
    6, "to_destination", MESSAGE, DESTINATION,
    7, "from_destination", MESSAGE, DESTINATION,
    10, "protobuf_message_as_bytes", BYTES | ONEOF, None,
    12, "signedMessageStatus", MESSAGE, MESSAGE_STATUS,
    13, "signature_data", MESSAGE | ONEOF_2, SIGNATURE_DATA,
    14, "session_info_request", MESSAGE | ONEOF, SESSION_INFO_REQUEST,
    15, "session_info", BYTES | ONEOF, None,
    50, "request_uuid", BYTES, None,
    51, "uuid", BYTES, None,
    52, "flags", UINT32, None,
]
SESSION_INFO = [
    1, "counter", UINT32, None,
    2, "publicKey", BYTES, None,
    3, "epoch", BYTES, None,
    4, "clock_time", FIXED32, None,
    5, "status", ENUM, None,
]
# fmt: on


def read(message):
    """Decode one message of the car, of either protocol; raises DecodeError.

    {"envelope": RoutableMessage} when somebody's routing address is to get it; what messages.read
    gives when it is a bare FromVCSECMessage, or one that vehicle security broadcasts unsigned;
    {} for everything else.
    """
    envelope = protobuf.decode(ROUTABLE_MESSAGE, message)
    destination = envelope.get("to_destination")
    if destination is None:
        # No field number of the two kinds of message is the same.
        return messages.read(message)
    if "routing_address" in destination:
        return {"envelope": envelope}
    if (
        destination.get("domain") == _DOMAIN_BROADCAST
        and envelope.get("from_destination") == {"domain": _DOMAIN_VEHICLE_SECURITY}
        and "signature_data" not in envelope
    ):
        return messages.read(envelope.get("protobuf_message_as_bytes", b""))
    return {}
