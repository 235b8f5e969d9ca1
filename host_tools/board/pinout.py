"""The pins of a board as they are printed on it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from host_tools.board.toml_table import FieldError, Table, shown

GROUND = ("GND", "G")
SUPPLY = ("3V3", "3.3V", "3.3", "3V")
_ENTRY = re.compile(r"([!-<>-~]{1,6})(?:=(\d{1,2}))?")
_MOST_ROWS = 22


@dataclass(frozen=True)
class Pin:
    """A pin by its label; `gpio` is None where it is no GPIO (power, reset)."""

    label: str
    gpio: int | None = None


@dataclass(frozen=True)
class Pinout:
    """Both rows of pins from top to bottom, seen from above with the USB connector at the top."""

    left: tuple[Pin, ...]
    right: tuple[Pin, ...]

    def __iter__(self) -> Iterator[Pin]:
        return iter(self.left + self.right)

    def label(self, gpio: int) -> str | None:
        """What is printed beside a GPIO; None where no pin of the board has it."""
        return next((pin.label for pin in self if pin.gpio == gpio), None)


def parse_pinout(section: Table) -> Pinout:
    """Read the table `pinout`: lists `left` and `right` of "LABEL=GPIO", or of "LABEL" for a pin
    that is no GPIO. A label that is a number is the GPIO's, unless it says otherwise.

    Raises FieldError.
    """
    pinout = Pinout(_row(section, "left"), _row(section, "right"))
    section.finish()
    gpios = [pin.gpio for pin in pinout if pin.gpio is not None]
    for gpio in gpios:
        if gpios.count(gpio) > 1:
            raise FieldError(f"pinout has GPIO{gpio} twice", "Compare it with the board.")
    labels = {pin.label.upper() for pin in pinout}
    for kind, names in (("ground", GROUND), ("3.3 V", SUPPLY)):
        if not labels & set(names):
            raise FieldError(
                f"pinout has no pin for {kind}", f"Call it {names[0]}, or leave pinout out."
            )
    return pinout


def _row(section: Table, side: str) -> tuple[Pin, ...]:
    entries = section.take(side, list)
    if not 0 < len(entries) <= _MOST_ROWS:
        raise FieldError(f"{section.name(side)} must have 1 to {_MOST_ROWS} pins")
    return tuple(_pin(section.name(side), entry) for entry in entries)


def _pin(where: str, entry: object) -> Pin:
    found = _ENTRY.fullmatch(entry) if isinstance(entry, str) else None
    if found is None:
        raise FieldError(
            f"{where} has {shown(entry)}",
            'Write "LABEL" or "LABEL=GPIO", the label as printed, at most six characters.',
        )
    label, gpio = found.groups()
    if gpio is None and label.isdecimal():
        gpio = label
    return Pin(label, None if gpio is None else int(gpio))
