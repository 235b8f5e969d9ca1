"""How a fob is, in lines for people: from what the firmware's console answers to `status`.

Pure functions of that dict. All of its fields but `flash`, `crashes` and `journal` may be missing
or None: a fob that is not provisioned has no identity, one without a counter no pairing.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from host_tools.advice.car_keys import short_name
from host_tools.advice.fob_errors import CONFIRM, Explanation, explain
from host_tools.advice.light import pattern_rows
from host_tools.advice.refusals import in_words
from host_tools.advice.signal_strength import strength
from host_tools.identity import gestures
from host_tools.identity.counters import COUNTER_MAX
from host_tools.identity.keys import POINT_LENGTH, key_identifier
from host_tools.protocol import keys_pb2 as keys
from host_tools.protocol import vcsec_pb2 as vcsec

Rows = list[tuple[str, str]]

PROTOCOLS = {"signed": "the signed-command protocol", "legacy": "the older protocol"}
_PROGRAM = {
    "current": "up to date",
    "outdated": "of another version than these tools: run `fob flash`",
    "incomplete": "incomplete or changed: run `fob flash`",
    "missing": "none: run `fob flash`",
}
_FORMS = {
    "auto": "found out by itself",
    "token": "bound to the car's token",
    "plain": "without a token, as the oldest cars want it",
    "signed": "that of the signed-command protocol",
}
_CAUSES = {
    "power-on": "the power was connected",
    "woken": "a button woke it",
    "watchdog": "its watchdog restarted it",
    "reset": "it was reset",
}
# The last lines of the journal that are worth a look in passing; `fob logs` has all.
_LAST_LINES = 3

_SAID = re.compile(r"(?P<name>\S+) failed \((?P<code>[a-z-]+)\): (?P<text>.*)")
_NOTED = re.compile(r"(?P<name>\S+) (?P<code>[a-z-]+): (?P<text>.*)")


class Result(NamedTuple):
    """What became of a press or a pairing, as the firmware told it.

    code        of firmware/fob/errors.py; None where it was done, or no error is told.
    """

    text: str
    code: str | None = None
    remedy: str = ""


def last_result(line: str) -> Result:
    """What a line means that the firmware said of a press, or noted in its journal."""
    found = _SAID.fullmatch(line) or _NOTED.fullmatch(line)
    if not found or found["name"] == "crash":
        return Result(line)
    explained = explain(found["code"], found["text"])
    text = f"{found['name']} failed: {explained.problem}"
    return Result(text, found["code"], explained.remedy)


def identity_rows(status: Mapping[str, Any]) -> Rows:
    """Whose fob it is."""
    fault = configuration_fault(status)
    if not status.get("vin"):
        return [("car", f"{fault.problem}. {fault.remedy}" if fault else "unknown")]
    rows = [("VIN", str(status["vin"]))]
    public_key = status.get("public_key")
    if isinstance(public_key, str) and len(public_key) == 2 * POINT_LENGTH:
        identifier = key_identifier(bytes.fromhex(public_key))
        rows.append(("key", f"id {identifier}, {_asks_for(status)}"))
    if fault:
        rows.append(("wrong", f"{fault.problem}. {fault.remedy}"))
    return rows


def configuration_fault(status: Mapping[str, Any]) -> Explanation | None:
    """What is wrong with fob.json and key.bin, and what to do; None where all is well."""
    text = status.get("configuration")
    if not text:
        return None
    problem, remedy = explain("configuration", text)
    if problem == "no fob.json":
        problem = "this fob belongs to no car yet"
    return Explanation(problem, remedy)


def car_rows(status: Mapping[str, Any]) -> Rows:
    """What it knows of its car, and what its last presses came to."""
    if status.get("configuration") or not status.get("vin"):
        return []
    rows = [("paired", _paired(status))]
    if status.get("rssi") is not None:
        rows.append(("signal", f"{strength(status['rssi'])} (when it last listened)"))
    if status.get("peer"):
        rows.append(("met at", str(status["peer"])))
    if status.get("counter"):
        rows.append(("counter", _counter(status["counter"])))
    if status.get("last"):
        result = last_result(status["last"])
        rows.append(
            ("last press", f"{result.text}. {result.remedy}" if result.code else result.text)
        )
    if status.get("waits"):
        rows.append(("waits for you", CONFIRM))
    return rows


def cars_rows(status: Mapping[str, Any]) -> Rows:
    """Its cars, where there are several."""
    cars = status.get("cars") or []
    if len(cars) < 2 and not any(car.get("wrong") for car in cars):
        return []
    ordered = sorted(cars, key=lambda car: int(car["number"]))
    return [(f"car {car['number']}", _car(car)) for car in ordered]


def buttons_rows(status: Mapping[str, Any]) -> Rows:
    """What its buttons do; nothing for a fob that does not tell."""
    mapped = status.get("gestures")
    return gestures.rows(mapped) if mapped else []


def light_rows(status: Mapping[str, Any]) -> Rows:
    """What its light says."""
    if status.get("configuration") or not status.get("vin"):
        return []
    several = len(status.get("cars") or []) > 1
    return pattern_rows(warns_open=bool(status.get("warn_open")), several_cars=several)


def passive_rows(status: Mapping[str, Any]) -> Rows:
    """Whether the car may open without a press."""
    if "passive" not in status:
        return []
    passive = status["passive"]
    if passive is None:
        return [("allowed", "no: the fob answers no car by itself")]
    permitted = "unlock and drive" if passive["level"] > 1 else "unlock"
    minutes = passive["minutes"]
    rows = [("allowed", f"{permitted}, for {minutes} minute{'s' * (minutes > 1)} after a press")]
    rows.append(("form", _FORMS.get(passive["form"], passive["form"])))
    if passive["secure_at_end"]:
        rows.append(("at the end", "auto secure, if the car is still connected"))
    return rows


def journal_rows(status: Mapping[str, Any]) -> Rows:
    """What went wrong last, and how often it crashed in a row."""
    rows = [("in short", _crashes(status["crashes"]))] if status["crashes"] else []
    lines = status["journal"][-_LAST_LINES:]
    rows += [("last" if at == 0 else "", in_words(line)) for at, line in enumerate(reversed(lines))]
    return rows or [("", "nothing")]


def board_rows(status: Mapping[str, Any], chip: str | None, micropython: str, program: str) -> Rows:
    """What it runs on; `status` may be empty where the board has no firmware to ask."""
    board = status.get("board")
    name = board.get("name") if isinstance(board, dict) else None
    rows = [("board", f"{name}, {chip or 'unknown chip'}" if name else chip or "unknown chip")]
    rows.append(("MicroPython", micropython))
    rows.append(("program", program))
    if not status:
        return rows
    rows.append(("battery", battery(status)))
    flash = status["flash"]
    rows.append(("flash", f"{flash['free'] // 1024:,} of {flash['total'] // 1024:,} KiB free"))
    cause = status.get("cause")
    if cause:
        rows.append(("running since", _CAUSES.get(cause, cause)))
    return rows


def program_words(program: str) -> str:
    """What host_tools.installation.install says of the board's files, in words."""
    return _PROGRAM.get(program, program)


