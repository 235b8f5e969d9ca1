"""For what the car asks its keys, and why: fields of an AuthenticationRequest."""

from __future__ import annotations

from dataclasses import dataclass

from host_tools.protocol import vcsec_pb2 as vcsec

_HANDLES = {
    "frontDriverDoor": vcsec.HANDLE_PULLED_FRONT_DRIVER_DOOR,
    "frontPassengerDoor": vcsec.HANDLE_PULLED_FRONT_PASSENGER_DOOR,
    "rearDriverDoor": vcsec.HANDLE_PULLED_REAR_DRIVER_DOOR,
    "rearPassengerDoor": vcsec.HANDLE_PULLED_REAR_PASSENGER_DOOR,
    "rearTrunk": vcsec.HANDLE_PULLED_TRUNK,
    "chargePort": vcsec.HANDLE_PULLED_CHARGE_PORT,
}


@dataclass(frozen=True)
class Purpose:
    """What a key shall permit, and why it is asked. handle: the closure whose handle was pulled."""

    level: vcsec.AuthenticationLevel_E
    reasons: tuple[vcsec.AuthenticationReason_E, ...]
    text: str
    handle: str | None = None

    @property
    def handle_pulled(self) -> vcsec.HandlePulled_E:
        """How an alert names the handle."""
        return _HANDLES.get(self.handle or "", vcsec.HANDLE_PULLED_OTHER)


APPROACH = Purpose(
    vcsec.AUTHENTICATION_LEVEL_UNLOCK,
    (
        vcsec.AUTHENTICATION_REASON_IDENTIFICATION,
        vcsec.AUTHENTICATION_REASON_WALK_UP_UNLOCK,
    ),
    "somebody walks up",
)
BRAKE = Purpose(
    vcsec.AUTHENTICATION_LEVEL_DRIVE,
    (vcsec.AUTHENTICATION_REASON_POWER_ON_VEHICLE,),
    "the brake is pressed",
)


def pulled(handle: str) -> Purpose:
    """Somebody pulls the handle of a closure; raises ValueError for one without."""
    if handle not in _HANDLES:
        raise ValueError(f"{handle!r} has no handle; these have: {', '.join(_HANDLES)}")
    return Purpose(
        vcsec.AUTHENTICATION_LEVEL_UNLOCK,
        (vcsec.AUTHENTICATION_REASON_EXTERIOR_HANDLE,),
        f"the handle of {handle} is pulled",
        handle,
    )
