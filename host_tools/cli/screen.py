"""Where commands write: people get 80 columns and colour, machines get JSON."""

import json
import sys
from typing import Any

from rich.console import Console

WIDTH = 80


def out() -> Console:
    """Standard output; without colour where it is no terminal."""
    return _console(stderr=False)


def errors() -> Console:
    """Standard error: what is no result."""
    return _console(stderr=True)


def show_json(document: Any) -> None:
    """Print one JSON document on a line of its own."""
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def _console(stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False)
    console.width = min(console.width, WIDTH)
    return console
