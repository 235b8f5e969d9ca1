"""Which cases there are, and how one is played and judged."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from dataclasses import replace

from host_tools.simulator.car import Vintage

from ..runner import Outcome
from . import hostile, link, messages, signed_hostile, signed_messages, vintages
from .case import Case
from .play import play
from .verdict import problem

SAMPLE = 100
"""Cases that are played through Bumble too."""

_OLDEST: Vintage = "2021"


def all_cases(seed: int, sample: int = SAMPLE, everything: bool = False) -> list[Case]:
    """The cases on the direct radio, and `sample` of them through Bumble; each with a seed.

    everything: all of a kind, where else some stand for them.
    """
    draw = link.Draw(seed, everything)
    listed = [*_older(draw), *(case for year in vintages.YEARS for case in _newer(year, draw))]
    direct = [replace(case, seed=seed + index) for index, case in enumerate(listed)]
    chosen = random.Random(seed).sample(direct, min(sample, len(direct)))
    return [*direct, *(case.on("bumble") for case in chosen)]


def _older(draw: link.Draw) -> Iterator[Case]:
    yield from link.all_links(draw)
    yield from messages.message_cases()
    yield from hostile.hostile_cases()
    yield from signed_hostile.upgrade_cases()


def _newer(year: Vintage, draw: link.Draw) -> Iterator[Case]:
    yield from vintages.fault_free(year)
    yield from vintages.spoilt_links(year, draw)
    yield from signed_messages.message_cases(year)
    yield from signed_hostile.hostile_cases(year, draw)


def perform(case: Case) -> Outcome:
    """Play a case and judge it."""
    # Bumble warns of packets on links that are gone: here that is what is tried.
    logging.getLogger("bumble").setLevel(logging.ERROR)
    group = f"{case.setting.name}|{case.kind}"
    try:
        played = play(case)
    except Exception as error:  # noqa: BLE001 - told as the case's failure, the others go on
        wrong = f"the bench failed: {type(error).__name__}: {error}"
        year = case.setting.vintage or _OLDEST
        figures: dict[str, float | str] = {"radio": case.radio, "vintage": year, "outcome": "none"}
        return Outcome(case.name, group, wrong, figures)
    struck = played.struck
    figures = {
        "radio": case.radio,
        "vintage": case.setting.vintage or _OLDEST,
        "outcome": struck.said or "none",
        "light": struck.light or "none",
        "settled_s": round(struck.seconds, 3),
        "att_requests": struck.requests,
        "executed": struck.executed,
    }
    return Outcome(case.name, group, problem(case, played), figures)
