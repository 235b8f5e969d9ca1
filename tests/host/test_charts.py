"""The report's charts: drawn to scale, inside their frames, readable on light and on dark."""

import re
import xml.etree.ElementTree as ElementTree
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.charts import Bars, Group, Mark, Part, Row
from tests.bench.palette import FILLS, INKS, chart_css
from tests.bench.sheet import text_width
from tests.bench.treemap import Frame, Tile, Treemap, squarify

values = st.floats(0, 1e7, allow_nan=False)
words = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), max_size=20)
parts = st.builds(Part, words, values, st.sampled_from(sorted(FILLS)))
rows = st.builds(Row, words, st.lists(parts, max_size=4), words, values)
groups = st.builds(Group, words, st.lists(rows, max_size=3))
charts = st.builds(
    Bars,
    words,
    words,
    words,
    st.lists(groups, max_size=3),
    st.lists(st.builds(Mark, values, words), max_size=2),
)
tiles = st.lists(st.builds(Tile, words, values, words, st.sampled_from(sorted(FILLS))), max_size=30)
widths = st.integers(320, 900)


def frame_of(svg: ElementTree.Element) -> tuple[float, float]:
    _, _, width, height = map(float, svg.attrib["viewBox"].split())
    return width, height


def bars_of(svg: ElementTree.Element) -> list[ElementTree.Element]:
    """Rectangles that stand for a figure: those of the legend say nothing to a pointer."""
    return [rect for rect in svg.iter("rect") if rect.find("title") is not None]


def one_row(*shown: Part, start: float = 0) -> Bars:
    return Bars("t", "d", "ms", [Group("", [Row("row", shown, "end", start)])])


@given(charts, widths)
def test_nothing_is_drawn_outside_its_frame(chart: Bars, width: int) -> None:
    svg = ElementTree.fromstring(chart.draw(width, "key"))
    right, bottom = frame_of(svg)
    for rect in svg.iter("rect"):
        x, y, wide, high = (float(rect.attrib[n]) for n in ("x", "y", "width", "height"))
        assert x >= 0 and x + wide <= right and y >= 0 and y + high <= bottom
    for line in svg.iter("line"):
        assert all(0 <= float(line.attrib[name]) <= right for name in ("x1", "x2"))
        assert all(0 <= float(line.attrib[name]) <= bottom for name in ("y1", "y2"))
    for text in svg.iter("text"):
        assert 0 <= float(text.attrib["x"]) <= right and 0 <= float(text.attrib["y"]) <= bottom


@given(charts)
def test_a_chart_says_what_it_is_to_those_who_do_not_see_it(chart: Bars) -> None:
    svg = ElementTree.fromstring(chart.draw(700, "key"))
    named = svg.attrib["aria-labelledby"].split()
    said = {child.attrib.get("id"): child.text or "" for child in svg}
    assert [said[name] for name in named] == [chart.title, chart.description]


@given(st.floats(1, 1e6), st.floats(1, 1e6))
def test_lengths_are_as_the_figures(first: float, second: float) -> None:
    chart = one_row(Part("a", first, "blue"), Part("b", second, "amber"))
    lengths = [
        float(rect.attrib["width"])
        for rect in bars_of(ElementTree.fromstring(chart.draw(760, "key")))
    ]
    share = lengths[0] / sum(lengths)
    assert share == pytest.approx(first / (first + second), abs=0.01)


def test_a_row_may_begin_where_another_ended() -> None:
    steps = [Row("a", [Part("", 30, "blue")], ""), Row("b", [Part("", 10, "blue")], "", 30)]
    chart = Bars("t", "d", "ms", [Group("", steps)])
    first, second = bars_of(ElementTree.fromstring(chart.draw(760, "key")))
    end = float(first.attrib["x"]) + float(first.attrib["width"])
    assert float(second.attrib["x"]) == pytest.approx(end, abs=0.2)


def test_what_is_there_at_all_is_seen() -> None:
    chart = one_row(Part("a", 1e6, "blue"), Part("b", 1, "amber"), Part("c", 0, "pink"))
    bars = bars_of(ElementTree.fromstring(chart.draw(760, "key")))
    assert [float(bar.attrib["width"]) >= 1 for bar in bars] == [True, True]


def test_the_legend_names_each_kind_of_part_once_in_the_order_asked_for() -> None:
    chart = Bars(
        "t",
        "d",
        "ms",
        [Group("", [Row("r", [Part(name, 1, "blue") for name in ("b", "a", "b")], "")])],
        order=("a", "b", "c"),
    )
    svg = ElementTree.fromstring(chart.draw(760, "key"))
    legend = [text.text for text in svg.iter("text") if text.attrib["class"] == "faint"]
    assert legend[:2] == ["a", "b"]


def test_a_narrow_chart_has_its_labels_above_the_bars() -> None:
    chart = one_row(Part("", 1, "blue"))
    for width, above in ((360, True), (760, False)):
        svg = ElementTree.fromstring(chart.draw(width, "key"))
        label = next(text for text in svg.iter("text") if text.text == "row")
        (bar,) = bars_of(svg)
        assert (float(label.attrib["y"]) <= float(bar.attrib["y"])) is above


def test_words_on_a_part_have_room_there() -> None:
    chart = one_row(Part("long enough", 50, "blue"), Part("not long enough", 1, "amber"))
    svg = ElementTree.fromstring(chart.draw(760, "key"))
    on_bars = [t.text for t in svg.iter("text") if t.attrib["class"].startswith("on ")]
    assert on_bars == ["long enough"]


def test_words_are_no_markup() -> None:
    chart = one_row(Part("<script>&", 1, "blue"), Part('"', 2, "amber"))
    assert "<script>" not in chart.draw(760, "key")


def test_a_file_is_a_whole_svg_without_references() -> None:
    text = one_row(Part("a", 1, "blue")).document(760, chart_css("svg"))
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not re.search(r"href|url\(|@import|script", text)


@given(tiles, widths)
def test_tiles_lie_in_the_frame(shown: list[Tile], width: int) -> None:
    svg = ElementTree.fromstring(Treemap("t", "d", shown, "B").draw(width, "key"))
    right, bottom = frame_of(svg)
    for rect in bars_of(svg):
        x, y, wide, high = (float(rect.attrib[n]) for n in ("x", "y", "width", "height"))
        assert x >= -0.1 and x + wide <= right + 0.1 and y + high <= bottom + 0.1


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=20))
def test_tiles_are_as_large_as_their_figures_and_do_not_overlap(sizes: list[int]) -> None:
    frame = Frame(0, 0, 700, 300)
    placed = list(squarify([Tile("", size, "", "blue") for size in sizes], frame))
    for tile, place in placed:
        area = place.width * place.height
        assert area == pytest.approx(700 * 300 * tile.value / sum(sizes), rel=1e-6)
    for (_, one), (_, other) in combinations(placed, 2):
        wide = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
        high = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
        assert wide < 1e-6 or high < 1e-6


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_words_and_bars_stand_out_from_what_they_are_on(theme: int) -> None:
    grounds = [INKS["ground"][theme], INKS["raised"][theme]]
    for name in ("ink", "faint", "limit", "accent"):
        assert all(contrast(INKS[name][theme], ground) >= 4.5 for ground in grounds), name
    for name, themes in FILLS.items():
        fill, words_on_it = themes[theme]
        assert contrast(fill, grounds[0]) >= 3, name
        assert contrast(words_on_it, fill) >= 4.5, name


def test_a_text_that_is_twice_as_long_needs_twice_the_room() -> None:
    assert text_width("abcabc") == 2 * text_width("abc")
