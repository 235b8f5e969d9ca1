"""A session with known keys, and the answers of its car, put together here by hand."""

import hashlib
from binascii import unhexlify

from fob import gcm, hmac, protobuf, routable, signed

VIN = "5YJ30123456789ABC"
# The published example of the specification.
PRIVATE_KEY = unhexlify("2538cdc29a97c19c1e99a637d6cf4f8c970c118b56ede1e6323e6d162c4b30db")
PUBLIC_KEY = unhexlify(
    "04b2b6bc68c2da0665ce656815594996c62394edd8bea905fe781a754fe6a845a7"
    "14330902f225e9269d466e05b349981fda9d85cc23c6fb444aa73b629105dc6e"
)
VEHICLE_KEY = unhexlify(
    "04c7a1f47138486aa4729971494878d33b1a24e39571f748a6e16c5955b3d877d3"
    "a6aaa0e955166474af5d32c410f439a2234137ad1bb085fd4e8813c958f11d97"
)
SHARED_KEY = unhexlify("1b2fce19967b79db696f909cff89ea9a")
EPOCH = unhexlify("4c463f9cc0d3d26906e982ed224adde6")
# The generator of P-256: a vehicle with private key 1 shares the fob's own x.
OTHER_VEHICLE_KEY = unhexlify(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
OTHER_SHARED_KEY = hashlib.sha1(PUBLIC_KEY[1:33]).digest()[:16]
OTHER_EPOCH = bytes(range(16))

UNLOCK = b"\x10\x00"
DONE = b"\x22\x00"  # commandStatus OK
SECURITY = {"domain": 2}


class Numbers:
    """Random bytes that never repeat, all of them told in `drawn`."""

    def __init__(self):
        self.drawn = []

    def __call__(self, n):
        self.drawn.append(hashlib.sha256(bytes([len(self.drawn)])).digest()[:n])
        return self.drawn[-1]


def known():
    return signed.Session(PUBLIC_KEY, VIN, Numbers(), (VEHICLE_KEY, SHARED_KEY), EPOCH)


def unknown():
    return signed.Session(PUBLIC_KEY, VIN, Numbers())


def sent(message):
    return protobuf.decode(routable.ROUTABLE_MESSAGE, message)


def answer_to(request, **content):
    """The envelope of an answer of vehicle security, as the fob reads it."""
    envelope = {
        "to_destination": {"routing_address": request["from_destination"]["routing_address"]},
        "from_destination": SECURITY,
    }
    envelope.update(content)
    return routable.read(protobuf.encode(routable.ROUTABLE_MESSAGE, envelope))["envelope"]


def field(tag, value):
    return bytes([tag, len(value)]) + value


def number(value):
    return bytes([value >> 24, value >> 16 & 255, value >> 8 & 255, value & 255])


def info(**changes):
    content = {"counter": 6, "publicKey": VEHICLE_KEY, "epoch": EPOCH, "clock_time": 2650}
    content.update(changes)
    return protobuf.encode(routable.SESSION_INFO, content)


def session_info(request, encoded, shared_key=SHARED_KEY, vin=VIN, uuid=None):
    """An answer with session info and its tag."""
    text = field(0, b"\x06") + field(2, vin.encode()) + field(6, uuid or request["uuid"]) + b"\xff"
    tag = hmac.sha256(hmac.sha256(shared_key, b"session info"), text, encoded)
    signature = {"session_info_tag": {"tag": tag}}
    return answer_to(request, session_info=encoded, signature_data=signature)


def encrypted(request, payload, counter=1, flags=2, fault=0, domain=2, request_type=5):
    """An answer that only the sender of `request` can read."""
    request_tag = request["signature_data"]["AES_GCM_Personalized_data"]["tag"]
    text = (
        field(0, b"\x09")
        + field(1, bytes([domain]))
        + field(2, VIN.encode())
        + field(5, number(counter))
        + field(7, number(flags))
        + field(8, bytes([request_type]) + request_tag)
        + field(9, number(fault))
        + b"\xff"
    )
    nonce = bytes([counter & 255]) * 12
    aad = hashlib.sha256(text).digest()
    ciphertext, tag = gcm.seal(SHARED_KEY, nonce, payload, aad)
    signature = {"nonce": nonce, "counter": counter, "tag": tag}
    content = {
        "from_destination": {"domain": domain},
        "protobuf_message_as_bytes": ciphertext,
        "signature_data": {"AES_GCM_Response_data": signature},
        "flags": flags,
    }
    if fault:
        content["signedMessageStatus"] = {"operation_status": 2, "signed_message_fault": fault}
    return answer_to(request, **content)


def sealing():
    """A session that waits for an answer, and what it sent."""
    session = known()
    return session, sent(session.seal(UNLOCK, 7, 2655))
