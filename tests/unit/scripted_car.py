"""A radio with one scripted car in reach: it does what a test says and decides nothing itself.

The script lists, for each kind of message that the fob can send, what the car does when it hears
the first, the second, ... of that kind. What it does is a tuple of: a message (dict, as
fob.protobuf has it), raw bytes of one indication, a time to wait in ms, or HANG_UP. Where the
script ends, the car gives its key and its lock state when asked, and is silent otherwise.
"""

import asyncio
import hashlib
from binascii import unhexlify

import codes
from recording_flash import RecordingFlash
from rtc_memory import RtcMemory
from virtual_time import ticks_add, ticks_diff, ticks_ms

from fob import config, framing, gcm, messages, protobuf, store, whitelist
from fob.cache import SessionCache
from fob.errors import AttError, AuthenticationFailed, Disconnected, LinkError, TimedOut
from fob.guard import Guard
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

WHITELIST_REQUESTS = (
    codes.INFORMATION_REQUEST_TYPE_GET_WHITELIST_INFO,
    codes.INFORMATION_REQUEST_TYPE_GET_WHITELIST_ENTRY_INFO,
)

PEER = (0, b"\x01\x02\x03\x04\x05\x06")
# To vehicle, from vehicle, CCCD; with response and by indication.
HANDLES = (0x11, 0x13, 0x14, 3)


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
    """`heard` lists what came: ("sealed", counter, plaintext), with the token behind it where it is
    bound to one of `tokens`; ("unreadable", counter), ("session",), ("status",), ("whitelist",
    InformationRequest) or ("enrol", WhitelistOperation)."""

    def __init__(
        self,
        on_connect=(),
        on_sealed=(),
        on_status=(),
        on_session=(),
        on_enrol=(),
        on_whitelist=(),
        tokens=(),
    ):
        self._script = {
            "connect": list(on_connect),
            "sealed": list(on_sealed),
            "status": list(on_status),
            "session": list(on_session),
            "enrol": list(on_enrol),
            "whitelist": list(on_whitelist),
        }
        self._tokens = tokens
        # What a read of the version raises, and how often it was tried.
        self.version_error = None
        self.version_reads = 0
        self.lock_state = LOCKED
        self.handles = HANDLES
        # What other attributes answer to a write: an ATT error, or nothing of note.
        self.refuses_other_handles = True
        # So many writes, wherever they go, are answered with an ATT error.
        self.refused_writes = 0
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
            if kind in WHITELIST_REQUESTS:
                return ("whitelist", request)
            return ("session",) if kind else ("status",)
        signed = content["signedMessage"]
        if signed.get("signatureType") == codes.SIGNATURE_TYPE_PRESENT_KEY:
            unsigned = protobuf.decode(messages.UNSIGNED_MESSAGE, signed["protobufMessageAsBytes"])
            operation = unsigned["WhitelistOperation"]
            return ("enrol", protobuf.decode(whitelist.WHITELIST_OPERATION, operation))
        counter = signed["counter"]
        assert counter not in self.counters, "a counter was used twice"
        self.counters.append(counter)
        bound = signed.get("signatureType") == codes.SIGNATURE_TYPE_AES_GCM_TOKEN
        nonce = counter.to_bytes(4, "big")
        ciphertext, tag = signed["protobufMessageAsBytes"], signed["signature"]
        for token in self._tokens if bound else (b"",):
            try:
                plaintext = gcm.open(self.shared_key, nonce, ciphertext, tag, token)
            except AuthenticationFailed:
                continue
            return ("sealed", counter, plaintext) + ((token,) if bound else ())
        return ("unreadable", counter)


