"""The request that has the car add a key to its whitelist.

Apart from fob.messages, for a press needs none of it.
"""

from micropython import const

from fob import messages, protobuf
from fob.protobuf import BYTES, ENUM, MESSAGE, ONEOF, REPEATED

_SIGNATURE_TYPE_PRESENT_KEY = const(2)
_KEY_FORM_FACTOR_ANDROID_DEVICE = const(7)
_ROLE_DRIVER = const(3)
_WHITELISTKEYPERMISSION_LOCAL_UNLOCK = const(1)
_WHITELISTKEYPERMISSION_LOCAL_DRIVE = const(2)
_WHITELISTKEYPERMISSION_REMOTE_UNLOCK = const(3)
_WHITELISTKEYPERMISSION_REMOTE_DRIVE = const(4)

# fmt: off
PUBLIC_KEY = [1, "PublicKeyRaw", BYTES, None]
KEY_METADATA = [1, "keyFormFactor", ENUM, None]
PERMISSION_CHANGE = [
    1, "key", MESSAGE, PUBLIC_KEY,
    2, "permission", ENUM | REPEATED, None,
    4, "keyRole", ENUM, None,
]
WHITELIST_OPERATION = [
    5, "addKeyToWhitelistAndAddPermissions", MESSAGE | ONEOF, PERMISSION_CHANGE,
    6, "metadataForKey", MESSAGE, KEY_METADATA,
]
# fmt: on

# The permissions of the teslabtapi documentation, in its order: golden vectors depend on it.
DOCUMENTED_PERMISSIONS = (
    _WHITELISTKEYPERMISSION_LOCAL_DRIVE,
    _WHITELISTKEYPERMISSION_LOCAL_UNLOCK,
    _WHITELISTKEYPERMISSION_REMOTE_DRIVE,
    _WHITELISTKEYPERMISSION_REMOTE_UNLOCK,
)


def enrolment(
    public_key,
    role=_ROLE_DRIVER,
    form_factor=_KEY_FORM_FACTOR_ANDROID_DEVICE,
    permissions=None,
):
    """Ask the car to enrol `public_key` (65 bytes); the owner's card then confirms it.

    Today's cars want a role and no permission list, and silently drop anything else. The older
    form, `permissions` (DOCUMENTED_PERMISSIONS), carries no role.
    """
    change = {"key": {"PublicKeyRaw": public_key}}
    if permissions:
        change["permission"] = permissions
    else:
        change["keyRole"] = role
    operation = {
        "addKeyToWhitelistAndAddPermissions": change,
        "metadataForKey": {"keyFormFactor": form_factor},
    }
    encoded = protobuf.encode(WHITELIST_OPERATION, operation)
    signed = {
        "protobufMessageAsBytes": messages.unsigned({"WhitelistOperation": encoded}),
        "signatureType": _SIGNATURE_TYPE_PRESENT_KEY,
    }
    return protobuf.encode(messages.TO_VCSEC_MESSAGE, {"signedMessage": signed})
