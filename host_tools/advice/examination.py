"""Finds out what diagnosis.py judges: one look after the other, none of which stops the rest."""

import re
import sys
import time
from collections.abc import Callable
from importlib import metadata
from typing import TypeVar

from host_tools.advice.evidence import Evidence
from host_tools.advice.fob_errors import explain
from host_tools.cable.device import ConsoleError, Device, DeviceError, NoConsole
from host_tools.failure import Failure
from host_tools.identity.counters import COUNTER_PATHS, read_counter_record
from host_tools.installation import install

T = TypeVar("T")

_DISTRIBUTION = "open-esp32-key-fob"
_LISTENING_MS = 5000
_SILENCE = 30.0


class _Gone(Exception):
    """The board does not answer any more: whatever is left to ask can wait."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure


def examine(
    connect: Callable[[], Device],
    on_step: Callable[[str], None] = lambda _: None,
    clock: Callable[[], float] = time.time,
) -> Evidence:
    """Look at this computer, and at the board that `connect` finds. Never raises a Failure.

    on_step     is told what is being looked at.
    """
    evidence = Evidence(
        python=sys.version_info[:3], missing_packages=missing_packages(), now=clock()
    )
    try:
        device = connect()
    except Failure as failure:
        evidence.port = failure
        return evidence
    evidence.port = device.port
    on_step("asking the board")
    try:
        with device:
            evidence.facts = device.facts
            _look_around(device, evidence, on_step)
    except _Gone as gone:
        evidence.lost = gone.failure
    except Failure as failure:
        evidence.facts = failure
    return evidence


def missing_packages() -> list[str]:
    """The Python packages that these tools need on every computer and that are not there."""
    try:
        needed = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:  # run from its sources, by whoever knows what to do
        return []
    # Behind a semicolon stands when it is needed.
    names = [re.split(r"[^\w.-]", each)[0] for each in needed if ";" not in each]
    return [name for name in names if not _is_there(name)]


def _look_around(device: Device, evidence: Evidence, on_step: Callable[[str], None]) -> None:
    if device.facts.mounted:
        on_step("reading its files")
        evidence.space = _found(device.free)
        evidence.files = _found(device.files)
        evidence.program = _found(lambda: install.installed(device))
        if isinstance(evidence.files, dict):
            evidence.shadows = install.shadows(evidence.files) + _stale(evidence.files)
            if "/key.bin" in evidence.files:
                # Before the firmware loads it, which renews a damaged record.
                evidence.counters = _found(lambda: _counters(device))
    if evidence.program not in (None, "missing"):
        on_step("asking the fob")
        evidence.status = _found(lambda: device.call("status"))
        if isinstance(evidence.status, dict):
            on_step("listening for the car")
            evidence.scan = _found(lambda: device.call("scan", timeout=_SILENCE, ms=_LISTENING_MS))


def _counters(device: Device) -> list[int | None]:
    return [read_counter_record(device.read(path)) for path in COUNTER_PATHS]


def _stale(files: dict[str, int]) -> list[str]:
    """Sources that are imported in place of what is compiled beside them."""
    return [
        path
        for path in files
        if path.endswith(".py") and f"{path.removesuffix('.py')}.mpy" in files
    ]


def _found(look: Callable[[], T]) -> T | Failure:
    """What `look` finds, or why it does not; raises _Gone where nothing more can be found."""
    try:
        return look()
    except ConsoleError as error:
        return Failure(*explain(error.code, error.text))
    except NoConsole as failure:
        return failure
    except DeviceError as failure:
        if failure.kind in ("gone", "silent", "port"):
            raise _Gone(failure) from failure
        return failure
    except Failure as failure:
        return failure


def _is_there(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True
