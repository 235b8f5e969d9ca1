"""`fob status`: who a fob is, how it is, and what its last presses came to."""

import dataclasses
from typing import Any

import click

from host_tools.advice import fob_status, vehicle_status
from host_tools.advice.fob_status import Rows
from host_tools.cable.device import Facts, NoConsole
from host_tools.cli.fob_session import check_provisioned, chosen_car, connect, the_car, worded
from host_tools.cli.options import car_option, json_option, port_option
from host_tools.cli.screen import out, show_json
from host_tools.cli.sections import show_sections
from host_tools.failure import Failure, InputError
from host_tools.installation import install
from host_tools.installation.micropython import dotted

# The firmware looks for the car, connects and asks, and asks again in the other protocol.
_SILENCE = 45.0


@click.command()
@click.option("--car", "ask_car", is_flag=True, help="Ask the car how it is, too.")
@car_option
@port_option
@json_option
def status(ask_car: bool, wanted: str | None, port: str | None, as_json: bool) -> None:
    """Show who the fob is, how it is, what its buttons do and what its last presses came to.

    --car asks the car whether it is locked, which door, trunk or port is open, whether it sleeps
    and whether somebody is in it; any car answers that, paired or not.

    \b
    Example:
      fob status --car
    """
    told: dict[str, Any] | None = None
    car: dict[str, Any] | None = None
    failure: Failure | None = None
    with connect(port) as device:
        program = install.installed(device)
        version = install.installed_version(device) if device.facts.mounted else None
        try:
            device.require_files()
            if program == "missing":
                raise NoConsole("this board has no fob program", "Install it: `fob flash`.")
            told = device.call("status")
            number = chosen_car(told, wanted)
            named: dict[str, Any] = {} if number is None else {"car": number}
            if named:
                told = device.call("status", **named)
            if ask_car:
                check_provisioned(told)
                asked = the_car(told, wanted)
                answer = device.call("car_status", timeout=_SILENCE, **asked)
                car = vehicle_status.completed(answer)
        except InputError:
            raise
        except Failure as error:
            # What is known all the same is shown first.
            failure = worded(error)
        facts, name = device.facts, device.port
    if as_json:
        show_json(
            {
                "port": name,
                "board": dataclasses.asdict(facts),
                "program": {"state": program, "version": version},
                "status": told,
                "car": car,
            }
        )
    else:
        show_sections(out(), _sections(told, car, facts, program, version))
    if failure:
        raise failure


def _sections(
    told: dict[str, Any] | None,
    car: dict[str, Any] | None,
    facts: Facts,
    program: str,
    version: str | None,
) -> list[tuple[str, Rows]]:
    micropython = f"{dotted(facts.version)}, {facts.machine}"
    words = fob_status.program_words(program) if facts.mounted else "its file system is damaged"
    running = f"{version}, {words}" if version else words
    board = fob_status.board_rows(told or {}, facts.chip, micropython, running)
    if told is None:
        return [("Board", board)]
    sections = [("Fob", fob_status.identity_rows(told)), ("Board", board)]
    sections += [("Its car", fob_status.car_rows(told)), ("Its cars", fob_status.cars_rows(told))]
    if car:
        sections.append(("The car says", vehicle_status.car_rows(car)))
    sections += [
        ("Its buttons", fob_status.buttons_rows(told)),
        ("Its light", fob_status.light_rows(told)),
        ("Passive entry", fob_status.passive_rows(told)),
        ("What went wrong", fob_status.journal_rows(told)),
    ]
    return [(heading, rows) for heading, rows in sections if rows]
