"""What people do at a car and in it, with or without a key on them."""

from __future__ import annotations

from host_tools.protocol import vcsec_pb2 as vcsec

from .authentication import Authentication
from .body import Body
from .purposes import APPROACH, BRAKE, pulled


class Hands:
    """The part of a car that is touched. Closures have the names of ClosureStatuses; raises
    ValueError for others."""

    body: Body
    _authentication: Authentication

    def pull_handle(self, door: str = "frontDriverDoor") -> None:
        """Pull the handle of a door, or of "rearTrunk" or "chargePort".

        What is unlocked opens. At a locked car a level that was sent unasked opens it; otherwise
        the car asks all keys, which goes on by `tick`, and gives up after 8 s.
        """
        purpose = pulled(door)
        delay = self._wake()
        if self.body.locked:
            self._authentication.want(purpose, delay)
        elif door not in self.body.open_closures:
            self.body.closures.swing(door)
        self._push_changes()

    def approach(self) -> None:
        """Walk up to the car, which asks all keys whether to unlock; no door opens."""
        delay = self._wake()
        if self.body.locked:
            self._authentication.want(APPROACH, delay)
        self._push_changes()

    def press_brake(self) -> bool:
        """Press the brake, which asks all keys whether to drive; False with nobody in the car."""
        if not self.body.seated:
            return False
        delay = self._wake()
        if not self.body.may_drive:
            self._authentication.want(BRAKE, delay)
        self._push_changes()
        return True

    def open_door(self, name: str = "frontDriverDoor") -> bool:
        """Open a closure by hand; False if the car is locked and nobody sits inside, whom an
        interior handle lets out, which unlocks the car."""
        if self.body.locked and not self.body.seated:
            # A wrong name is an error all the same.
            self.body.closures.state(name)
            return False
        self._wake()
        self.body.unlock()
        self.body.closures.set(name, vcsec.CLOSURESTATE_OPEN)
        self._push_changes()
        return True

    def close_door(self, name: str = "frontDriverDoor") -> bool:
        """Close a closure by hand, whichever it is; False if it is closed already."""
        if self.body.closures.state(name) == vcsec.CLOSURESTATE_CLOSED:
            return False
        self._wake()
        self.set_closure(name, vcsec.CLOSURESTATE_CLOSED)
        return True

    def set_closure(self, name: str, state: vcsec.ClosureState_E) -> None:
        """Have a closure in a state (CLOSURESTATE_...), however it came about."""
        self.body.closures.set(name, state)
        self.body.present = self.body.seated and (self.body.present or not self.body.open_doors)
        self._push_changes()

    def sit_down(self) -> bool:
        """Get in; False with all doors closed, or if somebody sits there. Only a door that closes
        behind them tells the car that a user is present."""
        if self.body.seated or not self.body.open_doors:
            return False
        self.body.seated = True
        return True

    def get_out(self) -> bool:
        """Get out; False with nobody inside, or all doors closed."""
        if not self.body.seated or not self.body.open_doors:
            return False
        self.body.seated = self.body.present = False
        self._push_changes()
        return True

    def wake_up(self) -> None:
        """Wake from sleep, as for somebody who touches the screen."""
        self._wake()
        self._push_changes()

    def _wake(self) -> float:
        """Somebody touches the car; seconds until it is awake."""
        raise NotImplementedError

    def _push_changes(self) -> None:
        """Tell every link what changed."""
        raise NotImplementedError
