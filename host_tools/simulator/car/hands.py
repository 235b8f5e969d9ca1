"""What people do at a car and in it, with or without a key on them."""

from __future__ import annotations

from host_tools.protocol import vcsec_pb2 as vcsec


class Hands:
    """The part of a car that is touched. Closures have the names of ClosureStatuses; raises
    ValueError for others."""

    def pull_handle(self, door: str = "frontDriverDoor") -> None:
        """Pull the handle of a door, or of "rearTrunk" or "chargePort".

        What is unlocked opens. At a locked car a level that was sent unasked opens it; otherwise the
        car asks all keys, which go on by `tick`, and gives up after 8 s.
        """
        raise NotImplementedError

    def approach(self) -> None:
        """Walk up to the car, which then asks all keys whether to unlock; no door opens."""
        raise NotImplementedError

    def press_brake(self) -> bool:
        """Press the brake, which asks all keys whether to drive; False with nobody in the car."""
        raise NotImplementedError

    def open_door(self, name: str = "frontDriverDoor") -> bool:
        """Open a closure by hand; False if the car is locked and nobody sits inside."""
        raise NotImplementedError

    def close_door(self, name: str = "frontDriverDoor") -> bool:
        """Close a closure by hand, whichever it is; False if it is closed already."""
        raise NotImplementedError

    def set_closure(self, name: str, state: vcsec.ClosureState_E) -> None:
        """Have a closure in a state (CLOSURESTATE_...), however it came about."""
        raise NotImplementedError

    def sit_down(self) -> bool:
        """Get in; False with all doors closed. Present is who sits behind closed doors."""
        raise NotImplementedError

    def get_out(self) -> bool:
        """Get out; False with nobody inside, or all doors closed."""
        raise NotImplementedError

    def wake_up(self) -> None:
        """Wake from sleep, as for somebody who touches the screen."""
        raise NotImplementedError
