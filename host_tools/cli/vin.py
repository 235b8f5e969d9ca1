"""Which cars the commands with simulated ones have."""

from typing import Any

import click

from host_tools.simulator.bench import VIN
from host_tools.simulator.car import InvalidVin, check_vin


class _VinType(click.ParamType[str]):
    name = "vin"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return check_vin(value.upper())
        except InvalidVin as error:
            self.fail(str(error), param, ctx)


vin_option = click.option(
    "--vin", type=_VinType(), default=VIN, show_default=True, help="Of the simulated car."
)
more_cars_option = click.option(
    "--more-car",
    "more_cars",
    type=_VinType(),
    metavar="VIN",
    multiple=True,
    help="Another car a few steps away; may be repeated.",
)
