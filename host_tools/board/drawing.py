"""Draws a board and its wiring in text, for a terminal of 80 columns, with or without colour."""

from dataclasses import dataclass

from rich.text import Text

from host_tools.board.loads import PIEZO_OHMS, Load
from host_tools.board.pinout import Pin
from host_tools.board.wiring import Button, Wiring

COLOURS = (
    "yellow",
    "green",
    "cyan",
    "magenta",
    "bright_blue",
    "bright_red",
    "bright_magenta",
)
"""Of the signals, in the order of Wiring.signals."""
SUPPLY_COLOUR = "red"
GROUND_COLOUR = "bold"

_LABEL = 6
_INSIDE = 27
_MARGIN = 24
_LEAST_ROWS = 5
_HALF = 39
_LONGEST_END = 21
"""What fits beside the board."""


@dataclass(frozen=True)
class Strokes:
    """What lines are made of."""

    line: str
    edge: str
    corners: str
    """Top left, top right, bottom left, bottom right."""
    used: str
    free: str
    branch: str
    usb: str
    """Where the USB connector meets the board's edge: left, right, and its own corners."""
    ohm: str
    diode: str
    """Its ring at the left."""


UNICODE = Strokes("─", "│", "┌┐└┘", "●", "○", "┬", "┤├┌┐└┘", "Ω", "|◁")
ASCII = Strokes("-", "|", "++++", "*", "o", "+", "++++++", "Ohm", "|<")


def draw_board(wiring: Wiring, strokes: Strokes = UNICODE) -> list[Text]:
    """The board from above with both rows of pins, and beside each used pin what it gets."""
    ends = _ends(wiring, strokes)
    left, right = wiring.pinout.left, wiring.pinout.right
    lines = _top(strokes)
    rows = max(len(left), len(right), _LEAST_ROWS)
    for row, words in enumerate(_inside(wiring, rows, strokes)):
        pins = [side[row] if row < len(side) else None for side in (left, right)]
        lines.append(_row(pins[0], pins[1], words, ends, strokes))
    bottom = strokes.line * _INSIDE
    lines.append(Text(" " * (_MARGIN + 1) + f"{strokes.corners[2]}{bottom}{strokes.corners[3]}"))
    for line in lines:
        line.rstrip()
    return lines


def draw_circuits(wiring: Wiring, strokes: Strokes = UNICODE) -> list[Text]:
    """How each button, buzzer and motor hangs with its resistors between the pins, two circuits
    beside each other; that of a motor is beside its transistor's."""
    circuits: list[tuple[Text, ...]] = [
        _circuit(button, wiring, strokes)
        for button in wiring.outside
        if button.resistor is not None
    ]
    abreast = 2 if all(circuit[0].cell_len < _HALF for circuit in circuits) else 1
    rows = [circuits[first : first + abreast] for first in range(0, len(circuits), abreast)]
    rows += [_load_circuits(load, wiring, strokes) for load in wiring.loads_outside]
    lines: list[Text] = []
    for row in rows:
        for parts in zip(*row, strict=True):
            line = Text("  ")
            for part in parts:
                part.pad_right(max(0, _HALF - part.cell_len))
                line.append_text(part)
            line.rstrip()
            lines.append(line)
        lines.append(Text())
    return lines[:-1]


def best_pin(wiring: Wiring, label: str) -> Pin | None:
    """Of several pins with one label, the one on the side where most wires are, nearest the top."""
    used = {button.gpio for button in wiring.outside}
    used |= {load.gpio for load in wiring.loads_outside}
    sides = sorted(
        (wiring.pinout.left, wiring.pinout.right),
        key=lambda side: sum(pin.gpio in used for pin in side),
        reverse=True,
    )
    return next((pin for side in sides for pin in side if pin.label == label), None)


def light_ends(wiring: Wiring) -> tuple[str, ...]:
    """The labels of the power pins at which a light of the builder's ends."""
    if wiring.board.light.kind == "neopixel":
        return wiring.supply, wiring.ground
    return (wiring.supply,) if wiring.board.light.inverted else (wiring.ground,)


