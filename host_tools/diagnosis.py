"""What is wrong with a fob, its board or this computer, each with its remedy.

`diagnose` is a pure function of what examination.py found out; what could not be found out is a
Failure there, and None where it was not even tried.
"""

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from host_tools.counters import COUNTER_MAX, RELEASED
from host_tools.device import Facts, NoConsole
from host_tools.failure import Failure
from host_tools.fob_status import configuration_fault, is_low, key_identifier, waiting
from host_tools.micropython import check_micropython, dotted, oldest_micropython
from host_tools.signal_strength import strength

OLDEST_PYTHON = (3, 11)
CRASHES = 3
"""So many in a row and the firmware waits for a laptop; see firmware/rescue.py."""
SPARE_BYTES = 32 * 1024
"""What littlefs and the firmware's state want to be free."""
FEW_VALUES = 1_000_000
"""A counter with fewer left is worth a word."""


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    UNKNOWN = "not checked"


class Finding(NamedTuple):
    """One check: `text` says what was found, `remedy` what to do where it is not OK."""

    check: str
    verdict: Verdict
    text: str
    remedy: str = ""


@dataclass
class Evidence:
    """What could be found out; see examination.py."""

    python: tuple[int, int, int] = (0, 0, 0)
    missing_packages: list[str] = field(default_factory=list)
    now: float = 0.0
    """What this computer's clock shows, in seconds since 1970."""
    port: str | Failure | None = None
    facts: Facts | Failure | None = None
    lost: Failure | None = None
    """Why the board did not answer any more in the middle of it."""
    files: dict[str, int] | Failure | None = None
    space: tuple[int, int] | Failure | None = None
    program: str | Failure | None = None
    """As host_tools.install.installed() says."""
    shadows: list[str] = field(default_factory=list)
    """Files that are imported in place of MicroPython's modules or the firmware's."""
    counters: list[int | None] | Failure | None = None
    """First value that is not leased yet, by slot; None for one that is missing or damaged."""
    status: dict[str, Any] | Failure | None = None
    """What the firmware's console answers to `status`."""
    scan: dict[str, Any] | Failure | None = None
    """What it answers to `scan`."""


def diagnose(evidence: Evidence) -> list[Finding]:
    """Every check there is, in the order in which to mend what is wrong."""
    return [
        *_laptop_findings(evidence),
        *_board_findings(evidence),
        *_program_findings(evidence),
        *_fob_findings(evidence),
    ]


def _laptop_findings(evidence: Evidence) -> Iterator[Finding]:
    version = ".".join(str(number) for number in evidence.python)
    if evidence.python >= OLDEST_PYTHON:
        yield Finding("Python", Verdict.OK, version)
    else:
        needed = ".".join(str(number) for number in OLDEST_PYTHON)
        remedy = f"Install Python {needed} or newer, and these tools with it."
        yield Finding("Python", Verdict.WRONG, f"{version} is too old", remedy)
    if evidence.missing_packages:
        named = ", ".join(evidence.missing_packages)
        remedy = f"Install them: `{sys.executable} -m pip install {named.replace(',', '')}`."
        yield Finding("tools", Verdict.WRONG, f"Python packages are missing: {named}", remedy)
    else:
        yield Finding("tools", Verdict.OK, "all Python packages are there")
    day = time.strftime("%Y-%m-%d", time.gmtime(evidence.now))
    if evidence.now >= RELEASED:
        yield Finding("clock", Verdict.OK, f"this computer's says {day}")
    else:
        remedy = "Set it right: counters of imported and repaired keys start from it."
        yield Finding("clock", Verdict.WRONG, f"this computer's says {day}", remedy)


def _board_findings(evidence: Evidence) -> Iterator[Finding]:
    port, facts = evidence.port, evidence.facts
    if not isinstance(port, str):
        yield _unanswered("port", port)
        return
    yield Finding("port", Verdict.OK, port)
    if not isinstance(facts, Facts):
        yield _unanswered("connection", facts)
        return
    if evidence.lost:
        yield _wrong("connection", evidence.lost)
    else:
        yield Finding("connection", Verdict.OK, "the board answers")
    version = dotted(facts.version)
    try:
        check_micropython(facts)
    except Failure as failure:
        yield _wrong("MicroPython", failure)
    else:
        needed = dotted(oldest_micropython(facts.chip))
        yield Finding(
            "MicroPython", Verdict.OK, f"{version} on {facts.chip} ({needed} or newer is needed)"
        )
    yield from _file_system(evidence, facts)


def _file_system(evidence: Evidence, facts: Facts) -> Iterator[Finding]:
    if not facts.mounted:
        remedy = "Make a new one: `fob flash --erase`. What is on it, the key included, is lost."
        yield Finding("file system", Verdict.WRONG, "it cannot be mounted", remedy)
        return
    space = evidence.space
    if not isinstance(space, tuple):
        yield _unanswered("file system", space)
        return
    free, total = space
    told = f"{free // 1024} of {total // 1024} KiB are free"
    if free >= SPARE_BYTES:
        yield Finding("file system", Verdict.OK, told)
    else:
        yield Finding("file system", Verdict.WRONG, told, _delete_what_is_foreign(evidence))


def _delete_what_is_foreign(evidence: Evidence) -> str:
    files = evidence.files if isinstance(evidence.files, dict) else {}
    foreign = {path: size for path, size in files.items() if is_foreign(path)}
    if not foreign:
        return "Make a new file system: `fob flash --erase`. The key on it is lost."
    largest = sorted(foreign, key=lambda path: -foreign[path])[:3]
    named = ", ".join(f"{path} ({-(-foreign[path] // 1024)} KiB)" for path in largest)
    return f"Delete what is not the fob's, such as {named}."


