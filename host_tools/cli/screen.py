"""Where commands write: people get 80 columns and colour, machines get JSON."""

import json
import sys
from collections.abc import Iterable
from typing import Any

import click
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from host_tools.harmless import harmless

WIDTH = 80


def out() -> Console:
    """Standard output; without colour where it is no terminal."""
    return _console(stderr=False)


def errors() -> Console:
    """Standard error: what is no result."""
    return _console(stderr=True)


def complain(text: str, style: str = "red") -> None:
    """Tell an error or a danger: in one line, which a terminal gets broken between words."""
    console = errors()
    console.print(Text(text, style), soft_wrap=not console.is_terminal)


def show_json(document: Any) -> None:
    """Print one JSON document on a line of its own."""
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def next_step(command: str) -> None:
    """Say which command comes next; within `fob setup` nothing, for that goes on by itself."""
    context = click.get_current_context(silent=True)
    while context:
        if context.info_name == "setup":
            return
        context = context.parent
    out().print(f"Next: {command}", markup=False)


class _HarmlessConsole(Console):
    """Shows what comes from boards and files without obeying it: rich lets escapes pass."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield segment._replace(text=harmless(segment.text, keep="\n"))


def _console(stderr: bool) -> Console:
    console = _HarmlessConsole(stderr=stderr, highlight=False)
    console.width = min(console.width, WIDTH)
    return console
