"""What a laptop may ask over the REPL: the only surface of the firmware that its tools use.

Each call prints JSON objects, one a line: events ({"event": kind, ...}) as they come, then one last
line, {"result": {...}} or {"error": code, "text": ..., "needs_laptop": bool, "reason": number of a
refusal}. Other lines are remarks. `board` is what laptop.Board offers.
"""

import asyncio
import gc
import json
import os
from binascii import crc32, hexlify
from time import ticks_diff, ticks_ms

from micropython import const

from fob import names
from fob.errors import ConfigError, FobError, InvalidKey, LinkError, NotFound, StoreError

_KEY = const(32)
_PRESS_MS = const(100)
_SAMPLE_MS = const(10)


def serve(board, name, arguments):
    """Print what the function `name` tells of what it does and what comes of it."""
    try:
        try:
            if name in _CALLS:
                result = _CALLS[name](board, **arguments)
            else:
                from fob import errands

                result = errands.CALLS[name](board, _print, **arguments)
        finally:
            board.radio.stop()
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
    try:
        told = json.loads(board.files.read("fob.json") or b"{}")
        told.pop("cars", None)
    except (AttributeError, ValueError):
        told = {}
    space = os.statvfs("/")
    # littlefs counts a folder twice: on a full flash fewer blocks than none are free.
    free = space[3] if 0 < space[3] <= space[2] else 0
    from fob.journal import Journal

    journal = Journal(board.state)
    told.update(
        {
            "flash": {"free": space[0] * free, "total": space[0] * space[2]},
            "cause": board.cause(),
            "time_s": board.now_ms() // 1000,
            "crashes": journal.crashes,
            "journal": journal.lines(),
            "configuration": None,
            "battery_mv": None,
            "last": None,
            "rssi": None,
        }
    )
    try:
        _describe(board.parts(), told, car)
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

    parts = board.parts()
    settings = parts.settings
    # The laptop wants an answer, not a fob that waits at the car for minutes.
    settings.passive = None
    if hold_ms is None:
        hold_ms = settings.press_guard_ms + _PRESS_MS
    finger = _Finger(settings.board["buttons"], buttons, hold_ms, times, pause_ms)

    def say(text):
        _print({"event": "said", "text": text})
        parts.retained.put("said", text.encode())

    began = ticks_ms()
    light, vehicle, supply = parts.light(), parts.vehicles(), parts.supply
    app = App(finger, light, vehicle, settings, board.journal, supply, say)
    asyncio.run(app.run())
    outcome, text = app.outcome
    return {"outcome": outcome, "text": text, "ms": ticks_diff(ticks_ms(), began)}


def scan(board, ms=5000, car=None):
    """Listen for `ms`, or until the car is heard: how many advertise, and how loud the car is."""
    try:
        car_names = names.of(board.parts().settings.car(car).vin)
    except ConfigError:
        car_names = ()
    radio = board.radio
    try:
        radio.start()
        asyncio.run(radio.find(car_names, ms))
    except LinkError as error:
        # A car that was heard is no error, whatever keeps it from being found.
        if radio.rssi is None and not isinstance(error, NotFound):
            raise
    return {"heard": radio.heard, "car": radio.rssi is not None, "rssi": radio.rssi}


def new_key(board, car=1):
    """Draw a key, which stays here, as key.bin.new of the car; return the public one, in hex."""
    from fob import p256

    # The chip's generator is one only while the radio is on.
    board.radio.start()
    while True:
        private = board.radio.random(_KEY)
        try:
            public = p256.public_key(private)
            break
        except InvalidKey:
            # One in four thousand millions is no scalar of the curve.
            continue
    board.files.write(_folder(car) + "key.bin.new", private + _check(private, public))
    return {"public_key": hexlify(public).decode()}


def whose_key(board, car=1):
    """Return the public key, in hex, of the car's key.bin, which stays here; None where that is not
    whole."""
    from fob import p256

    data = board.files.read(_folder(car) + "key.bin") or b""
    private = data[:_KEY]
    # What blinds the computation is random only while it is on.
    board.radio.start()
    try:
        public = p256.public_key(private)
    except InvalidKey:
        public = b""
    whole = public and private + _check(private, public) == data
    return {"public_key": hexlify(public).decode() if whole else None}


def _folder(car):
    return "" if car == 1 else "car%d/" % car


def _check(private, public):
    return crc32(private + public).to_bytes(4, "big")


def _describe(parts, told, number):
    """Add what a fob of a configuration tells."""
    settings, retained = parts.settings, parts.retained
    told["battery_mv"] = parts.supply.battery_mv()
    said = retained.get("said")
    told["last"] = said and said.decode()
    asked = settings.car(number)
    told["cars"] = [{"number": each, "wrong": text} for each, text in settings.broken.items()]
    for car in settings.cars:
        facts = _of_car(parts, car)
        told["cars"].append(facts)
        if car is asked:
            told.update(facts)
            told["role"], told["form_factor"] = car.role, car.form_factor
            told["enrol"], told["protocol"] = car.enrol, car.protocol


def _of_car(parts, car):
    rssi = parts.retained.part(car.number).get("rssi")
    facts = {
        "number": car.number,
        "vin": car.vin,
        "public_key": hexlify(car.public_key).decode(),
        "rssi": rssi and rssi[0] - 256,
        "wrong": None,
    }
    try:
        vehicle = parts.vehicle(car)
    except StoreError as error:
        facts["counter"] = {"wrong": str(error)}
        return facts
    counter, cache = vehicle.counter, vehicle.cache
    facts.update(
        {
            "counter": {"next": counter.next, "end": counter.end},
            "paired": vehicle.paired,
            "unknown": vehicle.guard.unknown,
            "waits": vehicle.waits,
            "speaks": cache.spoken,
            "peer": cache.peer and hexlify(cache.peer[1], ":").decode(),
        }
    )
    return facts


def _print(line):
    print(json.dumps(line))


class _Finger:
    """Stands in for the buttons: pushes some of them together, a number of times.

    Each of its moves is seen twice, which is when the app believes it: one that computes does not
    look.
    """

    def __init__(self, pins, pushed, hold_ms, times, pause_ms):
        self.names = sorted(pins)
        self._mask = 0
        for name in pushed:
            self._mask |= 1 << self.names.index(name)
        self._lasting_ms = pause_ms, hold_ms
        # To go, pauses and pushes in turn.
        self._moves = 2 * times
        # Since when the present one is noticed.
        self._since = None

    def levels(self):
        """Return the mask of the buttons that are down."""
        down = self._moves & 1
        if self._since is None:
            self._since = ticks_ms()
        elif self._moves and ticks_diff(ticks_ms(), self._since) >= self._lasting_ms[down]:
            self._moves -= 1
            self._since = None
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
}
