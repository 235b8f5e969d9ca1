"""The report: one page that needs nothing else, whatever was measured and whatever was not; and the
picture of the README, which shows what is measured today."""

import dataclasses
import importlib
import json
import re
import types
import typing
import xml.etree.ElementTree as ElementTree
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal, Union

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.table import Table

from tests.bench import press
from tests.bench.figures import SECTIONS, Figures, Measured, results_type
from tests.bench.page import NARROW, WIDE, html_table
from tests.bench.picture import PICTURE, draw_picture, measure_pictured
from tests.bench.press_figures import Case, Results
from tests.bench.report import draw_page, report

REMEDY = "a press costs something else now; renew the picture: python -m tests.bench.picture"
NUMBER = re.compile(r"(?<![#\w])\d+(?:\.\d+)?")
WITHOUT_END = {"meta", "br", "hr", "img", "input", "link"}
counts = st.integers(0, 10**6)
words = st.text("abc <&>\"'[/]", min_size=1, max_size=8)


class Page(HTMLParser):
    """What a page consists of; raises where an element is not closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids.update(value for name, value in attrs if name == "id" and value)
        if tag not in WITHOUT_END:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def made_up(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a section's types, by chance."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        fields = {each.name: made_up(hints[each.name]) for each in dataclasses.fields(kind)}
        return st.builds(typing.cast(type, kind), **fields)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is list:
        return st.lists(made_up(arguments[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(made_up(arguments[0]), made_up(arguments[1]), max_size=3)
    if origin in (Union, types.UnionType):
        return st.one_of(*map(made_up, arguments))
    known = {
        int: counts,
        float: counts.map(float),
        str: words,
        bool: st.booleans(),
        type(None): st.none(),
    }
    return known[kind]


def view_of(name: str) -> Any:
    return importlib.import_module(f"tests.bench.views.{name}")


def figures_of(sections: dict[str, Measured], **others: Any) -> Figures:
    told = {"machine": {"system": "a"}, "interpreter": "b", "version": "c", "date": "2026-01-01"}
    return Figures(**{**told, "quick": True, **others}, sections=sections)


@pytest.mark.parametrize("name", SECTIONS)
def test_whatever_was_measured_is_drawn_and_comes_back_from_json(name: str) -> None:
    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(made_up(results_type(name)))
    def draw(results: Any) -> None:
        for chart in view_of(name).charts(results):
            for width in (WIDE, NARROW):
                ElementTree.fromstring(chart.draw(width, "key"))
        for headline in view_of(name).headlines(results):
            assert headline.figure and headline.words
        figures = figures_of({name: Measured(name, "t", "m", results)})
        assert Figures.from_json(json.loads(json.dumps(figures.to_json()))) == figures

    draw()


def test_sections_that_are_missing_have_their_place_and_their_reason() -> None:
    page = draw_page(figures_of({}, failures={"memory": "there is no <node>."}))
    assert set(SECTIONS) <= set(Page(page).ids)
    assert "Not measured. there is no &lt;node&gt;." in page


def test_a_quick_run_says_so() -> None:
    assert "quick run" in draw_page(figures_of({}, quick=True))
    assert "quick run" not in draw_page(figures_of({}, quick=False))


def test_a_table_of_the_terminal_is_one_of_the_page() -> None:
    table = Table("name", title="[bold]A & B[/]", caption="of two")
    table.add_column("figure", justify="right")
    table.add_row("a < b", "[bold]1[/]")
    table.add_row("c")
    page = Page(html_table(table))
    assert (page.tags["tr"], page.tags["th"], page.tags["td"]) == (3, 2, 4)
    told = [word for word in page.words if word.strip()]
    assert told == ["A & B. of two", "name", "figure", "a < b", "1", "c"]
    assert page.attributes.count(("class", "right")) == 3


def run_report(*arguments: str) -> tuple[int, str, str]:
    cli = importlib.import_module("tests.bench.__main__")
    with CliRunner().isolation() as (out, err, _):
        code = cli.run(report, "report", arguments)
    return code, out.getvalue().decode(), err.getvalue().decode()


@pytest.mark.parametrize("contents", [None, b"", b"\xff", b"[]", b'{"sections": {}}'])
def test_what_holds_no_figures_is_refused_in_one_line(
    tmp_path: Path, contents: bytes | None
) -> None:
    path, page = tmp_path / "figures.json", tmp_path / "page.html"
    if contents is not None:
        path.write_bytes(contents)
    code, _, told = run_report("--figures", str(path), "--output", str(page))
    assert code == 2
    assert told.startswith("report: ") and told.count("\n") == 1
    assert not page.exists()


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """What is measured, not made up: the presses of the README's picture."""
    return measure_pictured()


