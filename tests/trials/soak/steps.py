"""What the steps of a life have in common, and how often each is drawn."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .life import Life, Step

BUTTONS = ("lock", "unlock")
_WEEKS = 3 * 7 * 86400.0


@dataclass(frozen=True)
class Weighted:
    """`sleepless`: may also happen to a fob that stays on USB power and never restarts."""

    step: Step
    weight: int
    sleepless: bool


class Steps:
    """Steps in the order in which they are written, which is part of what a seed means."""

    def __init__(self) -> None:
        self._steps: list[Weighted] = []

    def __iter__(self) -> Iterator[Weighted]:
        return iter(self._steps)

    def add(self, weight: int, *, sleepless: bool = True) -> Callable[[Step], Step]:
        """Decorate a step; see Weighted."""

        def add(step: Step) -> Step:
            self._steps.append(Weighted(step, weight, sleepless))
            return step

        return add


async def rest(life: Life) -> None:
    """Seconds to weeks, mostly hours."""
    longest = _WEEKS if not life.plan.sleepless else 60.0
    if life.plan.sleepless and life.plan.radio == "bumble":
        longest = 5.0
    await life.world.pass_time(math.exp(life.draw.uniform(math.log(0.5), math.log(longest))))


def short(life: Life) -> float:
    """How long a short press takes; one that wakes the fob may be over before it runs."""
    if life.world.asleep and life.draw.random() < 0.2:
        return life.draw.choice((0.0, 0.001, 0.02))
    return life.draw.uniform(0.06, 0.4)


def moment(life: Life) -> float:
    """A moment in a press: mostly while messages are on their way."""
    return life.draw.choice((life.draw.uniform(0, 0.3), life.draw.uniform(0, 2.5)))
