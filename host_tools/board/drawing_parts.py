"""The parts below the board of an SVG drawing, between rails, and the wires up to its pins.

Wires leave the board sideways, that of the topmost pin in the outermost channel, run down past the
board and turn in a lane of their own to the part: so no two wires of a side cross before they turn.
Where they do later, a halo in the colour of the page tells which lies above.
"""

from dataclasses import dataclass, replace

from host_tools.board.definition import Light
from host_tools.board.drawing import best_pin, light_ends
from host_tools.board.drawing_outputs import (
    NAME_AT,
    Levels,
    beside,
    draw_output,
    draw_resistor,
    rail_ends,
    signal_path,
)
from host_tools.board.drawing_sheet import SIGNALS, Sheet
from host_tools.board.loads import Load
from host_tools.board.pinout import Pin
from host_tools.board.wiring import Button, Wiring

_CHANNEL = 14
_LANE = 12
_FIRST = 106
"""The leftmost a part may stand."""
_MIDDLE = 310
_APART = 6
"""The least between the upright wires of two signals ..."""
_WIDEST_MOVE = 60
"""... and how far the parts may be moved for that."""
_BESIDE = 36
"""How far left of a button its signal comes down."""
_LETTER = 8.6
"""The most that one letter of a part's name takes."""


@dataclass(frozen=True)
class Place:
    """A pin where it is drawn."""

    pin: Pin
    x: float
    y: float
    at_left: bool


@dataclass(frozen=True)
class Column:
    """A part below the board."""

    place: Place
    style: str
    part: Button | Light | Load
    x: float = 0

    @property
    def title(self) -> str:
        """The name that stands beside it."""
        if isinstance(self.part, Button):
            return self.part.title
        return "light" if isinstance(self.part, Light) else self.part.name

    @property
    def beside(self) -> float:
        """How far left of it its wires reach."""
        return _BESIDE if isinstance(self.part, Button) else beside(self.part)


def signal_styles(wiring: Wiring) -> dict[int, str]:
    """Style of each GPIO in use."""
    return {gpio: f"s{index % SIGNALS}" for index, gpio in enumerate(wiring.signals)}


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
    wanted: dict[int, Button | Light | Load] = {part.gpio: part for part in wiring.outside}
    if wiring.light_outside:
        wanted[wiring.board.light.pin] = wiring.board.light
    wanted |= {load.gpio: load for load in wiring.loads_outside}
    found = [
        Column(place, styles[place.pin.gpio], wanted[place.pin.gpio])
        for place in places
        if place.pin.gpio is not None and place.pin.gpio in wanted
    ]
    left = [column for column in found if column.place.at_left]
    right = [column for column in reversed(found) if not column.place.at_left]
    return _spread(left + right)


def _spread(columns: list[Column]) -> list[Column]:
    spacing = max(150 if len(columns) < 4 else 128, _name_room(columns) + _BESIDE)
    further = [column.beside - _BESIDE for column in columns]
    xs = [spacing * index + sum(further[: index + 1]) for index in range(len(columns))]
    first = max(_FIRST, _MIDDLE - max(xs, default=0) / 2)
    return [replace(column, x=first + x) for column, x in zip(columns, xs, strict=True)]


def _name_room(columns: list[Column]) -> float:
    # From a part to where the next wire may run.
    names = ["light", *(column.title for column in columns)]
    return NAME_AT + _LETTER * max(map(len, names)) + 8


def draw_parts(sheet: Sheet, wiring: Wiring, places: list[Place], bottom: float) -> float:
    """Draw all of them below the board's edge `bottom`; returns where they end."""
    columns, channels = _lay_out(wiring, places)
    lanes = bottom + 20
    supply = lanes + _LANE * len(columns) + 14
    levels = Levels(lanes, supply, supply + 82, supply + 164)
    rails = {net_style(wiring, place.pin): place for place in _rails(wiring, places)}
    for style in rails:
        _draw_rail(sheet, wiring, style, rails, channels, columns, levels)
    for column in columns:
        _draw_signal(sheet, column, columns, channels[id(column.place)], levels)
    for column in columns:
        if isinstance(column.part, Button):
            _draw_button(sheet, wiring, column, column.part, levels)
        else:
            draw_output(sheet, column.part, column.style, column.x, levels)
    end = columns[-1].x + _name_room(columns)
    sheet.width = max(sheet.width, round(max(end, *channels.values()) + 56))
    return levels.ground


