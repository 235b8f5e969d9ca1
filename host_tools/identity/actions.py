"""What a fob can ask of a car: the actions of the documentation, under names that people type.

An action is what one sealed UnsignedMessage says. Its names:

    lock, unlock, auto-secure, wake, ...    an RKEAction
    trunk, frunk:close, charge-port:open    a closure, and how it shall move: move, stop, open or
                                            close; without one, as in `usual`
    trunk:close+charge-port:close           several closures in one message
    authenticate:LEVEL[:DISTANCE]           an authenticationResponse; none, unlock or drive
    battery-report                          the fob's voltage and temperature
    arm                                     nothing is sent: passive entry begins

Numbers are those of proto/vcsec.proto. What an action does is the documentation's word
(ArchGryphon9362/teslabtapi, more/rke.md, more/closures.md and start.md); which numbers today's
cars have kept is that of teslamotors/vehicle-command (vcsec.proto). Trunk, frunk and charge port
are closures here, since of their RKE actions nothing is left there.
"""

from difflib import get_close_matches
from typing import Any, NamedTuple

from host_tools.failure import InputError
from host_tools.protocol import vcsec_pb2 as vcsec

LONGEST = 160
"""Characters of a name: enough for every closure with its move, and the fob says it in one line."""

Content = dict[str, Any]
"""An UnsignedMessage as firmware/fob/protobuf.py has it: names of proto/, numbers of enums."""

_RKE = {
    "unlock": (0, "unlocks the car"),
    "lock": (1, "locks the car"),
    "rke-trunk": (2, "opens the trunk"),
    "rke-frunk": (3, "opens the frunk"),
    "rke-charge-port-open": (4, "opens the charge port"),
    "rke-charge-port-close": (5, "closes the charge port"),
    "cancel-authentication": (6, "cancels an authentication from outside"),
    "rke-unknown": (19, "nothing: the number is a place-holder"),
    "remote-drive": (20, "lets the car start within 2 minutes (since 2022.16: nothing)"),
    "auto-secure": (29, "locks as when you walk away, windows included"),
    "wake": (30, "wakes the car"),
}
_AREAS = {"top": 7, "back": 11, "front": 15, "left": 21, "right": 25}
_PRESSES = {"single": "once", "double": "twice", "triple": "three times", "hold": "and held"}
# What vehicle-command has kept of RKEAction_E.
_KEPT = (0, 1, 20, 29, 30)

_MOVES = {"move": 1, "stop": 2, "open": 3, "close": 4}
_MOVING = {1: "opens or closes", 2: "stops", 3: "opens", 4: "closes"}
_USUAL = "open"
# As clients of today's cars move them: a second time closes what has a motor.
_ACTUATED = ("trunk", "frunk")
_CLOSURES = {
    "front-driver-door": ("frontDriverDoor", "driver's door"),
    "front-passenger-door": ("frontPassengerDoor", "front passenger's door"),
    "rear-driver-door": ("rearDriverDoor", "rear door on the driver's side"),
    "rear-passenger-door": ("rearPassengerDoor", "rear door on the passenger's side"),
    "trunk": ("rearTrunk", "trunk"),
    "frunk": ("frontTrunk", "frunk"),
    "charge-port": ("chargePort", "charge port"),
    "tonneau": ("tonneau", "tonneau cover"),
}
_LATER_CLOSURES = ("tonneau",)

_LEVELS = {"none": 0, "unlock": 1, "drive": 2}
_AUTHENTICATE = "authenticate"
_PERMITS = {
    "none": "permits nothing: says that this key is here",
    "unlock": "permits one automatic unlocking",
    "drive": "permits one automatic unlocking or driving off",
}
_MOST_DISTANCE = 0xFFFFFFFF

BATTERY_REPORT = "battery-report"
ARM = "arm"
_SPECIAL: dict[str, tuple[Content, str]] = {
    BATTERY_REPORT: ({"keyfobInfo": {}}, "tells the car the fob's voltage and temperature"),
    ARM: ({}, "begins passive entry, and sends nothing itself"),
}


class Action(NamedTuple):
    """A row of the documentation's actions.

    names       what is typed; several where they differ in one way of being pressed only.
    does        what the car does, a clause whose subject it is.
    message     the message's field and number in proto/vcsec.proto.
    older       whether the older protocol's list of fields has it.
    newer       whether the list of today's cars has it; a fob that is told to sends it all the
                same, and a car may refuse it.
    """

    names: tuple[str, ...]
    does: str
    message: str
    older: bool
    newer: bool

    @property
    def written(self) -> str:
        """The names, what they begin with only once: "trunk :move :stop"."""
        first, *rest = self.names
        mark = ":" if ":" not in first and rest and ":" in rest[0] else "-"
        return " ".join([first, *(f"{mark}{name.rpartition(mark)[2]}" for name in rest)])


