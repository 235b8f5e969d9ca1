"""How the bench's moments are told: to people in 80 columns, to machines as JSON lines."""

import dataclasses
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Protocol

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from host_tools.advice.refusals import in_words
from host_tools.cli.screen import WIDTH, show_json
from host_tools.decode import DecodedFrame
from host_tools.simulator.car import Vintage
from host_tools.simulator.measurement import Measurement
from host_tools.simulator.moments import Moment

_TIME_WIDTH = 8
_WHO_WIDTH = 8
_HEX_BYTES = 8
_HEX_WIDTH = 3 * _HEX_BYTES - 1
_TEXT_WIDTH = WIDTH - (_TIME_WIDTH + 2) - 2 - _HEX_WIDTH

_STYLES = {
    "finger": "bold cyan",
    "driver": "bold cyan",
    "light": "bold yellow",
    "fob": "bold blue",
    "car": "bold green",
    "console": "dim",
    "alarm": "bold white on red",
}


@dataclass(frozen=True)
class Press:
    """A press of the demo: the act it was in, what it was for and what it took."""

    vintage: Vintage
    name: str
    measured: Measurement


class Narrator(Protocol):
    """Tells what happens; `chapter` and `summary` frame it, `failure` says why it ended early."""

    def chapter(self, title: str, vintage: Vintage) -> None: ...

    def moment(self, moment: Moment) -> None: ...

    def summary(self, presses: Sequence[Press], nonces_repeated: int) -> None: ...

    def failure(self, text: str) -> None: ...


class HumanNarrator:
    """Coloured on a terminal, plain when piped; frames with their bytes beside them."""

    def __init__(self, frames: bool = True) -> None:
        self._console = Console(width=WIDTH, highlight=False, soft_wrap=True)
        self._frames = frames
        self._told_until = 0.0
        self._vintage: Vintage | None = None

    def chapter(self, title: str, vintage: Vintage) -> None:
        if vintage != self._vintage:
            # Each car comes with a bench of its own, whose time begins anew.
            self._vintage, self._told_until = vintage, 0.0
        self._headline(f"{vintage}  {title}")

    def moment(self, moment: Moment) -> None:
        # A light's pattern is recognised only after it began: lines stay in the order of time.
        told = max(moment.at, self._told_until)
        since = f" (since {moment.at:.3f})" if told > moment.at else ""
        self._told_until = told
        line = Text(f"{told:{_TIME_WIDTH}.3f}  ", "dim")
        line.append(f"{moment.who:<{_WHO_WIDTH}}", _STYLES.get(moment.who, ""))
        indent = _TIME_WIDTH + 2 + _WHO_WIDTH
        rows = textwrap.wrap(in_words(moment.text) + since, WIDTH - indent)
        line.append(f"\n{' ' * indent}".join(rows))
        self._console.print(line)
        if moment.frame and self._frames:
            for text, octets in _side_by_side(moment.frame):
                row = Text(" " * (_TIME_WIDTH + 2))
                row.append(f"{text:<{_TEXT_WIDTH}}  ")
                row.append(octets, "dim")
                row.rstrip()
                self._console.print(row)

    def summary(self, presses: Sequence[Press], nonces_repeated: int) -> None:
        self._headline("Summary")
        table = Table(
            "car",
            "press",
            "protocol",
            box=None,
            padding=(0, 0, 0, 3),
            pad_edge=False,
            header_style="dim",
        )
        for heading in ("accepted in", "ATT requests", "frames"):
            table.add_column(heading, justify="right")
        for press in presses:
            took = press.measured
            figures = (f"{took.ms:.0f} ms", str(took.att_requests), str(took.frames))
            table.add_row(press.vintage, press.name, took.protocol, *figures)
        self._console.print(Padding(table, (0, 0, 0, 2), expand=False))
        self._console.print(
            "  Timed from the finger's release, with a connection interval as on a board."
        )
        self._console.print(f"  Nonces used twice: {nonces_repeated}.")

    def failure(self, text: str) -> None:
        self._headline(text, "bold red")

    def _headline(self, text: str, style: str = "bold") -> None:
        self._console.print()
        self._console.print(Text(text, style))


class JsonNarrator:
    """One object per line; `kind` tells which."""

    def chapter(self, title: str, vintage: Vintage) -> None:
        self._line({"kind": "chapter", "vintage": vintage, "title": title})

    def moment(self, moment: Moment) -> None:
        line: dict[str, Any] = {
            "kind": "moment",
            "time": round(moment.at, 6),
            "who": moment.who,
            "text": moment.text,
        }
        if moment.frame:
            line |= moment.frame.as_json()
        self._line(line)

    def summary(self, presses: Sequence[Press], nonces_repeated: int) -> None:
        told = [
            {"vintage": each.vintage, "press": each.name, **dataclasses.asdict(each.measured)}
            for each in presses
        ]
        self._line({"kind": "summary", "presses": told, "nonces_repeated": nonces_repeated})

    def failure(self, text: str) -> None:
        self._line({"kind": "failure", "text": text})

    def _line(self, line: dict[str, Any]) -> None:
        show_json(line)


def _side_by_side(frame: DecodedFrame) -> list[tuple[str, str]]:
    octets = [
        frame.data[at : at + _HEX_BYTES].hex(" ") for at in range(0, len(frame.data), _HEX_BYTES)
    ]
    return list(zip_longest(frame.text(_TEXT_WIDTH).splitlines(), octets, fillvalue=""))
