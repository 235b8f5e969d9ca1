"""`fob cars`: the cars of a fob, and forgetting one."""

import click
from rich import box
from rich.table import Table
from rich.text import Text

from host_tools.cable.device import ConsoleError, Device, NoConsole
from host_tools.cli.fob_session import connect
from host_tools.cli.options import given, json_option, port_option, yes_option
from host_tools.cli.provision import car_named
from host_tools.cli.questions import agree
from host_tools.cli.screen import next_step, out, show_json
from host_tools.failure import Failure, InputError
from host_tools.identity.keys import key_identifier
from host_tools.identity.plan import forget as forget_car
from host_tools.identity.plan_report import wrong_with
from host_tools.identity.request import find_car, for_car, listed
from host_tools.identity.settings import ROLES
from host_tools.identity.stored import Held, Identity, read_identity


@click.group(invoke_without_command=True)
@port_option
@json_option
@click.pass_context
def cars(ctx: click.Context, port: str | None, as_json: bool) -> None:
    """List the fob's cars, or forget one.

    A fob has up to four; `fob provision --vin VIN` adds one. A press is for the car that is heard
    best, or for the one that its gesture names.

    \b
    Example:
      fob cars
    """
    if ctx.invoked_subcommand is not None:
        return
    with connect(port) as device:
        device.require_files()
        identity = read_identity(device)
        paired = _paired(device)
    if identity.is_blank:
        raise Failure("this fob was never provisioned", "`fob provision` gives it a car.")
    rows = [_row(identity, held, paired.get(held.number)) for held in identity.cars.values()]
    if as_json:
        show_json({"cars": rows})
        return
    table = Table("", "VIN", "key", "", "paired", "role", box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        known = "?" if row["paired"] is None else "yes" if row["paired"] else "no"
        kind = "its own" if row["own_key"] else "shared"
        name = row["key_identifier"] or "-"
        told = (row["number"], row["vin"] or "-", name, kind, known, row["role"] or "-")
        table.add_row(*(Text(str(each)) for each in told))
    out().print(table)
    for held in identity.cars.values():
        wrong = wrong_with(held)
        if wrong:
            out().print(Text(f"Car {held.number} has {wrong}. {_remedy(held)}", "yellow"))


@cars.command(short_help="Remove a car from the fob, and its key unless shared.")
@click.argument("car", metavar="VIN|NUMBER")
@port_option
@yes_option
@json_option
@click.pass_context
def forget(ctx: click.Context, car: str, port: str | None, yes: bool, as_json: bool) -> None:
    """Remove a car from the fob: its key, unless others share it, its counter and state.

    They are removed, not overwritten: only `fob wipe` does that. The car goes on listing the key
    until you remove it there. With --json it needs --yes.

    \b
    Example:
      fob cars forget 2
    """
    named = car_named(car)
    port, as_json = given(ctx, "port"), given(ctx, "as_json")
    with connect(port) as device:
        device.require_files()
        identity = read_identity(device)
        held = find_car(identity, named)
        if held is None:
            raise InputError(f"{named} is none of this fob's cars", listed(identity))
        if len(identity.cars) == 1:
            raise Failure("it is the fob's only car", "`fob wipe` removes it, and all with it.")
        if identity.configuration is None:
            raise Failure("the fob's fob.json is damaged", "`fob provision` mends it first.")
        if as_json and not yes:
            raise Failure("a car is not forgotten without being asked", "Add --yes.")
        shared = any(
            each.holder == held.holder and each is not held for each in identity.cars.values()
        )
        if not yes:
            _ask(identity, held, shared)
        forget_car(device, identity, held.number)
    name = key_identifier(held.public) if held.public else None
    vin = held.car.vin if held.car else None
    if as_json:
        told = {
            "number": held.number,
            "vin": vin,
            "key_identifier": name,
            "key_removed": not shared,
            "gestures_removed": _mapped(identity, held),
        }
        show_json({"forgotten": True, **told})
        return
    out().print(f"Forgotten: {held.title}.", style="bold")
    if yes and _mapped(identity, held):
        out().print(f"So is what was mapped for it alone: {', '.join(_mapped(identity, held))}.")
    if name:
        next_step(f"remove the key {name} in that car (Controls, Locks, the bin beside the key).")


def _ask(identity: Identity, held: Held, shared: bool) -> None:
    name = f" {key_identifier(held.public)}" if held.public else ""
    key = f"the key{name} stays for the others" if shared else f"its key{name} is gone for good"
    out().print(f"This removes {held.title} and its message counter from the fob; {key}.")
    mapped = _mapped(identity, held)
    if mapped:
        out().print(f"What is mapped for it alone goes, too: {', '.join(mapped)}.")
    agree("Forget it?")


def _mapped(identity: Identity, held: Held) -> list[str]:
    return for_car(identity.settings, held.number) if identity.settings else []


def _paired(device: Device) -> dict[int, bool]:
    """Whether each car, by number, is known to know the key, as far as the fob's program tells."""
    try:
        told = device.call("status").get("cars") or []
    except (ConsoleError, NoConsole):
        return {}
    return {each["number"]: bool(each["paired"]) for each in told if "paired" in each}


def _row(identity: Identity, held: Held, paired: bool | None) -> dict[str, object]:
    public = held.public or held.named
    sharing = [each for each in identity.cars.values() if each.holder == held.holder]
    roles = {number: name for name, number in ROLES.items()}
    return {
        "number": held.number,
        "vin": held.car.vin if held.car else None,
        "key_identifier": key_identifier(public) if public else None,
        "own_key": len(sharing) == 1,
        "paired": paired,
        "role": roles.get(held.car.role, str(held.car.role)) if held.car else None,
        "wrong": wrong_with(held),
    }


def _remedy(held: Held) -> str:
    which = f"--vin {held.number}"
    if held.car is None and held.number == 1:
        return "`fob provision --vin VIN --board NAME` mends it."
    if held.car is None:
        return f"`fob provision {which} --change-vin VIN` mends it."
    if held.key_state == "other":
        return "`fob provision` mends it."
    if held.key_state == "fits":
        return f"`fob provision {which} --repair` mends it."
    return f"Restore it by `fob provision {which} --key BACKUP`, or --replace-key."
