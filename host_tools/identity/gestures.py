"""What a fob's buttons do: the map from button and gesture to action that fob.json holds.

    {"lock": {"single": "lock", "hold": "auto-secure"}, "both": {"hold": "trunk:close@2"}}

Gestures are single, double, triple and hold; "both" is lock and unlock held together, which has
only hold. Behind an action's name @N is the number of the car that it is for; without, the car
that is heard best. What is not there means nothing.

The defaults, and why. Whatever a button does first has to work without waiting: a fob with two
buttons has the trunk on a second press of unlock, and begins to connect with the first. A fob with
more buttons has no double on lock and unlock at all. A trunk or a frunk that opens in a pocket is
worse than a car that unlocks there, for it stays open: pockets squeeze, so that a hold is no
protection, but they hardly press twice within a third of a second. So trunk and frunk take a double
press, with nothing on the single one. The charge port harms nobody: a single press opens it, a hold
closes it. Holding lock is what walking away does; more locking in a pocket does no harm.
"""

from collections.abc import Collection, Mapping
from typing import Any

from host_tools.failure import InputError
from host_tools.identity.actions import Content, content, does

Gestures = dict[str, dict[str, str]]

GESTURES = {"single": "once", "double": "twice", "triple": "three times", "hold": "held"}
"""The firmware's names, and what is said of the button."""
BOTH = "both"
CHORD = ("lock", "unlock")
"""The buttons that "both" are; held together they also pair and confirm."""
MOST_CARS = 4

_BY_NAME: Gestures = {
    "lock": {"single": "lock", "hold": "auto-secure"},
    "unlock": {"single": "unlock"},
    "trunk": {"double": "trunk"},
    "frunk": {"double": "frunk"},
    "charge": {"single": "charge-port:open", "hold": "charge-port:close"},
}
_FORM = "Write it so: --gesture 'unlock double=trunk'."


def default_gestures(buttons: Collection[str]) -> Gestures:
    """What buttons of these names do unless told otherwise; a button of another name does nothing.

    See above for the reasons.
    """
    chosen = {name: dict(_BY_NAME[name]) for name in _BY_NAME if name in buttons}
    if "unlock" in chosen and "trunk" not in buttons:
        chosen["unlock"]["double"] = "trunk"
    return chosen


def parse_gesture(text: str, buttons: Collection[str]) -> tuple[str, str, str | None]:
    """Button, gesture and action of 'BUTTON GESTURE=ACTION[@CAR]'; None for an empty action, which
    takes it away. Raises InputError."""
    left, equals, action = (part.strip() for part in text.partition("="))
    words = left.split()
    if not equals or len(words) != 2:
        raise InputError(f"{text!r} maps no gesture", _FORM)
    button, gesture = words
    _check_place(button, gesture, buttons)
    if not action:
        return button, gesture, None
    name, _ = split_car(action)
    content(name)
    return button, gesture, action


def split_car(action: str) -> tuple[str, int | None]:
    """The action's name, and the number of the car it is for; None for whichever is heard best.

    Raises InputError for a number that no car has.
    """
    name, at, number = action.partition("@")
    if not at:
        return name, None
    if number not in map(str, range(1, MOST_CARS + 1)):
        raise InputError(
            f"{number!r} is no number of a car", f"`fob cars` lists them: 1 to {MOST_CARS}."
        )
    return name, int(number)


def check_gestures(gestures: Any, buttons: Collection[str]) -> None:
    """Raise InputError where this is no map of gestures for a fob of these buttons."""
    if not isinstance(gestures, dict):
        raise InputError("the gestures are no map", "Reset them: --gestures default.")
    for button, mapped in gestures.items():
        if not isinstance(mapped, dict) or not all(map(_is_text, mapped.values())):
            raise InputError(
                f"the gestures of {button!r} are no map", "Reset them: --gestures default."
            )
        for gesture, action in mapped.items():
            _check_place(button, gesture, buttons)
            content(split_car(action)[0])


def used_actions(gestures: Mapping[str, Mapping[str, str]]) -> dict[str, Content]:
    """What the names in a map of gestures mean: fob.json's "actions"."""
    named = {split_car(action)[0] for mapped in gestures.values() for action in mapped.values()}
    return {name: content(name) for name in sorted(named)}


def used_cars(gestures: Mapping[str, Mapping[str, str]]) -> set[int]:
    """The numbers of the cars that a map of gestures names."""
    numbers = {split_car(action)[1] for mapped in gestures.values() for action in mapped.values()}
    return {number for number in numbers if number is not None}


def rows(gestures: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str]]:
    """(gesture, what it does) of all that the buttons do, as README and `fob status` show it."""
    told = [
        (f"{_button(button)}, {GESTURES[gesture]}", _action(gestures[button][gesture]))
        for button in sorted(gestures, key=_order)
        for gesture in GESTURES
        if gesture in gestures[button]
    ]
    return [*told, *_ALWAYS]


_ALWAYS = [
    (
        "lock and unlock, held 3 s",
        "pairs a fob that is not paired; one that is only if both were down when its power came",
    ),
    ("lock and unlock, held 5 s", "confirms what waits for its owner"),
]


def _check_place(button: str, gesture: str, buttons: Collection[str]) -> None:
    known = [*buttons, *([BOTH] if set(CHORD) <= set(buttons) else [])]
    if button not in known:
        raise InputError(f"this fob has no button {button!r}", f"It has: {', '.join(known)}.")
    if gesture not in GESTURES:
        raise InputError(f"there is no gesture {gesture!r}", f"Take one of: {', '.join(GESTURES)}.")
    if button == BOTH and gesture != "hold":
        raise InputError(
            "both buttons together can only be held", "Write it so: 'both hold=ACTION'."
        )


def _order(button: str) -> tuple[int, str]:
    known = [*_BY_NAME, BOTH]
    return (known.index(button) if button in known else len(_BY_NAME), button)


def _button(button: str) -> str:
    return "lock and unlock" if button == BOTH else button


def _action(action: str) -> str:
    try:
        name, car = split_car(action)
        words = does(name)
    except InputError:
        # Made by another version of these tools.
        return action
    return f"{name}{f' on car {car}' if car else ''}: {words}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
