"""Reads board definitions; boards/README.md is the schema."""

import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from host_tools.board.chips import CHIPS, Chip
from host_tools.board.definition import Battery, BoardDefinition, Buzzer, Light, Vibration
from host_tools.board.pinout import parse_pinout
from host_tools.board.rules import check_pins
from host_tools.board.toml_table import FieldError, Table, close_to
from host_tools.failure import InputError
from host_tools.resources import resource_folder

__all__ = [
    "Battery",
    "BoardDefinition",
    "BoardError",
    "Buzzer",
    "Light",
    "Vibration",
    "list_boards",
    "load_board",
    "parse_board",
    "read_board",
    "real_boards",
]

REQUIRED_BUTTONS = ("lock", "unlock")
LIGHT_KINDS = ("pin", "pwm", "neopixel")
BUZZER_KINDS = ("tone", "pin")
PULLS = ("internal", "external")
SERIALS = ("uart", "native")

_RESERVED = "both"
_MOST_BUTTONS = 8
_HIGHEST_RATIO = 20.0
_LARGEST_FILE = 64 * 1024
_CELL = 30
_ONBOARD = 24
_SOURCE = 200


class BoardError(InputError):
    """A board definition that cannot work; the text says where and what to write instead."""


def list_boards() -> list[str]:
    """Names that `load_board` knows by itself."""
    return sorted(path.stem for path in resource_folder("boards").glob("*.toml"))


def real_boards() -> list[str]:
    """Those of them that can be bought; the others are the simulator's."""
    return [name for name in list_boards() if not name.startswith("virtual")]


def load_board(board: str | Path) -> BoardDefinition:
    """Load a definition by name ("lolin32-lite") or from a file of the user's own.

    Raises BoardError.
    """
    path = _path(board)
    shown = path.name if str(board) == path.stem else str(board)
    text = read_board(board)
    try:
        definition = tomllib.loads(text)
    except RecursionError:
        raise BoardError(f"{shown} is nested too deeply", "Mend that line.") from None
    # tomllib has a class of its own for it, but not where a number has too many digits.
    except ValueError as error:
        raise BoardError(f"{shown} is not valid TOML: {error}", "Mend that line.") from None
    try:
        return parse_board(definition, path.stem)
    except BoardError as error:
        raise BoardError(f"{shown}: {error.problem}", error.remedy) from None


def parse_board(definition: Mapping[str, Any], slug: str = "") -> BoardDefinition:
    """Check a definition as read from TOML; raises BoardError at the first thing wrong."""
    try:
        return _parse(definition, slug)
    except FieldError as error:
        raise BoardError(error.problem, error.remedy) from None


def read_board(board: str | Path) -> str:
    """The text of a definition, unchecked; raises BoardError where there is none."""
    path, name = _path(board), str(board)
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
        # Some editors put a byte order mark before UTF-8, which is no TOML.
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BoardError(f"{name} is not text in UTF-8", "Save it as UTF-8 text.") from None
    except (OSError, ValueError) as error:
        if isinstance(error, PermissionError):
            raise BoardError(f"{name} may not be read", "Give yourself permission.") from None
        raise _unknown(name) from None


def _path(board: str | Path) -> Path:
    if str(board) in list_boards():
        return resource_folder("boards") / f"{board}.toml"
    return Path(board).expanduser()


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
    if len(names) > _MOST_BUTTONS:
        raise FieldError(
            f"buttons.pins has {len(names)} buttons, and a fob at most {_MOST_BUTTONS}",
            "Leave some out.",
        )
    buttons = {_button_name(pins, name): pins.take(name, int) for name in names}
    active_low = section.take("active_low", bool)
    light = table.take_table("light")
    buzzer, onboard_buzzer = _buzzer(table)
    vibration, onboard_vibration = _vibration(table)
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
        sleep_ua=_optional(table, "sleep_ua", 1, 100_000),
        sleep_most_ua=_optional(table, "sleep_most_ua", 1, 100_000),
        sleep_source=table.take_text("sleep_source", _SOURCE, ""),
        sleep_remedy=table.take_text("sleep_remedy", _SOURCE, ""),
        cell_mah=_optional(table, "cell_mah", 1, 100_000),
        battery=_battery(table.take_table("battery")) if "battery" in table else None,
        usb=table.take("usb", int) if "usb" in table else None,
        pinout=parse_pinout(table.take_table("pinout")) if "pinout" in table else None,
        buzzer=buzzer,
        onboard_buzzer=onboard_buzzer,
        vibration=vibration,
        onboard_vibration=onboard_vibration,
    )
    waking = section.take_names("wake", buttons)
    if not waking:
        raise FieldError("buttons.wake is empty: nothing would wake the fob", "Name a button.")
    for part in (table, section, pins, light):
        part.finish()
    check_pins(board)
    _check_sleep(board)
    try:
        wake = chip.plan_wake({name: buttons[name] for name in waking}, active_low)
    except InputError as error:
        raise FieldError(f"buttons.wake: {error.problem}", error.remedy) from None
    return replace(board, wake=wake)


def _optional(table: Table, key: str, least: int, most: int) -> int | None:
    return table.take_number(key, least, most) if key in table else None


def _check_sleep(board: BoardDefinition) -> None:
    if board.sleep_most_ua is None:
        return
    if board.sleep_ua is None:
        raise FieldError("sleep_most_ua is there without sleep_ua", "Write the least there, too.")
    if board.sleep_most_ua < board.sleep_ua:
        raise FieldError(
            f"sleep_most_ua is {board.sleep_most_ua}, and sleep_ua more", "Exchange the two."
        )


def _chip(name: str) -> Chip:
    if name in ("esp32s2", "esp8266"):
        raise FieldError(
            f"chip: the {name} has no Bluetooth", "Take an esp32, esp32c3, esp32c6 or esp32s3."
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
    if name == _RESERVED:
        raise FieldError(
            f"{pins.name(name)}: gestures call lock and unlock together {_RESERVED}",
            "Take another name.",
        )
    return name


def _onboard(section: Table, buttons: Mapping[str, int]) -> dict[str, str]:
    table = section.take_table("onboard")
    words = {name: table.take_text(name, _ONBOARD) for name in buttons if name in table}
    table.finish()
    return words


def _buzzer(board: Table) -> tuple[Buzzer | None, str]:
    if "buzzer" not in board:
        return None, ""
    section = board.take_table("buzzer")
    buzzer = Buzzer(
        kind=section.take_choice("kind", BUZZER_KINDS),
        pin=section.take("pin", int),
        inverted=section.take("inverted", bool, default=False),
    )
    onboard = section.take_text("onboard", _ONBOARD, "")
    section.finish()
    return buzzer, onboard


def _vibration(board: Table) -> tuple[Vibration | None, str]:
    if "vibration" not in board:
        return None, ""
    section = board.take_table("vibration")
    vibration = Vibration(
        pin=section.take("pin", int),
        inverted=section.take("inverted", bool, default=False),
    )
    onboard = section.take_text("onboard", _ONBOARD, "")
    section.finish()
    return vibration, onboard


def _battery(section: Table) -> Battery:
    battery = Battery(
        pin=section.take("pin", int),
        ratio=section.take_number("ratio", 1.0, _HIGHEST_RATIO),
        low_mv=section.take("low_mv", int),
    )
    section.finish()
    if not 500 <= battery.low_mv <= 20_000:
        raise FieldError(
            f"battery.low_mv is in millivolts of the battery, not {battery.low_mv}",
            "Write 3300 for 3.3 V.",
        )
    return battery
