"""The closures: how each stands, and which move by themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from host_tools.protocol import vcsec_pb2 as vcsec

from .behaviour import Behaviour

DOORS = ("frontDriverDoor", "frontPassengerDoor", "rearDriverDoor", "rearPassengerDoor")
CLOSURES = (*DOORS, "rearTrunk", "frontTrunk", "chargePort", "tonneau")

# A motor opens and closes these. A front trunk only opens by itself; doors are a hand's.
POWERED = frozenset(("rearTrunk", "chargePort", "tonneau"))

# Seconds from the latch, which leaves a door ajar, until the hand at its handle has it open.
HAND_TIME = 0.5

_SHUT = frozenset(
    (
        vcsec.CLOSURESTATE_CLOSED,
        vcsec.CLOSURESTATE_UNKNOWN,
        vcsec.CLOSURESTATE_FAILED_UNLATCH,
    )
)


@dataclass
class _Closure:
    """percent: how far it is open; due: when it will be `target`, None while it stands still."""

    state: int = vcsec.CLOSURESTATE_CLOSED
    percent: float = 0.0
    target: int = vcsec.CLOSURESTATE_CLOSED
    due: float | None = None


class Closures:
    """All closures of a car, by their names in ClosureStatuses. Other names raise ValueError."""

    def __init__(self, clock: Callable[[], float], behaviour: Behaviour) -> None:
        self._clock = clock
        self._behaviour = behaviour
        self._closures = {name: _Closure() for name in CLOSURES}
        self.door_opened = False
        """Whether a door was opened since this was last set to False."""

    @property
    def opened(self) -> frozenset[str]:
        """Those that are not shut: open, ajar, opening or closing."""
        return frozenset(name for name in CLOSURES if self.state(name) not in _SHUT)

    @property
    def due(self) -> float | None:
        """When the next movement ends."""
        return min((each.due for each in self._closures.values() if each.due), default=None)

    def state(self, name: str) -> int:
        """The ClosureState_E."""
        return self._get(name).state

    def set(self, name: str, state: int) -> None:
        """Have a closure in a state, at once and for good."""
        percent = 100.0 if state == vcsec.CLOSURESTATE_OPEN else 0.0
        self._put(name, _Closure(state, percent))

    def swing(self, name: str) -> None:
        """A hand pulls what was unlatched."""
        due = self._clock() + HAND_TIME
        ajar = _Closure(vcsec.CLOSURESTATE_AJAR, 0.0, vcsec.CLOSURESTATE_OPEN, due)
        self._put(name, ajar)

    def drive(self, name: str, target: int) -> None:
        """Open or close (CLOSURESTATE_OPEN, _CLOSED): by motor, if it has one, else at once."""
        whole = self._behaviour.moving_time if name in POWERED else 0.0
        opens = target == vcsec.CLOSURESTATE_OPEN
        percent = self.percent(name)
        left = (100.0 - percent if opens else percent) / 100.0 * whole
        if left <= 0:
            self.set(name, target)
            return
        state = vcsec.CLOSURESTATE_OPENING if opens else vcsec.CLOSURESTATE_CLOSING
        self._put(name, _Closure(state, percent, target, self._clock() + left))

    def stop(self, name: str) -> None:
        """Stop a motor half-way; what stands still stays."""
        if self._moves(self._get(name)):
            self._put(name, _Closure(vcsec.CLOSURESTATE_OPEN, self.percent(name)))

    def percent(self, name: str) -> float:
        """How far a closure is open."""
        closure = self._get(name)
        if closure.due is None or not self._moves(closure):
            return closure.percent
        left = max(0.0, (closure.due - self._clock()) / self._behaviour.moving_time * 100.0)
        return 100.0 - left if closure.target == vcsec.CLOSURESTATE_OPEN else left

    def tick(self, now: float) -> bool:
        """End the movements whose time has come; whether there were any."""
        done = [n for n, each in self._closures.items() if each.due is not None and each.due <= now]
        for name in done:
            self.set(name, self._closures[name].target)
        return bool(done)

    def statuses(self) -> vcsec.ClosureStatuses:
        statuses = vcsec.ClosureStatuses()
        for name, each in self._closures.items():
            setattr(statuses, name, each.state)
        return statuses

    def description(self) -> list[str]:
        """Those that are not closed, each in words."""
        return [
            f"{name} {_words(each.state)}"
            for name, each in self._closures.items()
            if each.state != vcsec.CLOSURESTATE_CLOSED
        ]

    def _get(self, name: str) -> _Closure:
        if name not in self._closures:
            raise ValueError(f"no closure is called {name!r}; there are {', '.join(CLOSURES)}")
        return self._closures[name]

    def _put(self, name: str, closure: _Closure) -> None:
        self._get(name)
        self._closures[name] = closure
        if name in DOORS and closure.state not in _SHUT:
            self.door_opened = True

    @staticmethod
    def _moves(closure: _Closure) -> bool:
        return closure.state in (vcsec.CLOSURESTATE_OPENING, vcsec.CLOSURESTATE_CLOSING)


def _words(state: int) -> str:
    name = vcsec.ClosureState_E.Name(state)
    return name.removeprefix("CLOSURESTATE_").lower().replace("_", " ")
