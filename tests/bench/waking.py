"""Wakes of virtual fobs that tell what they import and read until the first radio call."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from host_tools.resources import resource_folder
from host_tools.simulator import virtual_time
from host_tools.simulator.bench import Bench
from host_tools.simulator.car import Vintage

Phase = Literal["before the radio", "on the air"]

# In place of boot.py: the clock starts with the first line that a fob runs after MicroPython's own.
# `time` is virtual, `utime` is not.
_BOOT = b"import builtins, utime\nbuiltins.woke_us = utime.ticks_us()\n"

# In place of main.py: it watches what is imported and read, the rest is the firmware's own. A
# module counts without what it imports itself. What watching takes is taken off the clock, and so
# is what the stand-ins for a chip's own modules take, which ask the bench.
_MAIN = b"""
import asyncio, builtins, gc, sys, time, utime
import bluetooth, esp32, machine
phase = "before the radio"
apart_us = wait_us = reads = read_bytes = 0
inside = False
inner = [[0, 0, 0, 0]]
told = set(sys.modules)
def clock():
    return utime.ticks_diff(utime.ticks_us(), woke_us) - apart_us
def apart(function):
    def timed(*args):
        global inside, apart_us
        if inside:
            return function(*args)
        inside = True
        began = utime.ticks_us()
        try:
            return function(*args)
        finally:
            inside = False
            apart_us += utime.ticks_diff(utime.ticks_us(), began)
    return timed
@apart
def swept():
    gc.collect()
    return gc.mem_alloc()
imported = builtins.__import__
def watched(name, *args):
    if not name or name in told:
        return imported(name, *args)
    before = swept(), reads, read_bytes, clock()
    inner.append([0, 0, 0, 0])
    module = imported(name, *args)
    took = clock() - before[3]
    all = took, swept() - before[0], reads - before[1], read_bytes - before[2]
    own = [a - b for a, b in zip(all, inner.pop())]
    if name not in told:
        told.add(name)
        print("IMPORT", name, *own, phase)
    for i in range(4):
        inner[-1][i] += all[i]
    return module
builtins.__import__ = watched
opened = open
class Watched:
    def __init__(self, path, *args):
        self.began = reads, read_bytes, clock()
        self.path = path
        self.file = opened(path, *args)
    def __enter__(self):
        return self
    def __exit__(self, *_):
        self.file.close()
        first, length, began = self.began
        print("FILE", self.path, clock() - began, reads - first, read_bytes - length, phase)
    def __getattr__(self, name):
        return getattr(self.file, name)
builtins.open = Watched
def reading(function, *args):
    global reads, read_bytes, inside, apart_us
    began = utime.ticks_us()
    outer, inside = inside, True
    if len(args) == 3 and args[2] is not None:
        reads += 1
        read_bytes += len(args[1])
    result = whole(function, *args)
    inside = outer
    if not outer:
        apart_us += utime.ticks_diff(utime.ticks_us(), began)
    return result
whole = getattr(esp32, "_whole")
setattr(esp32, "_whole", reading)
bridge = esp32.bridge
bridge.call = apart(bridge.call)
waiting = asyncio.core.IOQueue.wait_io_event
@apart
def wait_io_event(self, *args):
    global wait_us
    began = time.ticks_us()
    waiting(self, *args)
    wait_us += time.ticks_diff(time.ticks_us(), began)
asyncio.core.IOQueue.wait_io_event = wait_io_event
active = bluetooth.BLE.active
def activate(self, *args):
    global phase
    if args and phase == "before the radio":
        print("RADIO", clock(), wait_us, reads, read_bytes, swept())
        phase = "on the air"
    return active(self, *args)
bluetooth.BLE.active = activate
import life
life.main()
"""

# In place of main.py, for a firmware in which every function tells that it runs.
_TELLING_MAIN = b"""
import builtins, sys, bluetooth, machine
phase = "before the radio"
ran = {}
def telling(name):
    ran.setdefault(name, phase)
builtins.telling = telling
active = bluetooth.BLE.active
def activate(self, *args):
    global phase
    if args:
        phase = "on the air"
    return active(self, *args)
bluetooth.BLE.active = activate
loaded = set()
imported = builtins.__import__
def watched(name, *args):
    module = imported(name, *args)
    loaded.update(sys.modules)
    return module
builtins.__import__ = watched
def asleep(*times, deepsleep=machine.deepsleep):
    print("LOADED", *loaded)
    for name in ran:
        print("RAN", name, ran[name])
    deepsleep(*times)
