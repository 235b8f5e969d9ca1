"""What a laptop may ask over the REPL: the only surface of the firmware that its tools use.

Each call prints JSON objects, one a line: events ({"event": kind, ...}) as they come, then one last
line, {"result": {...}} or {"error": code, "text": ..., "needs_laptop": bool, "reason": number of a
refusal}. Other lines are remarks. `board` is what laptop.Board offers.
"""

import asyncio
import gc
import json
import os
from binascii import crc32, hexlify, unhexlify
from time import ticks_diff, ticks_ms

from micropython import const

from fob import names
from fob.cache import SIGNED
from fob.errors import ConfigError, FobError, InvalidKey, LinkError, NotFound, StoreError, TimedOut

_KEY = const(32)
# The app believes a level that it has seen twice.
_NOTICED = const(2)
_PRESS_MS = const(100)
_SAMPLE_MS = const(10)


def serve(board, name, arguments):
    """Print what the function `name` tells of what it does and what comes of it."""
    try:
        _print({"result": _CALLS[name](board, **arguments)})
    except FobError as error:
        told = {"error": error.code, "text": str(error), "needs_laptop": error.needs_laptop}
        reason = getattr(error, "reason", None)
        if reason is not None:
            told["reason"] = reason
        _print(told)
    except Exception as error:  # noqa: BLE001 - its text may be secret, its kind is not
        _print({"error": "internal", "text": type(error).__name__, "needs_laptop": False})


def status(board):
    """Return what is known without a radio: fob.json's fields, and how this fob stands."""
    told = _told(board)
    space = os.statvfs("/")
    # littlefs counts a folder twice: on a full flash fewer blocks than none are free.
    free = space[3] if 0 < space[3] <= space[2] else 0
    told["flash"] = {"free": space[0] * free, "total": space[0] * space[2]}
    told["cause"] = board.cause()
    told["time_s"] = board.now_ms() // 1000
    from fob.journal import Journal

    journal = Journal(board.state)
    told["crashes"] = journal.crashes
    told["journal"] = journal.lines()
    told["configuration"] = told["battery_mv"] = told["last"] = told["rssi"] = None
    try:
        _describe(board, board.settings(), told)
    except ConfigError as error:
        told["configuration"] = str(error)
    gc.collect()
    told["heap_free"] = gc.mem_free()
    return told


def press(board, buttons, hold_ms=None, times=1, pause_ms=120):
    """Press `buttons` (names) together, as a finger would; return outcome, text and ms.

    The outcome is "done", the code of an error, or None where the app saw nothing to do.
    """
    from fob.app import App

    settings = board.settings()
    retained = board.retained(settings)
    radio = board.radio()
    supply = board.supply(settings)
    if hold_ms is None:
        hold_ms = settings.press_guard_ms + _PRESS_MS
    finger = _Finger(settings.buttons, buttons, hold_ms, times, pause_ms)

    def say(text):
        _say(text)
        retained.put("said", text.encode())

    began = ticks_ms()
    try:
        vehicle = board.vehicle(settings, radio)
        app = App(finger, board.lamp(settings), vehicle, settings, board.log(), supply, say)
        asyncio.run(app.run())
    finally:
        radio.stop()
    outcome, text = app.outcome
    return {"outcome": outcome, "text": text, "ms": ticks_diff(ticks_ms(), began)}


def pair(board):
    """Enrol the key with the car; events say when the card is wanted."""
    # First of all: memory is in one piece yet.
    from fob import pairing

    settings = board.settings()
    radio = board.radio()

    def report(text):
        if radio.rssi is not None:
            _print({"event": "found", "rssi": radio.rssi})
            radio.rssi = None
        _say(text)

    try:
        vehicle = board.vehicle(settings, radio)
        asyncio.run(pairing.pair(vehicle, settings, report))
    finally:
        radio.stop()
    return {"speaks": _protocol(vehicle.cache)}


def car_status(board):
    """Ask the car, which answers everybody: its VehicleStatus as a dict of numbers, and rssi."""
    settings = board.settings()
    radio = board.radio()
    heard = {}

    async def ask(exchange):
        signed = vehicle.cache.traits & SIGNED
        try:
            answer = await vehicle.dialogue(exchange, signed).status()
        except TimedOut:
            answer = await vehicle.dialogue(exchange, not signed).status()
        heard.update(answer)

    try:
        vehicle = board.vehicle(settings, radio)
        asyncio.run(vehicle.converse(ask))
    finally:
        radio.stop()
    heard["rssi"] = radio.rssi
    return heard


