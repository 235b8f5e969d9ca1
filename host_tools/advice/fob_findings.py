"""What is wrong with a fob: its configuration, key, counter, pairing, battery and radio."""

from collections.abc import Iterator, Mapping
from typing import Any

from host_tools.advice.evidence import Evidence, Finding, Verdict, unanswered
from host_tools.advice.fob_errors import CONFIRM, explain
from host_tools.advice.fob_status import configuration_fault, is_low, pair_command
from host_tools.advice.signal_strength import strength
from host_tools.cable.device import NoConsole
from host_tools.failure import Failure, sentence
from host_tools.identity.counters import COUNTER_MAX
from host_tools.identity.keys import key_identifier

CRASHES = 3
"""So many in a row and the firmware waits for a laptop; see firmware/rescue.py."""
FEW_VALUES = 1_000_000
"""A counter with fewer left is worth a word."""


def fob_findings(evidence: Evidence) -> Iterator[Finding]:
    status = evidence.status
    if not isinstance(status, dict):
        files = evidence.files
        if isinstance(files, dict) and "/fob.json" not in files:
            remedy = "Run `fob provision --vin VIN --board NAME`."
            yield Finding("configuration", Verdict.WRONG, "this fob belongs to no car yet", remedy)
        else:
            yield unanswered("configuration", None if isinstance(status, NoConsole) else status)
        yield from _counter(evidence)
        yield from _radio(evidence)
        return
    yield from _configuration(status)
    yield from _counter(evidence)
    if not status.get("configuration"):
        yield from _pairing(status)
    yield from _more_cars(status)
    yield _crashes(status)
    yield _battery(status)
    yield from _radio(evidence)


def _configuration(status: Mapping[str, Any]) -> Iterator[Finding]:
    fault = configuration_fault(status)
    if not fault:
        yield Finding("configuration", Verdict.OK, f"for the car {status['vin']}")
        identifier = key_identifier(bytes.fromhex(status["public_key"]))
        yield Finding("key", Verdict.OK, f"id {identifier}, fits the configuration")
        return
    check = "key" if "key.bin" in fault.problem else "configuration"
    yield Finding(check, Verdict.WRONG, fault.problem, fault.remedy)


def _counter(evidence: Evidence) -> Iterator[Finding]:
    slots = evidence.counters
    if slots is None:
        return
    if isinstance(slots, Failure):
        yield unanswered("counter", slots)
        return
    whole = [first for first in slots if first is not None]
    left = COUNTER_MAX - max(whole) + 1 if whole else 0
    if not whole:
        text = "it is lost: no readable record"
        yield Finding("counter", Verdict.WRONG, text, "Run `fob provision --repair`.")
    elif left <= 0:
        remedy = "Make a new key with `fob provision --replace-key`, then `fob pair`."
        yield Finding("counter", Verdict.WRONG, "it is used up", remedy)
    elif len(whole) < len(slots):
        remedy = (
            "The fob renews it by itself; if it comes back, replace the board: its flash fails."
        )
        text = f"one of its two records is unreadable, at least {left:,} values are left"
        yield Finding("counter", Verdict.WARNING, text, remedy)
    elif left < FEW_VALUES:
        remedy = "Plan a new key: `fob provision --replace-key`, then `fob pair`."
        yield Finding(
            "counter", Verdict.WARNING, f"little more than {left:,} values are left", remedy
        )
    else:
        yield Finding("counter", Verdict.OK, f"at least {left:,} values are left")


def _pairing(status: Mapping[str, Any]) -> Iterator[Finding]:
    if status.get("unknown"):
        text = "the car said that it does not know the key any more"
        yield Finding("pairing", Verdict.WARNING, text, f"Run {pair_command(status)}.")
    elif "paired" in status and not status["paired"]:
        remedy = f"Run {pair_command(status)}."
        yield Finding("pairing", Verdict.WARNING, "not paired yet", remedy)
    elif status.get("paired"):
        yield Finding("pairing", Verdict.OK, "paired")
    if status.get("waits"):
        text = "the fob holds something back until you confirm it"
        yield Finding("held back", Verdict.WARNING, text, sentence(CONFIRM))


def _more_cars(status: Mapping[str, Any]) -> Iterator[Finding]:
    """The cars but the one that the rest is about, each in a line."""
    for car in status.get("cars") or []:
        if car.get("wrong") or car.get("vin") != status.get("vin"):
            yield _car(car)


def _car(car: Mapping[str, Any]) -> Finding:
    check = f"car {car['number']}"
    counter = car.get("counter") or {}
    fault = explain("configuration", car["wrong"]) if car.get("wrong") else None
    if counter.get("wrong"):
        fault = explain("state", counter["wrong"])
    if fault:
        return Finding(check, Verdict.WRONG, fault.problem, fault.remedy)
    told = str(car.get("vin"))
    pair = f"Run `fob pair --vin {car['number']}`."
    left = COUNTER_MAX - counter["next"] + 1 if "next" in counter else None
    if car.get("unknown"):
        text = f"{told} said that it does not know the key any more"
        return Finding(check, Verdict.WARNING, text, pair)
    if not car.get("paired"):
        return Finding(check, Verdict.WARNING, f"{told} is not paired yet", pair)
    if car.get("waits"):
        text = f"{told}: the fob holds something back until you confirm it"
        return Finding(check, Verdict.WARNING, text, sentence(CONFIRM))
    if left is not None and left < FEW_VALUES:
        remedy = f"Plan a new key: `fob provision --vin {told} --replace-key`, then `fob pair`."
        text = f"{told}: {max(left, 0):,} values of its counter are left"
        return Finding(check, Verdict.WARNING, text, remedy)
    return Finding(check, Verdict.OK, f"{told}, paired")


def _crashes(status: Mapping[str, Any]) -> Finding:
    number = status["crashes"]
    lines = [line for line in status["journal"] if line.startswith("crash")]
    if not number:
        return Finding("crashes", Verdict.OK, "none in a row")
    last = f"; the last: {lines[-1].removeprefix('crash: ')}" if lines else ""
    text = f"{number} in a row{last}"
    if number < CRASHES:
        return Finding("crashes", Verdict.WARNING, text, "`fob logs` shows them; watch it.")
    remedy = "Run `fob flash`; if they come back, report what `fob logs` shows."
    return Finding("crashes", Verdict.WRONG, text, remedy)


def _battery(status: Mapping[str, Any]) -> Finding:
    millivolts = status.get("battery_mv")
    if millivolts is None:
        return Finding("battery", Verdict.OK, "not measured on this board")
    told = f"{millivolts / 1000:.2f} V"
    if is_low(status):
        return Finding("battery", Verdict.WARNING, f"{told} is low", "Charge or change it.")
    return Finding("battery", Verdict.OK, told)


def _radio(evidence: Evidence) -> Iterator[Finding]:
    scan = evidence.scan
    if not isinstance(scan, dict):
        if scan is not None:
            yield unanswered("radio", scan)
        return
    if scan["car"]:
        yield Finding("radio", Verdict.OK, f"hears the car: {strength(scan['rssi'])}")
    elif scan["heard"]:
        devices = f"{scan['heard']} device{'s' * (scan['heard'] > 1)}"
        known = isinstance(evidence.status, dict) and not evidence.status.get("configuration")
        car = ", the car is not among them" if known else ""
        yield Finding("radio", Verdict.OK, f"hears {devices}{car}")
    else:
        text = "it heard nothing in 5 s"
        remedy = (
            "Go where there are phones or the car; if it still hears nothing, look at the antenna."
        )
        yield Finding("radio", Verdict.WARNING, text, remedy)
