"""What commands that talk to a fob share: the connection, its waits and its errors in words."""

from typing import Any

from rich.console import Console
from rich.text import Text

from host_tools.advice.fob_errors import explain
from host_tools.advice.fob_status import configuration_fault
from host_tools.cable.device import ConsoleError, Device
from host_tools.cable.ports import choose_port
from host_tools.cli.screen import errors
from host_tools.failure import Failure, InputError, sentence


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


def provisioned(device: Device, wanted: str | None = None) -> dict[str, Any]:
    """The status of a fob that can press and pair, of the car `wanted` where one is.

    Raises Failure for a fob that cannot yet, InputError as `chosen_car`.
    """
    try:
        status = device.call("status")
        number = chosen_car(status, wanted)
        if number is not None and status.get("vin") != _vin(status, number):
            status = device.call("status", car=number)
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


def chosen_car(status: dict[str, Any], wanted: str | None) -> int | None:
    """The number of the car that was named by VIN or number; None where none was.

    Raises InputError for one that the fob does not have, Failure for one of no use.
    """
    if wanted is None:
        return None
    cars = status.get("cars") or []
    for car in cars:
        if wanted.upper() in (str(car["number"]), car.get("vin")):
            if car.get("wrong"):
                raise Failure(*explain("configuration", car["wrong"]))
            return int(car["number"])
    if not cars:
        check_provisioned(status)
    raise InputError(f"this fob has no car {wanted}", f"It has: {_listed(status)}.")


def the_car(status: dict[str, Any], wanted: str | None) -> dict[str, Any]:
    """The argument that names the car to the fob's console: empty for a fob with one car.

    Raises InputError where there are several and none was named, and as `chosen_car`.
    """
    number = chosen_car(status, wanted)
    if number is not None:
        return {"car": number}
    if len(status.get("cars") or []) > 1:
        raise InputError("this fob has several cars", f"Take one by --vin: {_listed(status)}.")
    return {}


def _listed(status: dict[str, Any]) -> str:
    cars = sorted(status.get("cars") or [], key=lambda car: int(car["number"]))
    return ", ".join(f"{car['number']} ({car.get('vin') or 'of no use'})" for car in cars)


def _vin(status: dict[str, Any], number: int) -> str | None:
    found = (car.get("vin") for car in status.get("cars") or [] if car["number"] == number)
    return next(found, None)


def worded(error: Failure) -> Failure:
    """An error of the firmware's console with its remedy; other Failures as they are."""
    if isinstance(error, ConsoleError):
        return Failure(*explain(error.code, error.text, error.reason))
    return error
