"""`make powercut`, or `python -m tests.trials.powercut`."""

import click

from ..runner import Report, conclude, run_cases
from .phases import PHASES
from .table import table
from .trial import Case, cases, perform


@click.command()
@click.option(
    "--torn",
    default=2,
    type=click.IntRange(0),
    show_default=True,
    help="Ways in which each operation is torn.",
)
@click.option(
    "--again",
    default=0.2,
    type=click.FloatRange(0, 1),
    show_default=True,
    help="Share that is cut a second time.",
)
@click.option("--seed", default=1, show_default=True, help="Of what is torn how, and the sample.")
@click.option("--phase", "phases", multiple=True, type=click.Choice(list(PHASES)))
@click.option("--only", multiple=True, metavar="CASE", help="Repeat this case, as it was printed.")
@click.option(
    "--jobs", default=0, type=click.IntRange(0), help="Processes at a time; 0: one for each core."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything for machines.")
def main(
    torn: int,
    again: float,
    seed: int,
    phases: tuple[str, ...],
    only: tuple[str, ...],
    jobs: int,
    as_json: bool,
) -> None:
    """Cut the power at every program and erase of the flash; exit 1 if any fob suffers."""
    if only:
        try:
            listed = [Case.parse(text) for text in only]
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--only") from error
        conclude(run_cases("cuts", listed, perform, jobs=jobs), as_json=as_json, table=table)
        return
    chosen = [Case(phase) for phase in phases or PHASES]
    wholes = run_cases("whole lives", chosen, perform, jobs=jobs)
    listed = list(cases(list(wholes.outcomes), torn=torn, again=again, seed=seed))
    cuts = run_cases("cuts", listed, perform, jobs=jobs)
    report = Report([*wholes.outcomes, *cuts.outcomes], wholes.seconds + cuts.seconds)
    conclude(report, as_json=as_json, table=table)


if __name__ == "__main__":
    main()
