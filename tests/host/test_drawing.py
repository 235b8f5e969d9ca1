"""Drawings of boards: every pin at its place, wires that end where they should, readable texts."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from host_tools.board.catalogue import list_boards, load_board, parse_board
from host_tools.board.drawing import ASCII, UNICODE, Strokes, draw_board, draw_circuits
from host_tools.board.drawing_svg import draw_svg
from host_tools.board.wiring import Wiring, plan_wiring

REPOSITORY = Path(__file__).resolve().parents[2]
_SVG = "{http://www.w3.org/2000/svg}"

WIDE: dict[str, Any] = {
    "name": "Much of everything",
    "chip": "esp32",
    "cell": "socket with as long a name",
    "buttons": {
        "active_low": False,
        "pull": "external",
        "pins": {"lock": 32, "unlock": 33, "trunk": 25, "passenger_window": 26, "frunk": 27},
    },
    "light": {"kind": "neopixel", "pin": 4},
    "pinout": {
        "left": ["3V3", "GND", "15", "4", "16", "25", "26"],
        "right": ["33", "VIN", "32", "GND", "27"],
    },
}
MIXED: dict[str, Any] = {
    "name": "Rails between signals",
    "chip": "esp32",
    "buttons": {"active_low": True, "pull": "external", "pins": {"lock": 32, "unlock": 33}},
    "light": {"kind": "pin", "pin": 4, "inverted": True},
    "pinout": {"left": ["32", "33", "GND", "3V3"], "right": ["VIN", "4", "27"]},
}
LOUD: dict[str, Any] = {
    "name": "Buzzer and motor",
    "chip": "esp32",
    "buttons": {"active_low": True, "pull": "external", "pins": {"lock": 32, "unlock": 33}},
    "light": {"kind": "pin", "pin": 4},
    "buzzer": {"kind": "pin", "pin": 26},
    "vibration": {"pin": 27},
    "pinout": {"left": ["32", "GND", "26", "4"], "right": ["27", "3V3", "33"]},
}


def wirings() -> dict[str, Wiring]:
    """All shipped boards, and some that nobody sells."""
    found = {name: plan_wiring(load_board(name)) for name in list_boards()}
    bare = {name: value for name, value in MIXED.items() if name != "pinout"}
    made = {
        "wide": WIDE,
        "mixed": MIXED,
        "bare": bare,
        "loud": LOUD,
        "inverted": LOUD
        | {
            "buzzer": {"kind": "tone", "pin": 26, "inverted": True},
            "vibration": {"pin": 27, "inverted": True},
        },
        "everything": WIDE
        | {
            "buzzer": {"kind": "pin", "pin": 16, "inverted": True},
            "vibration": {"pin": 19, "inverted": True},
            "pinout": {
                "left": ["3V3", "GND", "19", "4", "16", "25", "26"],
                "right": ["33", "VIN", "32", "GND", "27"],
            },
        },
    }
    for name, definition in made.items():
        found[name] = plan_wiring(parse_board(definition))
    return found


WIRINGS = wirings()
every_wiring = pytest.mark.parametrize("wiring", WIRINGS.values(), ids=WIRINGS.keys())


class Box(NamedTuple):
    """What a text covers, as far as can be told without the font, and the text."""

    left: float
    top: float
    right: float
    bottom: float
    words: str

    def meets(self, other: "Box") -> bool:
        """Whether two texts lie on each other."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


def texts(svg: str) -> list[Box]:
    """The boxes of all texts; a letter is taken to be as wide as in a common bold font."""
    found = []
    for text in ElementTree.fromstring(svg).iter(f"{_SVG}text"):
        size = float(text.attrib["font-size"])
        bold = text.get("class") in ("strong", "onchip")
        width = len(text.text or "") * size * (0.62 if bold else 0.56)
        x, y = float(text.attrib["x"]), float(text.attrib["y"])
        left = x - {"start": 0, "middle": width / 2, "end": width}[text.attrib["text-anchor"]]
        found.append(Box(left, y - 0.75 * size, left + width, y + 0.2 * size, text.text or ""))
    return found


def segments(svg: str) -> Iterator[tuple[float, float, float, float]]:
    """Every straight piece of every wire: left, top, right, bottom."""
    for path in ElementTree.fromstring(svg).iter(f"{_SVG}path"):
        if not path.attrib["class"].startswith("wire"):
            continue
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", path.attrib["d"])]
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        for (x1, y1), (x2, y2) in pairwise(points):
            yield min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


