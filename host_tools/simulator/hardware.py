"""The virtual chip's peripherals: the bench's end of service "board".

The other end are port/machine.py, port/esp32.py and port/neopixel.py.
"""

import asyncio
from collections.abc import Callable

from host_tools.board.catalogue import BoardDefinition
from host_tools.simulator.bridge import Bridge
from host_tools.simulator.light import LightWatch
from host_tools.simulator.micropython_build import told_build
from host_tools.simulator.sleep import TIMER_WAKE, Wake, WakeSources, missing_functions
from host_tools.simulator.wall_clock import WallClock
from host_tools.simulator.watchdog import Watchdog

# machine.reset_cause()
POWER_ON = 1
HARD_RESET = 2
WDT_RESET = 3
DEEP_SLEEP_RESET = 4
SOFT_RESET = 5

_CHARGED = 1.2  # of the voltage at which a battery counts as low


RTC_BYTES = 2048
"""How much of the RTC's memory a program may keep something in."""


class Hardware:
    """What stays while the firmware comes and goes: levels on the pins, the RTC and its memory."""

    def __init__(
        self,
        definition: BoardDefinition,
        light: LightWatch,
        unique_id: bytes,
        rtc_ppm: float = 0.0,
        micropython: tuple[int, int, int] | None = None,
    ) -> None:
        """`rtc_ppm`: how much too fast the RTC runs while the chip sleeps. `micropython`: the
        version it says it has; None: the interpreter's own."""
        self.definition = definition
        self.light = light
        self.buzzer = LightWatch(what="buzzer")
        """What it sounds; silent for ever on a board without one. Likewise `vibration`."""
        self.vibration = LightWatch(what="motor")
        self.unique_id = unique_id
        self.wall_clock = WallClock(rtc_ppm)
        self.micropython = micropython
        self.rtc_memory = b""
        self.rtc_bytes = bytes(RTC_BYTES)
        """All that lies there: as on the chip, what is written does not clear what it is shorter
        than."""
        self.cause = POWER_ON
        self.wake = Wake(0)
        self.wake_sources = WakeSources(definition.chip)
        self.watchdog = Watchdog(self._bite)
        self.flash_operations = 0
        """Programs and erases of the flash since the power came on."""
        self._flash_alarm: tuple[int, Callable[[], None]] | None = None
        self.heap: int | None = None
        """Bytes in use after a collection, when the firmware went to sleep last or was asked."""
        self._applied: dict[int, int | None] = dict.fromkeys(
            definition.buttons.values(), self._released
        )
        if definition.usb is not None:
            self._applied[definition.usb] = 0
        self._microvolts: dict[int, int] = {}
        self._bridge: Bridge | None = None
        self._end: Callable[[str, int], None] | None = None
        self._bitten = False
        self._asleep = False
        self._woken: Wake | None = None
        self._stirred = asyncio.Event()
        if definition.battery is not None:
            self.set_battery(definition.battery.low_mv / 1000 * _CHARGED)

    def connect(self, bridge: Bridge, end: Callable[[str, int], None]) -> None:
        """Serve a process that just started. `end(reason, ms)` must kill it: "reset", "watchdog",
        "power cut", or "sleep" for so many ms (0: without a timer)."""
        self.wake_sources = WakeSources(self.definition.chip)
        self._bridge = bridge
        self._end = end
        bridge.serve("board", _Service(self, end))
        if self._bitten:
            self._bite()

    def disconnect(self) -> None:
        """The process is gone: its pins float, so the light goes out, and all is quiet."""
        self._bridge = self._end = None
        for sign in self.signs:
            sign.record(asyncio.get_running_loop().time(), 0.0)

    @property
    def signs(self) -> tuple[LightWatch, ...]:
        """Everything by which a fob tells its owner something."""
        return self.light, self.buzzer, self.vibration

    def fall_asleep(self) -> None:
        """Deep sleep begins; what is left of the process has no say any more."""
        self.watchdog.stop()
        self.wall_clock.fall_asleep()
        self._asleep = True
        self._woken = self.wake_sources.woken_by(self.levels())

    async def sleep(self, ms: int) -> Wake:
        """Sleep for so many ms (0: without a timer) or until a pin wakes the chip, which it may
        have done already."""
        alarm = self.wall_clock.now() + ms / 1000
        while self._woken is None:
            self._stirred.clear()
            try:
                async with asyncio.timeout_at(self.wall_clock.when(alarm) if ms else None):
                    await self._stirred.wait()
            except TimeoutError:
                return Wake(TIMER_WAKE)
        return self._woken

    def let_time_pass(self, seconds: float) -> None:
        """Have slept so much longer at once; RuntimeError while the chip is awake."""
        if not self._asleep:
            raise RuntimeError("only a chip that sleeps does not notice how time passes")
        self.wall_clock.skip(seconds)
        self._stirred.set()

    def restart(self, cause: int, wake: Wake | None = None) -> None:
        """What the next start finds. Only a soft reset leaves the watchdog running."""
        self.cause = cause
        self.wake = wake or Wake(0)
        self.wall_clock.wake()
        self._asleep = False
        if cause != SOFT_RESET:
            self.watchdog.stop()
            self._bitten = False

    def cut_power(self) -> None:
        """Lose what only lives on power."""
        self.rtc_memory = b""
        self.rtc_bytes = bytes(RTC_BYTES)
        self.flash_operations = 0
        self.restart(POWER_ON)
        self.wall_clock.start()

    def push(self, button: str) -> None:
        """A finger comes down; KeyError for a button the board does not have."""
        self._apply(self.definition.buttons[button], 0 if self.definition.active_low else 1)

    def release(self, button: str) -> None:
        """The finger goes up."""
        self._apply(self.definition.buttons[button], self._released)

    def set_voltage(self, pin: int, volts: float) -> None:
        """What the pin's analog converter measures."""
        self._microvolts[pin] = round(volts * 1_000_000)
        if self._bridge is not None:
            self._bridge.emit("board", "voltage", pin, self._microvolts[pin])

    def set_battery(self, volts: float) -> None:
        """The battery's voltage, which its pin sees divided."""
        battery = self.definition.battery
        if battery is None:
            raise ValueError(f"{self.definition.name} cannot measure its battery")
        self.set_voltage(battery.pin, volts / battery.ratio)

    def set_usb(self, plugged: bool) -> None:
        """Plug the board into a laptop, or unplug it. It has power either way."""
        if self.definition.usb is None:
            raise ValueError(f"{self.definition.name} cannot tell USB power")
        self._apply(self.definition.usb, int(plugged))

    def levels(self) -> dict[int, int]:
        """Levels of the pins as a sleeping chip sees them."""
        inactive = int(self.definition.active_low)
        return {pin: inactive if level is None else level for pin, level in self._applied.items()}

    def after_flash_operations(self, count: int, act: Callable[[], None]) -> None:
        """Call `act` once, when so many more programs and erases of the flash have begun."""
        self._flash_alarm = (self.flash_operations + count, act)

    def measure_heap(self) -> None:
        """Have `heap` told once the firmware waits."""
        if self._bridge is not None:
            self._bridge.emit("board", "measure_heap")

    @property
    def _released(self) -> int | None:
        # None: nothing drives the pin, so the firmware reads what pull it switched on.
        return None if self.definition.pull == "internal" else int(self.definition.active_low)

    def _apply(self, pin: int, level: int | None) -> None:
        self._applied[pin] = level
        # A press wakes the chip however short it is.
        if self._asleep and self._woken is None:
            self._woken = self.wake_sources.woken_by(self.levels())
            self._stirred.set()
        if self._bridge is not None:
            self._bridge.emit("board", "level", pin, level)

    def _bite(self) -> None:
        # While one process ends and the next one starts, there is nobody to reset yet.
        self._bitten = self._end is None
        if self._end is not None:
            self._end("watchdog", 0)


