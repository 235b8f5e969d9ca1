"""`fob press`: a remote finger."""

from typing import Any

import click

from host_tools.advice import press_report
from host_tools.advice.refusals import in_words
from host_tools.cable.device import ConsoleError
from host_tools.cli.fob_session import connect, provisioned, worded
from host_tools.cli.options import json_option, port_option
from host_tools.cli.screen import out, show_json
from host_tools.cli.sections import show_text
from host_tools.failure import InputError

_LONGEST_SECONDS = 14.0
# Longer than anything that the firmware does without a word, pairing included.
_SILENCE = 130.0


@click.command()
@click.argument("names", metavar="BUTTON...", nargs=-1, required=True)
@click.option(
    "--hold",
    type=click.FloatRange(0.02, _LONGEST_SECONDS),
    metavar="SECONDS",
    help="Keep it down so long: 1.5 is a hold; of both, 3 pair a new fob, 5 confirm what waits.",
)
@click.option("--double", is_flag=True, help="Press twice in a row.")
@click.option("--triple", is_flag=True, help="Press three times in a row.")
@port_option
@json_option
def press(
    names: tuple[str, ...],
    hold: float | None,
    double: bool,
    triple: bool,
    port: str | None,
    as_json: bool,
) -> None:
    """Press buttons of the fob from here.

    What follows is what a finger would bring about, light included; `fob status` lists which
    gesture does what. Several buttons are pressed together. The exit code is 0 only when the car
    has confirmed it.

    \b
    Example:
      fob press unlock
      fob press unlock --double
      fob press lock --hold 2
    """
    if double and triple:
        raise InputError("--double and --triple are two gestures", "Leave one of them out.")
    times = 3 if triple else 2 if double else 1
    with connect(port) as device:
        status = provisioned(device)
        buttons = list(dict.fromkeys(names))
        press_report.check_buttons(buttons, status["board"]["buttons"])
        press_report.check_arming(buttons, hold, status, times)
        # Without it the firmware presses long enough for the fob's press guard.
        held = {} if hold is None else {"hold_ms": round(hold * 1000)}

        def hear(event: dict[str, Any]) -> None:
            if as_json:
                show_json(event)
            elif event.get("event") == "said":
                show_text(out(), f"fob: {in_words(event['text'])}", "dim")

        try:
            result = device.call(
                "press",
                on_event=hear,
                timeout=_SILENCE,
                buttons=buttons,
                times=times,
                **held,
            )
        except ConsoleError as error:
            raise worded(error) from error
    outcome = result["outcome"]
    light = press_report.light(outcome, result["text"])
    if as_json:
        show_json({"result": {**result, "light": light}})
    elif outcome:
        out().print(f"Light: {light}.")
    if outcome is None:
        raise press_report.no_gesture(buttons, hold, status, times)
    if outcome != "done":
        raise press_report.failed(outcome, result["text"])
    if not as_json:
        show_text(out(), press_report.done(result["text"]), "green")
