"""What sits on a serial port: asked without waiting long, and never by restarting it by force."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from host_tools.cable.device import Device, DeviceError
from host_tools.cable.ports import Port
from host_tools.failure import Failure
from host_tools.identity.keys import key_identifier
from host_tools.installation.install import installed_version
from host_tools.installation.micropython import dotted

State = Literal["not-asked", "fob", "micropython", "no-answer"]

# A fob that runs answers within a second. Before this is over no session pulses the port's control
# lines, which would restart whatever else is plugged in, say a printer at work.
_PATIENCE = 2.5
_CALL_TIMEOUT = 10.0


@dataclass(frozen=True)
class Answer:
    """What a port's board said.

    state       "fob": this project's program answers; "micropython": only that does.
    program     version of the fob's program.
    key         identifier of its public key, as a car lists it.
    problem     why nothing more is known, in words.
    """

    state: State
    chip: str | None = None
    micropython: str | None = None
    program: str | None = None
    vin: str | None = None
    key: str | None = None
    problem: str = ""


def probe(ports: Sequence[Port]) -> list[Answer]:
    """Ask those that a fob is likely to be at, all at once; what answers restarts afterwards."""
    with ThreadPoolExecutor(max_workers=max(1, len(ports))) as pool:
        return list(pool.map(_probe, ports))


def _probe(port: Port) -> Answer:
    if not port.is_likely:
        return Answer("not-asked")
    try:
        with Device(port.device, patience=_PATIENCE, any_chip=True) as device:
            return _ask(device)
    except DeviceError as error:
        return Answer("no-answer", problem=error.problem)


def _ask(device: Device) -> Answer:
    facts = device.facts
    chip = facts.chip or facts.machine or facts.platform
    version = dotted(facts.version)
    if facts.chip is None:
        return Answer("micropython", chip, version)
    try:
        status = device.call("status", timeout=_CALL_TIMEOUT)
        program = installed_version(device)
    except Failure as error:
        return Answer("micropython", chip, version, problem=error.problem)
    public = status.get("public_key")
    key = key_identifier(bytes.fromhex(public)) if public else None
    return Answer("fob", chip, version, program=program, vin=status.get("vin"), key=key)
