"""The simulated car: frames in, frames out; strict, pure, and independent of the firmware.

Where to look: `car` is the whole car, `connection` one Bluetooth link to it, `link` the framing,
`dispatch` who may ask for what, `legacy` the signed messages, `enrolment` and `whitelist` the keys,
`body` doors and locks, `information` what anybody may read, `nonces` the watch over counters,
`names` what it advertises, `answers` everything it says, `behaviour` in what cars differ.
"""

from .behaviour import Behaviour, LockOut
from .car import Car, ConnectionLimitReached
from .connection import CarConnection
from .events import CarEvent
from .keys import VehicleKey
from .names import InvalidVin, check_vin
from .nonces import NonceReuse
from .whitelist import WhitelistKey

__all__ = [
    "Behaviour",
    "Car",
    "CarConnection",
    "CarEvent",
    "ConnectionLimitReached",
    "InvalidVin",
    "LockOut",
    "NonceReuse",
    "VehicleKey",
    "WhitelistKey",
    "check_vin",
]