def _colours(wiring: Wiring) -> dict[int, str]:
    return {gpio: COLOURS[index % len(COLOURS)] for index, gpio in enumerate(wiring.signals)}


def _ends(wiring: Wiring, strokes: Strokes) -> dict[int, Text]:
    # What a pin gets, by the identity of the pin: several may be called GND.
    colours = _colours(wiring)
    titles = {button.gpio: f"{button.title} button" for button in wiring.outside}
    if wiring.light_outside:
        titles[wiring.board.light.pin] = "light"
    titles |= {load.gpio: load.name for load in wiring.loads_outside}
    ends = {
        id(pin): Text(titles[pin.gpio], colours[pin.gpio])
        for pin in wiring.pinout
        if pin.gpio in titles
    }
    for label, colour in ((wiring.ground, GROUND_COLOUR), (wiring.supply, SUPPLY_COLOUR)):
        words, pin = _rail(wiring, label, strokes), best_pin(wiring, label)
        if words and pin is not None:
            ends[id(pin)] = Text(words, colour)
    return ends


def _rail(wiring: Wiring, label: str, strokes: Strokes) -> str:
    resistors = [button.resistor for button in wiring.outside if button.resistor is not None]
    buttons = sum(button.to == label for button in wiring.outside)
    pulls = sum(resistor.end == label for resistor in resistors)
    words = []
    if buttons:
        words.append("buttons" if buttons > 1 else "button")
    if pulls:
        words.append(f"{pulls} x 10 k{strokes.ohm}")
    if wiring.light_outside and label in light_ends(wiring):
        words.append("light")
    words += [load.name for load in wiring.loads_outside if label in load.rails]
    text = ", ".join(words)
    return text if len(text) <= _LONGEST_END else f"{words[0]} and more"


def _top(strokes: Strokes) -> list[Text]:
    west, east, *corners = tuple(strokes.usb)
    side = (_INSIDE - 9) // 2
    line, gap, indent = strokes.line, " " * side, " " * (_MARGIN + 1)
    return [
        Text(f"{indent} {gap}{corners[0]}{line * 7}{corners[1]}"),
        Text(
            f"{indent}{strokes.corners[0]}{line * side}{west}  USB  {east}{line * side}"
            f"{strokes.corners[1]}"
        ),
        Text(f"{indent}{strokes.edge}{gap}{corners[2]}{line * 7}{corners[3]}{gap}{strokes.edge}"),
    ]


def _inside(wiring: Wiring, rows: int, strokes: Strokes) -> list[str]:
    # What the board itself carries, in the middle between the labels of the pins.
    free = _INSIDE - 2 * _LABEL - 2 if any(wiring.pinout) else _INSIDE - 2
    words = [wiring.board.chip.name.upper()]
    for button in wiring.buttons:
        if button.onboard:
            both = f"[{button.title}] {button.onboard}"
            words.append(both if len(both) <= free else f"[{button.title}]")
    words += [wiring.board.onboard_light, *(load.onboard for load in wiring.loads)]
    if strokes is ASCII:
        words = [word.encode("ascii", "replace").decode() for word in words]
    wanted = [word if len(word) <= free else "" for word in words][:rows]
    above = (rows - len(wanted)) // 2
    return [*[""] * above, *wanted, *[""] * (rows - above - len(wanted))]


def _row(
    left: Pin | None, right: Pin | None, words: str, ends: dict[int, Text], strokes: Strokes
) -> Text:
    line = Text()
    if left is None and right is None:
        line.append(" " * (_MARGIN + 1) + strokes.edge)
        return line.append(words.center(_INSIDE), "dim").append(strokes.edge)
    end = ends.get(id(left))
    if end is not None:
        reach = strokes.line * max(1, _MARGIN - 3 - end.cell_len)
        line.append(" ").append_text(end).append(f" {reach}", end.style)
    line.pad_right(_MARGIN - 1 - line.cell_len)
    line.append_text(_pin(left, end, strokes, at_left=True))
    line.append(words.center(_INSIDE - 2 * _LABEL - 2), "dim")
    end = ends.get(id(right))
    line.append_text(_pin(right, end, strokes, at_left=False))
    if end is not None:
        line.append(f"{strokes.line * 2} ", end.style).append_text(end)
    return line


