"""Charts of bars: beside each other, stacked, or one after the other as a waterfall."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .sheet import SMALL, TEXT, Sheet, shortened, text_width

# Narrower than this, a label stands above its bar and not beside it.
_BESIDE = 520
_BAR, _GAP, _GROUP_GAP = 20, 7, 12
_LINE, _HEADING = 17, 24
_MARGIN = 6
_LABEL_SHARE = 0.45
_TICK_ROOM = 80
# Bold letters are wider.
_BOLD = 1.1
# What is there at all is seen, however little it is; less than this share is a sum's last digit.
_LEAST = 1.5
_NOTHING = 1e-9


@dataclass(frozen=True)
class Part:
    """A piece of a bar: how long, drawn in which style of the page, called what."""

    name: str
    value: float
    style: str


@dataclass(frozen=True)
class Row:
    """A bar of parts; `end` is written behind it, `start` is where it begins."""

    label: str
    parts: Sequence[Part]
    end: str
    start: float = 0.0

    @property
    def reach(self) -> float:
        return self.start + sum(part.value for part in self.parts)


@dataclass(frozen=True)
class Group:
    """Rows below a heading (none where it is empty)."""

    heading: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Mark:
    """A limit to hold the bars against."""

    value: float
    label: str


@dataclass(frozen=True)
class Bars:
    """Horizontal bars on one scale from 0.

    description   what the chart shows, for those who do not see it.
    axis          what is counted, with its unit; without one the scale is not drawn.
    order         names of parts as the legend has them, before all others.
    """

    title: str
    description: str
    axis: str
    groups: Sequence[Group]
    marks: Sequence[Mark] = ()
    order: Sequence[str] = ()

    def draw(self, width: float, key: str) -> str:
        """The chart as an SVG element of this width, for a page that says its title."""
        sheet = Sheet(width)
        height = _Drawing(self, sheet).draw(_MARGIN)
        return sheet.svg(height, key, self.title, self.description)

    def document(self, width: float, css: str) -> str:
        """The chart with its title on a ground of its own, as a whole SVG file."""
        sheet = Sheet(width)
        sheet.text("strong", self.title, _MARGIN + 6, 26, size=16)
        height = _Drawing(self, sheet, _MARGIN + 6).draw(36)
        sheet.ground(height + 6)
        return sheet.document(height + 6, self.title, self.description, css)


class _Drawing:
    def __init__(self, chart: Bars, sheet: Sheet, margin: float = _MARGIN) -> None:
        self.chart, self.sheet, self.margin = chart, sheet, margin
        rows = [row for group in chart.groups for row in group.rows]
        self.rows = rows
        self.beside = sheet.width >= _BESIDE
        widest = max((text_width(row.label) for row in rows), default=0)
        labels = min(widest + 10, sheet.width * _LABEL_SHARE) if self.beside else 0
        ends = max((text_width(row.end, _BOLD * TEXT) for row in rows), default=0) + 10
        self.left = self.margin + labels
        self.right = max(sheet.width - self.margin - ends, self.left + 40)
        reach = max([row.reach for row in rows] + [mark.value for mark in chart.marks], default=0)
        self.full = reach if reach > 0 else 1.0

    def seen(self, part: Part) -> bool:
        return part.value > self.full * _NOTHING

    def x(self, value: float) -> float:
        return self.left + (self.right - self.left) * min(max(value / self.full, 0), 1)

    def draw(self, top: float) -> float:
        """Draws everything from `top` down and returns where it ends."""
        top = self._legend(top + 12)
        if self.chart.marks:
            top = self._mark_labels(top)
        bottom = top + self._height()
        # What lies behind the bars is drawn before them.
        bottom_of_axis = self._axis(top, bottom) if self.chart.axis else bottom
        y = top
        for group in self.chart.groups:
            if group.heading:
                y += _HEADING
                self.sheet.text("strong", group.heading, self.margin, y - 8)
            for row in group.rows:
                y = self._row(row, y)
            y += _GROUP_GAP
        for mark in self.chart.marks:
            self.sheet.line("mark", self.x(mark.value), top - 4, self.x(mark.value), bottom)
        return bottom_of_axis + self.margin

    def _height(self) -> float:
        row = _BAR + _GAP + (0 if self.beside else _LINE)
        headings = sum(_HEADING * bool(group.heading) for group in self.chart.groups)
        return len(self.rows) * row + headings + len(self.chart.groups) * _GROUP_GAP

    def _legend(self, y: float) -> float:
        # Returns where the bars may begin.
        parts = [part for row in self.rows for part in row.parts if part.name and self.seen(part)]
        shown = {part.name: part.style for part in parts}
        first = {name: shown[name] for name in self.chart.order if name in shown}
        names = first | shown
        if len(names) < 2:
            return y - 8
        return self.sheet.legend(names, self.margin, y) + 14

    def _mark_labels(self, y: float) -> float:
        for mark in self.chart.marks:
            room = text_width(mark.label, SMALL)
            x = self.x(mark.value)
            at_right = x + room <= self.sheet.width - self.margin
            self.sheet.text(
                "limit",
                mark.label,
                x if at_right else x + 4,
                y + 10,
                "start" if at_right else "end",
                SMALL,
            )
            y += _LINE
        return y + 6

    def _axis(self, top: float, bottom: float) -> float:
        for tick in _ticks(self.full, (self.right - self.left) / _TICK_ROOM):
            self.sheet.line("grid", self.x(tick), top, self.x(tick), bottom)
            anchor = "start" if tick == 0 else "middle"
            self.sheet.text("faint", f"{tick:,.10g}", self.x(tick), bottom + 14, anchor, SMALL)
        words = shortened(self.chart.axis, self.sheet.width - 2 * self.margin, SMALL)
        self.sheet.text(
            "faint", words, self.margin if not self.beside else self.left, bottom + 31, size=SMALL
        )
        return bottom + 34

    def _row(self, row: Row, y: float) -> float:
        # Returns where the next one begins.
        sheet = self.sheet
        if self.beside:
            label = shortened(row.label, self.left - self.margin - 8)
            sheet.text("label", label, self.left - 8, y + 14.5, "end")
        else:
            label = shortened(row.label, sheet.width - 2 * self.margin)
            sheet.text("label", label, self.margin, y + 12)
            y += _LINE
        edges = list(_edges(row))
        for part, (begin, end) in zip(row.parts, pairwise(edges), strict=True):
            if not self.seen(part):
                continue
            x, width = self.x(begin), max(self.x(end) - self.x(begin), _LEAST)
            tip = f"{row.label}: {part.name} {part.value:,.4g}".replace(":  ", ": ")
            sheet.rect(f"part {part.style}", x, y, width, _BAR, tip)
            if part.name and text_width(part.name, SMALL) + 8 <= width and len(row.parts) > 1:
                sheet.text(f"on {part.style}", part.name, x + width / 2, y + 14, "middle", SMALL)
        sheet.text("value", row.end, self.x(row.reach) + 6, y + 14.5)
        return y + _BAR + _GAP


def _edges(row: Row) -> Iterator[float]:
    at = row.start
    yield at
    for part in row.parts:
        at += max(part.value, 0)
        yield at


def _ticks(full: float, wanted: float) -> list[float]:
    """Round numbers from 0 to `full`, at most about so many."""
    raw = full / max(wanted, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= raw * 0.999)
    return [step * index for index in range(int(full / step * 1.0001) + 1)]
