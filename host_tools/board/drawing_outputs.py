"""Light, buzzer and motor in an SVG drawing, between the rails below the board.

An LED and a piezo hang with their resistor between a rail and the pin. What a transistor switches
lies next to one rail with its diode, the transistor next to the other; left of both are the
resistors of the base.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from host_tools.board.definition import Light
from host_tools.board.drawing_sheet import Sheet
from host_tools.board.loads import PIEZO_OHMS, Load

NAME_AT = 27
"""Where a part's name begins to the right of it."""
_BESIDE = 36
_BASE = 70
"""How far left of a transistor the resistors of its base stand."""
_NEOPIXEL = 24
"""Half the width of a WS2812."""
_TRANSISTOR = 46
"""From its emitter's rail to its middle."""
_RADIUS = 16
_SWITCHED = 72
"""From the middle of a transistor to that of what it switches."""
_HALF = 18
"""Half the height of what it switches."""
_DIODE = 32

Output: TypeAlias = Light | Load


@dataclass(frozen=True)
class Levels:
    """Heights: where the lanes of the signals begin, the rails, and halfway between these."""

    lanes: float
    supply: float
    joint: float
    ground: float


def beside(output: Output) -> float:
    """How far left of an output its wires reach."""
    if not isinstance(output, Load) or not output.switched:
        return _BESIDE
    return _BASE + 22 if output.inverted else _BASE


def rail_ends(output: Output, x: float, at_emitter: bool) -> list[float]:
    """Where an output at x touches a rail that it reaches: the emitter's, or another."""
    switched = isinstance(output, Load) and output.switched
    return [x - _BASE, x] if switched and at_emitter else [x]


def signal_path(output: Output, x: float, levels: Levels) -> list[tuple[float, float]]:
    """The points of its signal's wire, from below the board to the output at x."""
    if isinstance(output, Load) and output.switched:
        start, base = x - beside(output), _base(output, levels)
        below = [(start, levels.joint + 36), (x - _BASE, levels.joint + 36)]
        return [*(below if output.inverted else []), (x - _BASE, base), (x - _RADIUS, base)]
    if isinstance(output, Light) and output.kind == "neopixel":
        return [(x - _BESIDE, levels.joint), (x - _NEOPIXEL, levels.joint)]
    if output.inverted:
        return [(x - _BESIDE, levels.joint), (x, levels.joint)]
    return [(x, levels.supply + 16)]


def draw_output(sheet: Sheet, output: Output, style: str, x: float, levels: Levels) -> None:
    """Draw all of it but the wire of its signal."""
    if isinstance(output, Light):
        if output.kind == "neopixel":
            _draw_neopixel(sheet, x, levels)
        else:
            y = _draw_series(sheet, output.inverted, style, x, levels, "1 kΩ", _draw_led)
            sheet.text("light", x + NAME_AT, y + 4.5, 14, style="strong")
    elif output.switched:
        _draw_switched(sheet, output, style, x, levels)
    else:
        words = f"{PIEZO_OHMS} Ω"
        y = _draw_series(sheet, output.inverted, style, x, levels, words, _draw_piezo)
        sheet.text(output.name, x + NAME_AT, y - 4, 14, style="strong")
        sheet.text("piezo", x + NAME_AT, y + 13, 12)


def draw_resistor(sheet: Sheet, x: float, y: float, half: float, words: str) -> None:
    """An upright resistor with its value at its right."""
    sheet.box("part", x - 7, y - half, 14, 2 * half)
    sheet.text(words, x + 15, y + 4.5, 13)


def _draw_neopixel(sheet: Sheet, x: float, levels: Levels) -> None:
    y = levels.joint
    for rail, start, side in (("supply", levels.supply, -50), ("ground", levels.ground, 50)):
        sheet.wire(rail, (x, start), (x, y + side))
        sheet.dot(rail, x, start)
    sheet.box("part", x - _NEOPIXEL, y - 50, 2 * _NEOPIXEL, 100, 5)
    for words, offset in (("+", -32), ("DIN", 4.5), ("-", 42)):
        sheet.text(words, x, y + offset, 13, "middle")
    sheet.text("light", x + 32, y - 4, 14, style="strong")
    sheet.text("WS2812", x + 32, y + 13, 12)


def _draw_series(
    sheet: Sheet,
    inverted: bool,
    style: str,
    x: float,
    levels: Levels,
    words: str,
    draw_symbol: Callable[[Sheet, float, float], None],
) -> float:
    # Resistor and symbol between the signal and a rail; returns the height of the symbol.
    if inverted:
        start, end, top, below = levels.supply, levels.joint, "supply", style
        symbol, resistor, half = start + 24, start + 58, 12
        sheet.dot("supply", x, start)
    else:
        start, end, top, below = levels.supply + 16, levels.ground, style, "ground"
        symbol, resistor, half = end - 44, start + 32, 20
        sheet.dot("ground", x, end)
    sheet.wire(top, (x, start), (x, symbol))
    sheet.wire(below, (x, symbol), (x, end))
    draw_symbol(sheet, x, symbol)
    draw_resistor(sheet, x, resistor, half, words)
    return symbol