def _lay_out(wiring: Wiring, places: list[Place]) -> tuple[list[Column], dict[int, float]]:
    # Columns and channels, moved until no signal comes down where another does higher up.
    columns = columns_of(wiring, places)
    for _ in range(_WIDEST_MOVE):
        channels = _channels(wiring, places, columns)
        wires = [(column, other) for column in columns for other in columns if column is not other]
        if all(
            abs(column.x - column.beside - channels[id(other.place)]) >= _APART
            for column, other in wires
        ):
            break
        columns = [replace(column, x=column.x + 1) for column in columns]
    return columns, channels


def _rails(wiring: Wiring, places: list[Place]) -> list[Place]:
    # The pins for 3.3 V and ground that the parts need.
    needed = {button.to for button in wiring.outside}
    needed |= {button.resistor.end for button in wiring.outside if button.resistor is not None}
    if wiring.light_outside:
        needed |= set(light_ends(wiring))
    needed |= {label for load in wiring.loads_outside for label in load.rails}
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
                outermost = (
                    columns[0].x - columns[0].beside - 24 if sign < 0 else columns[-1].x + room
                )
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
    levels: Levels,
) -> None:
    place = rails[style]
    channel = channels[id(place)]
    y = levels.supply if style == "supply" else levels.ground
    label = wiring.supply if style == "supply" else wiring.ground
    ends = [x for column in columns for x in _rail_ends(wiring, column, label)]
    # Its name stands at the end that no other wire passes.
    other = rails.get("ground", place)
    at_right = other.at_left
    leftmost = min(c.x - c.beside for c in columns if _rail_ends(wiring, c, label))
    ends += [channel, max(ends) + 12 if at_right else leftmost - 12]
    sheet.wire(style, (place.x, place.y), (channel, place.y), (channel, y))
    sheet.wire(style, (min(ends), y), (max(ends), y))
    x, anchor = (max(ends) + 9, "start") if at_right else (min(ends) - 9, "end")
    sheet.text(place.pin.label, x, y + 4.5, 13, anchor, "strong")


def _rail_ends(wiring: Wiring, column: Column, label: str) -> list[float]:
    # Where a part touches the rail of a power pin.
    if isinstance(column.part, Button):
        return [column.x]
    if isinstance(column.part, Light):
        return [column.x] if label in light_ends(wiring) else []
    if label not in column.part.rails:
        return []
    return rail_ends(column.part, column.x, label == column.part.rail)


def _draw_signal(
    sheet: Sheet,
    column: Column,
    columns: list[Column],
    channel: float,
    levels: Levels,
) -> None:
    place = column.place
    # The outermost channel takes the lowest lane, those of the left row below those of the right.
    side = [c.place.y for c in columns if c.place.at_left == place.at_left]
    order = sum(y < place.y for y in side)
    if not place.at_left:
        order += sum(c.place.at_left for c in columns)
    lane = levels.lanes + _LANE * (len(columns) - 1 - order)
    if isinstance(column.part, Button):
        ends = [(column.x - _BESIDE, levels.joint), (column.x, levels.joint)]
    else:
        ends = signal_path(column.part, column.x, levels)
    start = [(place.x, place.y), (channel, place.y), (channel, lane)]
    sheet.wire(column.style, *start, (ends[0][0], lane), *ends)


def _draw_button(
    sheet: Sheet, wiring: Wiring, column: Column, button: Button, levels: Levels
) -> None:
    x, style = column.x, column.style
    up, down = (levels.supply + levels.joint) / 2, (levels.joint + levels.ground) / 2
    pressed, pulled = (down, up) if wiring.board.active_low else (up, down)
    _draw_upright(sheet, column, levels)
    sheet.dot(style, x, levels.joint)
    sheet.box("part", x - 19, pressed - 19, 38, 38, 5)
    sheet.ring("part", x, pressed, 11)
    sheet.dot(style, x, pressed, 7)
    sheet.text(button.title, x + NAME_AT, pressed + 4.5, 14, style="strong")
    if button.resistor is not None:
        draw_resistor(sheet, x, pulled, 20, "10 kΩ")


def _draw_upright(sheet: Sheet, column: Column, levels: Levels) -> None:
    # Rail to rail through the joint; the parts hide where the colours meet.
    x = column.x
    for rail, y in (("supply", levels.supply), ("ground", levels.ground)):
        middle = (y + levels.joint) / 2
        sheet.wire(rail, (x, y), (x, middle))
        sheet.wire(column.style, (x, middle), (x, levels.joint))
        sheet.dot(rail, x, y)
