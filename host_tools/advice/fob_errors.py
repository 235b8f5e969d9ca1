"""What the owner can do about the errors of firmware/fob/errors.py.

The firmware's texts are short, for its flash is small: "problem" or "problem: advice". Here the
remedies are sentences, and name the command that helps.
"""

import re
from typing import NamedTuple

from host_tools.advice.refusals import in_words
from host_tools.advice.whitelist_errors import removal_error
from host_tools.failure import sentence

_HOLD_BOTH = "hold both buttons for 5 seconds (from here: `fob press lock unlock --hold 5.5`)"
CONFIRM = f"{_HOLD_BOTH}, or pair anew: `fob pair --again`"
"""What to do where the firmware holds something back until its owner confirms."""
_NEARER = "Go nearer to the car and try again; `fob doctor` tests the fob's radio."
_LOOK = "Run `fob doctor`: it names what is wrong."
_ANEW = "Run `fob provision --vin VIN --board NAME`: the key stays."
_KEY_AGAIN = (
    "Restore a backup with `fob provision --key BACKUP`, or make a new key with "
    "`fob provision --replace-key` and pair it."
)
_SETTINGS = "Look at the car's settings (Controls, Locks), then try again."

# By `code`. Codes that the tests know: those of errors.py, and "internal".
_REMEDIES = {
    "error": _LOOK,
    "authentication-failed": "Try again; if it comes back, something nearby answers for the car.",
    "invalid-key": "Make a new key with `fob provision --replace-key`, then pair it: `fob pair`.",
    "malformed": "Try again; if it comes back, something nearby answers for the car.",
    "needs-laptop": _LOOK,
    "configuration": "Run `fob provision`.",
    "state": "Run `fob provision --repair`.",
    "counter-exhausted": (
        "Make a new key with `fob provision --replace-key`, then pair it: `fob pair`."
    ),
    "link": _NEARER,
    "att": _NEARER,
    "not-found": (
        "Go nearer to the car; if you stand beside it, compare the VIN that `fob status` shows "
        "with the car's (Controls, Software); `fob provision --change-vin VIN` corrects it."
    ),
    "connection-limit": (
        "A car serves three Bluetooth keys at a time: switch Bluetooth off on a phone or watch "
        "near it, wait half a minute and try again."
    ),
    "disconnected": _NEARER,
    "timed-out": "Go nearer to the car and try again; open a door if the car sleeps deeply.",
    "held-back": sentence(CONFIRM),
    "refused": "Try again; the car's screen may say why.",
    "not-paired": "Pair it: `fob pair`.",
    "key-refused": "Look at the keys on the car's screen (Controls, Locks).",
    "internal": "Run `fob doctor`; if it finds nothing, report what `fob logs` shows.",
}

# What is known better than by its code, by the firmware's text before any advice in it.
_KNOWN = {
    "something is open": "Close doors, frunk and trunk, then try again.",
    "the car's settings do not allow it": _SETTINGS,
    "the car is not in park": "Put the car in park, then try again.",
    "this key may not do that": (
        "The car gave this key a role that may not. Provision another one "
        "(`fob provision --role driver`), delete the key on the car's screen, and pair again."
    ),
    "this key may not do that now": (
        "Look at the car's settings (Controls, Locks); if the fob's role in `fob status` is not "
        "driver, delete the key there, run `fob provision --role driver` and pair again."
    ),
    "this key is not active": "Delete the key on the car's screen (Controls, Locks), then pair it.",
    "no fob.json": "Run `fob provision --vin VIN --board NAME`.",
    "fob.json is damaged": _ANEW,
    "fob.json is incomplete": _ANEW,
    "fob.json is of another version": "Run `fob provision`: key and settings stay.",
    "no usable key.bin": _KEY_AGAIN,
    "key.bin does not belong to fob.json": _KEY_AGAIN,
    "the car has another VIN": (
        "Give the fob this car's VIN: `fob provision --change-vin VIN` (Controls, Software)."
    ),
    "the car has too many keys": "Delete a key on the car's screen (Controls, Locks).",
    "go nearer to the car": "The car wants the fob beside it for that.",
    "another key than at pairing": (f"If the car obeyed, its key has changed: {_HOLD_BOTH}."),
    "the car reports a counter that would use up this key": (
        "Something nearby may answer for the car: try again elsewhere."
    ),
    "no card was held to the reader in time": (
        "Hold the card to the reader only after the fob has asked; `fob pair` asks anew."
    ),
    "the car stays busy": "Wait a minute, then try again.",
    "the flash is full": "Run `fob doctor`: it lists the files that are not the fob's.",
}


# What Python raises, and what host_tools.cable.console makes of it.
_NO_MEMORY = ("MemoryError", "ran out of memory")

# Files of a car but the first.
_CAR_FILE = re.compile(r"\bcar(?P<number>\d)/")


class Explanation(NamedTuple):
    """A clause without a full stop, and a sentence that says what to do."""

    problem: str
    remedy: str


def explain(code: str, text: str, reason: int | None = None) -> Explanation:
    """What an error of the firmware means, by its `code`, `text` and the car's number for it."""
    if code == "key-refused" and reason is not None:
        refusal = removal_error(reason)
        return Explanation(refusal.words, refusal.remedy)
    if code == "internal" and text.endswith(_NO_MEMORY):
        return Explanation("the fob ran out of memory", "Try again; if it comes back, report it.")
    if code == "internal" and " " not in text:
        # The firmware names the kind of exception only.
        text = f"the fob's program failed ({text})"
    problem, _, advice = in_words(text).partition(": ")
    remedy = _KNOWN.get(problem)
    car = _CAR_FILE.search(problem)
    if car:
        remedy = (
            f"Take the car out with `fob cars forget {car['number']}`, then add it again with "
            "`fob provision --vin VIN` and pair it."
        )
    if remedy is None and code in ("configuration", "state", "refused") and advice:
        remedy = sentence(advice)
    if remedy is None:
        remedy = _REMEDIES.get(code, _LOOK)
    return Explanation(problem or code, remedy)


def is_worth_repeating(code: str) -> bool:
    """Whether the same again may succeed without anybody doing anything."""
    return code in ("att", "disconnected", "link", "not-found", "timed-out")
