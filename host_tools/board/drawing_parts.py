"""The parts below the board of an SVG drawing, between rails, and the wires up to its pins.

Wires leave the board sideways, that of the topmost pin in the outermost channel, run down past the
board and turn in a lane of their own to the part: so no two wires of a side cross before they turn.
Where they do later, a halo in the colour of the page tells which lies above.
"""

from dataclasses import dataclass, replace

from host_tools.board.drawing import best_pin, light_ends
from host_tools.board.drawing_sheet import SIGNALS, Sheet
from host_tools.board.pinout import Pin
from host_tools.board.wiring import Button, Wiring

_CHANNEL = 14
_LANE = 12
_FIRST = 106
"""The leftmost a part may stand."""
_MIDDLE = 310
_BESIDE = 36
"""How far left of its part a signal comes down."""
_NEOPIXEL = 24
"""Half the width of a WS2812."""
_NAME_AT = 27
_LETTER = 8.6
"""Where a part's name begins to the right of it, and the most that one of its letters takes."""


@dataclass(frozen=True)
class Place:
    """A pin where it is drawn."""

    pin: Pin
    x: float
    y: float
    at_left: bool


@dataclass(frozen=True)
class Column:
    """A part below the board: a button, or the light where `button` is None."""

    place: Place
    style: str
    button: Button | None
    x: float = 0


@dataclass(frozen=True)
class _Levels:
    lanes: float
    supply: float
    joint: float
    ground: float


def signal_styles(wiring: Wiring) -> dict[int, str]:
    """Style of each GPIO in use."""
    gpios = [button.gpio for button in wiring.buttons] + [wiring.board.light.pin]
    return {gpio: f"s{index % SIGNALS}" for index, gpio in enumerate(gpios)}


def net_style(wiring: Wiring, pin: Pin) -> str:
    """Style of what a pin in use is connected to."""
    if pin.gpio is not None:
        return signal_styles(wiring)[pin.gpio]
    return "supply" if pin.label == wiring.supply else "ground"


def is_used(wiring: Wiring, places: list[Place], place: Place) -> bool:
    """Whether a wire of the drawing ends at this pin."""
    ends = [column.place for column in columns_of(wiring, places)] + _rails(wiring, places)
    return any(end is place for end in ends)


def columns_of(wiring: Wiring, places: list[Place]) -> list[Column]:
    """The parts from left to right: those of the left row of pins in its order, then those of the
    right one against it."""
    styles = signal_styles(wiring)
    wanted: dict[int, Button | None] = {button.gpio: button for button in wiring.outside}
    if wiring.light_outside:
        wanted[wiring.board.light.pin] = None
    found = [
        Column(place, styles[place.pin.gpio], wanted[place.pin.gpio])
        for place in places
        if place.pin.gpio is not None and place.pin.gpio in wanted
    ]
    left = [column for column in found if column.place.at_left]
    right = [column for column in reversed(found) if not column.place.at_left]
    spacing = max(150 if len(found) < 4 else 128, _name_room(found) + _BESIDE)
    first = max(_FIRST, _MIDDLE - spacing * (len(found) - 1) / 2)
    return [replace(c, x=first + spacing * index) for index, c in enumerate(left + right)]


def _name_room(columns: list[Column]) -> float:
    # From a part to where the next wire may run.
    names = ["light", *(column.button.title for column in columns if column.button is not None)]
    return _NAME_AT + _LETTER * max(map(len, names)) + 8


def draw_parts(sheet: Sheet, wiring: Wiring, places: list[Place], bottom: float) -> float:
    """Draw all of them below the board's edge `bottom`; returns where they end."""
    columns = columns_of(wiring, places)
    lanes = bottom + 20
    supply = lanes + _LANE * len(columns) + 14
    levels = _Levels(lanes, supply, supply + 82, supply + 164)
    channels = _channels(wiring, places, columns)
    rails = {net_style(wiring, place.pin): place for place in _rails(wiring, places)}
    for style in rails:
        _draw_rail(sheet, wiring, style, rails, channels, columns, levels)
    for column in columns:
        _draw_signal(sheet, wiring, column, columns, channels[id(column.place)], levels)
    for column in columns:
        if column.button is not None:
            _draw_button(sheet, wiring, column, column.button, levels)
        elif wiring.board.light.kind == "neopixel":
            _draw_neopixel(sheet, column, levels)
        else:
            _draw_led(sheet, wiring.board.light.inverted, column, levels)
    sheet.width = max(sheet.width, round(max(channels.values()) + 56))
    return levels.ground


def _rails(wiring: Wiring, places: list[Place]) -> list[Place]:
    # The pins for 3.3 V and ground that the parts need.
    needed = {button.to for button in wiring.outside}
    needed |= {button.resistor.end for button in wiring.outside if button.resistor is not None}
    if wiring.light_outside:
        needed |= set(light_ends(wiring))
    pins = [best_pin(wiring, label) for label in (wiring.supply, wiring.ground) if label in needed]
    return [place for pin in pins for place in places if place.pin is pin]


def _channels(wiring: Wiring, places: list[Place], columns: list[Column]) -> dict[int, float]:
    # Where each wire runs down beside the board, by the identity of its place. Those to the rails
    # pass the parts on their outside.
    rails = _rails(wiring, places)
    wired = [column.place for column in columns] + rails
    room = max(98, _name_room(columns))
    channels = {}
    for sign in (-1, 1):
        side = [place for place in wired if place.at_left == (sign < 0)]
        x = -1000.0
        for place in sorted(side, key=lambda p: p.y, reverse=True):
            x = max(x + _CHANNEL, sign * place.x + 24)
            if any(rail is place for rail in rails):
                outermost = columns[0].x - _BESIDE - 24 if sign < 0 else columns[-1].x + room
                x = max(x, sign * outermost)
            channels[id(place)] = sign * x
    return channels


