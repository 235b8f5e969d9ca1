"""What somebody asks of a fob, and what of it concerns its settings and which of its cars."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from host_tools.board.catalogue import BoardDefinition, load_board
from host_tools.failure import InputError
from host_tools.identity.gestures import MOST_CARS, Gestures, default_gestures, parse_gesture
from host_tools.identity.gestures import used_cars as cars_of_gestures
from host_tools.identity.key_files import KeyFile
from host_tools.identity.places import CONFIGURATION_PATH
from host_tools.identity.settings import (
    CAR_FIELDS,
    PASSIVE_DEFAULT,
    PASSIVE_LEVELS,
    SWITCHED,
    Settings,
    board_fields,
)
from host_tools.identity.stored import Held, Identity

PASSIVE_MORE = ("minutes", "form", "secure_at_end")
"""What may be set of passive entry beside its level."""


@dataclass(frozen=True)
class Request:
    """What somebody asks for.

    vin         the car that is meant, by VIN or number; one that the fob does not know is added.
    change_vin  what that car's VIN is to be.
    settings    those of `Car` and `Settings` that shall change, without `vin`, `board`, `gestures`
                and `passive`.
    passive     "off", or a name of PASSIVE_LEVELS.
    passive_more    what of minutes, form and secure_at_end shall change.
    gestures    as `parse_gesture` has them, after `reset_gestures` where that is asked for.
    key         an imported key, in place of one that is drawn.
    own_key     whether the car is to have a key of its own.
    backup      whether the key is to be kept in a file, too.
    """

    vin: str | None = None
    change_vin: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    passive: str | None = None
    passive_more: Mapping[str, Any] = field(default_factory=dict)
    gestures: Sequence[str] = ()
    reset_gestures: bool = False
    board: BoardDefinition | None = None
    key: KeyFile | None = None
    own_key: bool = False
    on_device: bool = False
    replace_key: bool = False
    repair: bool = False
    backup: bool = False

    @property
    def of_car(self) -> dict[str, Any]:
        """Those of the settings that are a car's."""
        return {name: self.settings[name] for name in CAR_FIELDS if name in self.settings}

    @property
    def is_about_a_car(self) -> bool:
        """Whether it means nothing without knowing which car."""
        keys = self.key or self.own_key or self.on_device or self.replace_key or self.backup
        return bool(self.of_car or self.change_vin or keys)


def settings_of(identity: Identity, request: Request, chip: str | None) -> Settings:
    """The settings of the whole fob that are asked for. Raises InputError."""
    before = identity.settings
    wanted = {name: value for name, value in request.settings.items() if name not in CAR_FIELDS}
    if before is None:
        _check_whole(identity, request)
    if request.board is not None:
        request.board.check_chip(chip)
        wanted["board"] = board_fields(request.board)
    elif before is not None:
        wanted["board"] = _switched_on(before, wanted)
    base = before or Settings(board=wanted["board"])
    wanted["gestures"] = _gestures(base, request, wanted["board"]["buttons"])
    wanted["passive"] = _passive(base, request)
    try:
        return replace(base, **wanted)
    except InputError as error:
        if request.board is None or wanted["gestures"] is None:
            raise
        # What was mapped for the buttons of another board.
        remedy = f"{error.remedy} --gestures default forgets what was mapped."
        raise InputError(error.problem, remedy) from None


def find_car(identity: Identity, named: str) -> Held | None:
    """The car of a VIN or a number; None for a VIN that the fob does not know. Raises InputError
    for a number that it has not."""
    if named.isdecimal() and len(named) == 1:
        held = identity.cars.get(int(named))
        if held is None or identity.is_blank:
            raise InputError(f"this fob has no car {named}", listed(identity))
        return held
    for held in identity.cars.values():
        if held.car and held.car.vin == named:
            return held
    return None


def listed(identity: Identity) -> str:
    """The cars there are, as a remedy."""
    titles = ", ".join(held.title for held in identity.cars.values())
    return f"It has {titles}." if titles and not identity.is_blank else "`fob cars` lists them."


def chosen_car(identity: Identity, request: Request) -> int | None:
    """The number of the car that is meant, or that it is to get; None for none of several.

    Raises InputError.
    """
    if identity.settings is None:
        return _first_car(identity, request)
    if request.vin is not None:
        held = find_car(identity, request.vin)
        if held is None and len(identity.cars) == 1:
            held = next((each for each in identity.cars.values() if not each.is_claimed), None)
        return held.number if held else _place_for(identity, request)
    if len(identity.cars) == 1:
        return next(iter(identity.cars))
    if request.key is not None:
        for held in identity.using(request.key.key.public):
            return held.number
    if request.is_about_a_car:
        raise InputError(
            "this fob has several cars, and that is for one of them",
            f"Name it by --vin: {', '.join(held.title for held in identity.cars.values())}.",
        )
    return None


def check_cars(settings: Settings, numbers: Iterable[int]) -> None:
    """Raise InputError where a gesture is for a car that there is none of."""
    for number in sorted(cars_of_gestures(settings.mapped) - set(numbers)):
        raise InputError(
            f"a gesture is for car {number}, and the fob has none of that number",
            "`fob cars` lists its cars; --gestures default resets the gestures.",
        )


