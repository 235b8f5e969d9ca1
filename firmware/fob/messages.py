"""The VCSEC messages a fob speaks: schemas, requests to the car, and its answers.

Field names and numbers are those of proto/vcsec.proto (a test compares them). Requests are
returned encoded; answers are decoded into the dicts that fob.protobuf describes.
"""

from micropython import const

from fob import protobuf
from fob.protobuf import BYTES, ENUM, INT32, MESSAGE, ONEOF, REPEATED, UINT32

_INFORMATION_REQUEST_TYPE_GET_EPHEMERAL_PUBLIC_KEY = const(3)
_VEHICLELOCKSTATE_UNLOCKED = const(0)
_VEHICLELOCKSTATE_LOCKED = const(1)
_VEHICLELOCKSTATE_INTERNAL_LOCKED = const(2)
_VEHICLELOCKSTATE_SELECTIVE_UNLOCKED = const(3)

# fmt: off
KEY_IDENTIFIER = [1, "publicKeySHA1", BYTES, None]
INFORMATION_REQUEST = [
    1, "informationRequestType", ENUM, None,
    2, "keyId", MESSAGE | ONEOF, KEY_IDENTIFIER,
    4, "slot", UINT32 | ONEOF, None,
]
AUTHENTICATION_RESPONSE = [
    1, "authenticationLevel", ENUM, None,
    2, "estimatedDistance", UINT32, None,
]
# The states of a ClosureStatuses and the moves of a ClosureMoveRequest: the same names and numbers.
CLOSURES = [
    1, "frontDriverDoor", ENUM, None,
    2, "frontPassengerDoor", ENUM, None,
    3, "rearDriverDoor", ENUM, None,
    4, "rearPassengerDoor", ENUM, None,
    5, "rearTrunk", ENUM, None,
    6, "frontTrunk", ENUM, None,
    7, "chargePort", ENUM, None,
    8, "tonneau", ENUM, None,
]
KEYFOB_INFO = [
    1, "appCRC", BYTES, None,
    2, "batteryVoltage_mV", UINT32, None,
    3, "temperature_degreesC", INT32, None,
]
UNSIGNED_MESSAGE = [
    1, "InformationRequest", MESSAGE | ONEOF, INFORMATION_REQUEST,
    2, "RKEAction", ENUM | ONEOF, None,
    3, "authenticationResponse", MESSAGE | ONEOF, AUTHENTICATION_RESPONSE,
    4, "closureMoveRequest", MESSAGE | ONEOF, CLOSURES,
    # Encoded already: only fob.whitelist knows what is in it.
    16, "WhitelistOperation", BYTES | ONEOF, None,
    23, "keyfobInfo", MESSAGE | ONEOF, KEYFOB_INFO,
]
SIGNED_MESSAGE = [
    2, "protobufMessageAsBytes", BYTES, None,
    3, "signatureType", ENUM, None,
    4, "signature", BYTES, None,
    5, "keyId", BYTES, None,
    6, "counter", UINT32, None,
]
TO_VCSEC_MESSAGE = [
    1, "signedMessage", MESSAGE | ONEOF, SIGNED_MESSAGE,
    2, "unsignedMessage", MESSAGE | ONEOF, UNSIGNED_MESSAGE,
]

SESSION_INFO = [
    1, "token", BYTES, None,
    2, "counter", UINT32, None,
    3, "publicKey", BYTES, None,
]
AUTHENTICATION_REQUEST = [
    1, "keyIdToAuth", MESSAGE, KEY_IDENTIFIER,
    2, "sessionInfo", MESSAGE, SESSION_INFO,
    3, "requestedLevel", ENUM, None,
    4, "reasonsForAuth", ENUM | REPEATED, None,
]
SIGNED_MESSAGE_STATUS = [
    1, "counter", UINT32, None,
    2, "signedMessageInformation", ENUM, None,
]
WHITELIST_OPERATION_STATUS = [
    1, "whitelistOperationInformation", ENUM, None,
    2, "signerOfOperation", MESSAGE, KEY_IDENTIFIER,
    3, "operationStatus", ENUM, None,
]
COMMAND_STATUS = [
    1, "operationStatus", ENUM, None,
    2, "signedMessageStatus", MESSAGE | ONEOF, SIGNED_MESSAGE_STATUS,
    3, "whitelistOperationStatus", MESSAGE | ONEOF, WHITELIST_OPERATION_STATUS,
]
DETAILED_CLOSURE_STATUS = [1, "tonneauPercentOpen", UINT32, None]
VEHICLE_STATUS = [
    1, "closureStatuses", MESSAGE, CLOSURES,
    2, "vehicleLockState", ENUM, None,
    3, "vehicleSleepStatus", ENUM, None,
    4, "userPresence", ENUM, None,
    5, "detailedClosureStatus", MESSAGE, DETAILED_CLOSURE_STATUS,
]
NOMINAL_ERROR = [1, "genericError", ENUM, None]
FROM_VCSEC_MESSAGE = [
    1, "vehicleStatus", MESSAGE | ONEOF, VEHICLE_STATUS,
    2, "sessionInfo", MESSAGE | ONEOF, SESSION_INFO,
    3, "authenticationRequest", MESSAGE | ONEOF, AUTHENTICATION_REQUEST,
    4, "commandStatus", MESSAGE | ONEOF, COMMAND_STATUS,
    # Left encoded: only fob.keychain knows what is in them.
    16, "whitelistInfo", BYTES | ONEOF, None,
    17, "whitelistEntryInfo", BYTES | ONEOF, None,
    46, "nominalError", MESSAGE | ONEOF, NOMINAL_ERROR,
]
# fmt: on

_LOCK_STATES = {
    _VEHICLELOCKSTATE_INTERNAL_LOCKED: _VEHICLELOCKSTATE_LOCKED,
    _VEHICLELOCKSTATE_SELECTIVE_UNLOCKED: _VEHICLELOCKSTATE_UNLOCKED,
}


def unsigned(content):
    """Encode an UnsignedMessage: what a session seals."""
    return protobuf.encode(UNSIGNED_MESSAGE, content)


def authentication_response(level):
    """Encode the UnsignedMessage that tells the car how far this key may go by itself."""
    return unsigned({"authenticationResponse": {"authenticationLevel": level}})


def ephemeral_key_request(key_id):
    """Ask for the car's public key, on behalf of the key with identifier `key_id` (4 bytes)."""
    return information_request(
        {
            "informationRequestType": _INFORMATION_REQUEST_TYPE_GET_EPHEMERAL_PUBLIC_KEY,
            "keyId": {"publicKeySHA1": key_id},
        }
    )


def information_request(request):
    """Ask for what an InformationRequest (dict) says, without authentication; empty, it asks for a
    VehicleStatus."""
    return protobuf.encode(TO_VCSEC_MESSAGE, {"unsignedMessage": {"InformationRequest": request}})


def read(message):
    """Decode a FromVCSECMessage; raises DecodeError."""
    return protobuf.decode(FROM_VCSEC_MESSAGE, message)


def lock_state(status):
    """Return the VEHICLELOCKSTATE of a VehicleStatus: _LOCKED, _UNLOCKED or one that is not known.

    A car locked from inside is locked; one that unlocked the driver's door alone is unlocked.
    """
    # Proto3 leaves a zero out: a status without the field says UNLOCKED.
    state = status.get("vehicleLockState", _VEHICLELOCKSTATE_UNLOCKED)
    return _LOCK_STATES.get(state, state)
