"""Requests that change the whitelist; whole frames are compared with the vectors in tests/host."""

import codes

from fob import messages, protobuf, whitelist

PUBLIC_KEY = b"\x04" + bytes(range(64))


def request(**options):
    message = protobuf.decode(messages.TO_VCSEC_MESSAGE, whitelist.enrolment(PUBLIC_KEY, **options))
    signed = message["signedMessage"]
    unsigned = protobuf.decode(messages.UNSIGNED_MESSAGE, signed["protobufMessageAsBytes"])
    operation = unsigned["WhitelistOperation"]
    return signed, protobuf.decode(whitelist.WHITELIST_OPERATION, operation)


def test_a_whitelist_request_is_confirmed_by_a_present_key_and_not_signed():
    signed, _ = request()
    assert signed["signatureType"] == codes.SIGNATURE_TYPE_PRESENT_KEY
    assert "signature" not in signed and "counter" not in signed


def test_a_whitelist_request_has_a_role_and_no_permissions():
    change = request(role=2)[1]["addKeyToWhitelistAndAddPermissions"]
    assert change == {"key": {"PublicKeyRaw": PUBLIC_KEY}, "keyRole": 2}


def test_the_older_whitelist_request_has_permissions_and_no_role():
    change = request(permissions=(2, 1))[1]["addKeyToWhitelistAndAddPermissions"]
    assert change == {"key": {"PublicKeyRaw": PUBLIC_KEY}, "permission": [2, 1]}


def test_a_whitelist_request_tells_the_form_factor():
    assert request(form_factor=6)[1]["metadataForKey"] == {"keyFormFactor": 6}
