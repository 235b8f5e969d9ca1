"""The report as one HTML page: no script, and nothing that it would have to load."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Protocol

from rich.table import Table
from rich.text import Text

from .palette import FONT, chart_css

WIDE, NARROW = 760, 360
"""Units of a chart's two drawings: for a screen, and for a phone."""

_CSS = Path(__file__).with_name("page.css")


class Chart(Protocol):
    """What can be drawn at any width."""

    title: str
    description: str

    def draw(self, width: float, key: str) -> str: ...


@dataclass(frozen=True)
class Headline:
    """A figure worth the top of the page."""

    figure: str
    words: str


@dataclass(frozen=True)
class Chapter:
    """What the page shows of a section; with a failure nothing but that."""

    name: str
    title: str
    charts: Sequence[Chart] = ()
    method: str = ""
    tables: Sequence[Table] = ()
    headlines: Sequence[Headline] = ()
    failure: str = ""


def page(
    title: str, lead: str, warning: str, facts: Mapping[str, str], chapters: Sequence[Chapter]
) -> str:
    """The whole document; the warning, where there is one, stands out."""
    css = chart_css(":root") + f"svg text {{ font-family: {FONT}; }}\n" + _CSS.read_text("utf-8")
    links = "".join(f'<a href="#{each.name}">{escape(each.title)}</a>\n' for each in chapters)
    heads = "".join(
        f"<li><strong>{escape(each.figure)}</strong> {_prose(each.words)}</li>\n"
        for chapter in chapters
        for each in chapter.headlines
    )
    told = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(fact)}</dd>\n" for name, fact in facts.items()
    )
    quick = f'<p class="quick">{_prose(warning)}</p>\n' if warning else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{css}</style>\n</head>\n<body>\n"
        f'<header>\n<h1>{escape(title)}</h1>\n<p class="lead">{_prose(lead)}</p>\n{quick}'
        f'<dl class="facts">\n{told}</dl>\n</header>\n<main>\n'
        + (f'<ul class="heads">\n{heads}</ul>\n' if heads else "")
        + f'<nav aria-label="Sections">\n{links}</nav>\n'
        + "".join(_chapter(each) for each in chapters)
        + "</main>\n</body>\n</html>\n"
    )


def _chapter(chapter: Chapter) -> str:
    heading = f'<section id="{chapter.name}">\n<h2>{escape(chapter.title)}</h2>\n'
    if chapter.failure:
        return f'{heading}<p class="failed">{_prose(chapter.failure)}</p>\n</section>\n'
    charts = "".join(
        _figure(chart, f"{chapter.name}-{number}")
        for number, chart in enumerate(chapter.charts, start=1)
    )
    tables = "".join(html_table(each) for each in chapter.tables)
    return (
        f'{heading}{charts}<p class="method">How it was measured. {_prose(chapter.method)}</p>\n'
        f"<details>\n<summary>All figures as tables</summary>\n{tables}</details>\n</section>\n"
    )


def _figure(chart: Chart, key: str) -> str:
    return (
        f"<figure>\n<figcaption><h3>{escape(chart.title)}</h3>"
        f"<p>{_prose(chart.description)}</p></figcaption>\n"
        f'<div class="wide">{chart.draw(WIDE, key)}</div>\n'
        f'<div class="narrow">{chart.draw(NARROW, f"{key}-narrow")}</div>\n</figure>\n'
    )


def html_table(table: Table) -> str:
    """A table of the terminal as one of the page, its words and alignment the same."""
    caption = ". ".join(_plain(each) for each in (table.title, table.caption) if each)
    aligned = [' class="right"' if column.justify == "right" else "" for column in table.columns]
    head = "".join(
        f'<th scope="col"{side}>{escape(_plain(column.header))}</th>'
        for side, column in zip(aligned, table.columns, strict=True)
    )
    rows = zip(*(column.cells for column in table.columns), strict=False)
    body = "".join(f"<tr>{_cells(row, aligned)}</tr>\n" for row in rows)
    name = escape(caption or _plain(table.columns[0].header) or "figures", quote=True)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{name}">\n<table>\n'
        + (f"<caption>{escape(caption)}</caption>\n" if caption else "")
        + (f"<thead><tr>{head}</tr></thead>\n" if table.show_header else "")
        + f"<tbody>\n{body}</tbody>\n</table>\n</div>\n"
    )


def _cells(row: Iterable[object], aligned: Sequence[str]) -> str:
    return "".join(
        f"<td{side}>{escape(_plain(cell))}</td>" for cell, side in zip(row, aligned, strict=True)
    )


def _prose(text: str) -> str:
    # As everywhere in this repository, `code` stands in backticks.
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _plain(cell: object) -> str:
    return (cell if isinstance(cell, Text) else Text.from_markup(str(cell))).plain.strip()
