"""Board definitions: which chip, which pins, which light. boards/README.md is the schema."""

import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from host_tools.chips import CHIPS, Chip, WakePlan
from host_tools.resources import resource_folder

REQUIRED_BUTTONS = ("lock", "unlock")
LIGHT_KINDS = ("pin", "pwm", "neopixel")
PULLS = ("internal", "external")


class BoardError(Exception):
    """A board definition that cannot work; the text says where and what to write instead."""


@dataclass(frozen=True)
class Light:
    """The one light of a fob. `inverted`: it shines while the pin is low."""

    kind: str
    pin: int
    inverted: bool = False


@dataclass(frozen=True)
class Battery:
    """A battery behind a divider: its voltage is `ratio` times that of the pin; below `low_mv`
    (of the battery, under load) it wants charging."""

    pin: int
    ratio: float
    low_mv: int


@dataclass(frozen=True)
class BoardDefinition:
    """A board as it is wired."""

    name: str
    chip: Chip
    buttons: dict[str, int] = field(hash=False)
    """Name of the button to GPIO."""
    active_low: bool
    """A pressed button pulls its pin low; otherwise high."""
    pull: str
    """Who keeps a released button's level: the chip ("internal") or a resistor ("external")."""
    light: Light
    wiring: str
    wake: WakePlan = field(default_factory=WakePlan)
    """Which buttons end a deep sleep, and by what of the chip."""
    battery: Battery | None = None
    usb: int | None = None
    """GPIO that is high while USB powers the board, if there is one."""


def list_boards() -> list[str]:
    """Names that `load_board` knows by itself."""
    return sorted(path.stem for path in resource_folder("boards").glob("*.toml"))


def load_board(board: str | Path) -> BoardDefinition:
    """Load a definition by name ("lolin32-lite") or from a file of the user's own.

    Raises BoardError.
    """
    known = list_boards()
    path = resource_folder("boards") / f"{board}.toml" if board in known else Path(board)
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError):
        raise BoardError(
            f"no board is called {str(board)!r} and no such file exists;"
            f" known boards: {', '.join(known)}"
        ) from None
    try:
        return parse_board(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, BoardError) as error:
        raise BoardError(f"{path.name}: {error}") from error


def parse_board(definition: dict[str, Any]) -> BoardDefinition:
    """Check a definition as read from TOML; raises BoardError at the first thing wrong."""
    table = _Table("", definition)
    chip = _chip(table.take("chip", str))
    section = table.take_table("buttons")
    pins = section.take_table("pins")
    buttons = {name: pins.take(name, int) for name in (*REQUIRED_BUTTONS, *pins.others())}
    active_low = section.take("active_low", bool)
    light = table.take_table("light")
    board = BoardDefinition(
        name=table.take("name", str),
        chip=chip,
        buttons=buttons,
        active_low=active_low,
        pull=section.take_choice("pull", PULLS),
        light=Light(
            kind=light.take_choice("kind", LIGHT_KINDS),
            pin=light.take("pin", int),
            inverted=light.take("inverted", bool, default=False),
        ),
        wiring=table.take("wiring", str),
        battery=_battery(table.take_table("battery")) if "battery" in table else None,
        usb=table.take("usb", int) if "usb" in table else None,
    )
    waking = section.take_names("wake", buttons)
    for part in (table, section, pins, light):
        part.finish()
    _check_pins(board)
    try:
        wake = chip.plan_wake({name: buttons[name] for name in waking}, active_low)
    except ValueError as error:
        raise BoardError(f"buttons.wake: {error}") from None
    return replace(board, wake=wake)


