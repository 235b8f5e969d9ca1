"""`fob setup`: from a bare board to a paired fob, through the commands that do each step."""

from pathlib import Path

import click

from host_tools.cli.options import board_option, port_option, yes_option
from host_tools.cli.screen import errors
from host_tools.cli.setup_walk import Walk
from host_tools.failure import Failure, InputError

_AGAIN = "`fob setup` goes on here when you run it again."


@click.command()
@port_option
@board_option
@click.option("--vin", metavar="VIN", help="Of your car.")
@click.option(
    "--firmware",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="MicroPython for the board, as downloaded; needed only where it has none.",
)
@yes_option
@click.pass_context
def setup(
    ctx: click.Context,
    port: str | None,
    board: str | None,
    vin: str | None,
    firmware: Path | None,
    yes: bool,
) -> None:
    """Make a bare board a paired fob, step by step.

    Port, board, MicroPython, program, key and VIN, pairing, first press: what is done already is
    left as it is, and what is broken off goes on when you run it again. Options answer questions in
    advance; with all of them and --yes there are none. Each step has a command of its own, too.

    \b
    Example:
      fob setup --board lolin32-lite --firmware ESP32_GENERIC.bin
    """
    walk = Walk(ctx, board, vin, firmware, yes)
    try:
        walk.go(port)
    except (click.Abort, KeyboardInterrupt):
        errors().print(f"\n{_AGAIN}", style="yellow")
        raise
    except InputError:
        raise
    except Failure as failure:
        if walk.port is None:
            raise
        again = Failure(failure.problem, f"{failure.remedy} {_AGAIN}".strip())
        again.exit_code = failure.exit_code
        raise again from failure
