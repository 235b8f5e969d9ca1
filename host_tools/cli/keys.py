"""`fob keys`: the keys that the car lists, and how one of them is removed."""

from typing import Any

import click
from rich.table import Table
from rich.text import Text

from host_tools.advice import car_keys
from host_tools.cable.device import ConsoleError, Device
from host_tools.cli.fob_session import connect, provisioned, the_car, worded
from host_tools.cli.options import car_option, given, json_option, port_option, yes_option
from host_tools.cli.questions import agree
from host_tools.cli.screen import out, show_json
from host_tools.cli.sections import show_text
from host_tools.failure import Failure, InputError

# A car lists up to 32 keys, each of which is asked for.
_SILENCE = 60.0


class _Keys(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands and not ctx.resilient_parsing:
            raise InputError(
                f"`fob keys` does not know {args[0]!r}",
                "`fob keys` lists the car's keys, `fob keys remove` removes one.",
            )
        return super().resolve_command(ctx, args)


@click.group(cls=_Keys, invoke_without_command=True)
@car_option
@port_option
@json_option
@click.pass_context
def keys(ctx: click.Context, wanted: str | None, port: str | None, as_json: bool) -> None:
    """List the keys that the car knows: slot, role, what they are listed as, and which is ours.

    Any car tells that to any fob. `fob keys remove` removes one; the fob's own secret key is the
    business of `fob key`.

    \b
    Example:
      fob keys
    """
    if ctx.invoked_subcommand is not None:
        return
    with connect(port) as device:
        status = provisioned(device, wanted)
        entries, told = _ask(device, the_car(status, wanted))
    if as_json:
        show_json({"keys": entries, **told})
    else:
        _show(entries, told)


@keys.command()
@click.argument("which", metavar="KEYID|SLOT")
@car_option
@port_option
@yes_option
@json_option
@click.pass_context
def remove(
    ctx: click.Context, which: str, wanted: str | None, port: str | None, yes: bool, as_json: bool
) -> None:
    """Have the car forget a key: one that was lost, or that nobody uses.

    Only an owner's key may do that (`fob provision --role owner`, before it is paired). A key
    cannot remove itself: the car's screen does (Controls, Locks), or another owner's key. With
    --json it needs --yes.

    \b
    Example:
      fob keys remove 3fb59233
    """
    wanted, port, as_json = given(ctx, "wanted"), given(ctx, "port"), given(ctx, "as_json")
    with connect(port) as device:
        status = provisioned(device, wanted)
        car = the_car(status, wanted)
        entries, _ = _ask(device, car)
        entry = car_keys.chosen(entries, which)
        slot, identifier, role, listed, _ = car_keys.row(entry)
        if as_json and not yes:
            raise Failure("a key is not removed without being asked", "Add --yes.")
        if not yes:
            agree(
                f"Have the car {status['vin']} forget the key {identifier} in slot {slot} "
                f"({role}, {listed})?{car_keys.caution(entries, entry)}"
            )
        try:
            device.call("remove_key", timeout=_SILENCE, content=car_keys.removal(entry), **car)
        except ConsoleError as error:
            raise worded(error) from error
    if as_json:
        show_json({"removed": entry})
    else:
        show_text(out(), f"Done: the car has forgotten the key {identifier}.", "green")


def _ask(device: Device, car: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The entries, and what the car tells of the whole list."""
    entries: list[dict[str, Any]] = []

    def hear(event: dict[str, Any]) -> None:
        if event["event"] == "key":
            entries.append(car_keys.entry_of(event))

    try:
        told = device.call("keys", on_event=hear, timeout=_SILENCE, **car)
    except ConsoleError as error:
        raise worded(error) from error
    return entries, car_keys.summary_of(told)


def _show(entries: list[dict[str, Any]], told: dict[str, Any]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for heading in car_keys.HEADINGS:
        table.add_column(heading)
    for entry in entries:
        slot, identifier, *rest = car_keys.row(entry)
        style = "bold green" if entry["ours"] else ""
        table.add_row(slot, Text(identifier, "cyan"), *(Text(word, style) for word in rest))
    out().print(table)
    if told["count"] > len(entries):
        more = told["count"] - len(entries)
        show_text(out(), f"The car lists {more} more, and did not tell which.", "yellow")
