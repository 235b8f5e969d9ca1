"""Options that several commands share."""

from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

# What a shell may choose from is imported when it asks: no other use of an option should have to
# spend the time.


def complete_boards(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
    """Names of boards that begin so, else files."""
    from host_tools.board.catalogue import list_boards

    found = [CompletionItem(name) for name in list_boards() if name.startswith(typed)]
    return found or [CompletionItem(typed, type="file")]


def _ports(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
    from host_tools.cable.ports import list_ports

    return [
        CompletionItem(port.device, help=port.description)
        for port in list_ports()
        if port.device.startswith(typed)
    ]


port_option = click.option(
    "--port",
    metavar="PORT",
    envvar="FOB_PORT",
    shell_complete=_ports,
    help="Serial port of the fob, or FOB_PORT; `fob ports` lists.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="For machines.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
board_option = click.option(
    "--board",
    metavar="NAME",
    shell_complete=complete_boards,
    help="A board of `fob boards`, or the path of a board's TOML.",
)
car_option = click.option(
    "--vin",
    "wanted",
    metavar="VIN|NUMBER",
    help="Which car, where the fob has several; `fob cars` lists.",
)


def given(ctx: click.Context, name: str) -> Any:
    """The value of an option that a subcommand and its group both have: typed behind either."""
    typed = ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    return (ctx if typed or ctx.parent is None else ctx.parent).params[name]


tap_after_option = click.option(
    "--tap-after",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Tap the key card so long after the car begins to wait for it.",
)
