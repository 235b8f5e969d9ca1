"""`make faults`, or `python -m tests.trials.faults`."""

from dataclasses import replace

import click

from ..runner import conclude, run_cases
from .table import compared, table
from .trial import SAMPLE, all_cases, perform


@click.command()
@click.option("--seed", default=1, show_default=True, help="Of keys, times and the sample.")
@click.option(
    "--jobs",
    default=0,
    type=click.IntRange(0),
    help="Processes at a time; by default one for each core.",
)
@click.option("--json", "as_json", is_flag=True, help="Everything, for machines.")
@click.option(
    "--bumble",
    default=SAMPLE,
    type=click.IntRange(0),
    show_default=True,
    help="Cases through Bumble too.",
)
@click.option("--all", "everything", is_flag=True, help="Every case, not a sample of each kind.")
@click.option("--only", multiple=True, metavar="CASE", help="Cases with this in their name.")
def main(
    seed: int, jobs: int, as_json: bool, bumble: int, everything: bool, only: tuple[str, ...]
) -> None:
    """Try every fault of the air on pairing and pressing; exits with 1 if one comes out wrong."""
    cases = all_cases(seed, bumble, everything)
    if only:
        cases = [case for case in cases if any(text in case.name for text in only)]
        if not cases:
            raise click.BadParameter("no case has this in its name", param_hint="--only")
    report = run_cases("faults", cases, perform, jobs=jobs)
    report = replace(report, outcomes=compared(report.outcomes))
    conclude(report, as_json=as_json, table=table)


if __name__ == "__main__":
    main()
