"""The names a car advertises, from its VIN."""

from __future__ import annotations

import hashlib
import re
from typing import Literal

Scheme = Literal["hash", "vin", "alternate"]

# Capital letters and digits; I, O and Q are never used (ISO 3779).
_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")


class InvalidVin(ValueError):
    """Not a vehicle identification number."""


def check_vin(vin: str) -> str:
    """Return `vin`; raises InvalidVin that says what is wrong."""
    if len(vin) != 17:
        raise InvalidVin(f"a VIN has 17 characters, not {len(vin)}: {vin!r}")
    if not _VIN.fullmatch(vin):
        wrong = "".join(sorted({c for c in vin if not re.fullmatch(r"[A-HJ-NPR-Z0-9]", c)}))
        raise InvalidVin(f"a VIN has digits and capital letters except I, O, Q; wrong: {wrong!r}")
    return vin


def hash_name(vin: str, last_letter: str = "C") -> str:
    """The older scheme: S, the first 16 hex digits of the VIN's SHA-1, one of C, D, P, R."""
    return f"S{hashlib.sha1(vin.encode()).hexdigest()[:16]}{last_letter}"


def vin_name(vin: str) -> str:
    """The newer scheme: the last six characters of the VIN."""
    return f"Tesla {vin[-6:]}"


def advertised_name(vin: str, scheme: Scheme, period: int) -> str:
    """The name in the given advertising period; `alternate` takes turns."""
    if scheme == "vin" or (scheme == "alternate" and period % 2):
        return vin_name(vin)
    return hash_name(vin)
