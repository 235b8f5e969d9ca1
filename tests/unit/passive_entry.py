"""A car that asks for the key by itself, and a fob that is present to answer it."""

import codes
from scripted_car import LOCKED, NONE, Car, status
from virtual_time import ticks_add, ticks_ms

from fob.presence import Presence

UNLOCK_ALLOWED = b"\x1a\x02\x08\x01"
DRIVE_ALLOWED = b"\x1a\x02\x08\x02"
AUTO_SECURE = b"\x10\x1d"
TOKEN = bytes(range(20))
MINUTE = 60000


def token(number):
    return bytes([number & 255, number >> 8]) + bytes(18)


TOKENS = [TOKEN] + [token(number) for number in range(1, 200)]


def asks(token=TOKEN, level=codes.AUTHENTICATION_LEVEL_DRIVE, **more):
    request = {"sessionInfo": {"token": token}, "requestedLevel": level}
    request.update(more)
    return {"authenticationRequest": request}


def a_car(*pushes, **script):
    """A car that does `pushes` by itself as soon as the fob is connected."""
    return Car(on_connect=[(status(LOCKED),) + pushes], tokens=TOKENS, **script)


def presence(fob, said=None, level=2, form="auto", secure_at_end=False):
    passive = {"level": level, "minutes": 5, "form": form, "secure_at_end": secure_at_end}
    return Presence(fob.vehicle, passive, (said if said is not None else []).append)


async def present(fob, ms=5000, **options):
    """Be present for `ms`; return whether it let go for good."""
    return await presence(fob, **options).run(ticks_add(ticks_ms(), ms))


def answers(vehicle):
    """What was answered to requests: (plaintext, the token that it is bound to or None)."""
    sealed = [entry for entry in vehicle.heard if entry[0] == "sealed"]
    return [
        (entry[2], entry[3] if len(entry) > 3 else None) for entry in sealed if entry[2] != NONE
    ]