@every_wiring
def test_no_text_of_a_drawing_lies_on_another(wiring: Wiring) -> None:
    boxes = texts(draw_svg(wiring))
    for index, box in enumerate(boxes):
        for other in boxes[index + 1 :]:
            assert not box.meets(other), (box.words, other.words)


@every_wiring
def test_no_wire_of_a_drawing_runs_through_a_text(wiring: Wiring) -> None:
    svg = draw_svg(wiring)
    for box in texts(svg):
        for segment in segments(svg):
            assert not box.meets(Box(*segment, "")), (box.words, segment)


@every_wiring
def test_wires_run_upright_or_level(wiring: Wiring) -> None:
    for left, top, right, bottom in segments(draw_svg(wiring)):
        assert left == right or top == bottom


@every_wiring
def test_everything_of_a_drawing_lies_inside_it(wiring: Wiring) -> None:
    svg = draw_svg(wiring)
    _, _, width, height = map(float, ElementTree.fromstring(svg).attrib["viewBox"].split())
    for left, top, right, bottom, *_ in [*texts(svg), *segments(svg)]:
        assert left >= 0 and top >= 0 and right <= width and bottom <= height


@pytest.mark.parametrize("name", list_boards())
def test_a_shipped_board_is_drawn_640_wide_unless_it_has_more_than_three_parts(name: str) -> None:
    wiring = WIRINGS[name]
    count = len(wiring.outside) + wiring.light_outside + len(wiring.loads_outside)
    root = ElementTree.fromstring(draw_svg(wiring))
    assert int(root.attrib["width"]) <= 640 + 150 * max(0, count - 3)


@every_wiring
def test_no_text_of_a_drawing_is_smaller_than_12(wiring: Wiring) -> None:
    root = ElementTree.fromstring(draw_svg(wiring))
    assert min(float(text.attrib["font-size"]) for text in root.iter(f"{_SVG}text")) >= 12


@every_wiring
def test_the_parts_of_a_drawing_are_those_of_the_wiring(wiring: Wiring) -> None:
    words = [box.words for box in texts(draw_svg(wiring))]
    switched = [load for load in wiring.loads_outside if load.switched]
    pulls = sum(button.resistor is not None for button in wiring.buttons)
    assert words.count("10 kΩ") == pulls + len(switched)
    assert words.count("1 kΩ") == len(switched) + (
        wiring.light_outside and wiring.board.light.kind != "neopixel"
    )
    assert words.count("220 Ω") == len(wiring.loads_outside) - len(switched)
    assert {load.transistor for load in switched} <= set(words)
    for load in wiring.loads_outside:
        assert words.count(load.name) == 1
    for button in wiring.buttons:
        assert words.count(button.title) == 1
    assert words.count("light") == wiring.light_outside


@every_wiring
def test_a_wire_leaves_every_pin_in_use_and_no_other(wiring: Wiring) -> None:
    svg = draw_svg(wiring)
    ends = {
        match.groups()
        for match in re.finditer(r'<path class="wire \w+" d="M([\d.]+) ([\d.]+)', svg)
    }
    used = {
        (circle.attrib["cx"], circle.attrib["cy"])
        for circle in ElementTree.fromstring(svg).iter(f"{_SVG}circle")
        if circle.attrib["cx"] in ("220", "420") and circle.attrib["class"] != "free"
    }
    signals = len(wiring.outside) + wiring.light_outside + len(wiring.loads_outside)
    assert len(used) in ((signals + 1, signals + 2) if signals else (0,))
    assert used <= ends


@every_wiring
def test_a_drawing_needs_nothing_from_elsewhere(wiring: Wiring) -> None:
    svg = draw_svg(wiring)
    assert re.findall(r"https?://[^\"]+", svg) == ["http://www.w3.org/2000/svg"]
    assert "<script" not in svg and "href" not in svg


def test_a_drawing_has_colours_for_light_and_dark_pages() -> None:
    svg = draw_svg(WIRINGS["lolin32-lite"])
    assert "@media (prefers-color-scheme: dark)" in svg


def test_words_of_a_users_own_board_cannot_break_a_drawing() -> None:
    definition = MIXED | {"name": "<b>&amp;", "cell": "<socket>"}
    svg = draw_svg(plan_wiring(parse_board(definition)))
    assert {"<b>&amp;", "to the <socket>"} <= {box.words for box in texts(svg)}


