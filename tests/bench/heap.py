"""Fobs that tell of their heap: by phase of a scene, and after many presses."""

import asyncio
import re
from dataclasses import dataclass

from host_tools.resources import resource_folder
from host_tools.simulator import virtual_time
from host_tools.simulator.bench import Bench
from host_tools.simulator.car import Vintage
from host_tools.simulator.process import STAND_INS
from tests.bench.scenes import SCENES, fob, pull_handle

_ROOMY = 400 * 1024
# Every so many pairs of presses of the long life somebody pulls a handle between them.
_BETWEEN_HANDLES = 5

# In place of boot.py and main.py. `sampled` has every call of len() sweep the heap and look what is
# in use; what all this takes itself is subtracted.
_BOOT = b"""
import builtins, gc
gc.collect()
builtins.heap_before = gc.mem_alloc()
print("BEFORE", heap_before)
"""
_MAIN = b"""
import builtins, gc, sys
import bluetooth, cryptolib, machine
phase = "imports before the radio"
peak = own = 0
def sample():
    global peak
    gc.collect()
    in_use = gc.mem_alloc() - own
    peak = max(peak, in_use)
    return in_use
def enter(name):
    global phase, peak
    if name != phase:
        in_use = sample()
        print("PHASE", in_use, peak, phase)
        phase = name
        peak = in_use
def sampled(function):
    def wrapper(*args):
        sample()
        return function(*args)
    return wrapper
def entering(name, function):
    def wrapper(*args, **named):
        enter(name)
        return function(*args, **named)
    return wrapper
BLE = bluetooth.BLE
def activate(self, *args, active=BLE.active):
    if args and args[0]:
        enter("radio")
    return active(self, *args)
BLE.active = activate
for name in ("gap_scan", "gap_connect"):
    setattr(BLE, name, entering("finding and connecting", getattr(BLE, name)))
for name in dir(BLE):
    if name.startswith("gattc_"):
        setattr(BLE, name, entering("exchange", getattr(BLE, name)))
BLE.gap_disconnect = entering("afterwards", BLE.gap_disconnect)
class Cryptolib:
    aes = entering("sealing", cryptolib.aes)
sys.modules["cryptolib"] = Cryptolib
imported = builtins.__import__
def importing(name, *args):
    if name == "fob" and args and args[2] and "p256" in args[2] or name == "fob.p256":
        enter("key agreement")
    sample()
    return imported(name, *args)
builtins.__import__ = importing
builtins.len = sampled(len)
builtins.divmod = sampled(divmod)
machine.deepsleep = entering("asleep", machine.deepsleep)
gc.collect()
own = gc.mem_alloc() - heap_before
import life
life.main()
"""

# In place of main.py: tells how the heap lies whenever a link goes down, and before sleep.
_LYING_MAIN = b"""
import gc, micropython
import bluetooth, machine
def tell():
    gc.collect()
    micropython.mem_info()
def telling(function):
    def wrapper(*args, **named):
        tell()
        return function(*args, **named)
    return wrapper
bluetooth.BLE.gap_disconnect = telling(bluetooth.BLE.gap_disconnect)
machine.deepsleep = telling(machine.deepsleep)
import life
life.main()
"""
_FREE = re.compile(r"total: (\d+).* free: (\d+)")
_LARGEST = re.compile(r"max free sz: (\d+)")


@dataclass(frozen=True)
class Phase:
    """A stretch of a scene, in order: bytes of heap in use at its end, and the most at any sample
    while it lasted; besides what the stand-ins have."""

    scene: str
    vintage: Vintage
    phase: str
    live_bytes: int
    peak_bytes: int


@dataclass(frozen=True)
class Fragmentation:
    """A heap after the first and after the last of many presses, swept: bytes that are free, and
    the largest free block of them."""

    scene: str
    vintage: Vintage
    presses: int
    lives: int
    heap_bytes: int
    free_before: int
    largest_before: int
    free_after: int
    largest_after: int


