"""`make soak`, or `python -m tests.trials.soak --presses 10000 --seed 1`."""

import re

import click

from host_tools.simulator import virtual_time
from host_tools.simulator.board import HEAP

from ..runner import conclude, run_cases
from .life import Life, Plan
from .table import table
from .trial import live, plan_lives


@click.command()
@click.option(
    "--presses",
    default=1000,
    type=click.IntRange(1),
    show_default=True,
    help="How many presses to make.",
)
@click.option("--seed", default=1, show_default=True, help="Draws everything.")
@click.option("--only", type=int, multiple=True, help="Only the life of this number.")
@click.option("--verbose", is_flag=True, help="Tell these lives as they happen.")
@click.option("--heap", default=HEAP, show_default=True, help="What the firmware has.")
@click.option(
    "--jobs",
    default=0,
    type=click.IntRange(0),
    help="Processes at a time; by default one for each core.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything for machines.")
def main(
    presses: int,
    seed: int,
    only: tuple[int, ...],
    verbose: bool,
    heap: str,
    jobs: int,
    as_json: bool,
) -> None:
    """Live a fob's life from a seed."""
    if not re.fullmatch(r"[1-9]\d*[KM]?", heap):
        raise click.BadParameter("write bytes, or with K or M: 160K", param_hint="--heap")
    plans = plan_lives(seed, presses, heap)
    if only:
        plans = [plan for plan in plans if plan.number in only]
        if len(plans) < len(set(only)):
            raise click.BadParameter("there is no life of this number", param_hint="--only")
    if verbose:
        for plan in plans:
            click.echo(f"life {plan.number} of seed {seed}: {plan}")
            virtual_time.run(_tell(plan))
        return
    report = run_cases("soak", plans, live, jobs=jobs)
    conclude(report, as_json=as_json, table=table)


async def _tell(plan: Plan) -> None:
    await Life(plan, click.echo).run()


if __name__ == "__main__":
    main()
