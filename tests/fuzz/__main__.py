"""`make fuzz`, or `python -m tests.fuzz [TARGET]... --seconds 600 --seed 1`."""

import json
import math
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import click
from rich.console import Console
from rich.table import Table

from tests import command
from tests.fuzz.campaign import Budget, Campaign
from tests.fuzz.corpus import CORPUS, file_of
from tests.fuzz.crew import Engine, plan, run
from tests.fuzz.target import Finding, Target, load_target, target_names

_SECONDS = 60.0
# Inputs travel to MicroPython with their length in two bytes.
_MOST_BYTES = 0xFFFF


@click.command()
@click.argument("names", metavar="[TARGET]...", nargs=-1)
@click.option("--seconds", type=click.FloatRange(0), help="Stop after so long; 60 by default.")
@click.option("--count", type=click.IntRange(1), help="Stop after so many inputs of each target.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Draws them.")
@click.option(
    "--engine",
    type=click.Choice(get_args(Engine)),
    default="auto",
    show_default=True,
    help="auto: coverage where atheris is installed and the code runs in Python, else mutation.",
)
@click.option(
    "--jobs",
    type=click.IntRange(0),
    default=0,
    help="Processes at a time; by default one for each core.",
)
@click.option(
    "--reproduce",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Feed this one file instead.",
)
@click.option(
    "--corpus",
    type=click.Path(file_okay=False, path_type=Path),
    default=CORPUS,
    help="Inputs to start from, and where findings go; by default tests/fuzz/corpus.",
)
@click.option("--list", "listing", is_flag=True, help="List the targets.")
@click.option("--json", "as_json", is_flag=True, help="Print everything for machines.")
def main(
    names: tuple[str, ...],
    seconds: float | None,
    count: int | None,
    seed: int,
    engine: Engine,
    jobs: int,
    reproduce: Path | None,
    corpus: Path,
    listing: bool,
    as_json: bool,
) -> int:
    """Feed TARGETs, by default all, with what nobody thought of; exit 1 for a finding."""
    targets = _targets(names)
    if listing:
        for target in targets:
            click.echo(f"{target.name:14} {target.doc}")
        return 0
    if reproduce is not None:
        if len(targets) != 1:
            raise click.UsageError("name the one target that the file is for")
        return _reproduce(targets[0], _input_of(reproduce))
    if seconds is not None and not math.isfinite(seconds):
        raise click.UsageError("--seconds takes a number: 60")
    if seconds is None and count is None:
        seconds = _SECONDS
    jobs = jobs or os.cpu_count() or 1
    campaigns = run(plan(targets, seed, Budget(seconds, count), engine, jobs, corpus), jobs)
    if as_json:
        click.echo(json.dumps([_told(campaign, corpus) for campaign in campaigns], indent=1))
    else:
        _show(campaigns, corpus)
    return 1 if any(campaign.findings for campaign in campaigns) else 0


def _targets(names: Sequence[str]) -> list[Target]:
    known = target_names()
    for name in names:
        if name not in known:
            raise click.UsageError(f"there is no target {name}; there are {', '.join(known)}")
    return [load_target(name) for name in dict.fromkeys(names or known)]


def _input_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read ({error.strerror})") from None
    if len(data) > _MOST_BYTES:
        raise click.UsageError(f"{path} is no input: those have {_MOST_BYTES:,} bytes at the most")
    return data


def _reproduce(target: Target, data: bytes) -> int:
    with target.open() as run:
        (result,) = run([data])
    if isinstance(result, Finding):
        click.echo(f"{target.name}: {result.problem}\n{result.details}".rstrip())
        return 1
    click.echo(f"{target.name}: {result}")
    return 0


def _command(campaign: Campaign, finding: Finding, corpus: Path) -> str:
    path = file_of(campaign.target, finding, corpus)
    python = os.path.relpath(sys.executable)
    shown = os.path.relpath(path)
    return shlex.join((python, "-m", "tests.fuzz", campaign.target, "--reproduce", shown))


def _told(campaign: Campaign, corpus: Path) -> dict[str, object]:
    findings = [
        {
            "problem": finding.problem,
            "details": finding.details,
            "data": finding.data.hex(),
            "reproduce": _command(campaign, finding, corpus),
        }
        for finding in campaign.findings
    ]
    return {**asdict(campaign), "findings": findings}


def _show(campaigns: Sequence[Campaign], corpus: Path) -> None:
    console = Console(highlight=False)
    table = Table("target", "engine", "seed", "inputs", "a second", "outcomes", "findings")
    for column in table.columns[2:]:
        column.justify = "right"
    for each in campaigns:
        rate = each.inputs / each.seconds if each.seconds else 0
        figures = (each.seed, each.inputs, round(rate), len(each.kinds) or "", len(each.findings))
        shown = (f"{figure:,}" if isinstance(figure, int) else figure for figure in figures)
        table.add_row(each.target, each.engine, *shown)
    console.print(table)
    for each in campaigns:
        for finding in each.findings:
            console.print(
                f"FOUND {each.target}: {finding.problem}",
                style="bold red",
                markup=False,
                soft_wrap=True,
            )
            console.print(f"  {_command(each, finding, corpus)}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(command.run(main, "fuzz", sys.argv[1:]))
