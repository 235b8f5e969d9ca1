"""How the events of a simulated car are shown: lines for people, objects for programs."""

from __future__ import annotations

import textwrap
from typing import Any

import click

from host_tools.decode import DecodeError, decode_frame
from host_tools.simulator.car import CarEvent

WIDTH = 80

_ARROWS = {"to-vehicle": "-> car", "from-vehicle": "<- car"}
_COLOURS = {
    "accepted": "green",
    "state": "cyan",
    "enrolment": "yellow",
    "authentication": "yellow",
    "granted": "green",
    "refused": "magenta",
    "violation": "red",
}


def event_lines(event: CarEvent, start: float) -> list[str]:
    """An event as lines of at most 80 columns; frames with their bytes and what they say."""
    what = _ARROWS[event.direction] if event.direction else event.kind
    head = f"{event.time - start:8.3f}  {what}"
    if event.text:
        head += f": {event.text}"
    lines = textwrap.wrap(head, WIDTH, subsequent_indent=" " * 12)
    if event.data:
        lines += textwrap.wrap(
            event.data.hex(" ", -2), WIDTH, initial_indent=" " * 10, subsequent_indent=" " * 10
        )
    if event.direction:
        lines += [" " * 10 + line for line in _decoded(event)]
    colour = _COLOURS.get(event.kind)
    bold = event.kind == "violation"
    return [click.style(line, fg=colour, bold=bold) if colour else line for line in lines]


def event_object(event: CarEvent, start: float) -> dict[str, Any]:
    """An event as a JSON object; what does not apply is left out."""
    result: dict[str, Any] = {"time": round(event.time - start, 6), "kind": event.kind}
    if event.text:
        result["text"] = event.text
    if event.peer is not None:
        result["peer"] = event.peer
    if event.direction is None:
        if event.data:
            result["bytes"] = event.data.hex()
        return result
    result["direction"] = event.direction
    result["frame"] = event.data.hex()
    try:
        result["message"] = decode_frame(event.data, event.direction).as_json()["message"]
    except DecodeError as error:
        result["error"] = str(error)
    return result


def _decoded(event: CarEvent) -> list[str]:
    try:
        return decode_frame(event.data, event.direction).text(WIDTH - 10).splitlines()
    except DecodeError as error:
        return [f"({error})"]