def scan(board, ms=5000):
    """Listen for `ms`, or until the car is heard: how many advertise, and how loud the car is."""
    try:
        car_names = names.of(board.settings().vin)
    except ConfigError:
        car_names = ()
    radio = board.radio()
    try:
        radio.start()
        asyncio.run(radio.find(car_names, ms))
    except NotFound:
        pass
    except LinkError as error:
        if radio.rssi is None:
            raise error
    finally:
        radio.stop()
    return {"heard": radio.heard, "car": radio.rssi is not None, "rssi": radio.rssi}


def new_key(board):
    """Draw a key, which stays here, as key.bin.new; return the public one, in hex."""
    from fob import p256

    radio = board.radio()
    try:
        # The chip's generator is one only while the radio is on.
        radio.start()
        while True:
            private = radio.random(_KEY)
            try:
                public = p256.public_key(private)
                break
            except InvalidKey:
                # One in four thousand millions is no scalar of the curve.
                continue
    finally:
        radio.stop()
    board.files.write("key.bin.new", private + _check(private, public))
    return {"public_key": hexlify(public).decode()}


def whose_key(board):
    """Return the public key, in hex, of key.bin, which stays here; None where that is not whole."""
    data = board.files.read("key.bin") or b""
    private = data[:_KEY]
    try:
        public = unhexlify(_told(board)["public_key"])
    except (KeyError, TypeError, ValueError):
        public = b""
    if private + _check(private, public) != data:
        from fob import p256

        try:
            public = p256.public_key(private)
        except InvalidKey:
            return {"public_key": None}
    whole = private + _check(private, public) == data
    return {"public_key": hexlify(public).decode() if whole else None}


def wipe(board):
    """Remove key, configuration and state for good; events say how far the overwriting is."""
    from fob import wiping

    wiping.wipe(board.memory, _report_progress)
    return {}


def _check(private, public):
    return crc32(private + public).to_bytes(4, "big")


def _told(board):
    """Return the fields of fob.json, whether or not they are of use."""
    try:
        told = json.loads(board.files.read("fob.json") or b"{}")
        return told if isinstance(told, dict) else {}
    except ValueError:
        return {}


def _describe(board, settings, told):
    retained = board.retained(settings)
    told["battery_mv"] = board.supply(settings).battery_mv()
    said = retained.get("said")
    told["last"] = said and said.decode()
    rssi = retained.get("rssi")
    told["rssi"] = rssi and rssi[0] - 256
    try:
        vehicle = board.vehicle(settings, board.radio())
    except StoreError as error:
        told["counter"] = {"wrong": str(error)}
        return
    cache = vehicle.cache
    told["counter"] = {"next": vehicle.counter.next, "end": vehicle.counter.end}
    told["paired"] = vehicle.paired
    told["unknown"] = vehicle.guard.unknown
    told["waits"] = vehicle.waits
    told["speaks"] = _protocol(cache)
    told["peer"] = cache.peer and hexlify(cache.peer[1], ":").decode()


def _protocol(cache):
    if not cache.sessions:
        return None
    return "signed" if cache.traits & SIGNED else "legacy"


def _print(line):
    print(json.dumps(line))


def _report_progress(done, of):
    _print({"event": "progress", "done": done, "of": of})


def _say(text):
    _print({"event": "said", "text": text})


class _Finger:
    """Stands in for the buttons: pushes some of them together, a number of times.

    It waits with each move until the one before has been noticed: an app that computes does not
    look.
    """

    def __init__(self, pins, pushed, hold_ms, times, pause_ms):
        self.names = sorted(pins)
        self._mask = 0
        for name in pushed:
            self._mask |= 1 << self.names.index(name)
        self._lasting_ms = pause_ms, hold_ms
        self._moves = 2 * times
        self._looks = 0
        self._since = ticks_ms()

    def levels(self):
        """Return the mask of the buttons that are down."""
        now = ticks_ms()
        self._looks += 1
        down = self._moves & 1
        lasted = ticks_diff(now, self._since) >= self._lasting_ms[down]
        if self._moves and lasted and self._looks >= _NOTICED:
            self._moves -= 1
            self._looks = 0
            self._since = now
            down ^= 1
        return self._mask if down else 0

    async def changed(self):
        """Wait until it is worth looking again."""
        await asyncio.sleep_ms(_SAMPLE_MS)


_CALLS: dict = {
    "status": status,
    "press": press,
    "pair": pair,
    "car_status": car_status,
    "scan": scan,
    "new_key": new_key,
    "whose_key": whose_key,
    "wipe": wipe,
}
