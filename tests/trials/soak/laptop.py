"""The laptop of a soak: its backup of the key, and the rule by which a counter goes on."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable

from host_tools.identity.counters import (
    COUNTER_PATHS,
    RELEASED,
    read_counter_record,
    restart_counter,
)
from host_tools.simulator.flash import FlashError, FlashImage

from .world import World

_PROVISIONED = RELEASED + 200 * 86400


class Laptop:
    """Restores and re-images one fob, as `fob` would. Its clock goes with the bench's."""

    def __init__(
        self,
        world: World,
        draw: random.Random,
        figures: Counter[str],
        say: Callable[[str], None],
    ) -> None:
        self._world = world
        self._draw = draw
        self._figures = figures
        self._say = say
        self._backed_up: int | None = None

    def clock(self) -> float:
        """Unix time."""
        return _PROVISIONED + self._world.now

    def back_up(self) -> None:
        """Keep what the fob's flash tells now; from here on it grows old."""
        whole = [first for first in map(read_counter_record, self._records()) if first is not None]
        self._backed_up = max(whole, default=self._backed_up)

    async def restore(self, *, image: bool, keep_rtc: bool) -> None:
        """Give a board that has no power its key again: into its files, or on a new image.

        keep_rtc: the laptop's cable kept the chip's RTC alive, whose clock it may have set.
        Afterwards the board has power.
        """
        world = self._world
        hardware = world.board.hardware
        retained = hardware.rtc_memory
        began = world.now
        wall_clock = hardware.wall_clock.now()
        await world.board.power_off()
        first = await self._first()
        files = world.files(first)
        if image:
            FlashImage.create(world.flash.path, files)
        else:
            world.flash.write(files)
        self._backed_up = first
        await world.board.power_on()
        if keep_rtc:
            # The firmware has not looked yet.
            hardware.rtc_memory = retained
            hardware.wall_clock.skip(wall_clock + world.now - began)
            if self._draw.random() < 0.3:
                hardware.wall_clock.skip(self._draw.uniform(-1e5, 1e5))
                world.clock_doubtful = True
        self._figures["re-images" if image else "restores"] += 1

    async def _first(self) -> int:
        """Where the counter goes on by the rule, once it does not lead back."""
        used = self._used()
        first = restart_counter(*self._records(), backed_up=self._backed_up, clock=self.clock)
        if first <= used:
            # The rule would repeat nonces: told, and left to time.
            self._figures["counter rule beaten"] += 1
            self._say(f"laptop: the counter rule gives {first}, but {used} was used already")
            await asyncio.sleep(used + 1 - first)
            first = restart_counter(*self._records(), backed_up=self._backed_up, clock=self.clock)
        self._say(f"laptop: the counter goes on at {first}")
        return first

    def _used(self) -> int:
        """The last counter that the car ever saw of this key."""
        return max((counter for _, counter in self._world.car.nonces.counters), default=0)

    def _records(self) -> list[bytes | None]:
        try:
            files = self._world.flash.files()
        except FlashError:
            return [None, None]
        return [files.get(path) for path in COUNTER_PATHS]
