"""What a car says of itself without knowing the fob: VehicleStatus as lines for people.

Names and numbers are those of proto/vcsec.proto; a number that is not there is shown as it is.
"""

from collections.abc import Mapping
from typing import Any

from host_tools.advice.signal_strength import strength

_LOCK_STATES = {
    0: "unlocked",
    1: "locked",
    2: "locked from the inside",
    3: "only the driver's door unlocked",
}
_SLEEP = {0: "not said", 1: "awake", 2: "asleep"}
_PRESENCE = {0: "not said", 1: "nobody in the car", 2: "somebody in the car"}
_CLOSURES = {
    "frontDriverDoor": "driver's door",
    "frontPassengerDoor": "front passenger's door",
    "rearDriverDoor": "rear door on the driver's side",
    "rearPassengerDoor": "rear door on the passenger's side",
    "rearTrunk": "trunk",
    "frontTrunk": "frunk",
    "chargePort": "charge port",
    "tonneau": "tonneau cover",
}
CLOSED = 0
_CLOSURE_STATES = {
    CLOSED: "closed",
    1: "open",
    2: "ajar",
    3: "unknown",
    4: "does not unlatch",
    5: "opening",
    6: "closing",
}


def completed(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of the firmware's console to `car_status` with the zeros that no car sends."""
    closures = dict.fromkeys(_CLOSURES, CLOSED) | dict(answer.get("closureStatuses") or {})
    zeros = {"vehicleLockState": 0, "vehicleSleepStatus": 0, "userPresence": 0}
    return {**zeros, **answer, "closureStatuses": closures}


def car_rows(status: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(what, value) of a completed answer."""
    rows = [("locks", _named(_LOCK_STATES, status["vehicleLockState"]))]
    rows += [
        (_CLOSURES.get(name, name), _named(_CLOSURE_STATES, state))
        for name, state in status["closureStatuses"].items()
    ]
    percent = (status.get("detailedClosureStatus") or {}).get("tonneauPercentOpen")
    if percent is not None:
        rows.append(("tonneau cover open", f"{percent} %"))
    rows.append(("sleep", _named(_SLEEP, status["vehicleSleepStatus"])))
    rows.append(("presence", _named(_PRESENCE, status["userPresence"])))
    if status.get("rssi") is not None:
        rows.append(("signal", strength(status["rssi"])))
    return rows


def _named(names: Mapping[int, str], number: int) -> str:
    return names.get(number, f"number {number}")
