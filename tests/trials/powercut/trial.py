"""Which cuts there are, and how a life with one is lived."""

import asyncio
import random
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass

from host_tools.simulator import virtual_time
from host_tools.simulator.board import BoardStopped
from host_tools.simulator.light import UnexpectedLight

from ..runner import Outcome
from .phases import PHASES, recover
from .scenes import Firmware
from .watch import Unusable
from .world import Cut, World

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
        phase, _, where = text.partition(":")
        if phase not in PHASES:
            raise ValueError(f"there is no phase {phase!r}; there are {', '.join(PHASES)}")
        if where == _WHOLE:
            return cls(phase)
        try:
            life, operation, kind = where.split(":", 2)
            int(life), int(operation), int(again or 0)
        except ValueError:
            raise ValueError(f"{text!r} is no case: write it as it was printed") from None
        return cls(phase, Cut(int(life), int(operation), kind), int(again) if again else None)


def perform(case: Case) -> Outcome:
    """Live one case; its figures are the cuts it tried, or what each whole life wrote."""
    figures: dict[str, float | str] = {}
    problem = ""
    # Before the loop of the case begins: preparing runs loops of its own.
    PHASES[case.phase].scene(case.firmware)
    try:
        virtual_time.run(_live(case, figures))
    except (Unusable, BoardStopped, UnexpectedLight, TimeoutError) as error:
        problem = str(error) or type(error).__name__
    return Outcome(str(case), case.phase, problem, figures)


async def _live(case: Case, figures: dict[str, float | str]) -> None:
    phase = PHASES[case.phase]
    async with World(phase.scene(case.firmware), case.cut) as world:
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
