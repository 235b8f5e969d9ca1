"""`fob demo`: the whole path, told step by step, with cars of three years."""

import asyncio
import sys
from collections.abc import Awaitable
from typing import TypeVar

import click

from host_tools.cli.narration import HumanNarrator, JsonNarrator, Narrator, Press
from host_tools.cli.vintage import VINTAGES, vintage_option
from host_tools.simulator.bench import Bench
from host_tools.simulator.board import BoardStopped
from host_tools.simulator.car import Vintage
from host_tools.simulator.car import vintage as behaviour_of
from host_tools.simulator.light import UnexpectedLight

NIGHT = 8 * 3600.0
"""Seconds that the fob sleeps in between: the car's clock is then known too badly to send."""

RTC_PPM = 1000.0
"""How much too fast the fob's own clock runs meanwhile: half a minute in such a night."""

_LEGACY: Vintage = "2021"

T = TypeVar("T")


class StepFailed(Exception):
    """A step of the demo did not come out; the text names the act, the step and why."""


@click.command()
@vintage_option(text="One act, with a car of that year; without it one for each.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def demo(vintage: Vintage | None, as_json: bool) -> None:
    """Pair, unlock and lock simulated cars with the real firmware.

    The firmware runs unchanged on MicroPython, in the heap of an ESP32, against a simulated car
    over a real Bluetooth host stack: in one act with a car of 2021, which knows the legacy protocol
    alone, one of 2023, which knows both, and one of 2026, which knows signed commands alone. Exit
    code 1 if any step fails.

    \b
    Example:
      fob demo --vintage 2026
    """
    narrator: Narrator = JsonNarrator() if as_json else HumanNarrator()
    try:
        asyncio.run(_demo(narrator, (vintage,) if vintage else VINTAGES))
    except StepFailed as error:
        narrator.failure(str(error))
        sys.exit(1)


async def _demo(narrator: Narrator, vintages: tuple[Vintage, ...]) -> None:
    acts = [_Act(narrator, vintage) for vintage in vintages]
    for act in acts:
        await act.play()
    presses = [press for act in acts for press in act.presses]
    narrator.summary(presses, sum(act.nonces_repeated for act in acts))


class _Act:
    """One car and one fob, from the power to the last press."""

    def __init__(self, narrator: Narrator, vintage: Vintage) -> None:
        self.presses: list[Press] = []
        self.nonces_repeated = 0
        self._narrator = narrator
        self._vintage: Vintage = vintage
        self._protocol = "legacy" if vintage == _LEGACY else "signed"

    async def play(self) -> None:
        self._chapter("Power: the fob boots from its flash, the car is parked and locked")
        # A first session info without its tag would cost 2 s in which nothing is to be seen.
        behaviour = behaviour_of(self._vintage, untagged=0)
        bench = Bench(
            behaviour=behaviour, rtc_ppm=RTC_PPM, paced=True, on_moment=self._narrator.moment
        )
        await self._step("power", bench.__aenter__())
        try:
            await self._use(bench)
        finally:
            await bench.__aexit__()

    async def _use(self, bench: Bench) -> None:
        self._chapter("Pairing: hold both buttons 3 s, then the key card to the reader")
        await self._step("pairing", bench.pair())
        await self._press(bench, "unlock", "unlock", "Unlock: one press")
        if self._protocol == "legacy":
            await self._press(bench, "lock", "lock", "Lock: one press")
        else:
            await self._step("sleep", bench.asleep())
            await bench.let_time_pass(NIGHT)
            title = "Lock after a night, in which the two clocks have drifted apart"
            await self._press(bench, "lock", "lock after a night", title)
        self.nonces_repeated = len(bench.car.violations)
        self._require("nonces", not bench.car.violations, "a nonce was used twice")

    async def _press(self, bench: Bench, button: str, name: str, title: str) -> None:
        await self._step("sleep", bench.asleep())
        self._chapter(title)
        measured = await self._step(name, bench.press(button))
        still = "unlocked" if button == "lock" else "locked"
        self._require(name, bench.car.locked == (button == "lock"), f"the car is still {still}")
        unexpected = f"it ran in the {measured.protocol} protocol"
        self._require(name, measured.protocol == self._protocol, unexpected)
        self.presses.append(Press(self._vintage, name, measured))

    async def _step(self, name: str, action: Awaitable[T]) -> T:
        try:
            return await action
        except (UnexpectedLight, BoardStopped, TimeoutError) as error:
            raise self._failure(name, str(error) or "it took too long") from error

    def _require(self, name: str, true: bool, otherwise: str) -> None:
        if not true:
            raise self._failure(name, otherwise)

    def _failure(self, name: str, reason: str) -> StepFailed:
        return StepFailed(f"{self._vintage}: {name} failed: {reason}")

    def _chapter(self, title: str) -> None:
        self._narrator.chapter(title, self._vintage)