def battery(status: Mapping[str, Any]) -> str:
    """The battery's voltage, measured while the laptop's cable may feed the board."""
    millivolts = status.get("battery_mv")
    if millivolts is None:
        return "not measured on this board"
    volts = f"{millivolts / 1000:.2f} V"
    return f"{volts}, low: charge or change it" if is_low(status) else volts


def is_low(status: Mapping[str, Any]) -> bool:
    """Whether the battery is below what fob.json calls low."""
    board = status.get("board")
    known = board.get("battery") if isinstance(board, dict) else None
    millivolts = status.get("battery_mv")
    return bool(known and millivolts is not None and millivolts < known["low_mv"])


def _asks_for(status: Mapping[str, Any]) -> str:
    role = short_name(keys.Role.DESCRIPTOR, status.get("role"), "ROLE_")
    form = short_name(vcsec.KeyFormFactor.DESCRIPTOR, status.get("form_factor"), "KEY_FORM_FACTOR_")
    return f"role {role}, listed as {form}"


def _paired(status: Mapping[str, Any]) -> str:
    if "paired" not in status:
        return "not known: the counter is lost"
    if status.get("unknown"):
        return f"no: the car said that it does not know the key; run {pair_command(status)}"
    if not status["paired"]:
        return f"no: run {pair_command(status)}"
    spoken = PROTOCOLS.get(status.get("speaks") or "", "a protocol not known yet")
    return f"yes, in {spoken}"


def pair_command(status: Mapping[str, Any]) -> str:
    """What pairs the car that a status, or an entry of its cars, is about."""
    named = len(status.get("cars") or []) > 1 or "number" in status
    return f"`fob pair --vin {status.get('vin')}`" if named else "`fob pair`"


def _car(car: Mapping[str, Any]) -> str:
    if car.get("wrong"):
        problem, remedy = explain("configuration", car["wrong"])
        return f"{problem}. {remedy}"
    told = [str(car.get("vin"))]
    if car.get("public_key"):
        told.append(f"key {key_identifier(bytes.fromhex(car['public_key']))}")
    lost = (car.get("counter") or {}).get("wrong")
    told.append(str(lost) if lost else f"paired: {_paired(car)}")
    if car.get("rssi") is not None:
        told.append(strength(car["rssi"]))
    if car.get("waits"):
        told.append("waits for you")
    return "; ".join(told)


def _counter(counter: Mapping[str, Any]) -> str:
    if "wrong" in counter:
        return str(counter["wrong"])
    left = max(COUNTER_MAX - counter["next"] + 1, 0)
    return f"next {counter['next']:,}, {left:,} left"


def _crashes(number: int) -> str:
    return f"{number} crash{'es' * (number > 1)} in a row"
