"""Draws a board and its wiring as one self-contained SVG for light and dark pages."""

from host_tools.board.drawing_parts import (
    Place,
    columns_of,
    draw_parts,
    is_used,
    net_style,
    signal_styles,
)
from host_tools.board.drawing_sheet import Sheet
from host_tools.board.wiring import Wiring, parts

_WIDTH = 640
_LEFT, _MIDDLE, _RIGHT = 220, 320, 420
_TOP = 78
_FIRST_PIN = _TOP + 52
_PITCH = 22


def draw_svg(wiring: Wiring) -> str:
    """The drawing as the text of an SVG file: the board from above, and below it the parts."""
    sheet = Sheet(_WIDTH)
    places = _places(wiring)
    below = bottom = _draw_board(sheet, wiring)
    if columns_of(wiring, places):
        below = draw_parts(sheet, wiring, places, bottom)
    _draw_pins(sheet, wiring, places)
    sheet.text(_caption(wiring), _MIDDLE, below + 36, 12, "middle", "faint")
    return sheet.document(
        below + 52,
        f"How to wire the {wiring.board.name}",
        "; ".join(parts(wiring)) or "nothing to solder",
    )


def _caption(wiring: Wiring) -> str:
    if wiring.nothing_to_solder:
        return "Nothing to solder: it has buttons and a light."
    if wiring.board.pinout:
        return "Seen from above, the USB connector at the top."
    return "The pins of your board may lie elsewhere: go by the labels."


def _places(wiring: Wiring) -> list[Place]:
    rows = ((wiring.pinout.left, _LEFT), (wiring.pinout.right, _RIGHT))
    return [
        Place(pin, x, _FIRST_PIN + _PITCH * row, x == _LEFT)
        for pins, x in rows
        for row, pin in enumerate(pins)
    ]


def _draw_board(sheet: Sheet, wiring: Wiring) -> float:
    # Returns the height of its lower edge.
    inside = _inside(wiring)
    rows = max(len(wiring.pinout.left), len(wiring.pinout.right))
    room = 64 + sum(16 * len(lines) + 20 for _, lines in inside)
    bottom = max(_FIRST_PIN + _PITCH * (rows - 1) + 28, _TOP + 50 + room)
    sheet.text(wiring.board.name, _MIDDLE, 32, 17, "middle", "strong")
    sheet.box("board", _LEFT, _TOP, _RIGHT - _LEFT, bottom - _TOP, 10)
    sheet.box("metal", _MIDDLE - 25, _TOP - 20, 50, 38, 5)
    sheet.text("USB", _MIDDLE, _TOP + 4, 12, "middle", "onmetal")
    y = _TOP + 30 + (bottom - _TOP - 40 - room) / 2
    sheet.box("chip", _MIDDLE - 36, y, 72, 56)
    sheet.text(wiring.board.chip.name.upper(), _MIDDLE, y + 32, 12, "middle", "onchip")
    y += 64
    for style, lines in inside:
        sheet.dot(style, _MIDDLE, y + 11, 5)
        y += 18
        for line in lines:
            y += 15
            sheet.text(line, _MIDDLE, y, 12, "middle")
    if wiring.board.cell and not wiring.nothing_to_solder:
        _draw_cell(sheet, wiring.board.cell)
    return bottom


def _inside(wiring: Wiring) -> list[tuple[str, list[str]]]:
    # What the board has built in: the style of its dot, and words for it.
    styles, board = signal_styles(wiring), wiring.board
    found = [
        (styles[button.gpio], [button.title, *_folded(button.onboard)])
        for button in wiring.buttons
        if button.onboard
    ]
    if board.onboard_light:
        words = f"{board.onboard_light} ({wiring.light_label})"
        found.append((styles[board.light.pin], _folded(words)))
    for load in wiring.loads:
        if load.onboard:
            found.append((styles[load.gpio], _folded(f"{load.onboard} ({load.label})")))
    return found


def _folded(words: str) -> list[str]:
    # So many letters fit between the labels of both rows.
    lines = [""]
    for word in words.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > 15:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _draw_pins(sheet: Sheet, wiring: Wiring, places: list[Place]) -> None:
    for place in places:
        used = is_used(wiring, places, place)
        if used:
            sheet.dot(net_style(wiring, place.pin), place.x, place.y, 6)
        else:
            sheet.ring("free", place.x, place.y, 6)
        offset, anchor = (13, "start") if place.at_left else (-13, "end")
        look = "strong" if used else "faint"
        sheet.text(place.pin.label, place.x + offset, place.y + 4.5, 13, anchor, look)


def _draw_cell(sheet: Sheet, where: str) -> None:
    sheet.box("metal", _RIGHT - 14, _TOP + 6, 20, 22)
    sheet.wire("supply", (_RIGHT + 6, _TOP + 12), (486, _TOP + 12))
    sheet.wire("ground", (_RIGHT + 6, _TOP + 22), (486, _TOP + 22))
    sheet.box("part", 486, _TOP + 4, 60, 26, 5)
    sheet.text("Li-ion", 516, _TOP + 21.5, 12, "middle", "strong")
    sheet.text(f"to the {where}", 516, _TOP - 6, 12, "middle", "faint")
