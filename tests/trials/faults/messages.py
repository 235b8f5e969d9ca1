"""Faults of the conversation: the car is silent, busy, refuses, has changed or is out of reach."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.bench import Bench
from host_tools.simulator.car import LockOut
from host_tools.simulator.faults import (
    FOREVER,
    CarSilent,
    FaultReply,
    Interference,
    PairingReply,
    Reply,
)

from .case import Case, Expect, Setting, Strike
from .link import plain
from .play import PHONE, lease_end

COLD = Setting("cold press", protocol="legacy")
WARM = Setting("warm press", warm=True)
NONE_FIRST = Setting("warm press, NONE first", warm=True, behaviour={"require_none": "refuse"})
TRUNK = Setting("warm press, trunk", warm=True, toggle=True)
PAIRING = Setting("pairing", pairs=True, known=False)
PAIRING_KNOWN = Setting("pairing, key known", pairs=True)

DONE = Expect()
_FAULT = vcsec.SignedMessage_information_E
NOT_ON_WHITELIST = vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST
COUNTER_FAULTS = (
    vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_IV_SMALLER_THAN_EXPECTED,
    vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_TOKEN_AND_COUNTER_INVALID,
)
# What the car reports, past the fob's lease, and what becomes of it: followed up to 65,536.
COUNTERS = {5: True, 100: True, 65_536: True, 65_537: False, 70_000: False}
LARGEST = 2**32 - 2
_ALREADY_KNOWN = 13


def ends(*codes: str, **more: Any) -> Expect:
    """It must end with one of these codes, "done" or a failure's."""
    return Expect(frozenset(codes), **more)


@dataclass(frozen=True)
class CarIs:
    """A Strike: `behaviour` of the car changes before the press."""

    behaviour: Mapping[str, Any]

    async def __call__(self, bench: Bench) -> Interference:
        for name, value in self.behaviour.items():
            setattr(bench.car.behaviour, name, value)
        return Interference()


@dataclass(frozen=True)
class Reported:
    """A Strike: the fob's counter is `past` its lease too small, really or as somebody says."""

    past: int
    information: int = 0
    times: int = 1

    async def __call__(self, bench: Bench) -> Interference:
        value = LARGEST if self.past == LARGEST else lease_end(bench) + self.past
        if self.information:
            return FaultReply(self.information, value, times=self.times)
        list(bench.car.whitelist)[-1].counter = value
        return Interference()


@dataclass(frozen=True)
class Away:
    """A Strike: the car is out of reach from `begins` to `ends` seconds after the finger."""

    begins: float
    ends: float | None = None

    async def __call__(self, bench: Bench) -> Interference:
        loop = asyncio.get_running_loop()
        for moment, in_reach in ((self.begins, False), (self.ends, True)):
            if moment is not None:
                loop.call_later(moment, _move, bench, in_reach)
        return Interference()


def _move(bench: Bench, in_reach: bool) -> None:
    if bench.radio.in_reach != in_reach:
        bench.walk()


@dataclass(frozen=True)
class Full:
    """A Strike: phones hold all three places, the first for so many seconds only."""

    frees: float | None = None

    async def __call__(self, bench: Bench) -> Interference:
        links = [bench.car.connect(PHONE) for _ in range(3)]
        if self.frees is not None:
            asyncio.get_running_loop().call_later(self.frees, links[0].disconnect)
        # Its advertisements tell by now.
        await asyncio.sleep(1)
        return Interference()


@dataclass(frozen=True)
class Changed:
    """A Strike: the car is another one since it was met, by so many steps of each kind."""

    keys: int = 0
    address: bool = False
    shift: int | None = None
    forgets: bool = False
    behaviour: Mapping[str, Any] = field(default_factory=dict)

    async def __call__(self, bench: Bench) -> Interference:
        await CarIs(self.behaviour)(bench)
        for _ in range(self.keys):
            bench.car.rotate_key()
        if self.address:
            await bench.radio.change_address()
        if self.shift is not None:
            bench.radio.shift_handles(self.shift)
        if self.forgets:
            bench.car.whitelist.remove(list(bench.car.whitelist)[-1].key_id)
        return Interference()