class _Table:
    # A TOML table that is emptied while it is read: what is left over was misspelt.
    def __init__(self, path: str, values: dict[str, Any]) -> None:
        self._path = path
        self._values = dict(values)
        self._asked: list[str] = []

    def take(self, key: str, kind: type, default: object = None) -> Any:
        if key not in self._asked:
            self._asked.append(key)
        value = self._values.pop(key, default)
        if value is None:
            raise BoardError(f"{self._name(key)} is missing")
        # bool is an int to Python, but not to whoever writes a pin number.
        if type(value) is not kind:
            raise BoardError(f"{self._name(key)} must be {_KINDS[kind]}, not {value!r}")
        return value

    def take_choice(self, key: str, choices: tuple[str, ...]) -> str:
        value: str = self.take(key, str)
        if value not in choices:
            raise BoardError(f"{self._name(key)} must be one of {', '.join(choices)}, not {value}")
        return value

    def take_names(self, key: str, known: Collection[str]) -> list[str]:
        """A list of some of the known names, by default all of them."""
        names = self.take(key, list, default=list(known))
        for name in names:
            if name not in known or names.count(name) > 1:
                raise BoardError(
                    f"{self._name(key)} must name some of {', '.join(known)}, each once,"
                    f" not {name!r}"
                )
        if not names:
            raise BoardError(f"{self._name(key)} is empty: nothing would wake the fob")
        return list(names)

    def take_number(self, key: str) -> float:
        value: float = self.take(key, float)
        if not 1 <= value <= 100:
            raise BoardError(f"{self._name(key)} must lie between 1 and 100, not {value:g}")
        return value

    def __contains__(self, key: str) -> bool:
        self._asked.append(key)
        return key in self._values

    def take_table(self, key: str) -> "_Table":
        return _Table(self._name(key), self.take(key, dict))

    def others(self) -> list[str]:
        names = [name for name in self._values if name not in REQUIRED_BUTTONS]
        for name in names:
            if not re.fullmatch("[a-z][a-z0-9_]*", name):
                raise BoardError(f"{self._name(name)}: write button names in lower-case letters")
        return names

    def finish(self) -> None:
        for key in self._values:
            raise BoardError(
                f"{self._name(key)} is not a field of a board;"
                f" {self._path or 'a board'} has {', '.join(self._asked)}"
            )

    def _name(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key


_KINDS = {
    str: "text in quotes",
    int: "a whole number",
    float: "a number with a decimal point",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}


def _chip(name: str) -> Chip:
    if name == "esp32s2":
        raise BoardError(
            "chip: the esp32s2 has no Bluetooth; take an esp32, esp32c3, esp32c6 or esp32s3"
        )
    if name not in CHIPS:
        raise BoardError(f"chip must be one of {', '.join(CHIPS)}, not {name}")
    return CHIPS[name]


def _battery(section: _Table) -> Battery:
    battery = Battery(
        pin=section.take("pin", int),
        ratio=section.take_number("ratio"),
        low_mv=section.take("low_mv", int),
    )
    section.finish()
    if not 500 <= battery.low_mv <= 20_000:
        raise BoardError(f"battery.low_mv is in millivolts of the battery, not {battery.low_mv}")
    return battery


def _check_pins(board: BoardDefinition) -> None:
    chip = board.chip
    users = [(f"buttons.pins.{name}", pin) for name, pin in board.buttons.items()]
    users.append(("light.pin", board.light.pin))
    if board.battery is not None:
        users.append(("battery.pin", board.battery.pin))
    if board.usb is not None:
        users.append(("usb", board.usb))
    taken: dict[int, str] = {}
    for user, pin in users:
        where = f"{user}: GPIO{pin} of the {chip.name}"
        if pin not in chip.gpio:
            raise BoardError(f"{where} does not exist")
        if pin in chip.flash:
            raise BoardError(f"{where} is wired to the flash; take another pin")
        if pin in chip.console:
            raise BoardError(f"{where} carries the link to the laptop; take another pin")
        if pin in taken:
            raise BoardError(f"{where} is already used by {taken[pin]}")
        taken[pin] = user
    for name, pin in board.buttons.items():
        where = f"buttons.pins.{name}: GPIO{pin} of the {chip.name}"
        if pin in chip.strapping:
            raise BoardError(
                f"{where} is a strapping pin: pressed at reset, the chip would not start;"
                " take another pin"
            )
        if pin in chip.input_only and board.pull == "internal":
            raise BoardError(
                f"{where} has no internal pull resistor;"
                ' wire one and write pull = "external", or take another pin'
            )
    if board.light.pin in chip.input_only:
        raise BoardError(f"light.pin: GPIO{board.light.pin} of the {chip.name} can only be read")
    if board.battery is not None and board.battery.pin not in chip.adc:
        raise BoardError(
            f"battery.pin: GPIO{board.battery.pin} of the {chip.name} cannot measure while the"
            f" radio is on; take one of {', '.join(str(pin) for pin in sorted(chip.adc))}"
        )
