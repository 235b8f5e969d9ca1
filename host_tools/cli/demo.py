"""`fob demo`: the whole path, told step by step, with cars of three years."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from host_tools.cli.narration import HumanNarrator, JsonNarrator, Narrator, Press
from host_tools.cli.vintage import VINTAGES, vintage_option
from host_tools.identity.provision import CONFIGURATION_PATH
from host_tools.simulator.bench import Bench
from host_tools.simulator.board import BoardStopped
from host_tools.simulator.car import Car, Vintage
from host_tools.simulator.car import vintage as behaviour_of
from host_tools.simulator.deeds import (
    DRIVERS_DOOR,
    TRUNK,
    close_door,
    close_trunk,
    open_door,
    pull_handle,
)
from host_tools.simulator.light import UnexpectedLight
from host_tools.simulator.measurement import measure

NIGHT = 8 * 3600.0
"""Seconds that the fob sleeps in between: the car's clock is then known too badly to send."""

RTC_PPM = 1000.0
"""How much too fast the fob's own clock runs meanwhile: half a minute in such a night."""

_LEGACY: Vintage = "2021"
_PASSIVE: Vintage = "2026"
"""The car of the act with a second part."""

_ALLOWED = {"level": 1, "minutes": 5, "form": "auto", "secure_at_end": False}

T = TypeVar("T")


class StepFailed(Exception):
    """A step of the demo did not come out; the text names the act, the step and why."""


@click.command()
@vintage_option(text="One act, with a car of that year; without it one for each.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def demo(vintage: Vintage | None, as_json: bool) -> None:
    """Pair, unlock and lock simulated cars with the real firmware, and walk up to one.

    The firmware runs unchanged on MicroPython, in the heap of an ESP32, against a simulated car
    over a real Bluetooth host stack: in one act with a car of 2021, which knows the legacy protocol
    alone, one of 2023, which knows both, and one of 2026, which knows signed commands alone, whose
    trunk a double press opens, and which lets the driver in who does not press anything. Exit code
    1 if any step fails.

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


def _is_present(car: Car) -> bool:
    """Whether the key of an open link has said that it is there."""
    return any(connection.active_key for connection in car.connections)


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
        if self._vintage == _PASSIVE:
            await self._walk_up(bench)
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

    async def _walk_up(self, bench: Bench) -> None:
        """The second part: the trunk by a double press, which arms passive entry."""
        self._chapter("Passive entry is allowed: fob provision --passive unlock")
        await bench.board.power_off()
        configuration = json.loads(bench.board.flash.read(CONFIGURATION_PATH))
        configuration["passive"] = _ALLOWED
        bench.board.flash.write({CONFIGURATION_PATH: json.dumps(configuration).encode()})
        await self._step("power", bench.power_on())
        self._chapter("Trunk: unlock pressed twice")
        measured = await self._step("trunk", bench.press("unlock", times=2))
        self._require("trunk", TRUNK in bench.car.body.open_closures, "it is still closed")
        self._require("trunk", bench.car.locked, "the doors are unlocked, too")
        self.presses.append(Press(self._vintage, "trunk, pressed twice", measured))
        self._chapter("Armed by that press: the fob stays connected, and answers the car")
        bench.do(close_trunk)
        await self._until(
            bench, "presence", lambda: _is_present(bench.car), "the fob does not say so"
        )
        seen, pulled, requests = len(bench.car.events), bench.now, bench.radio.att_requests
        bench.do(pull_handle)
        opens = "the door stays closed"
        await self._until(
            bench, "handle", lambda: DRIVERS_DOOR in bench.car.body.open_closures, opens
        )
        took = bench.radio.att_requests - requests
        entered = measure(bench.car.events[seen:], pulled, took, end="granted")
        assert entered is not None
        self.presses.append(Press(self._vintage, "handle pulled", entered))
        bench.do(open_door)
        self._chapter("Walks away: the car locks itself")
        bench.do(close_door)
        bench.walk()
        await self._until(
            bench, "walking away", lambda: bench.car.locked, "the car is still unlocked"
        )

    async def _until(
        self, bench: Bench, name: str, true: Callable[[], bool], otherwise: str
    ) -> None:
        try:
            await bench.until(true)
        except TimeoutError:
            raise self._failure(name, otherwise) from None

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