def nominal_error(code: int) -> list[vcsec.FromVCSECMessage]:
    """How a car says that it does not do what it was told: first an error without detail."""
    error = vcsec.FromVCSECMessage()
    error.commandStatus.operationStatus = vcsec.OPERATIONSTATUS_ERROR
    why = vcsec.FromVCSECMessage()
    why.nominalError.genericError = code  # type: ignore[assignment]
    return [error, why]


def message_cases() -> Iterator[Case]:
    """Everything but hostile cars and the link's faults."""
    yield from _silence()
    yield from _refusals()
    yield from _counters()
    yield from _pairing()
    yield from _places()
    yield from _changes()


def _silence() -> Iterator[Case]:
    for setting in (COLD, WARM, NONE_FIRST, PAIRING):
        forever = ends("timed-out")
        yield Case(setting, "car silent", "from the start", plain(CarSilent), forever)
        yield Case(setting, "car silent", "after its status", plain(CarSilent, 1), forever)
        for frame in range(3):
            strike = plain(CarSilent, frame, times=1)
            yield Case(setting, "frame lost", f"frame {frame}", strike)
        strike = CarIs({"lose_answers": 1})
        yield Case(setting, "frame lost", "first answer", strike)
    for setting in (COLD, WARM, NONE_FIRST):
        for times in (1, 2, 3):
            yield Case(setting, "WAIT", f"{times} x", CarIs({"busy": times}))
        yield Case(setting, "WAIT", "for ever", CarIs({"busy": FOREVER}), ends("timed-out"))


def _refusals() -> Iterator[Case]:
    for setting in (COLD, WARM, TRUNK):
        for code, name in sorted((value, key) for key, value in _FAULT.items()):
            unpaired = code == NOT_ON_WHITELIST
            text = f"{code} {name.removeprefix('SIGNEDMESSAGE_INFORMATION_')}"
            for times, often in ((1, "once"), (FOREVER, "for ever")):
                if times > 1 and setting is not WARM:
                    continue
                expect = DONE
                if unpaired:
                    # Final, though anybody can say so: the next press must work all the same.
                    expect = ends("not-paired", keeps_session=setting is not COLD)
                elif times > 1:
                    # An error without detail is no fault of authentication: the guard lets it be.
                    expect = ends("held-back" if code else "refused", keeps_session=True)
                kind = f"fault code, {often}"
                yield Case(setting, kind, text, plain(FaultReply, code, times=times), expect)
    for code in range(10):
        reply = plain(Reply, nominal_error(code))
        yield Case(WARM, "nominalError", str(code), reply, ends("refused", keeps_session=True))
    reply = plain(FaultReply, COUNTER_FAULTS[0], times=FOREVER)
    guarded = ends("held-back", presses=4, after="confirm", keeps_session=True)
    yield Case(WARM, "guard", "ten faults in a row", reply, guarded)


def _counters() -> Iterator[Case]:
    suspect = ends("held-back", keeps_session=True)
    for past, followed in COUNTERS.items():
        for code in COUNTER_FAULTS:
            expect = Expect(keeps_session=True) if followed else suspect
            where = f"+{past}, code {code}"
            yield Case(WARM, "counter reported", where, Reported(past, code), expect)
        expect = DONE if followed else ends("held-back", after="confirm")
        yield Case(WARM, "counter behind", f"+{past}", Reported(past), expect)
    yield Case(WARM, "counter reported", "2^32-2", Reported(LARGEST, COUNTER_FAULTS[0]), suspect)
    times = Reported(100, COUNTER_FAULTS[0], times=FOREVER)
    refused = ends("refused", "held-back", keeps_session=True)
    yield Case(WARM, "counter reported", "+100, for ever", times, refused)