def for_car(settings: Settings, number: int) -> list[str]:
    """The gestures that are for the car of this number alone: "lock double"."""
    return [
        f"{button} {gesture}"
        for button, mapped in settings.mapped.items()
        for gesture, action in mapped.items()
        if action.endswith(f"@{number}")
    ]


def without_car(settings: Settings, number: int) -> Settings:
    """The settings without what is for the car of this number."""
    gestures = {
        button: {
            gesture: action
            for gesture, action in mapped.items()
            if not action.endswith(f"@{number}")
        }
        for button, mapped in settings.mapped.items()
    }
    return settings if gestures == settings.mapped else replace(settings, gestures=gestures)


def _first_car(identity: Identity, request: Request) -> int:
    """Which car is meant where fob.json tells nothing: folders may tell of others."""
    vin = request.vin or (request.key and request.key.vin) or ""
    held = find_car(identity, vin)
    if held is None:
        # What lies where car 1 has its files is that of the car that is named now.
        return 1
    if 1 in identity.cars and held.number != 1:
        raise InputError(
            f"{vin} is car {held.number}, and whose the key in /key.bin is, is not known any more",
            "Name the VIN of the fob's first car.",
        )
    return held.number


def _place_for(identity: Identity, request: Request) -> int:
    """The number for another car."""
    for held in identity.cars.values():
        if held.car is None:
            raise InputError(
                f"{held.title} may be {request.vin}",
                f"`fob provision --vin {held.number} --change-vin VIN` mends it; `fob cars forget"
                f" {held.number}` gives it up.",
            )
    if request.change_vin is not None:
        raise InputError(f"{request.vin} is none of this fob's cars", listed(identity))
    if request.replace_key or request.repair:
        raise InputError(
            f"{request.vin} is none of this fob's cars, and has no key or counter yet",
            f"To add it, leave --replace-key and --repair out. {listed(identity)}",
        )
    free = [number for number in range(1, MOST_CARS + 1) if number not in identity.cars]
    shares = any(held.holder == 1 for held in identity.cars.values())
    if shares and (request.own_key or request.key is not None or request.on_device):
        # /key.bin is the others'.
        free = [number for number in free if number > 1]
    if not free:
        raise InputError(
            f"this fob has {len(identity.cars)} cars and no room for another",
            f"`fob cars forget VIN` makes room. {listed(identity)}",
        )
    return free[0]


def _check_whole(identity: Identity, request: Request) -> None:
    """Raise InputError where a fob that nothing is known of is not told all that it needs."""
    known = request.vin or (request.key and request.key.vin)
    missing = [*([] if known else ["--vin VIN"]), *([] if request.board else ["--board NAME"])]
    if missing:
        there = CONFIGURATION_PATH in identity.files
        raise InputError(
            "the fob's fob.json is damaged" if there else "this fob was never provisioned",
            f"Name its {' and '.join(missing)}; `fob boards` lists the boards.",
        )


def _switched_on(before: Settings, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the board, with what is switched on again as its definition has it."""
    board = dict(before.board)
    for name in SWITCHED:
        if wanted.get(name) == "on" and getattr(before, name) == "off":
            board[name] = board_fields(load_board(board.get("name", "")))[name]
        if wanted.get(name) == "on" and board[name] is None:
            raise InputError(
                f"the board {board.get('name')} has no {name}",
                f"Add [{name}] to a board's TOML of your own, and name that by --board.",
            )
    return board


def _gestures(base: Settings, request: Request, buttons: Mapping[str, int]) -> Gestures | None:
    if request.reset_gestures or base.gestures is None:
        mapped = default_gestures(buttons)
    else:
        mapped = {button: dict(gestures) for button, gestures in base.gestures.items()}
    told: set[tuple[str, str]] = set()
    for text in request.gestures:
        button, gesture, action = parse_gesture(text, buttons)
        if (button, gesture) in told:
            raise InputError(f"{button} {gesture} is mapped twice", "Leave one --gesture out.")
        told.add((button, gesture))
        of_button = mapped.setdefault(button, {})
        of_button.pop(gesture, None)
        if action is not None:
            of_button[gesture] = action
    kept = {button: gestures for button, gestures in mapped.items() if gestures}
    return None if kept == default_gestures(buttons) else kept


def _passive(base: Settings, request: Request) -> dict[str, Any] | None:
    given = request.passive_more
    more = {name: given[name] for name in PASSIVE_MORE if name in given}
    if request.passive == "off":
        if more:
            raise InputError("passive entry is to be off", "Leave its other options out.")
        return None
    if request.passive is None and base.passive is None:
        if more:
            raise InputError("passive entry is off", "Switch it on, too: --passive unlock.")
        return None
    before = base.passive or PASSIVE_DEFAULT
    level = {"level": PASSIVE_LEVELS[request.passive]} if request.passive else {}
    return {**before, **level, **more}
