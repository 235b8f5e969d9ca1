"""Board definitions: which chip, which pins, which light. boards/README.md is the schema."""

import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from host_tools.chips import CHIPS, Chip, WakePlan
from host_tools.failure import InputError
from host_tools.pinout import Pinout, parse_pinout
from host_tools.resources import resource_folder
from host_tools.toml_table import FieldError, Table, close_to

REQUIRED_BUTTONS = ("lock", "unlock")
LIGHT_KINDS = ("pin", "pwm", "neopixel")
PULLS = ("internal", "external")
SERIALS = ("uart", "native")

_LARGEST_FILE = 64 * 1024
_CELL = 30
_ONBOARD = 24


class BoardError(InputError):
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

    slug: str
    """Name by which load_board knows it; of a user's own file its name without .toml."""
    name: str
    chip: Chip
    module: str
    """One of chip.modules: which pins are the flash's."""
    micropython: str
    """Name of its page on micropython.org/download."""
    serial: str
    """How it meets the laptop, as in Chip."""
    buttons: dict[str, int] = field(hash=False)
    """Name of the button to GPIO."""
    onboard: dict[str, str] = field(hash=False)
    """Name of the button to words for it, where the board has it already, with its resistor."""
    active_low: bool
    """A pressed button pulls its pin low; otherwise high."""
    pull: str
    """Who keeps a released button's level: the chip ("internal") or a resistor ("external")."""
    light: Light
    onboard_light: str
    """Words for the board's own light; empty where one has to be wired."""
    notes: tuple[str, ...]
    """What a builder has to know beside the wiring, a sentence each."""
    wake: WakePlan = field(default_factory=WakePlan)
    """Which buttons end a deep sleep, and by what of the chip."""
    cell: str = ""
    """Where a rechargeable cell is connected; empty where the board cannot charge one."""
    sleep_ua: int | None = None
    """What the whole board draws in deep sleep, in microamperes, as far as somebody measured it."""
    battery: Battery | None = None
    usb: int | None = None
    """GPIO that is high while USB powers the board, if there is one."""
    pinout: Pinout | None = None

    @property
    def flash(self) -> frozenset[int]:
        """GPIOs that its flash and PSRAM occupy."""
        return self.chip.flash[self.module]

    @property
    def waking(self) -> tuple[str, ...]:
        """Names of the buttons that end a deep sleep."""
        pins = {self.wake.ext0, *self.wake.ext1, *self.wake.gpio}
        return tuple(name for name, pin in self.buttons.items() if pin in pins)

    def label(self, gpio: int) -> str:
        """What is printed on the board beside a GPIO, as far as the pinout tells."""
        return (self.pinout and self.pinout.label(gpio)) or f"GPIO{gpio}"


def list_boards() -> list[str]:
    """Names that `load_board` knows by itself."""
    return sorted(path.stem for path in resource_folder("boards").glob("*.toml"))


def load_board(board: str | Path) -> BoardDefinition:
    """Load a definition by name ("lolin32-lite") or from a file of the user's own.

    Raises BoardError.
    """
    shipped = str(board) in list_boards()
    path = resource_folder("boards") / f"{board}.toml" if shipped else Path(board).expanduser()
    shown = path.name if shipped else str(board)
    text = _read(path, shown)
    try:
        return parse_board(tomllib.loads(text), path.stem)
    except tomllib.TOMLDecodeError as error:
        raise BoardError(f"{shown} is not valid TOML: {error}", "Mend that line.") from None
    except BoardError as error:
        raise BoardError(f"{shown}: {error.problem}", error.remedy) from None


def parse_board(definition: Mapping[str, Any], slug: str = "") -> BoardDefinition:
    """Check a definition as read from TOML; raises BoardError at the first thing wrong."""
    try:
        return _parse(definition, slug)
    except FieldError as error:
        raise BoardError(error.problem, error.remedy) from None


def _read(path: Path, name: str) -> str:
    if not name.strip():
        raise _unknown(name)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise BoardError(f"{name} is a folder", "Name the .toml file in it.")
        if not stat.S_ISREG(mode) or path.stat().st_size > _LARGEST_FILE:
            raise BoardError(
                f"{name} is no board definition: it is no small text file",
                "`fob boards` lists the boards there are.",
            )
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BoardError(f"{name} is not text in UTF-8", "Save it as UTF-8 text.") from None
    except (OSError, ValueError) as error:
        if isinstance(error, PermissionError):
            raise BoardError(f"{name} may not be read", "Give yourself permission.") from None
        raise _unknown(name) from None