def _draw_rail(
    sheet: Sheet,
    wiring: Wiring,
    style: str,
    rails: dict[str, Place],
    channels: dict[int, float],
    columns: list[Column],
    levels: _Levels,
) -> None:
    place = rails[style]
    channel = channels[id(place)]
    y = levels.supply if style == "supply" else levels.ground
    ends = [column.x for column in columns if _reaches(wiring, column, style)]
    # Its name stands at the end that no other wire passes.
    other = rails.get("ground", place)
    at_right = other.at_left
    ends += [channel, max(ends) + 12 if at_right else min(ends) - _BESIDE - 12]
    sheet.wire(style, (place.x, place.y), (channel, place.y), (channel, y))
    sheet.wire(style, (min(ends), y), (max(ends), y))
    x, anchor = (max(ends) + 9, "start") if at_right else (min(ends) - 9, "end")
    sheet.text(place.pin.label, x, y + 4.5, 13, anchor, "strong")


def _reaches(wiring: Wiring, column: Column, style: str) -> bool:
    if column.button is not None:
        return True
    label = wiring.supply if style == "supply" else wiring.ground
    return label in light_ends(wiring)


def _draw_signal(
    sheet: Sheet,
    wiring: Wiring,
    column: Column,
    columns: list[Column],
    channel: float,
    levels: _Levels,
) -> None:
    place, light = column.place, wiring.board.light
    # The outermost channel takes the lowest lane, those of the left row below those of the right.
    side = [c.place.y for c in columns if c.place.at_left == place.at_left]
    order = sum(y < place.y for y in side)
    if not place.at_left:
        order += sum(c.place.at_left for c in columns)
    lane = levels.lanes + _LANE * (len(columns) - 1 - order)
    points = [(place.x, place.y), (channel, place.y), (channel, lane)]
    if column.button is None and light.kind != "neopixel" and not light.inverted:
        points += [(column.x, lane), (column.x, levels.supply + 16)]
    else:
        beside = column.x - _BESIDE
        end = column.x
        if column.button is None and light.kind == "neopixel":
            end -= _NEOPIXEL
        points += [(beside, lane), (beside, levels.joint), (end, levels.joint)]
    sheet.wire(column.style, *points)


def _draw_button(
    sheet: Sheet, wiring: Wiring, column: Column, button: Button, levels: _Levels
) -> None:
    x, style = column.x, column.style
    up, down = (levels.supply + levels.joint) / 2, (levels.joint + levels.ground) / 2
    pressed, pulled = (down, up) if wiring.board.active_low else (up, down)
    _draw_upright(sheet, column, levels)
    sheet.dot(style, x, levels.joint)
    sheet.box("part", x - 19, pressed - 19, 38, 38, 5)
    sheet.ring("part", x, pressed, 11)
    sheet.dot(style, x, pressed, 7)
    sheet.text(button.title, x + _NAME_AT, pressed + 4.5, 14, style="strong")
    if button.resistor is not None:
        _draw_resistor(sheet, x, pulled, 20, "10 kΩ")


def _draw_upright(sheet: Sheet, column: Column, levels: _Levels) -> None:
    # Rail to rail through the joint; the parts hide where the colours meet.
    x = column.x
    for rail, y in (("supply", levels.supply), ("ground", levels.ground)):
        middle = (y + levels.joint) / 2
        sheet.wire(rail, (x, y), (x, middle))
        sheet.wire(column.style, (x, middle), (x, levels.joint))
        sheet.dot(rail, x, y)


def _draw_resistor(sheet: Sheet, x: float, y: float, half: float, words: str) -> None:
    sheet.box("part", x - 7, y - half, 14, 2 * half)
    sheet.text(words, x + 15, y + 4.5, 13)


def _draw_neopixel(sheet: Sheet, column: Column, levels: _Levels) -> None:
    x, y = column.x, levels.joint
    for rail, start, side in (("supply", levels.supply, -50), ("ground", levels.ground, 50)):
        sheet.wire(rail, (x, start), (x, y + side))
        sheet.dot(rail, x, start)
    sheet.box("part", x - _NEOPIXEL, y - 50, 2 * _NEOPIXEL, 100, 5)
    for words, offset in (("+", -32), ("DIN", 4.5), ("-", 42)):
        sheet.text(words, x, y + offset, 13, "middle")
    sheet.text("light", x + 32, y - 4, 14, style="strong")
    sheet.text("WS2812", x + 32, y + 13, 12)


def _draw_led(sheet: Sheet, inverted: bool, column: Column, levels: _Levels) -> None:
    x, style = column.x, column.style
    if inverted:
        start, end, top, below = levels.supply, levels.joint, "supply", style
        led, resistor, half = start + 24, start + 58, 12
        sheet.dot("supply", x, start)
    else:
        start, end, top, below = levels.supply + 16, levels.ground, style, "ground"
        led, resistor, half = end - 44, start + 32, 20
        sheet.dot("ground", x, end)
    sheet.wire(top, (x, start), (x, led))
    sheet.wire(below, (x, led), (x, end))
    sheet.shape("part", f"M{x - 12:g} {led - 10:g}H{x + 12:g}L{x:g} {led + 10:g}Z")
    sheet.shape("part", f"M{x - 12:g} {led + 10:g}H{x + 12:g}")
    sheet.text("light", x + _NAME_AT, led + 4.5, 14, style="strong")
    _draw_resistor(sheet, x, resistor, half, "1 kΩ")