def test_the_picture_in_the_readme_is_that_of_the_definition() -> None:
    shown = (REPOSITORY / ".assets" / "wiring.svg").read_text(encoding="utf-8")
    assert shown == draw_svg(WIRINGS["lolin32-lite"]), (
        "run `fob boards show lolin32-lite --svg .assets/wiring.svg --yes`"
    )


@every_wiring
@pytest.mark.parametrize("strokes", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_a_terminal_drawing_fits_80_columns(wiring: Wiring, strokes: Strokes) -> None:
    lines = draw_board(wiring, strokes) + draw_circuits(wiring, strokes)
    assert max(line.cell_len for line in lines) <= 80
    if strokes is ASCII:
        assert all(line.plain.isascii() for line in lines)


@every_wiring
def test_a_terminal_drawing_shows_every_pin_in_its_row(wiring: Wiring) -> None:
    lines = [line.plain for line in draw_board(wiring)][3:]
    for row, pin in enumerate(wiring.pinout.left):
        assert f"│ {pin.label} " in lines[row]
    for row, pin in enumerate(wiring.pinout.right):
        assert f" {pin.label} │" in lines[row]


@every_wiring
def test_a_terminal_drawing_says_what_each_pin_gets(wiring: Wiring) -> None:
    lines = [line.plain for line in draw_board(wiring)]
    for button in wiring.outside:
        row = next(line for line in lines if f" {button.title} button" in line)
        assert re.search(rf"\b{button.label}\b", row) and "●" in row
    for load in wiring.loads_outside:
        rows = [line for line in lines if load.name in line and "●" in line]
        assert any(re.search(rf"\b{load.label}\b", row) for row in rows)
    assert sum("●" in line for line in lines) > 0 or wiring.nothing_to_solder


def test_the_edges_of_a_terminal_drawing_stand_below_each_other() -> None:
    lines = [line.plain for line in draw_board(WIRINGS["esp32-devkit-v1"])][1:]
    left, right = lines[0].index("┌"), lines[0].rindex("┐")
    for line in lines[1:-1]:
        assert (line[left], line[right]) == ("│", "│")
    assert (lines[-1][left], lines[-1][right]) == ("└", "┘")


def test_the_circuits_of_a_motor_are_its_own_and_that_of_its_transistor() -> None:
    lines = [line.plain for line in draw_circuits(WIRINGS["lolin32-lite-4"])]
    at = next(number for number, line in enumerate(lines) if "[motor]" in line)
    assert "3V ──┬──[motor]──┬── collector" in lines[at]
    assert "GND ──[10 kΩ]──┬──[1 kΩ]── 19" in lines[at]
    assert "|◁" in lines[at + 1]
    assert "GND ── emitter (NPN)" in lines[at + 2] and "base" in lines[at + 2]


def test_a_motor_that_runs_while_its_pin_is_low_hangs_below_a_pnp() -> None:
    circuits = "\n".join(line.plain for line in draw_circuits(WIRINGS["inverted"]))
    assert "collector ──┬──[motor]──┬── GND" in circuits
    assert "3V3 ──[10 kΩ]──┬──[1 kΩ]── 27" in circuits
    assert "3V3 ── emitter (PNP)" in circuits


def test_a_piezo_hangs_at_its_pin_behind_a_resistor() -> None:
    circuits = [line.plain.strip() for line in draw_circuits(WIRINGS["lolin32-lite-4"])]
    assert "18 ──[220 Ω]──[piezo]── GND" in circuits


@every_wiring
def test_no_two_signals_of_a_drawing_run_down_at_the_same_place(wiring: Wiring) -> None:
    upright: dict[str, set[str]] = {}
    for path in ElementTree.fromstring(draw_svg(wiring)).iter(f"{_SVG}path"):
        style = path.attrib["class"].removeprefix("wire ")
        if not re.fullmatch(r"s\d", style):
            continue
        points = re.findall(r"([\d.]+) ([\d.]+)", path.attrib["d"])
        for (x, top), (below, bottom) in pairwise(points):
            if x == below and top != bottom:
                upright.setdefault(style, set()).add(x)
    if len(wiring.signals) <= len(upright):
        for style, others in combinations(upright, 2):
            assert not upright[style] & upright[others]


def test_a_circuit_leads_from_the_rail_through_the_resistor_and_the_button() -> None:
    top, _, foot = (line.plain for line in draw_circuits(WIRINGS["lolin32-lite"]))
    assert "3V ──[10 kΩ]──┬──[lock]── GND" in top
    assert foot.index("32") in (top.index("┬"), top.index("┬") - 1)
