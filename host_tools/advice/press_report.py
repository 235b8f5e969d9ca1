"""What came of a press, and what the fob's light showed of it: from the console's `press`."""

from collections.abc import Mapping, Sequence
from typing import Any

from host_tools.advice import light as patterns
from host_tools.advice.fob_errors import explain
from host_tools.advice.fob_status import last_result
from host_tools.failure import Failure, InputError
from host_tools.identity.actions import ARM
from host_tools.identity.gestures import BOTH, CHORD, GESTURES

# As firmware/fob/gestures.py has it: what is shorter is a press, or means nothing.
_HOLD_SECONDS = 1.5
_TIMES = {1: "single", 2: "double", 3: "triple"}

# What several buttons bring about that are held; see firmware/fob/app.py.
_DONE = {
    "confirm": "Done: what waited for you is confirmed. Press again.",
    "pair": "Done: paired. The car has proved that it knows the key.",
}
# How it says so that a door is open behind a lock.
_OPEN = ", something is open"
# Errors after which the light asks for the laptop: those of firmware/fob/errors.py below
# NeedsLaptop.
_NEEDS_LAPTOP = ("needs-laptop", "configuration", "state", "counter-exhausted")


def check_buttons(names: Sequence[str], known: Mapping[str, int]) -> None:
    """Raise InputError for a button that this fob does not have."""
    for name in names:
        if name not in known:
            listed = ", ".join(sorted(known))
            raise InputError(f"this fob has no button {name!r}", f"It has: {listed}.")


def check_arming(
    names: Sequence[str], hold: float | None, status: Mapping[str, Any], times: int = 1
) -> None:
    """Raise Failure for a gesture that only arms passive entry: the fob's console arms none."""
    button = BOTH if set(names) == set(CHORD) else " ".join(names)
    mapped = (status.get("gestures") or {}).get(button, {})
    action = mapped.get("hold" if (hold or 0) >= _HOLD_SECONDS else _TIMES[times], "")
    if status.get("passive") and action.partition("@")[0] == ARM:
        raise Failure(
            "that arms passive entry, and a press from here does not", "Press the button itself."
        )


def light(outcome: str | None, text: str | None = None) -> str | None:
    """What the light shows at the end of a press, of which the firmware said `text`."""
    if outcome is None:
        return None
    if outcome == "done":
        return patterns.SOMETHING_OPEN if (text or "").endswith(_OPEN) else patterns.DONE
    return patterns.NEEDS_LAPTOP if outcome in _NEEDS_LAPTOP else patterns.FAILED


def done(text: str) -> str:
    """What has been reached, from the line in which the firmware said so."""
    what = text.partition(" done ")[0]
    if text.endswith(_OPEN):
        return "Done: the car is locked, but something is open: `fob status --car` shows what."
    return _DONE.get(what, "Done: the car confirmed it.")


def failed(code: str, text: str) -> Failure:
    """A press that failed, from the line in which the firmware said so."""
    result = last_result(text)
    return Failure(result.text, result.remedy) if result.code else Failure(*explain(code, text))


def no_gesture(
    names: Sequence[str], hold: float | None, status: Mapping[str, Any], times: int = 1
) -> Failure:
    """Why the firmware took it for no gesture; `hold` is in seconds."""
    guard_ms = status.get("press_guard_ms") or 0
    together = " and ".join(names)
    held = (hold or 0) >= _HOLD_SECONDS
    if len(names) > 1 and not held:
        return Failure(
            f"{together} pressed together mean nothing unless they are held",
            "Hold them 3 seconds to pair a fob that is not paired, 5 to confirm what waits: "
            "--hold 3.5 or --hold 5.5.",
        )
    if len(names) > 1:
        return Failure(
            f"nothing happened while {together} were held",
            "The fob is paired already and nothing waits to be confirmed; `fob pair --again` "
            "pairs it anew, `fob provision --gesture 'both hold=ACTION'` gives them an action.",
        )
    if hold is not None and hold * 1000 < guard_ms:
        return Failure(
            f"the press was too short: this fob's press guard is {guard_ms} ms",
            f"Hold it longer: --hold {guard_ms / 1000 + 0.1:.1f}.",
        )
    gesture = "hold" if held else _TIMES[times]
    return Failure(
        f"the button {together} does nothing when it is {_pressed(gesture)}",
        f"`fob status` shows what the buttons do; `fob provision --gesture "
        f"'{together} {gesture}=ACTION'` changes it.",
    )


def _pressed(gesture: str) -> str:
    words = GESTURES[gesture]
    return words if gesture == "hold" else f"pressed {words}"
