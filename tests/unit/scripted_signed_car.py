"""A car of the signed-command protocol that does what a test says, and the fob that meets it.

As in `scripted_car`, with three more kinds of message: "info" (a question for session info),
"signed" (a sealed command) and "plain" (a question in clear). What the car does may also be a
function of the Request it heard, which returns the message to answer with: `done`, or what
`said`, `info`, `refusal` return. Where the script ends, it tells its session info and its status
when asked, and is silent otherwise.
"""

import hashlib

import codes
import virtual_time
from scripted_car import (
    PUBLIC_KEY,
    SHARED_KEY,
    UNLOCK,
    UNLOCKED,
    VEHICLE_KEY,
    VIN,
    Car,
    Fob,
    status,
)
from signed_answers import field, number

from fob import framing, gcm, hmac, messages, protobuf, routable
from fob.cache import SIGNED
from fob.errors import AuthenticationFailed

EPOCH = bytes(range(16))
LATER_EPOCH = bytes(range(1, 17))
SECURITY = {"domain": 2}
BROADCAST = {"domain": 0}
KEYS = VEHICLE_KEY, SHARED_KEY
WAIT, ERROR = 1, 2


class SignedCar(Car):
    """`heard` lists, besides what Car lists: ("info",), ("signed", counter, plaintext), ("plain",
    UnsignedMessage), ("unreadable", counter) or, where the car has forgotten the older protocol,
    ("legacy",). `lifetimes` lists how long each sealed message was good for, in s, `identities` all
    addresses, uuids and nonces, none of which may come again.
    """

    def __init__(
        self, on_info=(), on_signed=(), on_plain=(), legacy=False, encrypts=True, **script
    ):
        super().__init__(**script)
        self._script["info"] = list(on_info)
        self._script["signed"] = list(on_signed)
        self._script["plain"] = list(on_plain)
        self._legacy = legacy
        self.encrypts = encrypts
        self.epoch = EPOCH
        self.counter = 0
        self.lifetimes = []
        self._started_ms = virtual_time.ticks_add(virtual_time.ticks_ms(), -1000000)
        self.identities = []

    @property
    def clock(self):
        """Whole seconds since the epoch began."""
        return virtual_time.ticks_diff(virtual_time.ticks_ms(), self._started_ms) // 1000

    @property
    def commands(self):
        """What the sealed messages of the newer protocol said, in order."""
        return [entry[2] for entry in self.heard if entry[0] == "signed"]

    @property
    def kinds(self):
        return [entry[0] for entry in self.heard]

    def reboot(self, epoch=LATER_EPOCH):
        self.epoch = epoch
        self._started_ms = virtual_time.ticks_ms()

    def then(self, **script):
        """Follow another script from now on, and forget what was heard."""
        for name, steps in script.items():
            self._script[name[3:]] = list(steps)
        for log in (self.heard, self.heard_at, self.lifetimes):
            log.clear()

    def hear(self, message):
        envelope = protobuf.decode(routable.ROUTABLE_MESSAGE, message)
        if "to_destination" not in envelope:
            if self._legacy or _enrols(message):
                return super().hear(message)
            self._note(("legacy",))
            return ()
        request = Request(self, envelope)
        for identity in (request.address, request.uuid):
            assert len(identity) == 16 and identity not in self.identities
            self.identities.append(identity)
        entry = self._signed_entry(request)
        self._note(entry)
        steps = self.next("signed" if entry[0] == "unreadable" else entry[0])
        return [framing.frame(step(request)) if callable(step) else step for step in steps]

    def next(self, kind):
        if kind in ("info", "plain") and not self._script[kind]:
            return (info(),) if kind == "info" else (said(status(self.lock_state)),)
        return super().next(kind)

    def _note(self, entry):
        self.heard.append(entry)
        self.heard_at.append(virtual_time.ticks_ms())

    def _signed_entry(self, request):
        envelope = request.envelope
        assert envelope["to_destination"] == SECURITY
        if "session_info_request" in envelope:
            assert envelope["session_info_request"] == {"public_key": PUBLIC_KEY}
            return ("info",)
        content = envelope["protobuf_message_as_bytes"]
        if "signature_data" not in envelope:
            return ("plain", content)
        assert envelope["signature_data"]["signer_identity"] == {"public_key": PUBLIC_KEY}
        signature = request.signature
        counter = signature["counter"]
        assert counter not in self.counters, "a counter was used twice"
        assert signature["nonce"] not in self.identities, "a nonce was used twice"
        self.counters.append(counter)
        self.identities.append(signature["nonce"])
        self.lifetimes.append(signature["expires_at"] - self.clock)
        metadata = (
            _head(5, 2)
            + field(3, self.epoch)
            + field(4, number(signature["expires_at"]))
            + field(5, number(counter))
            + field(7, number(envelope["flags"]))
            + b"\xff"
        )
        aad = hashlib.sha256(metadata).digest()
        tag = signature["tag"]
        try:
            plaintext = gcm.open(self.shared_key, signature["nonce"], content, tag, aad)
        except AuthenticationFailed:
            return ("unreadable", counter)
        return ("signed", counter, plaintext)