def is_foreign(path: str) -> bool:
    """Whether a file is none that these tools or the firmware write."""
    ours = ("/boot.py", "/main.py", "/fob.json", "/light.json", "/key.bin", "/manifest.json")
    folders = ("/fob/", "/hal/", "/state/")
    final = path.removesuffix(".new")
    in_root = final.count("/") == 1 and final.endswith(".mpy")
    return not (final in ours or final.startswith(folders) or in_root or final == "/maintenance")


def _program_findings(evidence: Evidence) -> Iterator[Finding]:
    words = {
        "missing": "the board has none",
        "incomplete": "it is incomplete or changed, as after an upload that broke off",
        "outdated": "it is of another version than these tools",
    }
    program = evidence.program
    if program == "current":
        yield Finding("program", Verdict.OK, "all files are whole, and of this version")
    elif isinstance(program, str):
        verdict = Verdict.WARNING if program == "outdated" else Verdict.WRONG
        yield Finding("program", verdict, words.get(program, program), "Run `fob flash`.")
    else:
        yield _unanswered("program", program)
    if evidence.shadows:
        named = ", ".join(evidence.shadows)
        remedy = "`fob flash` removes old files of the fob; delete what else is named."
        text = f"imported in place of the fob's or MicroPython's own: {named}"
        yield Finding("foreign files", Verdict.WRONG, text, remedy)
    yield from _leftovers(evidence)


def _leftovers(evidence: Evidence) -> Iterator[Finding]:
    """What an interrupted command left; the firmware's own leftovers do no harm."""
    files = evidence.files if isinstance(evidence.files, dict) else {}
    staged = [path for path in files if path.endswith(".new") and not path.startswith("/state/")]
    data = {"/fob.json.new", "/light.json.new", "/key.bin.new"}
    for command, what, found in (
        ("fob provision", "provisioning", [path for path in staged if path in data]),
        ("fob flash", "an upload", [path for path in staged if path not in data]),
    ):
        if found:
            text = f"{what} broke off: {len(found)} file{'s' * (len(found) > 1)} left over"
            yield Finding("leftovers", Verdict.WARNING, text, f"Run `{command}` again.")


def _fob_findings(evidence: Evidence) -> Iterator[Finding]:
    status = evidence.status
    if not isinstance(status, dict):
        files = evidence.files
        if isinstance(files, dict) and "/fob.json" not in files:
            remedy = "Run `fob provision --vin VIN --board NAME`."
            yield Finding("configuration", Verdict.WRONG, "this fob belongs to no car yet", remedy)
        else:
            yield _unanswered("configuration", None if isinstance(status, NoConsole) else status)
        yield from _counter(evidence)
        yield from _radio(evidence)
        return
    yield from _configuration(status)
    yield from _counter(evidence)
    if not status.get("configuration"):
        yield from _pairing(status)
    yield _crashes(status)
    yield _battery(status)
    yield from _radio(evidence)


def _configuration(status: Mapping[str, Any]) -> Iterator[Finding]:
    fault = configuration_fault(status)
    if not fault:
        yield Finding("configuration", Verdict.OK, f"for the car {status['vin']}")
        identifier = key_identifier(status["public_key"])
        yield Finding("key", Verdict.OK, f"id {identifier}, fits the configuration")
        return
    check = "key" if "key.bin" in fault.problem else "configuration"
    yield Finding(check, Verdict.WRONG, fault.problem, fault.remedy)


def _counter(evidence: Evidence) -> Iterator[Finding]:
    slots = evidence.counters
    if slots is None:
        return
    if isinstance(slots, Failure):
        yield _unanswered("counter", slots)
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
        text = f"one of its two records is unreadable, {left:,} values are left"
        yield Finding("counter", Verdict.WARNING, text, remedy)
    elif left < FEW_VALUES:
        remedy = "Plan a new key: `fob provision --replace-key`, then `fob pair`."
        yield Finding("counter", Verdict.WARNING, f"only {left:,} values are left", remedy)
    else:
        yield Finding("counter", Verdict.OK, f"{left:,} values are left")


def _pairing(status: Mapping[str, Any]) -> Iterator[Finding]:
    if status.get("unknown"):
        text = "the car said that it does not know the key any more"
        yield Finding("pairing", Verdict.WARNING, text, "Run `fob pair`.")
    elif "paired" in status and not status["paired"]:
        yield Finding("pairing", Verdict.WARNING, "not paired yet", "Run `fob pair`.")
    elif status.get("paired"):
        yield Finding("pairing", Verdict.OK, "paired")
    if status.get("waits"):
        remedy = waiting()
        text = "the fob holds something back until you confirm it"
        yield Finding("held back", Verdict.WARNING, text, f"{remedy[0].upper()}{remedy[1:]}.")


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
            yield _unanswered("radio", scan)
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


def _unanswered(check: str, failure: Failure | object | None) -> Finding:
    """What could not be found out, or was not tried."""
    if isinstance(failure, Failure):
        return _wrong(check, failure)
    return Finding(check, Verdict.UNKNOWN, "first mend what is wrong above")


def _wrong(check: str, failure: Failure) -> Finding:
    return Finding(check, Verdict.WRONG, failure.problem, failure.remedy)
