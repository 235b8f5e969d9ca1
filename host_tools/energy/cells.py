"""The cells that a fob may live on, and those that cannot feed one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from host_tools.board.definition import BoardDefinition
from host_tools.energy.figures import Figure, current
from host_tools.failure import InputError

LEAST_MAH = 20
MOST_MAH = 50_000
"""Bounds of a capacity that may be typed: below there is no cell for such pulses, above no fob."""

BUILT_IN = "built-in"


@dataclass(frozen=True)
class Cell:
    """A cell, or several in series, as the board sees them.

    usable      share of `mah` that is there before the board fails: its regulator needs some 3.4 V
                at its input for a steady 3.3 V, or 3.0 V for the chip to run at all.
    lost        share of `mah` that it loses by itself in a year.
    advice      what to mind with it; empty for those that the boards are made for.
    """

    name: str
    words: str
    mah: float
    usable: Figure
    lost: Figure
    advice: str = ""


_LITHIUM_LOSS = Figure(
    0.3,
    "2.5 % a month: 2 to 3 % (daviddarling.info, self discharge), a protection circuit adds up to"
    " 3 % (hdp-power.com)",
    estimated=True,
)
_LITHIUM_USABLE = Figure(0.9, "down to 3.4 V, which the board's regulator needs", True)


def lithium(mah: float, name: str = "", words: str = "") -> Cell:
    """A lithium-ion or lithium-polymer cell of 3.7 V with a protection circuit."""
    return Cell(
        name or f"{mah:g} mAh",
        words or f"lithium cell of {mah:g} mAh",
        mah,
        _LITHIUM_USABLE,
        _LITHIUM_LOSS,
    )


CELLS: Mapping[str, Cell] = {
    cell.name: cell
    for cell in (
        lithium(300, "lipo-300", "lithium-polymer cell, 300 mAh"),
        lithium(500, "lipo-500", "lithium-polymer cell, 500 mAh"),
        lithium(1000, "lipo-1000", "lithium-polymer cell, 1000 mAh"),
        lithium(2600, "18650", "lithium-ion cell 18650, 2600 mAh, with protection"),
        Cell(
            "lifepo4",
            "LiFePO4 cell 14500 (AA size), 600 mAh",
            600,
            Figure(0.9, "down to 3.0 V, which the chip needs", True),
            Figure(0.3, "2.5 % a month", True),
            "Connect it to 3.3 V and GND, past the regulator, and never to where a lithium cell"
            " goes: those chargers end at 4.2 V, this cell at 3.6 V. Charge it elsewhere, and have"
            " no USB plugged in while it is connected.",
        ),
        Cell(
            "3xaaa",
            "three alkaline AAA in series, 1000 mAh",
            1000,
            Figure(0.6, "down to 3.4 V, or 1.13 V each, which the board's regulator needs", True),
            Figure(0.03, "some 3 % a year"),
            "Connect them to the 5 V pin and GND, never to where a lithium cell goes: its charger"
            " would charge them. Have no USB plugged in while they are connected. Asleep boards"
            " draw more by this pin, a XIAO ESP32C3 230 uA instead of 44 (forum.seeedstudio.com):"
            " measure yours, and give --sleep-ua.",
        ),
    )
}
"""By name."""

_BY_5_VOLTS = "3xaaa"
_FIVE_VOLTS = frozenset({"5V", "VIN", "VCC", "VBUS", "VUSB"})

_COIN = (
    "a CR2032 bears pulses of some 15 mA, and an ESP32 draws 70 to 190 mA: its voltage would break"
    " down in every press"
)
_LITHIUM_REMEDY = "Take a small lithium cell: --cell lipo-300."
_REFUSED: Mapping[str, tuple[str, str]] = {
    "cr2032": (_COIN, _LITHIUM_REMEDY),
    "cr2477": (_COIN.replace("CR2032", "CR2477"), _LITHIUM_REMEDY),
    "cr2450": (_COIN.replace("CR2032", "CR2450"), _LITHIUM_REMEDY),
    "2xaaa": (
        "two AAA give 3.0 V while they are new, and the chip needs 3.0 V at the least",
        "Take three (--cell 3xaaa) or a lithium cell (--cell lipo-500).",
    ),
}


def check_fits(board: BoardDefinition, cell: Cell) -> None:
    """Raise InputError where a board has no place for a cell."""
    if not board.cell:
        asleep = f", and draws {current(board.sleep_ua)} asleep" if board.sleep_ua else ""
        raise InputError(
            f"{board.slug} has no place for a cell{asleep}",
            "Take a board that charges one (`fob battery-life` compares them), or write `cell` into"
            " its TOML where you added a charger.",
        )
    if board.cell_mah is not None and cell.advice:
        raise InputError(
            f"{board.slug} has a {board.cell}, and no place for {cell.words}",
            "Leave --cell out.",
        )
    fed = {pin.label.upper() for pin in board.pinout or ()}
    if cell.name == _BY_5_VOLTS and fed and not fed & _FIVE_VOLTS:
        raise InputError(
            f"{board.slug} has no pin for 5 V, and its charger must not see {cell.words}",
            _LITHIUM_REMEDY,
        )


def fits(board: BoardDefinition, cell: Cell) -> bool:
    """Whether a board has a place for a cell."""
    try:
        check_fits(board, cell)
    except InputError:
        return False
    return True


def cell_of(text: str) -> Cell:
    """The cell of a name, or of a capacity such as "650" or "0.65 Ah", which is taken for lithium.

    Raises InputError.
    """
    typed = text.strip()
    name = re.sub(r"[\s_]+", "-", re.sub(r"\s*[x×*]\s*", "x", typed.lower()))
    if name in CELLS:
        return CELLS[name]
    if name in _REFUSED:
        raise InputError(*_REFUSED[name])
    number = re.fullmatch(r"([+-]?[0-9]{1,9}(?:\.[0-9]{1,3})?)-?(m?ah)?", name)
    if not number:
        close = [each for each in CELLS if name and each.startswith(name)]
        close = close or get_close_matches(name, [*CELLS, *_REFUSED], n=1)
        meant = f"Did you mean {close[0]}? " if close else ""
        raise InputError(
            f"there is no cell {text!r}",
            f"{meant}Take one of {', '.join(CELLS)}, or the capacity of a lithium cell in mAh.",
        )
    mah = float(number[1]) * (1000 if number[2] == "ah" else 1)
    if not LEAST_MAH <= mah <= MOST_MAH:
        raise InputError(
            f"a cell of {mah:g} mAh is none for a fob",
            f"Give its capacity in mAh, between {LEAST_MAH} and {MOST_MAH}: 500 for 500 mAh.",
        )
    return lithium(mah)
