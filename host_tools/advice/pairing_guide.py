"""What a person is told while a fob is paired: where, when and how long, and what went wrong.

Users of such tools fail at the same few places (issues 61 and 199 of yoziru/esphome-tesla-ble; 34,
39 and 128 of wimaha/TeslaBleHttpProxy): the car's screen shows nothing until a card is read, and a
card that is read before the request does nothing.
"""

from typing import NamedTuple

from host_tools.advice.card_reader import where_to_hold_it
from host_tools.advice.fob_errors import explain, is_worth_repeating
from host_tools.advice.signal_strength import is_weak, strength
from host_tools.advice.whitelist_errors import reason_name, whitelist_error
from host_tools.failure import sentence

CARD_SECONDS = 60
"""How long the firmware waits for a card, counted from the beginning of one try."""

# What the firmware reports, see firmware/fob/pairing.py.
REQUEST_SENT = "hold your key card to the reader in the car"
CAR_WAITS = "the car waits for the card"
NOT_YET = "the car does not know the key yet"
_REFUSED = "the car refuses to enrol the key"

PREPARATIONS = (
    "Take the fob and one of the owner's key cards into the car, or within 1 to 3 m of it.",
    "Keep the card in your hand: it counts only after the fob has asked.",
)
LOOKING = "Looking for the car"
WAITING = "Waiting for the card"


class Setback(NamedTuple):
    """Why a try failed: words, what to do, whether to try again at once, a name for machines."""

    problem: str
    remedy: str
    again: bool
    reason: str | None = None


def card_steps(vin: str) -> list[str]:
    """What to do once the request has been sent."""
    return [
        f"NOW hold the key card {where_to_hold_it(vin)}.",
        "The car's screen shows nothing until it has read the card. Then confirm there.",
    ]


def heard(rssi: int) -> str:
    """That the car was heard, and whether the fob had better go nearer."""
    if is_weak(rssi):
        return f"Found the car: {strength(rssi)} (1 to 3 m are best)."
    return f"Found the car: {strength(rssi)}."


def said(text: str) -> str | None:
    """A report of the firmware as a sentence; None for what the steps tell better."""
    if text == REQUEST_SENT:
        return None
    if text == CAR_WAITS:
        return "The car waits for the card."
    if text == NOT_YET:
        return "The car does not know the key yet; the fob goes on asking."
    return sentence(text) if text else None


def setback(code: str, text: str, reason: int | None) -> Setback:
    """What an error of the firmware's `pair` means, and whether trying again is worth it."""
    if code == "key-refused" or (code == "refused" and text == _REFUSED):
        error = whitelist_error(reason or 0)
        return Setback(error.words, error.remedy, error.again, reason_name(reason or 0))
    explained = explain(code, text)
    again = is_worth_repeating(code) or code == "connection-limit"
    return Setback(explained.problem, explained.remedy, again)


def paired(speaks: str | None) -> list[str]:
    """What has been reached, and what comes next."""
    newer = "The car speaks the signed-command protocol."
    older = "The car speaks the older protocol."
    return [
        "Paired. The car has proved that it knows the key: it answered a message that only this "
        "fob could have sealed.",
        newer if speaks == "signed" else older,
        "Next: press a button, or `fob press unlock` from here. On the car's screen (Controls, "
        "Locks) you can give the new key a name.",
    ]
