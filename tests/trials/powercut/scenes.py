"""Where a phase of the trial begins: a fob in the drawer and its car, prepared once per process."""

import tempfile
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from littlefs import LittleFS, UserContext
from littlefs.lfs import LFSConfig

from host_tools.identity.counters import COUNTER_PATHS, counter_files, restart_counter
from host_tools.identity.provision import provision
from host_tools.installation.filesystem import BLOCK_SIZE, GEOMETRY
from host_tools.installation.layout import among_compiled, layout_firmware
from host_tools.simulator import virtual_time
from host_tools.simulator.car import Car
from host_tools.simulator.car.behaviour import Vintage, vintage
from host_tools.simulator.flash import FLASH_SIZE, FlashImage
from tests.car_bench import VIN

from .world import DEFINITION, SIGNAL_PIN, Scene, World, now

# What the trial's main.py may be told; see World.signal.
FOB, LAPTOP_NEW, LAPTOP_SAME, LAPTOP_OTHER, CRASH, HANG = range(6)

KEY = b"\x01" * 32
OTHER_KEY = b"\x02" * 32
_LAPTOP_CLOCK = 1_800_000_000.0
# Only how much is read at a time differs, which does not show on the flash.
_FAST = {
    **GEOMETRY,
    "block_count": FLASH_SIZE // BLOCK_SIZE,
    "read_size": BLOCK_SIZE,
    "cache_size": BLOCK_SIZE,
}
# The move comes with the second or third lease.
_STEPS_BEFORE_MOVE = 4

Firmware = tuple[tuple[str, bytes], ...]
"""Files that replace or join those of the firmware, path and contents."""

# Otherwise as the firmware's own. A laptop works through the REPL; what it does there is done here
# by a script of its own: the same MicroPython, file system and calls.
_MAIN = f"""
from machine import ADC, Pin

job = round(ADC(Pin({SIGNAL_PIN}), atten=ADC.ATTN_11DB).read_uv() / 200000)
if {LAPTOP_NEW} <= job <= {LAPTOP_OTHER}:
    execfile("/laptop%d.py" % job)
else:
    import life

    if job:
        import time
        from hal import radio as module

        def radio():
            while job == {HANG}:
                time.sleep(1)
            raise RuntimeError

        module.Radio = radio
    life.main()
"""


def _laptop(files: Mapping[str, bytes]) -> bytes:
    """What mpremote has a board do that these files are copied to."""
    return f"""
import os

for path, data in {list(files.items())!r}:
    folder = path.rpartition("/")[0]
    if folder:
        try:
            os.mkdir(folder)
        except OSError:
            pass
    with open(path, "wb") as file:
        for at in range(0, len(data), 256):
            file.write(data[at : at + 256])
print("written")
""".encode()


@cache
def bare(year: Vintage, firmware: Firmware = ()) -> Scene:
    """A board with nothing but the firmware, and a car of that year."""

    def clock() -> float:
        return _LAPTOP_CLOCK

    new = {**provision(VIN, DEFINITION, key=KEY, clock=clock), **counter_files(1)}
    same = provision(VIN, DEFINITION, key=KEY, clock=clock)
    records = [new[path] for path in COUNTER_PATHS]
    same |= counter_files(restart_counter(*records, clock=clock))
    other = provision(VIN, DEFINITION, key=OTHER_KEY, clock=clock)
    for path in COUNTER_PATHS:
        # A new key may go on where the old one stopped; the old one, cut off in between, must not
        # find less.
        del other[path]
    files = layout_firmware() | {
        **among_compiled({"/main.py": _MAIN.encode()}),
        f"/laptop{LAPTOP_NEW}.py": _laptop(new),
        f"/laptop{LAPTOP_SAME}.py": _laptop(same),
        f"/laptop{LAPTOP_OTHER}.py": _laptop(other),
        **dict(firmware),
    }

    async def car() -> Car:
        return Car(VIN, clock=now, behaviour=vintage(year))

    # A car looks at the time from the beginning.
    return Scene(_image(files), virtual_time.run(car()), 0.0)


@cache
def provisioned(year: Vintage, firmware: Firmware = ()) -> Scene:
    """A fob that no car knows."""

    begin = bare(year, firmware)

    async def prepare() -> Scene:
        async with World(begin) as world:
            await write(world, LAPTOP_NEW)
            return await world.scene_after()

    return virtual_time.run(prepare())


@cache
def paired(year: Vintage, firmware: Firmware = ()) -> Scene:
    """A fob that is in use, on its third battery."""

    begin = provisioned(year, firmware)

    async def prepare() -> Scene:
        async with World(begin) as world:
            await world.power_on()
            await world.pair()
            await world.presses("unlock", "lock")
            await world.power_off()
            await world.power_on()
            await world.presses("unlock")
            await world.power_off()
            return await world.scene_after()

    return virtual_time.run(prepare())


@cache
def worn(year: Vintage, firmware: Firmware = ()) -> Scene:
    """The same fob when its flash is about to move the folder of the state to fresh blocks, as it
    does after each hundred erases."""
    scene = paired(year, firmware)
    wear = _Wear(scene.image)
    # Long names fill the folder fast; what is left of the way is gone in the fob's own steps.
    almost = deque([wear.image()], maxlen=2)
    while not wear.moved:
        if wear.write("n" * 200):
            almost.append(wear.image())
    wear = _Wear(almost[0])
    steps = deque([almost[0]], maxlen=_STEPS_BEFORE_MOVE)
    while not wear.moved:
        wear.write("n")
        steps.append(wear.image())
    return replace(scene, image=steps[0])


class _Wear(UserContext):
    """The file system of an image, wearing out its folder of state."""

    def __init__(self, image: bytes) -> None:
        super().__init__(buffer=bytearray(image))
        self._erased: list[int] = []
        self._filesystem = LittleFS(context=self, mount=False, **_FAST)
        self._filesystem.mount()

    def erase(self, cfg: LFSConfig, block: int) -> int:
        self._erased.append(block)
        return super().erase(cfg, block)

    def image(self) -> bytes:
        return bytes(self.buffer)

    @property
    def moved(self) -> bool:
        """Whether a third block was erased: a folder has two."""
        return len(set(self._erased)) > 2

    def write(self, name: str) -> bool:
        """Write a file as the firmware does; whether that erased a block."""
        before = len(self._erased)
        with self._filesystem.open(f"/state/{name}.new", "wb") as file:
            file.write(bytes(13))
        self._filesystem.rename(f"/state/{name}.new", f"/state/{name}")
        return len(self._erased) > before


async def write(world: World, job: int) -> None:
    """Have the laptop write its files, in a life of their own."""
    world.signal(job)
    await world.start()
    await world.prints("written")
    await world.power_off()
    world.signal(FOB)


def _image(files: Mapping[str, bytes]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="fob-") as folder:
        return FlashImage.create(Path(folder) / "flash.img", files).path.read_bytes()