def phases(scene: str, vintage: Vintage) -> list[Phase]:
    """The phases of a scene, each once, with the most of all its times."""
    lines = virtual_time.run(_play(scene, vintage))
    found: dict[str, tuple[int, int]] = {}
    for line in lines:
        kind, *words = line.split(maxsplit=3)
        if kind == "PHASE":
            live, peak = (int(word) - STAND_INS for word in words[:2])
            before = found.get(words[2], (0, 0))
            found[words[2]] = max(before[0], live), max(before[1], peak)
    return [Phase(scene, vintage, name, *most) for name, most in found.items()]


def in_use_at_start() -> int:
    """Bytes of heap in use when boot.py has run: the stand-ins, and tables of names, which a chip
    has, too."""
    lines = virtual_time.run(_play("press", "2026"))
    return next(int(line.split()[1]) for line in lines if line.startswith("BEFORE"))


async def _play(scene: str, vintage: Vintage) -> list[str]:
    boot = (resource_folder("firmware") / "boot.py").read_bytes() + _BOOT
    files = {"/boot.py": boot, "/main.py": _MAIN}
    async with fob(scene, vintage, _ROOMY, files=files) as bench:
        await SCENES[scene](bench)
        return bench.board.console


def after_many_lives(vintage: Vintage, presses: int, heap_bytes: int) -> Fragmentation:
    """As a fob lives: it sleeps after each press, and a life begins with an empty heap."""
    return virtual_time.run(_lives(vintage, presses, heap_bytes))


async def _lives(vintage: Vintage, presses: int, heap_bytes: int) -> Fragmentation:
    files = {"/main.py": _LYING_MAIN}
    async with fob("press", vintage, heap_bytes, files=files) as bench:
        lying = []
        for index in range(presses):
            await bench.press("lock" if index % 2 else "unlock")
            await bench.asleep()
            # The first life began with the power, the others with a wake.
            if index == 1:
                lying.append(_lying(bench)[-1])
        lying.append(_lying(bench)[-1])
        return _fragmentation("asleep between presses", vintage, presses, presses, lying)


def after_one_long_life(vintage: Vintage, presses: int, heap_bytes: int) -> Fragmentation:
    """On a cable, with passive entry: it never sleeps; every second press arms it, and the next
    one ends that; now and then the car opens to its handle between them."""
    return virtual_time.run(_long_life(vintage, presses, heap_bytes))


async def _long_life(vintage: Vintage, presses: int, heap_bytes: int) -> Fragmentation:
    files = {"/main.py": _LYING_MAIN}
    async with fob("passive entry", vintage, heap_bytes, files=files) as bench:
        bench.board.hardware.set_usb(True)
        lying = []
        for index in range(presses // 2):
            await bench.press("unlock")
            if index % _BETWEEN_HANDLES == 0:
                await pull_handle(bench)
            await bench.press("lock")
            await asyncio.sleep(1)
            if index == 0:
                lying.append(_lying(bench)[-1])
        lying.append(_lying(bench)[-1])
        return _fragmentation("awake, with passive entry", vintage, presses, 1, lying)


def _lying(bench: Bench) -> list[tuple[int, int, int]]:
    """(heap, free, largest free block) in bytes, of each time that the fob told."""
    text = "\n".join(bench.board.console)
    whole = [(int(found[1]), int(found[2])) for found in _FREE.finditer(text)]
    # In blocks of four words.
    largest = [int(found[1]) * 32 for found in _LARGEST.finditer(text)]
    return [(*each, block) for each, block in zip(whole[-len(largest) :], largest, strict=True)]


def _fragmentation(
    scene: str, vintage: Vintage, presses: int, lives: int, lying: list[tuple[int, int, int]]
) -> Fragmentation:
    (heap, *before), (_, *after) = lying
    return Fragmentation(
        scene, vintage, presses, lives, heap - STAND_INS, before[0], before[1], after[0], after[1]
    )
