"""`fob press`: a remote finger."""

from collections.abc import Sequence
from typing import Any

import click

from host_tools.advice.fob_errors import explain
from host_tools.advice.fob_status import last_result
from host_tools.cable.device import ConsoleError
from host_tools.cli.fob_session import connect, provisioned, worded
from host_tools.cli.options import json_option, port_option
from host_tools.cli.screen import out, show_json
from host_tools.cli.sections import show_text
from host_tools.failure import Failure, InputError

# As firmware/fob/gestures.py has it: what lies between is a press, or the hold of several.
HOLD_SECONDS = 3.0
_LONGEST_SECONDS = 14.0
# Longer than anything that the firmware does without a word, pairing included.
_SILENCE = 130.0

# What several buttons bring about that are held; see firmware/fob/app.py.
_DONE = {
    "confirm": "Done: what waited for you is confirmed. Press again.",
    "pair": "Done: paired. The car has proved that it knows the key.",
}
_LIGHTS = {"done": "one long flash"}
_FAILED_LIGHT = "three short flashes"
_LAPTOP_LIGHT = "long, short, pause, repeating"
# Errors after which the light asks for the laptop: those of firmware/fob/errors.py below
# NeedsLaptop.
_NEEDS_LAPTOP = ("needs-laptop", "configuration", "state", "counter-exhausted")


@click.command()
@click.argument("names", metavar="BUTTON...", nargs=-1, required=True)
@click.option(
    "--hold",
    type=click.FloatRange(0.02, _LONGEST_SECONDS),
    metavar="SECONDS",
    help="Keep it down so long: 3 pair a fob that is not paired, 5 confirm what waits.",
)
@click.option("--double", is_flag=True, help="Press twice in a row.")
@port_option
@json_option
def press(
    names: tuple[str, ...], hold: float | None, double: bool, port: str | None, as_json: bool
) -> None:
    """Press buttons of the fob from here.

    What follows is what a finger would bring about, light included. Several buttons are pressed
    together. The exit code is 0 only when the car has confirmed it.

    \b
    Example:
      fob press unlock
    """
    with connect(port) as device:
        status = provisioned(device)
        buttons = list(dict.fromkeys(names))
        check_buttons(buttons, status["board"]["buttons"])
        # Without it the firmware presses long enough for the fob's press guard.
        held = {} if hold is None else {"hold_ms": round(hold * 1000)}

        def hear(event: dict[str, Any]) -> None:
            if as_json:
                show_json(event)
            elif event.get("event") == "said":
                show_text(out(), f"fob: {event['text']}", "dim")

        try:
            result = device.call(
                "press",
                on_event=hear,
                timeout=_SILENCE,
                buttons=buttons,
                times=2 if double else 1,
                **held,
            )
        except ConsoleError as error:
            raise worded(error) from error
    outcome = result["outcome"]
    if as_json:
        show_json({"result": {**result, "light": light(outcome)}})
    elif outcome:
        out().print(f"Light: {light(outcome)}.")
    if outcome is None:
        raise no_gesture(buttons, hold, status)
    if outcome != "done":
        raise failed(outcome, result["text"])
    if not as_json:
        show_text(out(), done(result["text"]), "green")


def check_buttons(names: Sequence[str], known: dict[str, int]) -> None:
    """Raise InputError for a button that this fob does not have."""
    for name in names:
        if name not in known:
            listed = ", ".join(sorted(known))
            raise InputError(f"this fob has no button {name!r}", f"It has: {listed}.")


def light(outcome: str | None) -> str | None:
    """What the light shows at the end of a press."""
    if outcome is None:
        return None
    return _LIGHTS.get(outcome, _LAPTOP_LIGHT if outcome in _NEEDS_LAPTOP else _FAILED_LIGHT)


def done(text: str) -> str:
    """What has been reached, from the line in which the firmware said so."""
    what = text.partition(" done ")[0]
    return _DONE.get(what, "Done: the car confirmed it.")


def failed(code: str, text: str) -> Failure:
    """A press that failed, from the line in which the firmware said so."""
    result = last_result(text)
    return Failure(result.text, result.remedy) if result.code else Failure(*explain(code, text))


def no_gesture(names: Sequence[str], hold: float | None, status: dict[str, Any]) -> Failure:
    """Why the firmware did nothing."""
    guard_ms = status.get("press_guard_ms", 0)
    together = " and ".join(names)
    if len(names) > 1 and (hold or 0) < HOLD_SECONDS:
        return Failure(
            f"{together} pressed together mean nothing unless they are held",
            "Hold them 3 seconds to pair a fob that is not paired, 5 to confirm what waits: "
            "--hold 3.5 or --hold 5.5.",
        )
    if len(names) > 1:
        return Failure(
            f"nothing happened while {together} were held",
            "The fob is paired already and nothing waits to be confirmed.",
        )
    if hold is not None and hold * 1000 < guard_ms:
        return Failure(
            f"the press was too short: this fob's press guard is {guard_ms} ms",
            f"Hold it longer: --hold {guard_ms / 1000 + 0.1:.1f}.",
        )
    return Failure(
        f"the button {together} does nothing", "What a button does is in firmware/fob/actions.py."
    )
