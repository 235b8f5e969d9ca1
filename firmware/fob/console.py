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
from fob.errors import ConfigError, FobError, InvalidKey, LinkError, NotFound, StoreError

_KEY = const(32)
_FILES = ("fob.json", "car.json")
# The app believes a level that it has seen twice.
_NOTICED = const(2)
_PRESS_MS = const(100)
_SAMPLE_MS = const(10)


def serve(board, name, arguments):
    """Print what the function `name` tells of what it does and what comes of it."""
    try:
        if name in _CALLS:
            result = _CALLS[name](board, **arguments)
        else:
            from fob import errands

            result = errands.CALLS[name](board, _print, **arguments)
        _print({"result": result})
    except FobError as error:
        told = {"error": error.code, "text": str(error), "needs_laptop": error.needs_laptop}
        reason = getattr(error, "reason", None)
        if reason is not None:
            told["reason"] = reason
        _print(told)
    except Exception as error:  # noqa: BLE001 - its text may be secret, its kind is not
        _print({"error": "internal", "text": type(error).__name__, "needs_laptop": False})


def status(board, car=None):
    """Return what is known without a radio: fob.json's fields, and how this fob stands.

    What belongs to one car is that of the car `car`, and in `cars` of each.
    """
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
    told.pop("cars", None)
    told["configuration"] = told["battery_mv"] = told["last"] = told["rssi"] = None
    try:
        _describe(board, board.settings(), told, car)
    except ConfigError as error:
        told["configuration"] = str(error)
    gc.collect()
    told["heap_free"] = gc.mem_free()
    return told


def press(board, buttons, hold_ms=None, times=1, pause_ms=120):
    """Press `buttons` (names) together, as a finger would; return outcome, text and ms.

    It arms no passive entry.

    The outcome is "done", the code of an error, or None where the app saw nothing to do.
    """
    from fob.app import App

    settings = board.settings()
    # The laptop wants an answer, not a fob that waits at the car for minutes.
    settings.passive = None
    retained = board.retained(settings)
    radio = board.radio()
    supply = board.supply(settings)
    if hold_ms is None:
        hold_ms = settings.press_guard_ms + _PRESS_MS
    finger = _Finger(settings.board["buttons"], buttons, hold_ms, times, pause_ms)

    def say(text):
        _say(text)
        retained.put("said", text.encode())

    began = ticks_ms()
    try:
        vehicle = board.vehicles(settings, radio)
        app = App(finger, board.lamp(settings), vehicle, settings, board.log(), supply, say)
        asyncio.run(app.run())
    finally:
        radio.stop()
    outcome, text = app.outcome
    return {"outcome": outcome, "text": text, "ms": ticks_diff(ticks_ms(), began)}


def scan(board, ms=5000, car=None):
    """Listen for `ms`, or until the car is heard: how many advertise, and how loud the car is."""
    try:
        car_names = names.of(board.settings().car(car).vin)
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


def new_key(board, car=1):
    """Draw a key, which stays here, as key.bin.new of the car; return the public one, in hex."""
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
    board.files.write(_folder(car) + "key.bin.new", private + _check(private, public))
    return {"public_key": hexlify(public).decode()}


def whose_key(board, car=1):
    """Return the public key, in hex, of the car's key.bin, which stays here; None where that is not
    whole."""
    data = board.files.read(_folder(car) + "key.bin") or b""
    private = data[:_KEY]
    try:
        public = unhexlify(_told(board, _folder(car) + _FILES[car > 1])["public_key"])
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


def _folder(car):
    return "" if car == 1 else "car%d/" % car


def _check(private, public):
    return crc32(private + public).to_bytes(4, "big")


def _told(board, path="fob.json"):
    """Return the fields of fob.json or another such file, whether or not they are of use."""
    try:
        told = json.loads(board.files.read(path) or b"{}")
        return told if isinstance(told, dict) else {}
    except ValueError:
        return {}


def _describe(board, settings, told, number):
    retained = board.retained(settings)
    told["battery_mv"] = board.supply(settings).battery_mv()
    said = retained.get("said")
    told["last"] = said and said.decode()
    asked = settings.car(number)
    told["cars"] = [{"number": each, "wrong": text} for each, text in settings.broken.items()]
    for car in settings.cars:
        facts = _of_car(board, settings, car, retained.part(car.number))
        told["cars"].append(facts)
        if car is asked:
            told.update(facts)
            told["role"], told["form_factor"] = car.role, car.form_factor
            told["enrol"], told["protocol"] = car.enrol, car.protocol


def _of_car(board, settings, car, retained):
    rssi = retained.get("rssi")
    facts = {
        "number": car.number,
        "vin": car.vin,
        "public_key": hexlify(car.public_key).decode(),
        "rssi": rssi and rssi[0] - 256,
        "wrong": None,
    }
    try:
        vehicle = board.vehicle(settings, board.radio(), car)
    except StoreError as error:
        facts["counter"] = {"wrong": str(error)}
        return facts
    cache = vehicle.cache
    facts["counter"] = {"next": vehicle.counter.next, "end": vehicle.counter.end}
    facts["paired"] = vehicle.paired
    facts["unknown"] = vehicle.guard.unknown
    facts["waits"] = vehicle.waits
    facts["speaks"] = cache.spoken
    facts["peer"] = cache.peer and hexlify(cache.peer[1], ":").decode()
    return facts


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
    "scan": scan,
    "new_key": new_key,
    "whose_key": whose_key,
    "wipe": wipe,
}
