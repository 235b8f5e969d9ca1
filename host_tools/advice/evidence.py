"""What is found out about a fob, its board and this computer, and what comes of it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from host_tools.cable.device import Facts
from host_tools.failure import Failure


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
    """As host_tools.installation.install.installed() says."""
    shadows: list[str] = field(default_factory=list)
    """Files that are imported in place of MicroPython's modules or the firmware's."""
    counters: list[int | None] | Failure | None = None
    """First value that is not leased yet, by slot; None for one that is missing or damaged."""
    status: dict[str, Any] | Failure | None = None
    """What the firmware's console answers to `status`."""
    scan: dict[str, Any] | Failure | None = None
    """What it answers to `scan`."""


def unanswered(check: str, failure: Failure | object | None) -> Finding:
    """What could not be found out, or was not tried."""
    if isinstance(failure, Failure):
        return wrong(check, failure)
    return Finding(check, Verdict.UNKNOWN, "first mend what is wrong above")


def wrong(check: str, failure: Failure) -> Finding:
    return Finding(check, Verdict.WRONG, failure.problem, failure.remedy)