def _draw_led(sheet: Sheet, x: float, y: float) -> None:
    sheet.shape("part", f"M{x - 12:g} {y - 10:g}H{x + 12:g}L{x:g} {y + 10:g}Z")
    sheet.shape("part", f"M{x - 12:g} {y + 10:g}H{x + 12:g}")


def _draw_piezo(sheet: Sheet, x: float, y: float) -> None:
    # A disc between two plates.
    sheet.box("part", x - 12, y - 5, 24, 10, 1)
    for plate in (y - 10, y + 10):
        sheet.shape("part", f"M{x - 14:g} {plate:g}H{x + 14:g}")


def _base(load: Load, levels: Levels) -> float:
    return levels.supply + _TRANSISTOR if load.inverted else levels.ground - _TRANSISTOR


def _draw_switched(sheet: Sheet, load: Load, style: str, x: float, levels: Levels) -> None:
    base = _base(load, levels)
    down = -1 if load.inverted else 1  # towards the emitter
    rails = [("supply", levels.supply), ("ground", levels.ground)]
    (rail, emitter), (other, end) = rails if load.inverted else rails[::-1]
    middle = base - down * _SWITCHED
    sheet.wire(rail, (x, emitter), (x, base + down * _RADIUS))
    sheet.wire(style, (x, base - down * _RADIUS), (x, middle + down * _HALF))
    sheet.wire(other, (x, middle - down * _HALF), (x, end))
    for name, at, y in ((rail, x, emitter), (rail, x - _BASE, emitter), (other, x, end)):
        sheet.dot(name, at, y)
    upper, lower = (style, other) if load.inverted else (other, style)
    _draw_diode(sheet, upper, lower, x, middle)
    if load.name == "motor":
        sheet.ring("part", x, middle, _HALF)
        sheet.text("M", x, middle + 4.5, 13, "middle")
    else:
        sheet.box("part", x - 16, middle - _HALF, 32, 2 * _HALF, 5)
        sheet.text("+", x, middle - 5, 13, "middle")
    _draw_transistor(sheet, load, style, x, base, down)
    sheet.wire(rail, (x - _BASE, emitter), (x - _BASE, (emitter + base) / 2))
    sheet.wire(style, (x - _BASE, (emitter + base) / 2), (x - _BASE, base))
    sheet.dot(style, x - _BASE, base)
    draw_resistor(sheet, x - _BASE, (emitter + base) / 2, 14, "10 kΩ")
    draw_resistor(sheet, x - _BASE, base - down * 42, 16, "1 kΩ")
    sheet.text(load.name, x + NAME_AT, base - 2, 14, style="strong")
    sheet.text(load.transistor, x + NAME_AT, base + 14, 12)


def _draw_diode(sheet: Sheet, upper: str, lower: str, x: float, y: float) -> None:
    # Its ring is above: towards plus.
    aside = x + _DIODE
    for style, end in ((upper, y - 28), (lower, y + 28)):
        for start, stop in pairwise([(x, end), (aside, end), (aside, y)]):
            sheet.wire(style, start, stop)
        sheet.dot(style, x, end)
    sheet.shape("part", f"M{aside - 8:g} {y + 7:g}H{aside + 8:g}L{aside:g} {y - 7:g}Z")
    sheet.shape("part", f"M{aside - 8:g} {y - 7:g}H{aside + 8:g}")


def _draw_transistor(sheet: Sheet, load: Load, style: str, x: float, y: float, down: int) -> None:
    sheet.ring("part", x, y, _RADIUS)
    bar = x - 6
    sheet.shape("part", f"M{x - _RADIUS:g} {y:g}H{bar:g}M{bar:g} {y - 9:g}V{y + 9:g}")
    for side in (-1, 1):
        sheet.shape("part", f"M{bar:g} {y + side * 4:g}L{x:g} {y + side * 11:g}V{y + side * 16:g}")
    # The arrow of the emitter: outwards at an NPN, inwards at a PNP.
    tip, tail = ((x, 11), (x - 5, 8)) if not load.inverted else ((bar, 4), (x - 1, 7))
    sheet.shape(
        f"dot {style}",
        f"M{tip[0]:g} {y + down * tip[1]:g}L{tail[0] - 1:g} {y + down * (tail[1] + 4):g}"
        f"L{tail[0] + 2:g} {y + down * (tail[1] - 3):g}Z",
    )
