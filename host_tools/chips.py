"""What a pin of an ESP32 can be used for, per chip. Source: Espressif's data sheets."""

from dataclasses import dataclass


def _pins(*spans: int | tuple[int, int]) -> frozenset[int]:
    found: set[int] = set()
    for span in spans:
        first, last = span if isinstance(span, tuple) else (span, span)
        found.update(range(first, last + 1))
    return frozenset(found)


@dataclass(frozen=True)
class Chip:
    """GPIO numbers by what they are good for."""

    name: str
    gpio: frozenset[int]
    flash: frozenset[int]
    """Wired to the flash chip inside the module: using one stops the program."""
    strapping: frozenset[int]
    """Read at reset to choose how the chip starts: a pressed button would stop it from booting."""
    console: frozenset[int]
    """The USB or serial link to the laptop."""
    wake: frozenset[int]
    """Can end a deep sleep."""
    input_only: frozenset[int] = frozenset()
    """Without output driver and without internal pull resistors."""


CHIPS = {
    chip.name: chip
    for chip in (
        Chip(
            "esp32",
            gpio=_pins((0, 19), (21, 23), (25, 27), (32, 39)),
            flash=_pins((6, 11)),
            strapping=_pins(0, 2, 5, 12, 15),
            console=_pins(1, 3),
            wake=_pins(0, 2, 4, (12, 15), (25, 27), (32, 39)),
            input_only=_pins((34, 39)),
        ),
        Chip(
            "esp32c3",
            gpio=_pins((0, 21)),
            flash=_pins((11, 17)),
            strapping=_pins(2, 8, 9),
            console=_pins((18, 21)),
            wake=_pins((0, 5)),
        ),
        Chip(
            "esp32s3",
            gpio=_pins((0, 21), (26, 48)),
            flash=_pins((26, 32)),
            strapping=_pins(0, 3, 45, 46),
            console=_pins(19, 20, 43, 44),
            wake=_pins((0, 21)),
        ),
    )
}