@pytest.fixture(scope="module")
def measured(cases: list[Case]) -> Measured:
    results = Results(cases, max(case.ratio for case in cases), [], [])
    return Measured("press", press.TITLE, press.METHOD(results), results)


@pytest.fixture(scope="module")
def measured_page(measured: Measured) -> str:
    return draw_page(figures_of({"press": measured}))


def test_the_page_is_well_formed_and_no_id_is_there_twice(measured_page: str) -> None:
    assert set(Page(measured_page).ids.values()) == {1}


def test_every_drawing_of_the_page_has_title_and_description(measured_page: str) -> None:
    drawings = re.findall(r"<svg.*?</svg>", measured_page, re.DOTALL)
    assert drawings
    for drawing in drawings:
        svg = ElementTree.fromstring(drawing)
        assert svg.findtext("title") and svg.findtext("desc")


def test_the_page_needs_nothing_but_itself(measured_page: str) -> None:
    page = Page(measured_page)
    assert not {"script", "link", "img", "iframe", "object", "image", "use"} & set(page.tags)
    assert all(value.startswith("#") for name, value in page.attributes if name.endswith("href"))
    assert not {"src", "srcset", "onclick", "onload"} & {name for name, _ in page.attributes}
    assert not re.search(r"url\(|@import|https?:", measured_page)


def test_the_page_is_for_light_dark_phone_and_print(measured_page: str) -> None:
    for told in ("prefers-color-scheme: dark", "max-width: 40rem", "@media print", "viewport"):
        assert told in measured_page


def test_every_table_of_the_bench_is_on_the_page(measured_page: str, measured: Measured) -> None:
    tables = press.tables(measured.results)
    assert Page(measured_page).tags["table"] == len(tables) > 0
    assert "<details>" in measured_page


def test_the_page_says_how_it_was_measured(measured_page: str, measured: Measured) -> None:
    said = " ".join("".join(Page(measured_page).words).split())
    assert measured.method.replace("`", "") in said


def test_the_picture_of_the_readme_is_what_is_measured_today(cases: list[Case]) -> None:
    shown, drawn = PICTURE.read_text("utf-8"), draw_picture(cases)
    assert NUMBER.split(shown) == NUMBER.split(drawn), REMEDY
    numbers = [float(each) for each in NUMBER.findall(drawn)]
    # It shows where the time goes, not when within an advertising interval somebody pressed.
    shown_numbers = [float(each) for each in NUMBER.findall(shown)]
    assert shown_numbers == pytest.approx(numbers, rel=0.05, abs=1), REMEDY


def test_the_picture_is_for_light_and_dark_pages_and_needs_nothing_else() -> None:
    text = PICTURE.read_text("utf-8")
    root = ElementTree.fromstring(text)
    svg = "{http://www.w3.org/2000/svg}"
    assert root.findtext(f"{svg}title") and root.findtext(f"{svg}desc")
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"script|href|url\(|@import|@font-face", text)
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]


def test_the_picture_has_the_fob_its_bound_and_its_peers_for_both_protocols(
    cases: list[Case],
) -> None:
    told = [text.text or "" for text in ElementTree.fromstring(draw_picture(cases)).iter()]
    for label in ("this fob", "lower bound", "common clients"):
        assert told.count(label) == len({case.protocol for case in cases}) == 2
    for case in cases:
        for cost in (case.fob, case.bound, case.peer):
            assert f"{cost.events:.1f} ({cost.ms:.0f} ms)" in told
