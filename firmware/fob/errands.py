"""What a laptop has the fob do with its car: the calls of fob.console that need one.

Imported by them only. `board` is what laptop.Board offers, tell(line) prints a dict as a line of
JSON, `car` is the number of the car (the first one there is without).
"""

import asyncio
from binascii import hexlify, unhexlify
from time import ticks_diff, ticks_ms

from fob.cache import SIGNED
from fob.errors import TimedOut
from fob.loaded import let_go


def pair(board, tell, car=None):
    """Enrol the key with the car; events say when the card is wanted."""
    # First of all: memory is in one piece yet.
    from fob import pairing

    vehicle, _ = _vehicle(board, car)

    radio = board.radio

    def report(text):
        if radio.rssi is not None:
            tell({"event": "found", "rssi": radio.rssi})
            radio.rssi = None
        tell({"event": "said", "text": text})

    asyncio.run(pairing.pair(vehicle, vehicle.config, report))
    return {"speaks": vehicle.cache.spoken}


def send(board, tell, content, car=None):
    """Have the car do what `content` says, the dict of an UnsignedMessage; return ms and open."""
    from fob import actions

    vehicle, parts = _vehicle(board, car)
    unsigned = actions.unsigned(content, parts.supply)
    began = ticks_ms()
    is_open = asyncio.run(vehicle.perform(unsigned, actions.lock_state(content)))
    return {"ms": ticks_diff(ticks_ms(), began), "open": is_open}


def car_status(board, tell, car=None):
    """Ask the car, which answers everybody: its VehicleStatus as a dict of numbers, and rssi.

    Of a car that sleeps and does not answer, what it told when it was connected.
    """
    vehicle, _ = _vehicle(board, car)
    heard = {}

    async def ask(exchange):
        signed = vehicle.cache.traits & SIGNED
        for answers_to in (signed, not signed):
            try:
                heard.update(await vehicle.dialogue(exchange, answers_to).status())
                return
            except TimedOut:
                # A car that sleeps may tell no more than what it did on its own.
                if exchange.status is not None:
                    heard.update(exchange.status)
                    return
        raise TimedOut("the car does not answer")

    asyncio.run(vehicle.converse(ask))
    heard["rssi"] = board.radio.rssi
    return heard


def keys(board, tell, car=None):
    """List the keys on the car's whitelist: an event for each, and what the car tells of all, as
    the car encodes them."""
    from fob import keychain

    vehicle, _ = _vehicle(board, car)
    ours = vehicle.config.public_key

    def report(slot, entry):
        event = {"event": "key", "slot": slot, "entry": hexlify(entry).decode()}
        event["ours"] = ours in entry
        tell(event)

    return {"info": hexlify(asyncio.run(keychain.read(vehicle, report))).decode()}


def remove_key(board, tell, content, car=None):
    """Have the car forget a key, as an owner's key may: by an UnsignedMessage, in hex digits."""
    from fob import keychain

    vehicle, _ = _vehicle(board, car)
    asyncio.run(keychain.remove(vehicle, unhexlify(content)))
    return {}


def _vehicle(board, number):
    """Return the Vehicle of a car, and the parts that it is one of; raises ConfigError."""
    # What status() and the app of before left behind: a key agreement needs the memory.
    let_go("journal", "app", "arming", "gestures")
    parts = board.parts()
    return parts.vehicle(parts.settings.car(number)), parts


CALLS: dict = {
    "pair": pair,
    "send": send,
    "car_status": car_status,
    "keys": keys,
    "remove_key": remove_key,
}
