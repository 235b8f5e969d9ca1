"""The simulated car: frames in, frames out; strict, pure, and independent of the firmware.

Where to look: `car` is the whole car, `connection` one Bluetooth link to it, `link` the framing,
`dispatch` which protocol a message is of. The older one is `legacy_messages` and `legacy`, its
cryptography; the signed-command protocol `signed_messages`, `signed_conversation` and `signed`,
with `signature` and `metadata`. Both share `commands`, who may do what, `remote_actions`, what the
buttons of keys ask for, `authentication` with `purposes`, passive entry, `keyring`, the vehicle's
key, and `nonces`, the watch over counters; `enrolment` and `whitelist` are the keys, `body` locks
and seats, `closures` doors and trunks, `hands` what people do at them, `information` what anybody
may read, `names` what it advertises, `answers` everything it says, `replies` when, `defence` when
not, `behaviour` in what cars differ.
"""

from .behaviour import Behaviour, LockOut, Vintage, vintage
from .car import Car, ConnectionLimitReached
from .closures import CLOSURES, DOORS
from .connection import CarConnection
from .events import CarEvent
from .keys import VehicleKey
from .names import InvalidVin, check_vin
from .nonces import CounterReuse, NonceReuse, Reuse, TokenReuse
from .whitelist import WhitelistKey

__all__ = [
    "CLOSURES",
    "DOORS",
    "Behaviour",
    "Car",
    "CarConnection",
    "CarEvent",
    "ConnectionLimitReached",
    "CounterReuse",
    "InvalidVin",
    "LockOut",
    "NonceReuse",
    "Reuse",
    "TokenReuse",
    "VehicleKey",
    "Vintage",
    "WhitelistKey",
    "check_vin",
    "vintage",
]
