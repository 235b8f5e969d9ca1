"""What a fob has to have memory for, played with virtual fobs in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from host_tools.simulator import virtual_time
from host_tools.simulator.bench import Bench
from host_tools.simulator.board import BoardStopped
from host_tools.simulator.car import Vintage
from host_tools.simulator.light import UnexpectedLight

_PASSIVE = {"level": 2, "minutes": 5, "form": "auto", "secure_at_end": False}
_COMPLAINTS = ("MemoryError", "(internal)", "Traceback", "crash")

Scene = Callable[[Bench], Awaitable[None]]


async def press(bench: Bench) -> None:
    """Three presses, the last one from sleep."""
    await bench.press("unlock")
    await bench.press("lock")
    await bench.asleep()
    await bench.press("unlock")


async def pairing(bench: Bench) -> None:
    """Pair, then press."""
    await bench.pair()
    await press(bench)


async def passive_entry(bench: Bench) -> None:
    """Arm the fob by a press, pull the handle three times, press again."""
    await bench.press("unlock")
    for _ in range(3):
        await asyncio.sleep(25)
        await pull_handle(bench)
    await bench.press("lock")


async def pull_handle(bench: Bench) -> None:
    """At a car that locked itself meanwhile; it has to open."""
    bench.car.body.locked = True
    _close_doors(bench)
    bench.car.pull_handle()
    await asyncio.sleep(3)
    if bench.car.locked:
        raise UnexpectedLight("the car did not open to the handle")
    _close_doors(bench)


def _close_doors(bench: Bench) -> None:
    for name in list(bench.car.body.open_closures):
        bench.car.close_door(name)


SCENES: dict[str, Scene] = {
    "pairing": pairing,
    "press": press,
    "passive entry": passive_entry,
}


def fob(scene: str, vintage: Vintage, heap_bytes: int, **options: Any) -> Bench:
    """A bench for a scene; heap_bytes: besides what the stand-ins take."""
    settings = {"passive": _PASSIVE} if scene == "passive entry" else None
    return Bench(
        vintage=vintage,
        enrolled=scene != "pairing",
        settings=settings,
        heap=str(heap_bytes),
        radio="direct",
        seed=1,
        **options,
    )


def passes(scene: str, vintage: Vintage, heap_bytes: int) -> bool:
    """Whether a scene is played to its end, and the fob complains of nothing."""

    async def play() -> bool:
        async with fob(scene, vintage, heap_bytes) as bench:
            await SCENES[scene](bench)
            return not any(each in line for line in bench.board.console for each in _COMPLAINTS)

    try:
        return virtual_time.run(play())
    except (TimeoutError, BoardStopped, UnexpectedLight):
        return False


def smallest_heap(scene: str, vintage: Vintage, resolution: int) -> int:
    """Bytes of heap, besides the stand-ins', with which a scene passes: found by halving."""
    short, enough = 64 * 1024, 192 * 1024
    if not passes(scene, vintage, enough):
        raise RuntimeError(f"{scene} with a car of {vintage} does not pass in {enough:,} bytes")
    while enough - short > resolution:
        middle = (short + enough) // 2
        if passes(scene, vintage, middle):
            enough = middle
        else:
            short = middle
    return enough
