"""`make powercut`: cut the power at every program and erase of the flash, then use the fob.

Each phase of the fob's life is lived once whole, to count what it writes, then again for every
single operation: the power goes at that one, cleanly or with the operation half done, the battery
is put back, and the fob must serve its owner. A sample loses the power once more on the way back.
"""

import asyncio
import random
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass

import click
from rich.table import Table

from host_tools.simulator import virtual_time
from host_tools.simulator.board import BoardStopped
from host_tools.simulator.light import UnexpectedLight
from tests.trials.powercut_phases import PHASES, recover
from tests.trials.powercut_scenes import Firmware
from tests.trials.powercut_world import Cut, Unusable, World
from tests.trials.runner import Outcome, Report, conclude, run_cases

_WHOLE = "whole"


@dataclass(frozen=True)
class Case:
    """One life with a cut; without one it is lived whole.

    again     seed of where the power goes once more during the recovery; None: nowhere
    firmware  files over the firmware's own
    """

    phase: str
    cut: Cut | None = None
    again: int | None = None
    firmware: Firmware = ()

    def __str__(self) -> str:
        if self.cut is None:
            return f"{self.phase}:{_WHOLE}"
        again = "" if self.again is None else f"+{self.again}"
        return f"{self.phase}:{self.cut.life}:{self.cut.operation}:{self.cut.kind}{again}"

    @classmethod
    def parse(cls, text: str) -> "Case":
        """The inverse of str(); raises ValueError."""
        text, _, again = text.partition("+")
        phase, where = text.split(":", 1)
        if phase not in PHASES:
            raise ValueError(f"there is no phase {phase}: {', '.join(PHASES)}")
        if where == _WHOLE:
            return cls(phase)
        life, operation, kind = where.split(":", 2)
        return cls(phase, Cut(int(life), int(operation), kind), int(again) if again else None)


def perform(case: Case) -> Outcome:
    """Live one case; its figures are the cuts it tried, or what each whole life wrote."""
    figures: dict[str, float | str] = {}
    problem = ""
    # Before the loop of the case begins: preparing runs loops of its own.
    PHASES[case.phase].begin(case.firmware)
    try:
        virtual_time.run(_live(case, figures))
    except (Unusable, BoardStopped, UnexpectedLight, TimeoutError) as error:
        problem = str(error) or type(error).__name__
    return Outcome(str(case), case.phase, problem, figures)


async def _live(case: Case, figures: dict[str, float | str]) -> None:
    phase = PHASES[case.phase]
    async with World(phase.begin(case.firmware), case.cut) as world:
        if case.cut is None:
            await phase.act(world)
            figures["operations"] = " ".join(map(str, world.operations))
            await recover(world, phase)
            return
        await _until_struck(world, phase.act(world))
        figures["cuts"] = 1
        after = await world.scene_after()
        lives = len(world.operations)
        await recover(world, phase)
        written = world.operations[lives]
    if case.again is None or not written:
        return
    chance = random.Random(str(case))
    kind = chance.choice(("clean", f"torn:{case.again}"))
    async with World(after, Cut(1, chance.randint(1, written), kind)) as world:
        await _until_struck(world, recover(world, phase))
        figures["cuts"] = 2
        await asyncio.sleep(1)
        await recover(world, phase)


async def _until_struck(world: World, life: Awaitable[None]) -> None:
    try:
        await life
    except BoardStopped:
        if not world.struck:
            raise
    if not world.struck:
        raise Unusable("the fob never came to the operation of the cut: the run is no repetition")
    world.check_flash()


def cases(wholes: list[Outcome], *, torn: int, again: float, seed: int) -> Iterator[Case]:
    """Every operation of these whole lives: cut cleanly, and torn in so many ways.

    again: the share of them that lose the power a second time.
    """
    chance = random.Random(seed)
    for whole in wholes:
        lives = str(whole.figures.get("operations", "")).split()
        for life, operations in enumerate(lives, 1):
            for operation in range(1, int(operations) + 1):
                kinds = ["clean", *(f"torn:{chance.randrange(10**6)}" for _ in range(torn))]
                for kind in kinds:
                    second = chance.randrange(10**6) if chance.random() < again else None
                    yield Case(whole.group, Cut(life, operation, kind), second)


def table(report: Report) -> Table:
    """Phases below each other, and all of them in the end."""
    shown = Table(box=None, pad_edge=False)
    shown.add_column("phase")
    for name in ("lives", "operations", "clean", "torn", "second cuts", "failures"):
        shown.add_column(name, justify="right")
    totals = [0] * 6
    for phase in dict.fromkeys(outcome.group for outcome in report.outcomes):
        row = _row([each for each in report.outcomes if each.group == phase])
        totals = [total + number for total, number in zip(totals, row, strict=True)]
        shown.add_row(phase, *map(str, row))
    shown.add_row("[bold]all[/]", *(f"[bold]{total}[/]" for total in totals))
    cuts = totals[2] + totals[3] + totals[4]
    shown.caption = f"{cuts} cuts in {report.seconds:.0f} s, {totals[5]} failures"
    shown.caption_justify = "left"
    return shown


def _row(outcomes: list[Outcome]) -> list[int]:
    written = " ".join(str(each.figures.get("operations", "")) for each in outcomes).split()
    struck = [each for each in outcomes if "cuts" in each.figures]
    torn = sum("torn" in each.case for each in struck)
    return [
        len(written),
        sum(map(int, written)),
        len(struck) - torn,
        torn,
        sum(each.figures["cuts"] == 2 for each in struck),
        sum(bool(each.problem) for each in outcomes),
    ]


@click.command()
@click.option("--torn", default=2, show_default=True, help="Ways in which each operation is torn.")
@click.option("--again", default=0.2, show_default=True, help="Share that is cut a second time.")
@click.option("--seed", default=1, show_default=True, help="Of what is torn how, and the sample.")
@click.option("--phase", "phases", multiple=True, type=click.Choice(list(PHASES)))
@click.option("--only", multiple=True, metavar="CASE", help="Repeat this case, as it was printed.")
@click.option("--jobs", default=0, help="Processes at a time; 0: one for each core.")
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
        listed = [Case.parse(text) for text in only]
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