class Request:
    """A message of the fob, and every answer that one may get."""

    def __init__(self, car, envelope):
        self.car = car
        self.envelope = envelope
        self.address = envelope["from_destination"]["routing_address"]
        self.uuid = envelope["uuid"]
        self.signature = envelope.get("signature_data", {}).get("AES_GCM_Personalized_data")

    def answer(self, **content):
        """An envelope to whoever asked."""
        envelope = {
            "to_destination": {"routing_address": self.address},
            "from_destination": SECURITY,
        }
        envelope.update(content)
        return protobuf.encode(routable.ROUTABLE_MESSAGE, envelope)

    def encrypted(self, payload=b"", counter=1, shared_key=None, **content):
        """An answer that only the fob can read; `counter` counts the answers to one request."""
        fault = content.get("signedMessageStatus", {}).get("signed_message_fault", 0)
        metadata = (
            _head(9, 2)
            + field(5, number(counter))
            + field(7, number(0))
            + field(8, b"\x05" + self.signature["tag"])
            + field(9, number(fault))
            + b"\xff"
        )
        nonce = hashlib.sha256(self.uuid + bytes([counter & 255])).digest()[:12]
        aad = hashlib.sha256(metadata).digest()
        key = shared_key or self.car.shared_key
        ciphertext, tag = gcm.seal(key, nonce, payload, aad)
        content["protobuf_message_as_bytes"] = ciphertext
        signature = {"nonce": nonce, "counter": counter, "tag": tag}
        content["signature_data"] = {"AES_GCM_Response_data": signature}
        return self.answer(**content)

    def info(self, keys=None, vin=VIN, uuid=None, tag=None, content=None, **changes):
        """Session info; `keys` are (vehicle key, shared key), a false `tag` is left out."""
        car = self.car
        vehicle_key, shared_key = keys or (car.vehicle_key, car.shared_key)
        fields = {
            "counter": car.counter,
            "publicKey": vehicle_key,
            "epoch": car.epoch,
            "clock_time": car.clock,
        }
        fields.update(changes)
        encoded = protobuf.encode(routable.SESSION_INFO, fields)
        text = field(0, b"\x06") + field(2, vin.encode()) + field(6, uuid or self.uuid) + b"\xff"
        expected = hmac.sha256(hmac.sha256(shared_key, b"session info"), text, encoded)
        envelope = {"session_info": encoded}
        if tag is None or tag:
            envelope["signature_data"] = {"session_info_tag": {"tag": tag or expected}}
        envelope.update(content or {})
        return self.answer(**envelope)


def done(request):
    """Success, as most cars say it: an empty payload."""
    return said({})(request)


