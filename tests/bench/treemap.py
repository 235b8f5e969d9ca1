"""A treemap: rectangles as large as what they stand for, the largest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .sheet import SMALL, Sheet, shortened, text_width

_MARGIN, _LINE = 2, 15
# Of all: what no eye sees, and what divides badly.
_NOTHING = 1e-9


@dataclass(frozen=True)
class Tile:
    """What a rectangle stands for: its size, which kind it is of, and the style of that kind."""

    label: str
    value: float
    kind: str
    style: str


@dataclass(frozen=True)
class Frame:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Treemap:
    """Tiles that fill a frame; `unit` is written behind their sizes."""

    title: str
    description: str
    tiles: Sequence[Tile]
    unit: str

    def draw(self, width: float, key: str) -> str:
        """The chart as an SVG element of this width."""
        sheet = Sheet(width)
        kinds = {tile.kind: tile.style for tile in self.tiles}
        top = sheet.legend(kinds, _MARGIN, 14) + 12
        height = width * (0.5 if width > 500 else 1.4)
        frame = Frame(_MARGIN, top, width - 2 * _MARGIN, height)
        for tile, place in squarify(self.tiles, frame):
            self._tile(sheet, tile, place)
        return sheet.svg(top + height + _MARGIN, key, self.title, self.description)

    def _tile(self, sheet: Sheet, tile: Tile, place: Frame) -> None:
        size = f"{tile.value:,.0f} {self.unit}"
        tip = f"{tile.label}: {size}"
        sheet.rect(f"part {tile.style}", place.x, place.y, place.width, place.height, tip)
        room = place.width - 8
        name = tile.label.rpartition(".")[2]
        label = shortened(name, room, SMALL)
        # Half a name says nothing.
        if len(label) < min(len(name), 5) or place.height < _LINE + 2:
            return
        style = f"on {tile.style}"
        sheet.text(style, label, place.x + 4, place.y + 13, size=SMALL)
        if place.height >= 2 * _LINE + 2 and text_width(size, SMALL) <= room:
            sheet.text(style, size, place.x + 4, place.y + 13 + _LINE, size=SMALL)


def squarify(tiles: Sequence[Tile], frame: Frame) -> Iterator[tuple[Tile, Frame]]:
    """Every tile that is more than next to nothing with its place, as square as they come out.

    After Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000): a row along the shorter side
    takes the next tile as long as that makes its worst proportion better.
    """
    total = sum(tile.value for tile in tiles)
    seen = (tile for tile in tiles if tile.value > total * _NOTHING)
    rest = sorted(seen, key=lambda tile: -tile.value)
    scale = frame.width * frame.height / total if total else 0
    while rest:
        side = min(frame.width, frame.height)
        count = 1
        while count < len(rest) and _worst(rest[: count + 1], scale, side) <= _worst(
            rest[:count], scale, side
        ):
            count += 1
        row, rest = rest[:count], rest[count:]
        depth = sum(tile.value for tile in row) * scale / side if side else 0
        # Where nearly nothing is left, rounding would make much of it.
        depth = min(depth, max(frame.width, frame.height))
        if frame.width >= frame.height:
            yield from _laid(row, scale, Frame(frame.x, frame.y, depth, frame.height), down=True)
            frame = Frame(frame.x + depth, frame.y, max(frame.width - depth, 0), frame.height)
        else:
            yield from _laid(row, scale, Frame(frame.x, frame.y, frame.width, depth), down=False)
            frame = Frame(frame.x, frame.y + depth, frame.width, max(frame.height - depth, 0))


def _worst(row: Sequence[Tile], scale: float, side: float) -> float:
    # How far the least square tile of a row is from a square.
    areas = [tile.value * scale for tile in row]
    whole = sum(areas)
    if not side or not whole:
        return 0
    return max(max(side**2 * a / whole**2, whole**2 / (side**2 * a)) for a in areas)


def _laid(
    row: Sequence[Tile], scale: float, place: Frame, down: bool
) -> Iterator[tuple[Tile, Frame]]:
    total = sum(tile.value for tile in row)
    at = 0.0
    for tile in row:
        share = tile.value / total
        if down:
            yield tile, Frame(place.x, place.y + at, place.width, place.height * share)
            at += place.height * share
        else:
            yield tile, Frame(place.x + at, place.y, place.width * share, place.height)
            at += place.width * share