class _Service:
    # Everything public here can be called by the stand-ins, under its name.
    def __init__(self, hardware: Hardware, end: Callable[[str, int], None]) -> None:
        self._hardware = hardware
        self._end = end
        self._rtc_written = b""
        self._clock_offset = float("inf")
        self._latest = 0.0

    def started(self) -> list[object]:
        hardware = self._hardware
        return [
            hardware.cause,
            hardware.wake.reason,
            list(hardware.wake.pins),
            hardware.unique_id,
            [[pin, level] for pin, level in hardware._applied.items()],
            [[pin, microvolts] for pin, microvolts in hardware._microvolts.items()],
            sum(1 << pin for pin in hardware.definition.chip.gpio),
        ]

    def identity(self) -> list[object]:
        """What chip and MicroPython say they are."""
        return told_build(self._hardware.definition.chip, self._hardware.micropython)

    def missing_functions(self) -> list[str]:
        """Names of the esp32 module that this chip does not have."""
        return missing_functions(self._hardware.definition.chip)

    def output(self, pin: int, duty: int, ticks: int) -> None:
        """A pin is driven, `duty` of 65535; `ticks` is time.ticks_us()."""
        hardware, board = self._hardware, self._hardware.definition
        level = duty / 65535
        if pin == board.light.pin and board.light.kind != "neopixel":
            hardware.light.record(self._when(ticks), 1 - level if board.light.inverted else level)
        elif board.buzzer is not None and pin == board.buzzer.pin:
            if board.buzzer.kind == "tone":
                # A piezo sounds while its pin goes up and down.
                sounds = 0 < duty < 65535
            else:
                sounds = bool(duty) != board.buzzer.inverted
            hardware.buzzer.record(self._when(ticks), float(sounds))
        elif board.vibration is not None and pin == board.vibration.pin:
            hardware.vibration.record(
                self._when(ticks), 1 - level if board.vibration.inverted else level
            )

    def pixels(self, pin: int, colours: bytes, ticks: int) -> None:
        """A strip of lights took these bytes; the fob's light is the brightest of them."""
        light = self._hardware.definition.light
        if pin == light.pin and light.kind == "neopixel":
            self._hardware.light.record(self._when(ticks), max(colours, default=0) / 255)

    def wall_clock_us(self) -> int:
        return round(self._hardware.wall_clock.now() * 1_000_000)

    def read_rtc_memory(self) -> bytes:
        return self._hardware.rtc_memory

    def write_rtc_memory(self, start: int, piece: bytes, length: int) -> None:
        """What is written is `length` long; the piece that completes it writes it."""
        self._rtc_written = data = self._rtc_written[:start] + piece
        if len(data) == length:
            self._hardware.rtc_memory = data
            self._hardware.rtc_bytes = data + self._hardware.rtc_bytes[length:]

    def wake_on_ext0(self, pin: int | None, level: bool) -> None:
        self._hardware.wake_sources.set_ext0(pin, level)

    def wake_on_ext1(self, pins: list[int] | None, level: bool) -> None:
        self._hardware.wake_sources.set_ext1(pins, level)

    def wake_on_gpio(self, pins: list[int] | None, level: bool) -> None:
        self._hardware.wake_sources.set_gpio(pins, level)

    def start_watchdog(self, ms: int) -> None:
        self._hardware.watchdog.start(ms)

    def feed_watchdog(self) -> None:
        self._hardware.watchdog.feed()

    def heap(self, used: int) -> None:
        """So many bytes are in use, garbage swept away."""
        self._hardware.heap = used

    def flash_operation(self) -> None:
        """A program or an erase of the flash begins."""
        hardware = self._hardware
        hardware.flash_operations += 1
        if hardware._flash_alarm and hardware.flash_operations >= hardware._flash_alarm[0]:
            (_, act), hardware._flash_alarm = hardware._flash_alarm, None
            act()

    async def power_cut(self) -> None:
        self._end("power cut", 0)
        await self._never()

    async def reset(self) -> None:
        self._end("reset", 0)
        await self._never()

    async def deepsleep(self, ms: int) -> None:
        self._hardware.fall_asleep()
        self._end("sleep", ms)
        await self._never()

    async def _never(self) -> None:
        # The process is being killed; an answer would let it run on for a moment.
        await asyncio.get_running_loop().create_future()

    def _when(self, ticks: int) -> float:
        # The firmware's own clock keeps a rhythm intact while the bench is busy. The smallest
        # delay seen is the best guess of how far it is from the bench's.
        seconds = ticks / 1_000_000
        self._clock_offset = min(self._clock_offset, asyncio.get_running_loop().time() - seconds)
        self._latest = max(self._latest, seconds + self._clock_offset)
        return self._latest
