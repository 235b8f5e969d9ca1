"""Doors, locks, seats and sleep: the state of the car, and what may become of it."""

from __future__ import annotations

from collections.abc import Callable

from host_tools.protocol import vcsec_pb2 as vcsec

from .behaviour import Behaviour
from .closures import DOORS, POWERED, Closures
from .whitelist import WhitelistKey


class CommandRefusal(Exception):
    """A well-formed command does not happen; `code` is the GenericError_E."""

    def __init__(self, code: vcsec.GenericError_E) -> None:
        super().__init__(vcsec.GenericError_E.Name(code).removeprefix("GENERICERROR_"))
        self.code = code


def require(key: WhitelistKey, permission: int) -> None:
    """Raises CommandRefusal if `key` lacks a permission."""
    if not key.may(permission):
        raise CommandRefusal(vcsec.GENERICERROR_UNAUTHORIZED)


class Body:
    """The state of the car that keys and hands can change."""

    def __init__(self, clock: Callable[[], float], behaviour: Behaviour) -> None:
        self.locked = True
        self.asleep = False
        self.may_drive = False
        self.closures = Closures(clock, behaviour)
        self.seated = False
        """Whether somebody is inside."""
        self.present = False
        """Whether the car noticed that: a door closed behind them."""
        self._unlocked_passively = False

    @property
    def open_closures(self) -> frozenset[str]:
        """The names of all that is not shut."""
        return self.closures.opened

    @property
    def open_doors(self) -> frozenset[str]:
        return self.closures.opened.intersection(DOORS)

    @property
    def used(self) -> bool:
        """Whether somebody got in, or may have: then the car is to be locked behind them."""
        return not self.locked and (self._unlocked_passively or self.closures.door_opened)

    def status(self) -> vcsec.VehicleStatus:
        """The state as the car reports it."""
        status = vcsec.VehicleStatus(
            closureStatuses=self.closures.statuses(),
            vehicleLockState=(
                vcsec.VEHICLELOCKSTATE_LOCKED if self.locked else vcsec.VEHICLELOCKSTATE_UNLOCKED
            ),
            vehicleSleepStatus=(
                vcsec.VEHICLE_SLEEP_STATUS_ASLEEP
                if self.asleep
                else vcsec.VEHICLE_SLEEP_STATUS_AWAKE
            ),
            userPresence=(
                vcsec.VEHICLE_USER_PRESENCE_PRESENT
                if self.present
                else vcsec.VEHICLE_USER_PRESENCE_NOT_PRESENT
            ),
        )
        # The only one whose way is told. Not while it moves: every percent would be a change.
        percent = round(self.closures.percent("tonneau"))
        if self.closures.state("tonneau") == vcsec.CLOSURESTATE_OPEN:
            status.detailedClosureStatus.tonneauPercentOpen = percent
        return status

    def description(self) -> str:
        """The state in words."""
        parts = ["locked" if self.locked else "unlocked", *self.closures.description()]
        if self.present:
            parts.append("somebody inside")
        if self.asleep:
            parts.append("asleep")
        return ", ".join(parts)

    def unlock(self, *, passively: bool = False) -> None:
        """passively: for a key that nobody pressed."""
        if self.locked:
            self.locked = False
            self._unlocked_passively = passively
            self.closures.door_opened = False

    def lock(self) -> None:
        """Raises CommandRefusal while a door is open; trunks may be."""
        if self.open_doors:
            raise CommandRefusal(vcsec.GENERICERROR_CLOSURES_OPEN)
        self.locked = True
        self.may_drive = False

    def secure(self) -> None:
        """Close what a motor closes, but for the charge port, and lock; raises CommandRefusal."""
        self.lock()
        for name in POWERED.intersection(self.open_closures) - {"chargePort"}:
            self.closures.drive(name, vcsec.CLOSURESTATE_CLOSED)

    def move_closures(self, request: vcsec.ClosureMoveRequest, key: WhitelistKey) -> None:
        """Move what the request names, or nothing at all; raises CommandRefusal."""
        self.move({descriptor.name: move for descriptor, move in request.ListFields()}, key)

    def move(self, moves: dict[str, int], key: WhitelistKey) -> None:
        """Move closures (name: ClosureMoveType_E), or none of them; raises CommandRefusal."""
        for name, move in moves.items():
            self._check_move(name, self._resolved(name, move), key)
        for name, move in moves.items():
            match self._resolved(name, move):
                case vcsec.CLOSURE_MOVE_TYPE_OPEN:
                    self.closures.drive(name, vcsec.CLOSURESTATE_OPEN)
                case vcsec.CLOSURE_MOVE_TYPE_CLOSE:
                    self.closures.drive(name, vcsec.CLOSURESTATE_CLOSED)
                case vcsec.CLOSURE_MOVE_TYPE_STOP:
                    self.closures.stop(name)

    def _resolved(self, name: str, move: int) -> int:
        """What MOVE means for how the closure stands."""
        if move != vcsec.CLOSURE_MOVE_TYPE_MOVE:
            return move
        is_open = name in self.open_closures
        return vcsec.CLOSURE_MOVE_TYPE_CLOSE if is_open else vcsec.CLOSURE_MOVE_TYPE_OPEN

    def _check_move(self, name: str, move: int, key: WhitelistKey) -> None:
        # A charging manager may move the charge port and nothing else.
        if name != "chargePort" or key.role != vcsec.ROLE_CHARGING_MANAGER:
            require(key, vcsec.WHITELISTKEYPERMISSION_LOCAL_UNLOCK)
        if move not in (
            vcsec.CLOSURE_MOVE_TYPE_OPEN,
            vcsec.CLOSURE_MOVE_TYPE_STOP,
            vcsec.CLOSURE_MOVE_TYPE_CLOSE,
        ) or (move == vcsec.CLOSURE_MOVE_TYPE_CLOSE and name not in POWERED):
            raise CommandRefusal(vcsec.GENERICERROR_UNKNOWN)