def _unknown(name: str) -> BoardError:
    known = list_boards()
    if name.endswith(".toml") or "/" in name:
        return BoardError(f"there is no file {name}", "`fob boards` lists the boards there are.")
    spelt = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    close = get_close_matches(spelt, known, n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    return BoardError(
        f"there is no board {name!r}",
        f"{hint}Take one of {', '.join(known)}, or the path of a TOML file of your own.",
    )


def _parse(definition: Mapping[str, Any], slug: str) -> BoardDefinition:
    table = Table("", definition, "a board")
    chip = _chip(table.take("chip", str))
    section = table.take_table("buttons")
    pins = section.take_table("pins")
    names = (*REQUIRED_BUTTONS, *(name for name in pins.left() if name not in REQUIRED_BUTTONS))
    buttons = {_button_name(pins, name): pins.take(name, int) for name in names}
    active_low = section.take("active_low", bool)
    light = table.take_table("light")
    board = BoardDefinition(
        slug=slug,
        name=table.take_text("name", 40),
        chip=chip,
        module=table.take_choice("module", chip.modules, chip.modules[0]),
        micropython=table.take_text("micropython", 40, chip.micropython),
        serial=table.take_choice("serial", SERIALS, chip.serial),
        buttons=buttons,
        onboard=_onboard(section, buttons) if "onboard" in section else {},
        active_low=active_low,
        pull=section.take_choice("pull", PULLS),
        light=Light(
            kind=light.take_choice("kind", LIGHT_KINDS),
            pin=light.take("pin", int),
            inverted=light.take("inverted", bool, default=False),
        ),
        onboard_light=light.take_text("onboard", _ONBOARD, ""),
        notes=table.take_texts("notes", 300),
        cell=table.take_text("cell", _CELL, ""),
        sleep_ua=table.take_number("sleep_ua", 1, 100_000) if "sleep_ua" in table else None,
        battery=_battery(table.take_table("battery")) if "battery" in table else None,
        usb=table.take("usb", int) if "usb" in table else None,
        pinout=parse_pinout(table.take_table("pinout")) if "pinout" in table else None,
    )
    waking = section.take_names("wake", buttons)
    if not waking:
        raise FieldError("buttons.wake is empty: nothing would wake the fob", "Name a button.")
    for part in (table, section, pins, light):
        part.finish()
    _check_pins(board)
    try:
        wake = chip.plan_wake({name: buttons[name] for name in waking}, active_low)
    except ValueError as error:
        problem, _, remedy = str(error).partition("; ")
        raise FieldError(
            f"buttons.wake: {problem}", remedy[:1].upper() + remedy[1:] + "."
        ) from None
    return replace(board, wake=wake)


def _chip(name: str) -> Chip:
    if name == "esp32s2":
        raise FieldError(
            "chip: the esp32s2 has no Bluetooth", "Take an esp32, esp32c3, esp32c6 or esp32s3."
        )
    if name not in CHIPS:
        spelt = re.sub("[^a-z0-9]", "", name.lower())
        raise FieldError(
            f"chip must be one of {', '.join(CHIPS)}, not {name}", close_to(spelt, CHIPS)
        )
    return CHIPS[name]


def _button_name(pins: Table, name: str) -> str:
    if not re.fullmatch("[a-z][a-z0-9_]{0,15}", name):
        raise FieldError(
            f"{pins.name(name)} is no name for a button",
            "Write up to 16 lower-case letters, digits and underscores.",
        )
    return name


def _onboard(section: Table, buttons: Mapping[str, int]) -> dict[str, str]:
    table = section.take_table("onboard")
    words = {name: table.take_text(name, _ONBOARD) for name in buttons if name in table}
    table.finish()
    return words


def _battery(section: Table) -> Battery:
    battery = Battery(
        pin=section.take("pin", int),
        ratio=section.take_number("ratio", 1.0, 100.0),
        low_mv=section.take("low_mv", int),
    )
    section.finish()
    if not 500 <= battery.low_mv <= 20_000:
        raise FieldError(
            f"battery.low_mv is in millivolts of the battery, not {battery.low_mv}",
            "Write 3300 for 3.3 V.",
        )
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
            raise FieldError(f"{where} does not exist", "Write the GPIO's number.")
        if pin in board.flash:
            others = [kind for kind, pins in chip.flash.items() if pin not in pins]
            known = f', or write module = "{others[0]}" if it is one' if others else ""
            raise FieldError(f"{where} is wired to the flash", f"Take another pin{known}.")
        if pin in chip.console:
            raise FieldError(f"{where} carries the link to the laptop", "Take another pin.")
        if pin in taken:
            raise FieldError(f"{where} is already used by {taken[pin]}", "Take another pin.")
        taken[pin] = user
    for name, pin in board.buttons.items():
        where = f"buttons.pins.{name}: GPIO{pin} of the {chip.name}"
        if pin in chip.strapping:
            raise FieldError(
                f"{where} is a strapping pin: pressed at reset, the chip would not start",
                "Take another pin.",
            )
        if pin in chip.input_only and board.pull == "internal":
            raise FieldError(
                f"{where} has no internal pull resistor",
                'Wire one and write pull = "external", or take another pin.',
            )
        if name not in board.onboard:
            _check_printed(board, f"buttons.pins.{name}", pin)
    _check_light_and_battery(board)


def _check_light_and_battery(board: BoardDefinition) -> None:
    chip = board.chip
    if board.light.pin in chip.input_only:
        raise FieldError(
            f"light.pin: GPIO{board.light.pin} of the {chip.name} can only be read",
            "Take another pin.",
        )
    if not board.onboard_light:
        _check_printed(board, "light.pin", board.light.pin)
    if board.battery is not None and board.battery.pin not in chip.adc:
        raise FieldError(
            f"battery.pin: GPIO{board.battery.pin} of the {chip.name} cannot measure while the"
            " radio is on",
            f"Take one of {', '.join(str(pin) for pin in sorted(chip.adc))}.",
        )
    for pin in board.pinout or ():
        if pin.gpio is not None and pin.gpio not in chip.gpio:
            raise FieldError(
                f"pinout: {pin.label} is GPIO{pin.gpio}, which the {chip.name} does not have",
                "Write LABEL=GPIO, or LABEL alone for a pin that is no GPIO.",
            )


def _check_printed(board: BoardDefinition, user: str, gpio: int) -> None:
    if board.pinout is not None and board.pinout.label(gpio) is None:
        raise FieldError(
            f"{user}: no pin of the board has GPIO{gpio}",
            "Take one of [pinout]; what the board has built in wants a word in onboard.",
        )