def _pin(pin: Pin | None, end: Text | None, strokes: Strokes, at_left: bool) -> Text:
    if pin is None:
        blank = " " * (_LABEL + 1)
        return Text(f"  {strokes.edge}{blank}" if at_left else f"{blank}{strokes.edge}  ")
    style = "dim" if end is None else f"bold {end.style}"
    dot = strokes.free if end is None else strokes.used
    link = " " if end is None else strokes.line
    text = Text()
    if at_left:
        text.append(link + dot, style).append(strokes.edge)
        return text.append(f" {pin.label:<{_LABEL}}", style)
    text.append(f"{pin.label:>{_LABEL}} ", style).append(strokes.edge)
    return text.append(dot + link, style)


def _circuit(button: Button, wiring: Wiring, strokes: Strokes) -> tuple[Text, Text, Text]:
    colour = _colours(wiring)[button.gpio]
    end = button.resistor.end if button.resistor is not None else ""
    line = strokes.line * 2
    top = Text(f"{end:>4} ", _rail_colour(wiring, end)).append(line).append(f"[10 k{strokes.ohm}]")
    middle = top.cell_len + 2
    top.append(line + strokes.branch + line, colour).append(f"[{button.title}]", f"bold {colour}")
    top.append(f"{line} {button.to}", _rail_colour(wiring, button.to))
    return top, *_below(middle, button.label, colour, strokes)


def _load_circuits(load: Load, wiring: Wiring, strokes: Strokes) -> list[tuple[Text, ...]]:
    colour, line = _colours(wiring)[load.gpio], strokes.line * 2
    rail = _rail_colour(wiring, load.rail)
    if not load.switched:
        top = Text(f"{load.label:>4} {line}", colour).append(f"[{PIEZO_OHMS} {strokes.ohm}]")
        top.append(line, colour).append("[piezo]", f"bold {colour}")
        return [(top.append(f"{line} {load.rail}", rail),)]
    base = Text(f"{load.rail:>4} ", rail).append(line).append(f"[10 k{strokes.ohm}]")
    middle = base.cell_len + 2
    base.append(line + strokes.branch + line, colour).append(f"[1 k{strokes.ohm}]")
    base.append(f"{line} {load.label}", colour)
    return [_switched(load, wiring, strokes), (base, *_below(middle, "base", colour, strokes))]


def _switched(load: Load, wiring: Wiring, strokes: Strokes) -> tuple[Text, Text, Text]:
    # What the transistor switches, with the diode below it.
    colour, line = _colours(wiring)[load.gpio], strokes.line * 2
    other = _rail_colour(wiring, load.other_rail)
    first, last = load.other_rail, "collector"
    if load.inverted:
        first, last = last, first
    top = Text(f"{first:>4} ", colour if load.inverted else other).append(line)
    start = top.cell_len
    body = f"{line}[{load.name}]{line}"
    top.append(strokes.branch).append(body, f"bold {colour}").append(strokes.branch + line)
    top.append(f" {last}", other if load.inverted else colour)
    diode = strokes.diode.center(len(body), strokes.line)
    middle = Text(" " * start).append(strokes.corners[2] + diode + strokes.corners[3])
    rail = _rail_colour(wiring, load.rail)
    emitter = Text(f"{load.rail:>4} ", rail).append(line).append(" emitter", colour)
    return top, middle, emitter.append(f" ({load.transistor})")


def _rail_colour(wiring: Wiring, label: str) -> str:
    return SUPPLY_COLOUR if label == wiring.supply else GROUND_COLOUR


def _below(middle: int, label: str, colour: str, strokes: Strokes) -> tuple[Text, Text]:
    # The stem from a joint down to what it is connected to.
    stem = Text(" " * middle).append(strokes.edge, colour)
    foot = Text(" " * max(0, middle - (len(label) - 1) // 2))
    return stem, foot.append(label, f"bold {colour}")
