"""Tries the commands on a real board: python -m tests.device --port PORT

Says what it erases, and asks. Refuses a fob that is provisioned, unless told otherwise.
"""

import sys

import click
import pytest

from host_tools.cable.ports import choose_port
from host_tools.failure import Failure, InputError
from tests.device.choice import board_for, files_at, is_somebodys


@click.command()
@click.option("--port", required=True, help="Its serial port; `fob ports` lists.")
@click.option("--board", help="Its definition; by default one of the same chip.")
@click.option("--lose-key", is_flag=True, help="Also a fob that is provisioned.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def main(port: str, board: str | None, lose_key: bool, yes: bool) -> None:
    """Run the suite of tests/device on the board at PORT. It loses all of its files."""
    try:
        choose_port(port)
        files = files_at(port)
        if is_somebodys(files) and not lose_key:
            raise InputError(
                f"the board at {port} is a fob with a key, which these tests would erase for ever",
                "Take another board, or say --lose-key.",
            )
        board = board or board_for(port)
    except Failure as failure:
        click.secho(f"{failure}", fg="red", err=True)
        sys.exit(failure.exit_code)
    click.echo(
        f"This erases the file system of the board at {port} ({len(files)} files), puts the fob's\n"
        f"program on it and makes it a fob wired like {board}, then removes its key again."
    )
    if not yes and not click.confirm("Go on?"):
        sys.exit(1)
    sys.exit(pytest.main(["tests/device", "-v", "--port", port, "--board", board, "--erase-board"]))


if __name__ == "__main__":
    main()