def _pairing() -> Iterator[Case]:
    refused = ends("refused")
    for code, name in sorted(
        (value, key) for key, value in vcsec.WhitelistOperation_information_E.items()
    ):
        text = f"{code} {name.removeprefix('WHITELISTOPERATION_INFORMATION_')}"
        known = code == _ALREADY_KNOWN
        # It is on the whitelist, says the car, yet knows nothing of it: nobody taps a card.
        expect = ends("timed-out") if known else refused
        yield Case(PAIRING, "whitelist code", text, plain(PairingReply, code), expect)
    yield Case(PAIRING_KNOWN, "whitelist code", "13, truly", CarIs({}))
    # The driver of the bench needs more than a second for the card.
    yield Case(PAIRING, "no card", "the car gives up", CarIs({"tap_timeout": 1.0}), refused)
    # Between questions in both protocols no car's patience ends.
    legacy = replace(PAIRING, name="pairing, legacy only", protocol="legacy")
    yield Case(legacy, "idle link", "dropped", CarIs({"idle_timeout": 1.0}))


def _places() -> Iterator[Case]:
    yield Case(WARM, "connection limit", "throughout", Full(), ends("connection-limit"))
    yield Case(COLD, "connection limit", "throughout", Full(), ends("connection-limit"))
    for setting in (WARM, COLD, PAIRING):
        # Pairing begins 3 s after the finger.
        frees = 3.0 + 3.0 * setting.pairs
        yield Case(setting, "connection limit", "freed meanwhile", Full(frees))
    locked = Changed(keys=1, behaviour={"lock_out": LockOut(faults=1)})
    yield Case(WARM, "lock-out", "at the first fault", locked, ends("connection-limit"))
    yield Case(WARM, "out of reach", "throughout", Away(0), ends("not-found"))
    yield Case(COLD, "out of reach", "throughout", Away(0), ends("not-found"))
    lost = ends("done", "not-found", "disconnected", "timed-out")
    for setting in (WARM, COLD):
        yield Case(setting, "out of reach", "heard again after 3 s", Away(0, 3.0))
        for tenths in range(1, 8 if setting is COLD else 5):
            begins = tenths / 10
            text = f"from {begins:g} s"
            yield Case(setting, "out of reach", f"{text}, for good", Away(begins), lost)
            for lasting in (1.0, 3.5):
                strike = Away(begins, begins + lasting)
                yield Case(setting, "out of reach", f"{text}, for {lasting:g} s", strike)


def _changes() -> Iterator[Case]:
    for setting in (WARM, NONE_FIRST):
        for keys in (1, 2):
            for pushed in (True, False):
                text = f"{keys} x, {'pushed' if pushed else 'to be asked for'}"
                strike: Strike = Changed(keys=keys, behaviour={"push_key": pushed})
                yield Case(setting, "vehicle key rotated", text, strike)
        moved = Changed(address=True)
        yield Case(setting, "address rotated", "from a public one", moved)
        random = replace(setting, name=f"{setting.name}, random address", address="random")
        yield Case(random, "address rotated", "from a random one", moved)
        wanting = Changed(behaviour={"require_none": "ignore"})
        yield Case(setting, "NONE first", "from now on, silently", wanting)
    forgotten = ends("not-paired", after="pair")
    yield Case(WARM, "key removed", "since the last press", Changed(forgets=True), forgotten)
    for before, now in ((0, 1), (0, 2), (0, 5), (1, 0), (2, 0), (3, 0), (3, 1), (3, 2)):
        setting = Setting("warm press, moved handles", warm=True, shift=before)
        trunk = Setting("warm press, trunk, moved handles", warm=True, toggle=True, shift=before)
        for each in (setting, trunk):
            text = f"by {now - before:+d} services from {before}"
            yield Case(each, "handles shifted", text, Changed(shift=now))
        everything = Changed(keys=1, address=True, shift=now)
        yield Case(setting, "handles shifted", f"{text}, key and address too", everything)
