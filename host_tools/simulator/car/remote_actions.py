"""What the buttons of a key ask for: every RKEAction_E, and what it does to this car.

Numbers 7 to 18 are presses of the genuine car-shaped key fob, raw: which place, and how. What they
do here is what manuals and owners of that fob describe: the roof pressed once locks, twice unlocks;
the back twice moves the trunk, held opens the charge port; the front twice opens the front trunk.
Its other presses, and 21 to 28, sides that not all fobs have, are not described anywhere: they are
refused with DISABLED_FOR_USER_COMMAND. 19, which says that it is unknown, is refused with UNKNOWN,
as numbers that do not exist are.
"""

from __future__ import annotations

from collections.abc import Callable

from host_tools.protocol import vcsec_pb2 as vcsec

from .behaviour import Behaviour
from .body import Body, CommandRefusal, require
from .whitelist import WhitelistKey

# What today's protocol kept of the field list, and what its later versions added.
_KEPT = frozenset(
    (
        vcsec.RKE_ACTION_UNLOCK,
        vcsec.RKE_ACTION_LOCK,
        vcsec.RKE_ACTION_REMOTE_DRIVE,
        vcsec.RKE_ACTION_AUTO_SECURE_VEHICLE,
        vcsec.RKE_ACTION_WAKE_VEHICLE,
    )
)
_LATER = frozenset(
    (
        vcsec.RKE_ACTION_UNLOCK_AND_REMOTE_DRIVE,
        vcsec.RKE_ACTION_UNLOCK_UNRESTRICTED_CLOSURES,
    )
)
_DROPPED = frozenset(range(vcsec.RKE_ACTION_WAKE_VEHICLE)) - _KEPT

_MOVES = {
    vcsec.RKE_ACTION_OPEN_TRUNK: ("rearTrunk", vcsec.CLOSURE_MOVE_TYPE_MOVE),
    vcsec.RKE_ACTION_OPEN_FRUNK: ("frontTrunk", vcsec.CLOSURE_MOVE_TYPE_OPEN),
    vcsec.RKE_ACTION_OPEN_CHARGE_PORT: ("chargePort", vcsec.CLOSURE_MOVE_TYPE_OPEN),
    vcsec.RKE_ACTION_CLOSE_CHARGE_PORT: ("chargePort", vcsec.CLOSURE_MOVE_TYPE_CLOSE),
    vcsec.RKE_ACTION_DOUBLE_PRESS_BACK: ("rearTrunk", vcsec.CLOSURE_MOVE_TYPE_MOVE),
    vcsec.RKE_ACTION_HOLD_BACK: ("chargePort", vcsec.CLOSURE_MOVE_TYPE_OPEN),
    vcsec.RKE_ACTION_DOUBLE_PRESS_FRONT: ("frontTrunk", vcsec.CLOSURE_MOVE_TYPE_OPEN),
}


class RemoteActions:
    """Carries out RKE actions of verified keys. cancel: ends what the car asks its keys for."""

    def __init__(self, body: Body, behaviour: Behaviour, cancel: Callable[[], None]) -> None:
        self._body = body
        self._behaviour = behaviour
        local, remote = (
            vcsec.WHITELISTKEYPERMISSION_LOCAL_UNLOCK,
            vcsec.WHITELISTKEYPERMISSION_REMOTE_DRIVE,
        )
        self._effects: dict[int, tuple[Callable[[], None], tuple[int, ...]]] = {
            vcsec.RKE_ACTION_UNLOCK: (body.unlock, (local,)),
            vcsec.RKE_ACTION_LOCK: (body.lock, (local,)),
            vcsec.RKE_ACTION_CANCEL_EXTERNAL_AUTHENTICATE: (cancel, (local,)),
            vcsec.RKE_ACTION_SINGLE_PRESS_TOP: (body.lock, (local,)),
            vcsec.RKE_ACTION_DOUBLE_PRESS_TOP: (body.unlock, (local,)),
            vcsec.RKE_ACTION_REMOTE_DRIVE: (self._let_drive, (remote,)),
            vcsec.RKE_ACTION_AUTO_SECURE_VEHICLE: (body.secure, (local,)),
            vcsec.RKE_ACTION_WAKE_VEHICLE: (lambda: None, ()),
            vcsec.RKE_ACTION_UNLOCK_AND_REMOTE_DRIVE: (self._unlock_and_drive, (local, remote)),
            vcsec.RKE_ACTION_UNLOCK_UNRESTRICTED_CLOSURES: (body.unlock, (local,)),
        }

    def carry_out(self, action: int, key: WhitelistKey) -> None:
        """Do what a number asks for; raises CommandRefusal."""
        if not self._known(action):
            raise CommandRefusal(vcsec.GENERICERROR_UNKNOWN)
        if action in _MOVES:
            name, move = _MOVES[action]  # type: ignore[index]
            self._body.move({name: move}, key)
        elif action in self._effects:
            effect, permissions = self._effects[action]
            for permission in permissions:
                require(key, permission)
            effect()
        else:
            raise CommandRefusal(vcsec.GENERICERROR_DISABLED_FOR_USER_COMMAND)

    def _known(self, action: int) -> bool:
        if action == vcsec.RKE_ACTION_UNKNOWN:
            return False
        if action in _DROPPED:
            return self._behaviour.dropped_actions
        return action in _KEPT or (action in _LATER and self._behaviour.protocols != "legacy")

    def _let_drive(self) -> None:
        self._body.may_drive = True

    def _unlock_and_drive(self) -> None:
        self._body.unlock()
        self._let_drive()