class Link:
    """One connection to the car; `due` holds (time, bytes or HANG_UP) not yet received.

    `requests` lists the ATT requests: "discover" (which are five), "cccd", "mtu" and "write".
    """

    def __init__(self, car, payload):
        self.car = car
        self._frames = framing.Reassembler()
        self.due = []
        self.payload = payload
        self.connected = True
        self.handles = None
        self.remembered = False
        self.requests = []
        self.writes = []
        self._greeted = False

    async def open(self, handles=None):
        self.remembered = handles is not None
        self.handles = handles
        if handles is None:
            self.requests.append("discover")
            await asyncio.sleep_ms(50)
            if self.car.handles is None:
                raise LinkError("the peer does not offer the vehicle's service")
            self.handles = self.car.handles
        self.requests.append("cccd")
        await asyncio.sleep_ms(10)
        if self.car.handles and self.handles[2] == self.car.handles[0]:
            self._frames.feed(b"\x02\x00", ticks_ms())
        else:
            self._reach(2)
        if self.subscribed and not self._greeted:
            self._greeted = True
            self._do(self.car.next("connect"))

    @property
    def subscribed(self):
        return self.handles[1:3] == self.car.handles[1:3]

    async def keep_alive(self):
        self.requests.append("read")
        await asyncio.sleep_ms(10)
        self.car.version_reads += 1
        if self.car.version_error:
            raise self.car.version_error

    async def exchange_mtu(self):
        self.requests.append("mtu")
        self.payload = 112

    async def write(self, chunk):
        assert len(chunk) <= self.payload
        self.requests.append("write")
        await asyncio.sleep_ms(10)
        if any(what is HANG_UP and self._remaining(at) <= 0 for at, what in self.due):
            self._lose()
        if not self._reach(0):
            return
        self.writes.append(bytes(chunk))
        self._frames.feed(chunk, ticks_ms())
        message = self._frames.next()
        if message is not None:
            self._do(self.car.hear(message))

    def _reach(self, index):
        """Whether a write to that handle reaches the car's characteristic."""
        known = self.car.handles and self.handles[index] == self.car.handles[index]
        refused = index == 0 and self.car.refused_writes
        if refused:
            self.car.refused_writes -= 1
        elif known:
            return True
        if refused or self.car.refuses_other_handles:
            raise AttError("the car refuses a GATT operation", 0x101)
        return False

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
        if not self.subscribed and what is not HANG_UP:
            return
        later = [ticks_diff(other, at) > 0 for other, _ in self.due]
        self.due.insert(later.index(True) if True in later else len(later), (at, what))

    def _lose(self):
        self.connected = False
        raise Disconnected("the link to the car went down")

    def _remaining(self, at):
        return ticks_diff(at, ticks_ms())


class Radio:
    """Finds the car, unless `troubles` (errors, one for each search) says otherwise.

    `car` is at `peer`, and `others` maps addresses to what else can be connected to; the first
    `dead` attempts bring no connection. `searched` lists the addresses that were as good as a name
    in each search, `dialled` the address and the patience of each connection attempt.
    """

    rssi = -61

    def __init__(self, car, payload=112, troubles=(), peer=PEER, others=(), dead=0):
        self.car = car
        self._others = dict(others)
        self._dead = dead
        self.peer = peer
        self._payload = payload
        self._troubles = list(troubles)
        self.started = False
        self.names = None
        self.searched = []
        self.dialled = []
        self.links = []

    def start(self):
        self.started = True

    def random(self, n):
        assert self.started, "no randomness while the radio is off"
        return bytes(range(1, n + 1))

    async def find(self, names, timeout_ms, peer=None):
        assert self.started
        self.names = names
        self.searched.append(peer)
        await asyncio.sleep_ms(100)
        if self._troubles:
            raise self._troubles.pop(0)
        return self.peer

    async def connect(self, peer, timeout_ms):
        self.dialled.append((peer, timeout_ms))
        there = self.car if peer == self.peer else self._others.get(peer)
        if self._dead or there is None:
            self._dead = max(0, self._dead - 1)
            await asyncio.sleep_ms(timeout_ms)
            raise TimedOut("no connection to the car")
        await asyncio.sleep_ms(50)
        self.links.append(Link(there, self._payload))
        return self.links[-1]


class Fob:
    """The firmware's own objects around a scripted car; paired unless `paired` is false.

    `met`: it was connected to the car before, and remembers its address and handles.
    """

    def __init__(
        self,
        car,
        paired=True,
        met=False,
        enrol="role",
        protocol="legacy",
        needs_none=False,
        next_counter=1,
        **radio,
    ):
        self.radio = Radio(car, **radio)
        record = store.pack(next_counter.to_bytes(8, "big"))
        self.flash = RecordingFlash({"counter.0": record, "counter.1": record})
        if paired:
            cache = SessionCache(self.flash, Retained(RtcMemory(), OWNER), OWNER)
            if met:
                cache.meet(PEER, HANDLES)
            cache.keep((VEHICLE_KEY, SHARED_KEY), needs_none)
        self.config = settings(enrol, protocol)
        self.start()

    def start(self):
        """Start the firmware on what the flash holds, as after a power cut."""
        self._start(RtcMemory())

    def wake(self):
        """Start the firmware as after deep sleep."""
        self._start(self._memory)

    def _start(self, memory):
        self._memory = memory
        retained = Retained(memory, OWNER)
        self.cache = SessionCache(self.flash, retained, OWNER)
        self.counter = store.Counter(self.flash, retained)
        self.guard = Guard(self.flash)
        self.vehicle = Vehicle(
            self.radio, self.config, self.counter, self.cache, self.guard, retained, ticks_ms
        )


def settings(enrol="role", protocol="legacy"):
    """A car as it was provisioned."""
    fields = {
        "vin": VIN,
        "role": 3,
        "form_factor": 7,
        "enrol": enrol,
        "protocol": protocol,
    }
    return config.described(1, fields, PUBLIC_KEY, PRIVATE_KEY)


async def unlock(fob):
    await fob.vehicle.perform(UNLOCK, UNLOCKED)


def all_down(fob):
    return not any(link.connected for link in fob.radio.links)