def said(message, counter=1, **content):
    """A FromVCSECMessage, encrypted where the car does that."""
    payload = protobuf.encode(messages.FROM_VCSEC_MESSAGE, message)

    def answer(request):
        if request.car.encrypts and request.signature:
            return request.encrypted(payload, counter, **content)
        return request.answer(protobuf_message_as_bytes=payload, **content)

    return answer


def clear(message, **content):
    """A FromVCSECMessage that is not encrypted."""
    payload = protobuf.encode(messages.FROM_VCSEC_MESSAGE, message)
    return lambda request: request.answer(protobuf_message_as_bytes=payload, **content)


def info(**changes):
    """Session info that proves itself, but for `changes`: see Request.info."""
    return lambda request: request.info(**changes)


def refusal(code, operation_status=ERROR, **changes):
    """A fault without session info."""
    return lambda request: request.answer(
        signedMessageStatus=_status(code, operation_status), **changes
    )


def correction(code, **changes):
    """A fault with session info beside it, which proves itself but for `changes`."""
    content = {"signedMessageStatus": _status(code)}
    return lambda request: request.info(content=content, **changes)


def broadcast(message):
    """What vehicle security tells everybody, as bytes of an indication."""
    envelope = {
        "to_destination": BROADCAST,
        "from_destination": SECURITY,
        "protobuf_message_as_bytes": protobuf.encode(messages.FROM_VCSEC_MESSAGE, message),
    }
    return framing.frame(protobuf.encode(routable.ROUTABLE_MESSAGE, envelope))


class SignedFob(Fob):
    """The fob around it, which was proven in the newer protocol unless `traits` say otherwise.

    Its own clock runs with the car's, but for what `sleep` and `set_clock` say.
    """

    def __init__(self, car, traits=SIGNED, protocol="auto", met=True, **options):
        self._drawn = 0
        self._clock_ahead_ms = 0
        # What is kept there are all traits.
        super().__init__(car, needs_none=traits, protocol=protocol, met=met, **options)

    def now_ms(self):
        return virtual_time.ticks_ms() + self._clock_ahead_ms

    def sleep(self, seconds, ppm=0):
        """Deep sleep, in which the fob's clock runs too fast by `ppm` millionths."""
        virtual_time.advance(seconds * 1000)
        self._clock_ahead_ms += seconds * ppm // 1000
        self.wake()

    def set_clock(self, ahead_ms):
        """Somebody sets the fob's clock so much forward."""
        self._clock_ahead_ms += ahead_ms

    def random(self, n):
        self._drawn += 1
        return hashlib.sha256(self._drawn.to_bytes(4, "big")).digest()[:n]

    @property
    def requests(self):
        """The ATT requests on the last connection."""
        return self.radio.links[-1].requests

    def state(self):
        """What hostile bytes must not change."""
        cache = self.cache
        retained = self.vehicle.retained.get("clock")
        return cache.sessions, cache.traits, retained, dict(self.flash.files)

    def _start(self, memory):
        self.radio.random = self.random
        super()._start(memory)
        self.vehicle.now_ms = self.now_ms


async def warm(car, **options):
    """Return a fob that woke after a confirmed press; the car's script is still ahead."""
    fob = SignedFob(car, **options)
    script = {"on_" + kind: steps for kind, steps in car._script.items()}
    car.then(on_info=(), on_signed=[(done,)], on_plain=())
    await fob.vehicle.perform(UNLOCK, UNLOCKED)
    car.counter = max(car.counters)
    car.then(**script)
    fob.sleep(10)
    return fob


def _enrols(message):
    """Whether a message of the older protocol is the one that all cars understand."""
    signed = protobuf.decode(messages.TO_VCSEC_MESSAGE, message).get("signedMessage", {})
    return signed.get("signatureType") == codes.SIGNATURE_TYPE_PRESENT_KEY


def _head(signature_type, domain):
    return field(0, bytes([signature_type])) + field(1, bytes([domain])) + field(2, VIN.encode())


def _status(code, operation_status=ERROR):
    return {"operation_status": operation_status, "signed_message_fault": code}
