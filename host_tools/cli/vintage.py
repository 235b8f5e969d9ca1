"""The --vintage option of the commands with a simulated car."""

from collections.abc import Callable
from typing import Any, get_args

import click

from host_tools.simulator.car import Vintage

VINTAGES: tuple[Vintage, ...] = get_args(Vintage)


def vintage_option(
    default: Vintage | None = None, text: str = "Year of the simulated car."
) -> Callable[..., Any]:
    """The option; `text` is its help, which says what happens without a default."""
    return click.option(
        "--vintage", type=click.Choice(VINTAGES), default=default, show_default=True, help=text
    )
