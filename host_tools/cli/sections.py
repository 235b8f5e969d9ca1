"""Paragraphs, and rows of names and values, in 80 columns."""

import textwrap
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

Row = tuple[str, str]

_INDENT = 2
# Names are padded to this at least, so that most sections stand alike.
_NAMES = 13
_GAP = 2


def show_text(console: Console, text: str, style: str = "") -> None:
    """Print a paragraph."""
    for line in textwrap.wrap(text, console.width):
        console.print(Text(line, style), soft_wrap=True)


def show_sections(console: Console, sections: Iterable[tuple[str, Sequence[Row]]]) -> None:
    """Print headings with their rows; long values wrap beside their names."""
    for at, (heading, rows) in enumerate(sections):
        if at:
            console.print()
        console.print(Text(heading, "bold"))
        names = max([_NAMES, *(len(name) for name, _ in rows)])
        for name, value in rows:
            show_row(console, Text(f"{'':{_INDENT}}{name:<{names}}", "cyan"), Text(value))


def show_row(console: Console, name: Text, *values: Text) -> None:
    """Print values below each other, and wrapped, to the right of a name that is padded."""
    indent = " " * (len(name) + _GAP)
    first = True
    for value in values:
        for line in textwrap.wrap(value.plain, console.width - len(indent)) or [""]:
            row = Text.assemble(name, " " * _GAP) if first else Text(indent)
            first = False
            row.append(line, value.style)
            row.rstrip()
            console.print(row, soft_wrap=True)
