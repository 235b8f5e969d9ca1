"""Draws what happens next in a life."""

import random

from . import hand_and_car, power_and_laptop
from .life import Plan, Step

_STEPS = (*hand_and_car.STEPS, *power_and_laptop.STEPS)


def draw_step(draw: random.Random, plan: Plan) -> Step:
    """The next step of a life."""
    possible = [each for each in _STEPS if each.sleepless or not plan.sleepless]
    return draw.choices(possible, [each.weight for each in possible])[0].step
