"""What commands that talk to a fob share: the connection, its waits and its errors in words."""

from typing import Any

from rich.console import Console
from rich.text import Text

from host_tools.advice.fob_errors import explain
from host_tools.advice.fob_status import configuration_fault
from host_tools.cable.device import ConsoleError, Device
from host_tools.cable.ports import choose_port
from host_tools.cli.screen import errors
from host_tools.failure import Failure, sentence


def connect(port: str | None, console: Console | None = None) -> Device:
    """The fob at `port`, or at the only likely one; see `open_port`. Raises Unreachable."""
    return open_port(choose_port(port), console)


def open_port(port: str, console: Console | None = None, *, any_chip: bool = False) -> Device:
    """The board at a port that was chosen before; to be used in a `with`.

    console     where to say what a person can do while it does not answer; standard error if None.
    any_chip    whether a board may be there that is no ESP32.
    """
    told: set[str] = set()

    def wait(text: str) -> None:
        if text not in told:
            told.add(text)
            (console or errors()).print(Text(sentence(text), "yellow"))

    return Device(port, on_wait=wait, any_chip=any_chip)


def provisioned(device: Device) -> dict[str, Any]:
    """The status of a fob that can press and pair. Raises Failure for one that cannot yet."""
    try:
        status = device.call("status")
    except ConsoleError as error:
        raise worded(error) from error
    check_provisioned(status)
    return status


def check_provisioned(status: dict[str, Any]) -> None:
    """Raise Failure where a fob of this status can neither press nor pair yet."""
    fault = configuration_fault(status)
    if fault:
        raise Failure(*fault)
    lost = (status.get("counter") or {}).get("wrong")
    if lost:
        raise Failure(*explain("state", lost))


def worded(error: Failure) -> Failure:
    """An error of the firmware's console with its remedy; other Failures as they are."""
    if isinstance(error, ConsoleError):
        return Failure(*explain(error.code, error.text))
    return error
