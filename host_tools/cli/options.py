"""Options that several commands share."""

import click

port_option = click.option(
    "--port", metavar="PORT", envvar="FOB_PORT", help="Serial port of the fob; `fob ports` lists."
)
json_option = click.option("--json", "as_json", is_flag=True, help="For machines.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
board_option = click.option(
    "--board", metavar="NAME", help="A board of `fob boards`, or the path of a board's TOML."
)
