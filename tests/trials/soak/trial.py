"""Which lives a soak is made of, and how one is lived."""

import time

from host_tools.simulator import virtual_time
from host_tools.simulator.board import HEAP

from ..runner import Outcome
from .life import Life, Plan
from .world import Wrong

_PRESSES = 125
_SLEEPLESS_PRESSES = 320
_EVERY_SLEEPLESS = 8
_EVERY_BUMBLE = 10


def plan_lives(seed: int, presses: int, heap: str = HEAP) -> list[Plan]:
    """The lives of a soak. What a life is does not depend on how many there are."""
    plans: list[Plan] = []
    left = presses
    while left > 0:
        number = len(plans)
        sleepless = number % _EVERY_SLEEPLESS == 1
        share = min(left, _SLEEPLESS_PRESSES if sleepless else _PRESSES)
        radio = "bumble" if number % _EVERY_BUMBLE == 2 else "direct"
        plans.append(Plan(seed, number, share, radio, sleepless, heap=heap))
        left -= share
    return plans


def live(plan: Plan) -> Outcome:
    """Live one life, in virtual time."""
    began = time.monotonic()
    lives: list[Life] = []
    problem = ""
    try:
        virtual_time.run(_live(plan, lives))
    except Exception as error:  # noqa: BLE001 - a broken bench fails its life, not the soak
        problem = str(error) if isinstance(error, Wrong) else repr(error)
        again = f"--seed {plan.seed} --only {plan.number} --verbose"
        problem += f"\n  python -m tests.trials.soak {again}"
    figures: dict[str, float | str] = {"seconds": round(time.monotonic() - began, 1)}
    for life in lives:
        figures |= {**life.figures, "longest awake": round(life.witness.longest_awake, 1)}
    return Outcome(str(plan.number), plan.radio, problem, figures)


async def _live(plan: Plan, lives: list[Life]) -> None:
    lives.append(Life(plan))
    await lives[0].run()
