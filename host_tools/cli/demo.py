"""`fob demo`: the whole path, told step by step."""

import asyncio
import sys
from collections.abc import Awaitable
from typing import TypeVar

import click

from host_tools.cli.narration import HumanNarrator, JsonNarrator, Narrator
from host_tools.simulator.bench import Bench
from host_tools.simulator.board import BoardStopped
from host_tools.simulator.light import UnexpectedLight

T = TypeVar("T")


class StepFailed(Exception):
    """A step of the demo did not come out; the text names the step and why."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def demo(as_json: bool) -> None:
    """Pair, unlock and lock a simulated car with the real firmware.

    The firmware runs unchanged on MicroPython, in the heap of an ESP32, against a simulated car
    over a real Bluetooth host stack. Exit code 1 if any step fails.
    """
    narrator: Narrator = JsonNarrator() if as_json else HumanNarrator()
    try:
        asyncio.run(_demo(narrator))
    except StepFailed as error:
        narrator.failure(str(error))
        sys.exit(1)


async def _demo(narrator: Narrator) -> None:
    narrator.chapter("Power: the fob boots from its flash, the car is parked and locked")
    async with Bench(paced=True, on_moment=narrator.moment) as bench:
        narrator.chapter("Pairing: hold both buttons for 3 s, then the key card to the reader")
        await _step("pairing", bench.pair())

        narrator.chapter("Unlock: one press")
        unlock = await _step("unlock", bench.press("unlock"))
        _require("unlock", not bench.car.locked, "the car is still locked")

        narrator.chapter("Lock: one press")
        lock = await _step("lock", bench.press("lock"))
        _require("lock", bench.car.locked, "the car is still unlocked")
        _require("nonces", not bench.car.violations, "a nonce was used twice")

        narrator.summary({"unlock": unlock, "lock": lock}, len(bench.car.violations))


async def _step(name: str, action: Awaitable[T]) -> T:
    try:
        return await action
    except (UnexpectedLight, BoardStopped, TimeoutError) as error:
        reason = str(error) or "it took too long"
        raise StepFailed(f"{name} failed: {reason}") from error


def _require(name: str, true: bool, otherwise: str) -> None:
    if not true:
        raise StepFailed(f"{name} failed: {otherwise}")
