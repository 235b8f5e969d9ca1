"""`fob send`: has the car do anything a fob can ask for, without a button."""

import click
from click.shell_completion import CompletionItem
from rich.table import Table
from rich.text import Text

from host_tools.cable.device import ConsoleError
from host_tools.cli.fob_session import connect, provisioned, the_car, worded
from host_tools.cli.options import car_option, json_option, port_option
from host_tools.cli.screen import out, show_json
from host_tools.cli.sections import show_text
from host_tools.failure import Failure, InputError
from host_tools.identity import actions

# Longer than all attempts of one command.
_SILENCE = 60.0


def _names(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in actions.names() if name.startswith(typed)]


@click.command()
@click.argument("action", required=False, shell_complete=_names)
@click.option("--list", "listing", is_flag=True, help="List the actions; asks no fob.")
@car_option
@port_option
@json_option
def send(
    action: str | None, listing: bool, wanted: str | None, port: str | None, as_json: bool
) -> None:
    """Have the car do something: any action, whether or not a button has it.

    The fob seals it and sends it as it would after a press; its light stays dark. Closures take
    :move, :stop, :open or :close, several are joined by +. `fob provision --gesture` gives an
    action to a button. The exit code is 0 only when the car has taken it.

    \b
    Example:
      fob send frunk
      fob send trunk:close+charge-port:close
    """
    if listing:
        _list(as_json)
        return
    if action is None:
        raise InputError("no action is named", "`fob send --list` shows them.")
    if "@" in action:
        raise InputError(
            f"{action!r} names a car as gestures do", "Name it by --vin: `fob send lock --vin 2`."
        )
    content = actions.content(action)
    if not content:
        raise InputError(
            f"{action!r} is for buttons only: it sends nothing",
            f"Give it to one: `fob provision --gesture 'lock double={action}'`.",
        )
    with connect(port) as device:
        status = provisioned(device, wanted)
        car = the_car(status, wanted)
        try:
            result = device.call("send", timeout=_SILENCE, content=content, **car)
        except ConsoleError as error:
            raise _refused(action, error) from error
    if as_json:
        show_json({"result": {"action": action, **result}})
        return
    show_text(out(), f"Done in {result['ms']} ms: {action} ({actions.does(action)}).", "green")
    if result["open"]:
        show_text(out(), "Something is open: `fob status --car` shows what.", "yellow")


def _refused(action: str, error: ConsoleError) -> Failure:
    told = worded(error)
    older = any(action in row.names and not row.newer for row in actions.catalogue())
    if error.code != "refused" or error.text != "the car refuses the command" or not older:
        return told
    return Failure(
        told.problem,
        f"Today's cars need not know {action}, which is of the older protocol; of `fob send --list`"
        " trunk, frunk and charge-port are the newer ones.",
    )


def _list(as_json: bool) -> None:
    rows = actions.catalogue()
    if as_json:
        show_json([row._asdict() for row in rows])
        return
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("action", overflow="fold", max_width=32)
    table.add_column("what the car does", overflow="fold")
    for row in rows:
        table.add_row(Text(row.written, "cyan"), Text(row.does))
    out().print(table)
