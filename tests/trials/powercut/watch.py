"""What must hold on the flash and on the air, whatever happens to the power."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from itertools import pairwise

from host_tools.identity.counters import COUNTER_PATHS, RECORD_VERSION, read_counter_record
from host_tools.identity.provision import KEY_PATH
from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car import Car, CarEvent
from host_tools.simulator.car.keys import key_id

from ..newer_car import envelope

_SESSION_PATH = "/state/session"
_LATER_RECORDS = {_SESSION_PATH, "/state/guard", "/state/journal"}
_RECORDS = _LATER_RECORDS | set(COUNTER_PATHS)

# A session record: version, owner, traits, where the car was met, shared key and vehicle key of
# each session, CRC.
_OWNER = slice(1, 5)
_TRAITS = 5
_SESSIONS = 20
_VEHICLE_KEY = slice(-69, -4)
_SIGNED = 2


class Unusable(Exception):
    """The fob let its owner down, or broke a rule; the text says how."""


class FlashWatch:
    """Looks at a fob's files without its power; `read(path)` gives one, or None."""

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self._read = read
        self._leases: dict[bytes, int] = {}
        self._records: set[str] = set()
        self._anchors: dict[bytes, bytes] = {}
        self._signed: set[bytes] = set()

    def check(self) -> None:
        """Raises Unusable.

        No counter went back, no record got lost, none is damaged. The session that pairing proved
        or the owner confirmed is still there, and that the car speaks the signed-command protocol.
        """
        self._check_leases()
        whole = {path for path in _RECORDS if _is_record(self._read(path))}
        damaged = {path for path in _LATER_RECORDS - whole if self._read(path) is not None}
        for path in sorted(self._records - whole | damaged):
            raise Unusable(f"{path} is lost or damaged")
        self._records = whole
        self._check_session()

    def confirms(self) -> None:
        """The owner confirms: another key of the car's may be the one to trust now."""
        self._anchors.clear()

    def pairs(self) -> None:
        """The owner pairs: all that is known of the car is found out anew."""
        self._anchors.clear()
        self._signed.clear()

    @property
    def signed(self) -> bool:
        """Whether some car was proven in the signed-command protocol."""
        return bool(self._signed)

    @property
    def lease_end(self) -> int:
        """The first value of the counter that is not leased."""
        return next(iter(self._leased().values()))

    def _check_leases(self) -> None:
        leased = self._leased()
        for key, end in leased.items():
            before = self._leases.setdefault(key, end)
            if end < before:
                raise Unusable(f"the counter went back on the flash: {before} to {end}")
        if self._leases and not leased:
            raise Unusable("no record of the counter can be read")
        self._leases |= leased

    def _leased(self) -> dict[bytes, int]:
        """The fob's key and the end of its lease; nothing as long as either is missing."""
        ends = [read_counter_record(self._read(path)) for path in COUNTER_PATHS]
        whole = [end for end in ends if end is not None]
        key = self._read(KEY_PATH)
        return {key: max(whole)} if key and whole else {}

    def _check_session(self) -> None:
        record = self._read(_SESSION_PATH)
        if record is None or len(record) <= _SESSIONS + 4:
            return
        owner = record[_OWNER]
        anchor = record[_VEHICLE_KEY]
        if self._anchors.setdefault(owner, anchor) != anchor:
            raise Unusable("the session that the owner trusts is gone")
        if record[_TRAITS] & _SIGNED:
            self._signed.add(owner)
        elif owner in self._signed:
            raise Unusable("the fob forgot that its car speaks the signed-command protocol")


class CarWatch:
    """Looks at what came to a car.

    signed_since: the number of the event after which nothing may be sealed in the older protocol.
    """

    def __init__(self, car: Car) -> None:
        self._car = car
        self.signed_since: int | None = None
        if car.behaviour.protocols != "legacy" and not self._fallen_back(0):
            # With this car nobody ever had to speak the older one.
            self.signed_since = 0

    def check(self) -> None:
        """Raises Unusable.

        No nonce came twice, the counter of a key only grew, nothing was sealed for another time
        than the car's, and there was no way back from the signed-command protocol.
        """
        car = self._car
        if car.violations:
            raise Unusable(str(car.violations[0]))
        for key, counters in self._counters().items():
            for before, after in pairwise(counters):
                if after <= before:
                    raise Unusable(f"key {key.hex()} went back from counter {before} to {after}")
        for event in car.events:
            if event.kind == "refused" and "TIME_" in event.text:
                raise Unusable(f"the fob does not know the car's time: {event.text}")
        if self.signed_since is not None and self._fallen_back(self.signed_since):
            raise Unusable("the fob fell back to the older protocol")

    @property
    def counter(self) -> int:
        """The last value that the car heard."""
        return max((counters[-1] for counters in self._counters().values()), default=0)

    def _fallen_back(self, since: int) -> bool:
        events = self._car.events[since:]
        return any(_sealed(event) and envelope(event.data) is None for event in events)

    def _counters(self) -> dict[bytes, list[int]]:
        """Key to the counters of its sealed messages, in the order in which the car heard them."""
        counters: dict[bytes, list[int]] = {}
        for event in self._car.events:
            sealed = _sealed(event)
            if sealed:
                key, counter = sealed
                counters.setdefault(key, []).append(counter)
        return counters


def _sealed(event: CarEvent) -> tuple[bytes, int] | None:
    """Key identifier and counter of a sealed message that came, of either protocol."""
    if event.kind != "received":
        return None
    request = envelope(event.data)
    if request is not None:
        signature = request.signature_data
        if not signature.HasField("AES_GCM_Personalized_data"):
            return None
        counter = signature.AES_GCM_Personalized_data.counter
        return key_id(signature.signer_identity.public_key), counter
    message = vcsec.ToVCSECMessage.FromString(event.data[2:]).signedMessage
    if message.signatureType == vcsec.SIGNATURE_TYPE_PRESENT_KEY or not message.counter:
        return None
    return message.keyId, message.counter


def _is_record(data: bytes | None) -> bool:
    """Whether these are a version, a payload and the CRC-32 of both."""
    return (
        data is not None
        and len(data) > 4
        and data[0] == RECORD_VERSION
        and zlib.crc32(data[:-4]) == int.from_bytes(data[-4:], "big")
    )
