"""`fob wipe`: makes a fob nobody's again."""

import click

from host_tools.cable.device import Device
from host_tools.cli.fob_session import connect
from host_tools.cli.options import json_option, port_option, yes_option
from host_tools.cli.progress import progress_bar
from host_tools.cli.questions import agree
from host_tools.cli.screen import out, show_json
from host_tools.failure import Failure
from host_tools.identity.holdings import CarAndKey, told_cars
from host_tools.identity.keys import key_identifier
from host_tools.identity.stored import Identity, note_seen, read_identity


@click.command()
@port_option
@yes_option
@json_option
def wipe(port: str | None, yes: bool, as_json: bool) -> None:
    """Remove key, configuration and state from the fob.

    The free space of its flash is overwritten as well. MicroPython and the fob's program stay:
    `fob provision` makes it somebody's again. A key without a backup is gone for good; the car goes
    on listing it until you remove it there. With --json it needs --yes.

    \b
    Example:
      fob wipe
    """
    with connect(port) as device:
        device.require_files()
        identity = read_identity(device)
        cars = _who(identity)
        told = {
            **_told(*(cars[0] if cars else (None, None))),
            "cars": [_told(*each) for each in cars],
        }
        if identity.is_blank:
            if as_json:
                show_json({"wiped": False, **told})
            else:
                out().print("Nothing to wipe: the fob has no key, no configuration and no state.")
            return
        if as_json and not yes:
            raise Failure("a fob is not wiped without being asked", "Add --yes.")
        if not yes:
            _ask(cars)
        _wipe(device, identity, quiet=as_json)
    if as_json:
        show_json({"wiped": True, **told})
        return
    out().print("Wiped: key, configuration and state are gone.", style="bold")
    names = list({name: None for _, name in cars if name})
    if names:
        keys = f"The car still lists the key {names[0]}"
        if len(cars) > 1:
            keys = f"The cars still list the key{'s' * (len(names) > 1)} {' and '.join(names)}"
        out().print(
            f"{keys}. To remove it: in the car, Controls, Locks, the bin beside the key, then the"
            " key card."
        )


def _who(identity: Identity) -> list[CarAndKey]:
    """The cars, and the keys that are there for them or named."""
    if identity.configuration is None:
        there = [key_identifier(held.public) for held in identity.cars.values() if held.public]
        told = [(vin, name) for vin, name in told_cars(identity.files) if vin or name]
        return told or [(None, name) for name in dict.fromkeys(there)]
    found = []
    for held in identity.cars.values():
        public = held.public or held.named
        vin = held.car.vin if held.car else None
        found.append((vin, key_identifier(public) if public else None))
    return found


def _told(vin: str | None, name: str | None) -> dict[str, str | None]:
    return {"vin": vin, "key_identifier": name}


def _ask(cars: list[CarAndKey]) -> None:
    names = list({name: None for _, name in cars if name})
    vins = [vin for vin, _ in cars if vin]
    lost = f"the key{'s' * (len(names) > 1)} {' and '.join(names)}"
    car = f" for the car{'s' * (len(vins) > 1)} {' and '.join(vins)}" if vins else ""
    out().print(
        f"This removes {lost if names else 'what is left of a key'}{car}, the configuration, the"
        " message counter and the log from the fob, for good. Without a backup (`fob key backup"
        " FILE`) the key cannot come back."
    )
    agree("Wipe it?")


def _wipe(device: Device, identity: Identity, *, quiet: bool) -> None:
    note_seen(identity)
    with progress_bar("Overwriting the flash", quiet=quiet) as advance:
        device.wipe(advance)
