"""Doors, locks and sleep: what a command does once it is allowed."""

from __future__ import annotations

from host_tools.protocol import vcsec_pb2 as vcsec

from .whitelist import WhitelistKey

DOORS = ("frontDriverDoor", "frontPassengerDoor", "rearDriverDoor", "rearPassengerDoor")
CLOSURES = (*DOORS, "rearTrunk", "frontTrunk", "chargePort", "tonneau")

# A front trunk opens by itself; only a hand closes it. Doors likewise.
_CLOSES_BY_ITSELF = frozenset(("rearTrunk", "chargePort", "tonneau"))

_MOVES = {
    vcsec.RKE_ACTION_OPEN_TRUNK: ("rearTrunk", vcsec.CLOSURE_MOVE_TYPE_MOVE),
    vcsec.RKE_ACTION_OPEN_FRUNK: ("frontTrunk", vcsec.CLOSURE_MOVE_TYPE_OPEN),
    vcsec.RKE_ACTION_OPEN_CHARGE_PORT: ("chargePort", vcsec.CLOSURE_MOVE_TYPE_OPEN),
    vcsec.RKE_ACTION_CLOSE_CHARGE_PORT: ("chargePort", vcsec.CLOSURE_MOVE_TYPE_CLOSE),
}


class CommandRefusal(Exception):
    """A well-formed command does not happen; `code` is the GenericError_E."""

    def __init__(self, code: vcsec.GenericError_E) -> None:
        super().__init__(vcsec.GenericError_E.Name(code).removeprefix("GENERICERROR_"))
        self.code = code


def _require(key: WhitelistKey, permission: int) -> None:
    if not key.may(permission):
        raise CommandRefusal(vcsec.GENERICERROR_UNAUTHORIZED)


class Body:
    """The state of the car that its keys can change."""

    def __init__(self) -> None:
        self.locked = True
        self.asleep = False
        self.may_drive = False
        self.open_closures: set[str] = set()

    def status(self) -> vcsec.VehicleStatus:
        """The state as the car reports it."""
        closures = vcsec.ClosureStatuses()
        for name in self.open_closures:
            setattr(closures, name, vcsec.CLOSURESTATE_OPEN)
        return vcsec.VehicleStatus(
            closureStatuses=closures,
            vehicleLockState=(
                vcsec.VEHICLELOCKSTATE_LOCKED if self.locked else vcsec.VEHICLELOCKSTATE_UNLOCKED
            ),
            vehicleSleepStatus=(
                vcsec.VEHICLE_SLEEP_STATUS_ASLEEP
                if self.asleep
                else vcsec.VEHICLE_SLEEP_STATUS_AWAKE
            ),
            userPresence=vcsec.VEHICLE_USER_PRESENCE_NOT_PRESENT,
        )

    def description(self) -> str:
        """The state in words."""
        parts = ["locked" if self.locked else "unlocked"]
        parts += [f"{name} open" for name in CLOSURES if name in self.open_closures]
        if self.asleep:
            parts.append("asleep")
        return ", ".join(parts)

    def remote_action(self, action: int, key: WhitelistKey) -> None:
        """Do what a button of a key asks (RKEAction_E); raises CommandRefusal."""
        if action in _MOVES:
            self._move(*_MOVES[action], key)  # type: ignore[index]
        elif action == vcsec.RKE_ACTION_UNLOCK:
            _require(key, vcsec.WHITELISTKEYPERMISSION_LOCAL_UNLOCK)
            self.locked = False
        elif action in (vcsec.RKE_ACTION_LOCK, vcsec.RKE_ACTION_AUTO_SECURE_VEHICLE):
            _require(key, vcsec.WHITELISTKEYPERMISSION_LOCAL_UNLOCK)
            if self.open_closures.intersection(DOORS):
                raise CommandRefusal(vcsec.GENERICERROR_CLOSURES_OPEN)
            self.locked = True
            self.may_drive = False
        elif action == vcsec.RKE_ACTION_REMOTE_DRIVE:
            _require(key, vcsec.WHITELISTKEYPERMISSION_REMOTE_DRIVE)
            self.may_drive = True
        elif action != vcsec.RKE_ACTION_WAKE_VEHICLE:
            raise CommandRefusal(vcsec.GENERICERROR_UNKNOWN)
        self.asleep = False

    def move_closures(self, request: vcsec.ClosureMoveRequest, key: WhitelistKey) -> None:
        """Move what the request names, or nothing at all; raises CommandRefusal."""
        moves = [(descriptor.name, move) for descriptor, move in request.ListFields()]
        before = set(self.open_closures)
        try:
            for name, move in moves:
                self._move(name, move, key)
        except CommandRefusal:
            self.open_closures = before
            raise
        self.asleep = False

    def _move(self, name: str, move: int, key: WhitelistKey) -> None:
        # A charging manager may open the charge port and nothing else.
        if name != "chargePort" or key.role != vcsec.ROLE_CHARGING_MANAGER:
            _require(key, vcsec.WHITELISTKEYPERMISSION_LOCAL_UNLOCK)
        if move == vcsec.CLOSURE_MOVE_TYPE_MOVE:
            is_open = name in self.open_closures
            move = vcsec.CLOSURE_MOVE_TYPE_CLOSE if is_open else vcsec.CLOSURE_MOVE_TYPE_OPEN
        if move == vcsec.CLOSURE_MOVE_TYPE_OPEN:
            self.open_closures.add(name)
        elif move == vcsec.CLOSURE_MOVE_TYPE_CLOSE:
            if name not in _CLOSES_BY_ITSELF:
                raise CommandRefusal(vcsec.GENERICERROR_UNKNOWN)
            self.open_closures.discard(name)
        elif move != vcsec.CLOSURE_MOVE_TYPE_STOP:
            raise CommandRefusal(vcsec.GENERICERROR_UNKNOWN)
