"""`fob pair`: adds the fob's key to the car, with the key card."""

import time
from collections.abc import Callable
from typing import Any

import click
from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from host_tools.advice import pairing_guide
from host_tools.advice.pairing_guide import CARD_SECONDS, Setback, setback
from host_tools.cable.device import ConsoleError, Device
from host_tools.cli.fob_session import connect, provisioned, the_car
from host_tools.cli.options import car_option, json_option, port_option
from host_tools.cli.questions import agree
from host_tools.cli.screen import errors, out, show_json
from host_tools.cli.sections import show_text
from host_tools.failure import Failure, sentence
from host_tools.identity.keys import key_identifier

# The firmware is silent while it waits for the card, and gives up by itself before this.
_SILENCE = 130.0


@click.command()
@click.option("--again", is_flag=True, help="Also when the fob is paired already.")
@click.option(
    "--tries",
    metavar="N",
    type=click.IntRange(1, 20),
    default=3,
    show_default=True,
    help="How often to ask the car before giving up.",
)
@car_option
@port_option
@json_option
def pair(again: bool, tries: int, wanted: str | None, port: str | None, as_json: bool) -> None:
    """Add the fob's key to the car.

    Have one of the owner's key cards in your hand, within 1 to 3 m of the car. The fob finds the
    car and asks it to add its key; only then hold the card to the reader in the car, and confirm
    on the car's screen. At the end the car has to prove that it knows the key. Ctrl-C gives up.

    \b
    Example:
      fob pair
    """
    with connect(port) as device:
        status = provisioned(device, wanted)
        car = the_car(status, wanted)
        if status.get("paired") and not again:
            _ask_whether_again(car, as_json)
        teller = _Json() if as_json else _People(out(), status)
        try:
            result = _paired(device, teller, tries, car)
        except KeyboardInterrupt:
            errors().print("Given up: the fob lets go of the car.", style="yellow")
            raise
    teller.done(result)


def _paired(
    device: Device, teller: "_People | _Json", tries: int, car: dict[str, Any]
) -> dict[str, Any]:
    """Pair, within so many tries; the firmware's result. Raises Failure."""
    for number in range(1, tries + 1):
        try:
            with teller.attempt(number, tries):
                return device.call("pair", on_event=teller.hear, timeout=_SILENCE, **car)
        except ConsoleError as error:
            why = setback(error.code, error.text, error.reason)
            last = number == tries or not why.again
            teller.failed(error, why, last)
            if last:
                raise Failure(why.problem, why.remedy) from error
    raise AssertionError


def _ask_whether_again(car: dict[str, Any], as_json: bool) -> None:
    paired, chosen = "this fob is paired already", ""
    if car:
        paired, chosen = f"this fob is paired with car {car['car']} already", f" --vin {car['car']}"
    already = Failure(paired, f"`fob pair --again{chosen}` pairs it anew.")
    if as_json:
        raise already
    agree(f"{paired[0].upper()}{paired[1:]}. Pair it anew?", already)


class _People:
    """Shows the steps as they come, and on a terminal how long is left."""

    def __init__(self, console: Console, status: dict[str, Any]) -> None:
        self._console = console
        self._vin = status["vin"]
        self._waiting = pairing_guide.LOOKING
        self._asked = False
        self._until: float | None = None
        self._spinner = Spinner("dots")
        identifier = key_identifier(bytes.fromhex(status["public_key"]))
        self._say(f"Pairing the key {identifier} with the car {self._vin}.", "bold")
        for line in pairing_guide.PREPARATIONS:
            self._say(line)

    def attempt(self, number: int, of: int) -> Live:
        """A context for one try."""
        self._waiting, self._asked = pairing_guide.LOOKING, False
        self._until = time.monotonic() + CARD_SECONDS
        self._console.print()
        self._say(f"{pairing_guide.LOOKING} (try {number} of {of}) ...")
        return Live(
            console=self._console,
            get_renderable=self._rest,
            refresh_per_second=4,
            transient=True,
            auto_refresh=self._console.is_terminal,
        )

    def hear(self, event: dict[str, Any]) -> None:
        kind = event.get("event")
        if kind == "found":
            self._say(pairing_guide.heard(event["rssi"]))
        elif kind == "said":
            self._hear_said(event["text"])

    def failed(self, error: ConsoleError, why: Setback, last: bool) -> None:
        if not last:
            self._say(f"{sentence(why.problem)} {why.remedy}", "yellow")

    def done(self, result: dict[str, Any]) -> None:
        first, *rest = pairing_guide.paired(result.get("speaks"))
        self._console.print()
        self._say(first, "bold green")
        for line in rest:
            self._say(line)

    def _hear_said(self, text: str) -> None:
        if text == pairing_guide.REQUEST_SENT:
            # Again after a link that went down: once is enough.
            if not self._asked:
                self._asked = True
                self._waiting = pairing_guide.WAITING
                first, *rest = pairing_guide.card_steps(self._vin)
                self._say(first, "bold yellow")
                for line in rest:
                    self._say(line)
                self._say(f"About {self._seconds_left()} seconds are left for that.")
            return
        sentence = pairing_guide.said(text)
        if sentence:
            self._say(sentence)

    def _say(self, text: str, style: str = "") -> None:
        show_text(self._console, text, style)

    def _seconds_left(self) -> int:
        assert self._until is not None
        return max(0, round(self._until - time.monotonic()))

    def _rest(self) -> RenderableType:
        if not self._console.is_terminal:
            return ""
        left = f", {self._seconds_left()} s left" if self._asked else ""
        self._spinner.update(text=Text(f"{self._waiting}{left} (Ctrl-C gives up)", "cyan"))
        return self._spinner


class _Json:
    """One object a line."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = 0.0

    def attempt(self, number: int, of: int) -> "_Json":
        self._began = self._clock()
        show_json({"event": "try", "number": number, "of": of, "card_seconds": CARD_SECONDS})
        return self

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def hear(self, event: dict[str, Any]) -> None:
        left = max(0, round(CARD_SECONDS - (self._clock() - self._began)))
        show_json({**event, "seconds_left": left})

    def failed(self, error: ConsoleError, why: Setback, last: bool) -> None:
        show_json(
            {
                "event": "failed",
                "code": error.code,
                "text": error.text,
                "reason": error.reason,
                "reason_name": why.reason,
                "problem": why.problem,
                "remedy": why.remedy,
                "again": not last,
            }
        )

    def done(self, result: dict[str, Any]) -> None:
        show_json({"result": {"paired": True, "proved": True, **result}})