machine.deepsleep = asleep
import life
life.main()
"""


@dataclass
class Taken:
    """What one import, or one file, took: a list for each wake."""

    us: list[int] = field(default_factory=list)
    heap_bytes: int = 0
    reads: int = 0
    read_bytes: int = 0
    phase: str = ""


@dataclass
class Wakes:
    """What several wakes told; radio: (us until the first radio call, without waiting; us waited,
    of virtual time; reads of the flash, bytes read, bytes of heap) of each."""

    modules: dict[str, Taken] = field(default_factory=lambda: defaultdict(Taken))
    files: dict[str, Taken] = field(default_factory=lambda: defaultdict(Taken))
    opens: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    radio: list[tuple[int, ...]] = field(default_factory=list)


def watch_wakes(vintage: Vintage, wakes: int, source: bool) -> Wakes:
    """Presses from sleep with a remembered session."""
    return virtual_time.run(_watch_wakes(vintage, wakes, source))


async def _watch_wakes(vintage: Vintage, wakes: int, source: bool) -> Wakes:
    told = Wakes()
    boot = _BOOT + (resource_folder("firmware") / "boot.py").read_bytes()
    async with Bench(
        vintage=vintage,
        radio="direct",
        enrolled=True,
        heap="400K",
        seed=1,
        source=source,
        files={"/boot.py": boot, "/main.py": _MAIN},
    ) as bench:
        await bench.press("unlock")
        await bench.asleep()
        for index in range(wakes):
            before = len(bench.board.console)
            await bench.press("unlock" if index % 2 else "lock")
            await bench.asleep()
            for line in bench.board.console[before:]:
                _note(told, line)
    return told


def _note(told: Wakes, line: str) -> None:
    kind, *words = line.split(maxsplit=6)
    if kind == "IMPORT":
        taken = told.modules[words[0]]
        us, taken.heap_bytes, taken.reads, taken.read_bytes = map(int, words[1:5])
        taken.us.append(us)
        taken.phase = words[5]
    elif kind == "FILE" and line.endswith("before the radio"):
        path, us, reads, read_bytes = words[0], *map(int, words[1:4])
        taken = told.files[path]
        taken.us.append(us)
        told.opens[path] += 1
        taken.reads, taken.read_bytes = reads, read_bytes
    elif kind == "RADIO":
        told.radio.append(tuple(map(int, words)))


@dataclass(frozen=True)
class Use:
    """Modules that a press had loaded; and of those that have functions, when one ran first."""

    loaded: set[str]
    ran: dict[str, str]
    with_functions: set[str]


def watch_use(vintage: Vintage) -> Use:
    """Press from sleep, with a firmware in which every function tells that it runs."""
    return virtual_time.run(_watch_use(vintage))


async def _watch_use(vintage: Vintage) -> Use:
    files = {"/main.py": _TELLING_MAIN}
    with_functions = set()
    for module, path, source in _sources():
        tree = ast.parse(source)
        if _tell(tree, module):
            with_functions.add(module)
        files[f"/{path}"] = ast.unparse(tree).encode()
    async with Bench(
        vintage=vintage, radio="direct", enrolled=True, heap="2M", source=True, files=files
    ) as bench:
        await bench.press("unlock")
        await bench.asleep()
        before = len(bench.board.console)
        await bench.press("lock")
        await bench.asleep()
        lines = [line.split(maxsplit=2) for line in bench.board.console[before:]]
    ran = {words[1]: words[2] for words in lines if words[0] == "RAN"}
    loaded = {
        name for words in lines if words[0] == "LOADED" for name in " ".join(words[1:]).split()
    }
    return Use(loaded, ran, with_functions)


def _sources() -> Iterator[tuple[str, Path, str]]:
    folder = resource_folder("firmware")
    for path in sorted(folder.rglob("*.py")):
        relative = path.relative_to(folder)
        if relative.name not in ("boot.py", "main.py"):
            yield ".".join(relative.with_suffix("").parts), relative, path.read_text("utf-8")


def _tell(tree: ast.Module, module: str) -> bool:
    """Have every function tell the module that it is in; whether there is one."""
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    for function in functions:
        told = ast.Expr(ast.Call(ast.Name("telling", ast.Load()), [ast.Constant(module)], []))
        function.body.insert(0, told)
    ast.fix_missing_locations(tree)
    # Of a class that only keeps something, an exception say, it tells nothing.
    return any(function.name != "__init__" for function in functions)
