"""What is wrong with a fob, its board or this computer, each with its remedy.

`diagnose` is a pure function of the Evidence that examination.py found.
"""

import re
import sys
import time
from collections.abc import Iterator

from host_tools.advice.evidence import Evidence, Finding, Verdict, unanswered, wrong
from host_tools.advice.fob_findings import fob_findings
from host_tools.cable.device import Facts
from host_tools.cable.fob_files import STAGED, making_room
from host_tools.failure import Failure
from host_tools.identity.counters import RELEASED
from host_tools.identity.provision import CONFIGURATION_PATH, KEY_PATH, LIGHT_PATH
from host_tools.installation.micropython import check_micropython, dotted, oldest_micropython

OLDEST_PYTHON = (3, 11)
_OF_A_CAR = re.compile(r"/car\d/")
# What the firmware writes itself: all but what makes a car's folder.
_OWN = re.compile(r"/state/|/car\d/(?!car\.json|key\.bin)")
SPARE_BYTES = 32 * 1024
"""What littlefs and the firmware's state want to be free."""


def diagnose(evidence: Evidence) -> list[Finding]:
    """Every check there is, in the order in which to mend what is wrong."""
    return [
        *_laptop_findings(evidence),
        *_board_findings(evidence),
        *_program_findings(evidence),
        *fob_findings(evidence),
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
        yield unanswered("port", port)
        return
    yield Finding("port", Verdict.OK, port)
    if not isinstance(facts, Facts):
        yield unanswered("connection", facts)
        return
    if evidence.lost:
        yield wrong("connection", evidence.lost)
    else:
        yield Finding("connection", Verdict.OK, "the board answers")
    version = dotted(facts.version)
    try:
        check_micropython(facts)
    except Failure as failure:
        yield wrong("MicroPython", failure)
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
        yield unanswered("file system", space)
        return
    free, total = space
    told = f"{free // 1024} of {total // 1024} KiB are free"
    if free >= SPARE_BYTES:
        yield Finding("file system", Verdict.OK, told)
    else:
        files = evidence.files if isinstance(evidence.files, dict) else {}
        yield Finding("file system", Verdict.WRONG, told, making_room(files))


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
        yield unanswered("program", program)
    if evidence.shadows:
        named = ", ".join(evidence.shadows)
        remedy = "`fob flash` removes old files of the fob; delete what else is named."
        text = f"imported in place of the fob's or MicroPython's own: {named}"
        yield Finding("foreign files", Verdict.WRONG, text, remedy)
    yield from _leftovers(evidence)


def _leftovers(evidence: Evidence) -> Iterator[Finding]:
    """What an interrupted command left; the firmware's own leftovers do no harm."""
    files = evidence.files if isinstance(evidence.files, dict) else {}
    staged = [path for path in files if path.endswith(STAGED) and not _OWN.match(path)]
    data = {path + STAGED for path in (CONFIGURATION_PATH, LIGHT_PATH, KEY_PATH)}
    data |= {path for path in staged if _OF_A_CAR.match(path)}
    for command, what, found in (
        ("fob provision", "provisioning", [path for path in staged if path in data]),
        ("fob flash", "an upload", [path for path in staged if path not in data]),
    ):
        if found:
            text = f"{what} broke off: {len(found)} file{'s' * (len(found) > 1)} left over"
            yield Finding("leftovers", Verdict.WARNING, text, f"Run `{command}` again.")