def content(text: str) -> Content:
    """What the action of this name says. Raises InputError for a name that is none."""
    if len(text) > LONGEST:
        raise InputError("the action is too long", f"Take at most {LONGEST} characters.")
    if text in _SPECIAL:
        return _copy(_SPECIAL[text][0])
    numbers = rke_numbers()
    if text in numbers:
        return {"RKEAction": numbers[text]}
    head, _, rest = text.partition(":")
    if head == _AUTHENTICATE:
        return {"authenticationResponse": _authentication(rest)}
    moves: dict[str, int] = {}
    for part in text.split("+"):
        name, _, move = part.partition(":")
        if name not in _CLOSURES:
            raise _not_joined(part) if "+" in text else _unknown(text)
        if ":" in part and move not in _MOVES:
            listed = ", ".join(_MOVES)
            raise InputError(f"no closure can {move!r}", f"Take one of: {listed}.")
        field = _CLOSURES[name][0]
        if field in moves:
            raise InputError(f"{name!r} is named twice", "One message moves a closure once.")
        moves[field] = _MOVES[move or usual(name)]
    return {"closureMoveRequest": moves}


def does(text: str) -> str:
    """What the car does then, as a clause: "locks the car". Raises InputError as `content`."""
    said = content(text)
    if text in _SPECIAL:
        return _SPECIAL[text][1]
    if text in _RKE:
        return _RKE[text][1]
    if "RKEAction" in said:
        area, _, press = text.rpartition("-")
        return f"what the genuine fob's {area} does when pressed {_PRESSES[press]}"
    if "authenticationResponse" in said:
        return _PERMITS[text.split(":")[1]]
    called = dict(_CLOSURES.values())
    return ", ".join(
        f"{_MOVING[move]} the {called[field]}" for field, move in said["closureMoveRequest"].items()
    )


def usual(closure: str) -> str:
    """How a closure moves whose action does not say."""
    return "move" if closure in _ACTUATED else _USUAL


def names() -> list[str]:
    """Every name of one word, for completion and for guessing what was meant."""
    return [name for row in catalogue() for name in row.names]


def rke_numbers() -> dict[str, int]:
    """RKEAction_E by the names of here, without what came after the documentation."""
    raw = {
        f"{area}-{press}": first + at
        for area, first in _AREAS.items()
        for at, press in enumerate(_PRESSES)
    }
    named = {name: number for name, (number, _) in _RKE.items()}
    return dict(sorted({**named, **raw}.items(), key=lambda item: item[1]))


def catalogue() -> list[Action]:
    """The documentation's actions, row by row."""
    rows = [_rke_row(name, number) for name, number in rke_numbers().items() if name in _RKE]
    rows += [_raw_row(area, first) for area, first in _AREAS.items()]
    rows += [_closure_row(name) for name in _CLOSURES]
    rows.append(
        Action(
            ("front-passenger-door:open+trunk:close",),
            "several at once, joined by +",
            "closureMoveRequest",
            True,
            True,
        )
    )
    for level, number in _LEVELS.items():
        named = f"{_AUTHENTICATE}:{level}"
        said = f"authenticationResponse level {number}"
        rows.append(Action((named,), _PERMITS[level], said, True, True))
    rows.append(
        Action(
            (f"{_AUTHENTICATE}:unlock:1",),
            "the same with an estimated distance; without one: near",
            "authenticationResponse distance",
            True,
            True,
        )
    )
    (_, reports), (_, arms) = _SPECIAL[BATTERY_REPORT], _SPECIAL[ARM]
    rows.append(Action((BATTERY_REPORT,), reports, "keyfobInfo", True, False))
    rows.append(Action((ARM,), arms, "none", True, True))
    return rows


def _rke_row(name: str, number: int) -> Action:
    symbol = vcsec.RKEAction_E.Name(number)
    return Action((name,), _RKE[name][1], f"{symbol} {number}", True, number in _KEPT)


def _raw_row(area: str, first: int) -> Action:
    pressed = tuple(f"{area}-{press}" for press in _PRESSES)
    words = f"what the genuine fob's {area} does: pressed once, twice, three times, held"
    last = first + len(_PRESSES) - 1
    return Action(pressed, words, f"RKE_ACTION_*_{area.upper()} {first} to {last}", True, False)


def _closure_row(name: str) -> Action:
    field, words = _CLOSURES[name]
    moved = tuple(f"{name}:{move}" for move in _MOVES)
    usually = _MOVING[_MOVES[usual(name)]]
    return Action(
        (name, *moved),
        f"{usually} the {words}, or as the name says",
        f"closureMoveRequest.{field}",
        name not in _LATER_CLOSURES,
        True,
    )


def _authentication(text: str) -> Content:
    level, _, distance = text.partition(":")
    if level not in _LEVELS:
        listed = ", ".join(f"{_AUTHENTICATE}:{each}" for each in _LEVELS)
        raise InputError(f"there is no level {level!r}", f"Take one of: {listed}.")
    told: Content = {"authenticationLevel": _LEVELS[level]} if _LEVELS[level] else {}
    if ":" in text:
        if not (distance.isascii() and distance.isdigit()) or int(distance) > _MOST_DISTANCE:
            raise InputError(
                f"{distance!r} is no distance", f"Take a number, or just {_AUTHENTICATE}:{level}."
            )
        told["estimatedDistance"] = int(distance)
    return told


def _copy(said: Content) -> Content:
    return {name: dict(value) for name, value in said.items()}


def _not_joined(part: str) -> InputError:
    listed = ", ".join(_CLOSURES)
    return InputError(
        f"{part!r} is no closure, and only those are joined by +", f"Take some of: {listed}."
    )


def _unknown(text: str) -> InputError:
    close = get_close_matches(text.lower(), names(), n=1)
    remedy = f"Did you mean {close[0]}?" if close else "`fob send --list` names them all."
    return InputError(f"there is no action {text!r}", remedy)
