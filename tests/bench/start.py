"""What a press from deep sleep imports, in time and heap, and what it does without."""

import asyncio
import statistics
from collections import defaultdict
from dataclasses import dataclass

from host_tools.simulator.bench import Bench
from host_tools.simulator.car import Vintage

LEGACY = ("fob.legacy", "fob.legacy_dialogue", "fob.delivery")
SIGNED = ("fob.signed", "fob.signed_dialogue", "fob.handshake", "fob.routable", "fob.hmac")
LATER = ("fob.p256", "fob.pairing", "rescue")
"""Modules that such a press should not need, besides those of the other protocol."""

# In place of main.py: it watches what is imported, the rest is the firmware's own. A module counts
# without what it imports itself.
_MAIN = b"""
import builtins, gc, machine, sys, time
imported = builtins.__import__
inner = [[0, 0]]
told = set(sys.modules)
def watched(name, *args):
    if not name or name in told:
        return imported(name, *args)
    began = time.ticks_us()
    gc.collect()
    heap = gc.mem_alloc()
    started = time.ticks_us()
    inner.append([0, 0])
    module = imported(name, *args)
    took = time.ticks_diff(time.ticks_us(), started)
    gc.collect()
    grown = gc.mem_alloc() - heap
    inner_took, inner_grown = inner.pop()
    if name not in told:
        told.add(name)
        print("IMPORT", name, took - inner_took, grown - inner_grown)
    inner[-1][0] += time.ticks_diff(time.ticks_us(), began)
    inner[-1][1] += grown
    return module
def asleep(*times, deepsleep=machine.deepsleep):
    print("LOADED", " ".join(sys.modules))
    deepsleep(*times)
builtins.__import__ = watched
machine.deepsleep = asleep
import life
life.main()
"""


@dataclass(frozen=True)
class Import:
    """A module, without those that it imports itself; us is the median of several wakes."""

    module: str
    us: float
    heap_bytes: int


@dataclass(frozen=True)
class Start:
    """All that a press from deep sleep imports, in order, and what was loaded without need."""

    vintage: Vintage
    wakes: int
    imports: list[Import]
    needless: list[str]

    @property
    def us(self) -> float:
        return sum(each.us for each in self.imports)

    @property
    def heap_bytes(self) -> int:
        return sum(each.heap_bytes for each in self.imports)


def measure_start(vintage: Vintage, wakes: int = 5) -> Start:
    """Press from sleep with a cached session, in real time."""
    return asyncio.run(_measure_start(vintage, wakes))


async def _measure_start(vintage: Vintage, wakes: int) -> Start:
    times: dict[str, list[int]] = defaultdict(list)
    heap: dict[str, int] = {}
    loaded: set[str] = set()
    other = SIGNED if vintage == "2021" else LEGACY
    files = {"/main.py": _MAIN}
    async with Bench(
        vintage=vintage, radio="direct", enrolled=True, heap="400K", files=files
    ) as bench:
        await bench.press("unlock")
        await bench.asleep()
        for index in range(wakes):
            heard = len(bench.board.console)
            await bench.press("unlock" if index % 2 else "lock")
            await bench.asleep()
            for line in bench.board.console[heard:]:
                kind, _, rest = line.partition(" ")
                if kind == "IMPORT":
                    module, took, grown = rest.split()
                    times[module].append(int(took))
                    heap[module] = int(grown)
                elif kind == "LOADED":
                    loaded.update(rest.split())
    return Start(
        vintage,
        wakes,
        [Import(name, statistics.median(took), heap[name]) for name, took in times.items()],
        [name for name in (*LATER, *other) if name in loaded],
    )
