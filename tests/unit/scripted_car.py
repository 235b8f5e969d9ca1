"""A radio with one scripted car in reach: it does what a test says and decides nothing itself.

The script lists, for each kind of message that the fob can send, what the car does when it hears
the first, the second, ... of that kind. What it does is a tuple of: a message (dict, as
fob.protobuf has it), raw bytes of one indication, a time to wait in ms, or HANG_UP. Where the
script ends, the car gives its key and its lock state when asked, and is silent otherwise.
"""

import asyncio
import hashlib
import json
from binascii import hexlify, unhexlify

from recording_flash import RecordingFlash
from rtc_memory import RtcMemory
from virtual_time import ticks_add, ticks_diff, ticks_ms

from fob import codes, config, framing, gcm, messages, protobuf, store
from fob.cache import SessionCache
from fob.errors import AuthenticationFailed, Disconnected, TimedOut
from fob.retained import Retained
from fob.vehicle import Vehicle

VIN = "5YJ3E1EA1KF000000"
# The published test key of the signed-command specification, and the documentation's vehicle key.
PRIVATE_KEY = unhexlify("2538cdc29a97c19c1e99a637d6cf4f8c970c118b56ede1e6323e6d162c4b30db")
PUBLIC_KEY = unhexlify(
    "04b2b6bc68c2da0665ce656815594996c62394edd8bea905fe781a754fe6a845a7"
    "14330902f225e9269d466e05b349981fda9d85cc23c6fb444aa73b629105dc6e"
)
VEHICLE_KEY = unhexlify(
    "0479c0504a216ffc2646b75780399f1ce123f401561b685c318364fa96cc3fe67a"
    "5ac5048c447af88d9152865a1efc15bbd56898dd2c46f7a19bad4fb28052c460"
)
SHARED_KEY = unhexlify("4f6619b78feb29bbd7e4c309e707ea67")
# The generator of P-256: a vehicle with private key 1 shares the fob's own x.
OTHER_VEHICLE_KEY = unhexlify(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
OTHER_SHARED_KEY = hashlib.sha1(PUBLIC_KEY[1:33]).digest()[:16]

LOCKED = codes.VEHICLELOCKSTATE_LOCKED
UNLOCKED = codes.VEHICLELOCKSTATE_UNLOCKED

OK = {"commandStatus": {}}
WAIT = {"commandStatus": {"operationStatus": codes.OPERATIONSTATUS_WAIT}}
ERROR = {"commandStatus": {"operationStatus": codes.OPERATIONSTATUS_ERROR}}
HANG_UP = "hang up"

UNLOCK = b"\x10\x00"
LOCK = b"\x10\x01"
NONE = b"\x1a\x00"
OWNER = b"mine"


def fault(information, counter=0):
    status = {"signedMessageInformation": information, "counter": counter}
    return {
        "commandStatus": {
            "operationStatus": codes.OPERATIONSTATUS_ERROR,
            "signedMessageStatus": status,
        }
    }


def enrolment(information=0, operation=codes.OPERATIONSTATUS_OK):
    """The car's word on a whitelist request."""
    status = {"whitelistOperationInformation": information, "operationStatus": operation}
    return {"commandStatus": {"whitelistOperationStatus": status}}


def status(lock_state):
    return {"vehicleStatus": {"vehicleLockState": lock_state}}


def session_info(vehicle_key):
    return {"sessionInfo": {"publicKey": vehicle_key}}


def framed(message):
    return framing.frame(protobuf.encode(messages.FROM_VCSEC_MESSAGE, message))


class Car:
    """`heard` lists what came: ("sealed", counter, plaintext), ("unreadable", counter),
    ("session",), ("status",) or ("enrol", WhitelistOperation)."""

    def __init__(self, on_connect=(), on_sealed=(), on_status=(), on_session=(), on_enrol=()):
        self._script = {
            "connect": list(on_connect),
            "sealed": list(on_sealed),
            "status": list(on_status),
            "session": list(on_session),
            "enrol": list(on_enrol),
        }
        self.lock_state = LOCKED
        self.vehicle_key = VEHICLE_KEY
        self.shared_key = SHARED_KEY
        self.heard = []
        self.heard_at = []
        self.counters = []

    @property
    def plaintexts(self):
        """What the sealed messages said, in order."""
        return [entry[2] for entry in self.heard if entry[0] == "sealed"]

    def hear(self, message):
        """Take one message; return what to do."""
        content = protobuf.decode(messages.TO_VCSEC_MESSAGE, message)
        entry = self._entry(content)
        self.heard.append(entry)
        self.heard_at.append(ticks_ms())
        return self.next("sealed" if entry[0] == "unreadable" else entry[0])

    def next(self, kind):
        script = self._script[kind]
        if script:
            return script.pop(0)
        if kind == "session":
            return (session_info(self.vehicle_key),)
        return (status(self.lock_state),) if kind == "status" else ()

    def _entry(self, content):
        if "unsignedMessage" in content:
            request = content["unsignedMessage"]["InformationRequest"]
            kind = request.get("informationRequestType", 0)
            return ("session",) if kind else ("status",)
        signed = content["signedMessage"]
        if signed.get("signatureType") == codes.SIGNATURE_TYPE_PRESENT_KEY:
            unsigned = protobuf.decode(messages.UNSIGNED_MESSAGE, signed["protobufMessageAsBytes"])
            return ("enrol", unsigned["WhitelistOperation"])
        counter = signed["counter"]
        assert counter not in self.counters, "a counter was used twice"
        self.counters.append(counter)
        try:
            nonce = counter.to_bytes(4, "big")
            ciphertext = signed["protobufMessageAsBytes"]
            plaintext = gcm.open(self.shared_key, nonce, ciphertext, signed["signature"])
        except AuthenticationFailed:
            return ("unreadable", counter)
        return ("sealed", counter, plaintext)


class Link:
    """One connection to the car; `due` holds (time, bytes or HANG_UP) not yet received."""

    def __init__(self, car, payload):
        self.car = car
        self._frames = framing.Reassembler()
        self.due = []
        self.payload = payload
        self.connected = True
        self.mtu_exchanges = 0
        self.writes = []

    async def open(self):
        await asyncio.sleep_ms(50)
        self._do(self.car.next("connect"))

    async def exchange_mtu(self):
        self.mtu_exchanges += 1
        self.payload = 112

    async def write(self, chunk):
        assert len(chunk) <= self.payload
        await asyncio.sleep_ms(10)
        self.writes.append(bytes(chunk))
        if any(what is HANG_UP and self._remaining(at) <= 0 for at, what in self.due):
            self._lose()
        self._frames.feed(chunk, ticks_ms())
        message = self._frames.next()
        if message is not None:
            self._do(self.car.hear(message))

    async def read(self, timeout_ms):
        remaining = self._remaining(self.due[0][0]) if self.due else timeout_ms + 1
        if remaining > timeout_ms:
            await asyncio.sleep_ms(timeout_ms)
            raise TimedOut("no answer in time")
        if remaining > 0:
            await asyncio.sleep_ms(remaining)
        what = self.due.pop(0)[1]
        if what is HANG_UP:
            self._lose()
        return what

    async def disconnect(self):
        self.connected = False

    def _do(self, steps):
        at = ticks_ms()
        for step in steps:
            if isinstance(step, int):
                at = ticks_add(at, step)
            else:
                self._arrive(at, framed(step) if isinstance(step, dict) else step)

    def _arrive(self, at, what):
        later = [ticks_diff(other, at) > 0 for other, _ in self.due]
        self.due.insert(later.index(True) if True in later else len(later), (at, what))

    def _lose(self):
        self.connected = False
        raise Disconnected("the link to the car went down")

    def _remaining(self, at):
        return ticks_diff(at, ticks_ms())


class Radio:
    """Finds the car, unless `troubles` (errors, one for each search) says otherwise."""

    def __init__(self, car, payload=112, troubles=()):
        self.car = car
        self._payload = payload
        self._troubles = list(troubles)
        self.started = False
        self.names = None
        self.links = []

    def start(self):
        self.started = True

    def random(self, n):
        assert self.started, "no randomness while the radio is off"
        return bytes(range(1, n + 1))

    async def find(self, names, timeout_ms):
        assert self.started
        self.names = names
        await asyncio.sleep_ms(100)
        if self._troubles:
            raise self._troubles.pop(0)
        return (0, b"\x01\x02\x03\x04\x05\x06")

    async def connect(self, peer, timeout_ms):
        await asyncio.sleep_ms(50)
        self.links.append(Link(self.car, self._payload))
        return self.links[-1]


class Fob:
    """The firmware's own objects around a scripted car; paired unless `paired` is false."""

    def __init__(self, car, paired=True, enrol="role", needs_none=False, next_counter=1, **radio):
        self.radio = Radio(car, **radio)
        self.flash = RecordingFlash({"counter.0": store.pack(next_counter.to_bytes(8, "big"))})
        if paired:
            cache = SessionCache(self.flash, Retained(RtcMemory(), OWNER), OWNER)
            cache.keep((VEHICLE_KEY, SHARED_KEY), needs_none)
        self.config = settings(enrol)
        self.start()

    def start(self):
        """Start the firmware on what the flash holds, as after a power cut."""
        retained = Retained(RtcMemory(), OWNER)
        self.cache = SessionCache(self.flash, retained, OWNER)
        self.counter = store.Counter(self.flash, retained)
        self.vehicle = Vehicle(self.radio, self.config, self.counter, self.cache)


def settings(enrol="role"):
    """A provisioned configuration."""
    fields = {
        "version": 1,
        "vin": VIN,
        "public_key": hexlify(PUBLIC_KEY).decode(),
        "role": 3,
        "form_factor": 7,
        "enrol": enrol,
        "board": {
            "buttons": {"lock": 32, "unlock": 33},
            "active_low": True,
            "light": {"kind": "pin", "pin": 22, "inverted": True},
        },
    }
    return config.load(json.dumps(fields), PRIVATE_KEY)


async def unlock(fob):
    await fob.vehicle.perform(UNLOCK, UNLOCKED)


def all_down(fob):
    return not any(link.connected for link in fob.radio.links)
