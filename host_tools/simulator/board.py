"""The virtual board: the firmware under MicroPython, with fingers on its buttons and eyes on its
light."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from host_tools.board.catalogue import BoardDefinition, load_board
from host_tools.simulator.bridge import Bridge
from host_tools.simulator.flash import FlashImage
from host_tools.simulator.hardware import (
    DEEP_SLEEP_RESET,
    HARD_RESET,
    SOFT_RESET,
    WDT_RESET,
    Hardware,
)
from host_tools.simulator.light import LightWatch, Sample
from host_tools.simulator.process import End, Firmware, Stop
from host_tools.simulator.radio.air import Air
from host_tools.simulator.radio.ble_host import BleHost
from host_tools.simulator.usb_socket import UsbSocket

HEAP = "160K"
"""What the firmware has to do with, counted on the 64-bit Unix port. Words of 32 bits take some
70 % of that (`make bench SECTIONS=memory`), and an ESP32 without PSRAM has 107 kB before Bluetooth
takes its part. The stand-ins for the chip's modules come on top: see process.STAND_INS."""

MakeRadio = Callable[[Bridge, str], object]
"""Serves the "ble" of a board's bridge, for one run of its process; the board's name."""

_RESTARTS = {"reset": HARD_RESET, "soft reset": SOFT_RESET, "watchdog": WDT_RESET}
_ENDED = ("repl", "stopped", "off")
_KEPT_LINES = 500
_SHOWN_LINES = 12


@dataclass(frozen=True)
class BoardEvent:
    """Something a bystander notices; `time` is the loop's.

    kind      text
    "power"   "on", or why the firmware ended
    "button"  "lock down", "lock up"
    "light"   its level: "0.00" dark .. "1.00" brightest
    "usb"     "plugged in", "unplugged"
    "console" a line the firmware printed
    """

    time: float
    kind: str
    text: str


class BoardStopped(Exception):
    """The firmware does not run any more, though the REPL may; `stop` says why, the text ends with
    its last lines."""

    def __init__(self, name: str, stop: Stop, lines: list[str]) -> None:
        code = "" if stop.code is None else f" (exit code {stop.code})"
        super().__init__(f"{name} stopped: {stop.reason}{code}{_quoted(lines)}")
        self.stop = stop


class Board:
    """An ESP32 with the firmware of its flash, on the air and in somebody's hand.

    Belongs to one running event loop; `await power_off()` at the end, or use it as an async
    context manager. While the firmware is not running, waits raise BoardStopped.
    """

    def __init__(
        self,
        air: Air | None,
        flash: Path | FlashImage,
        *,
        name: str = "fob",
        heap: str = HEAP,
        definition: BoardDefinition | None = None,
        on_event: Callable[[BoardEvent], None] | None = None,
        radio: MakeRadio | None = None,
        boot_seconds: float = 0.0,
        rtc_ppm: float = 0.0,
        port: Path | None = None,
        micropython: tuple[int, int, int] | None = None,
    ) -> None:
        """`air` carries its radio, None for a board without, unless `radio` makes another;
        `definition` is how it is wired, boards/virtual.toml by default; `boot_seconds` pass from
        power, reset or wake to boot.py, as in a chip's ROM and stock firmware; `rtc_ppm` is by how
        much too fast the wall clock runs in deep sleep, on the chip's RC oscillator; `port`
        becomes a link to its serial port, which has another name after every plugging;
        `micropython` is the version it says it has, the interpreter's own by default."""
        self.name = name
        self.flash = flash if isinstance(flash, FlashImage) else FlashImage(flash)
        self.light = LightWatch(self._light_changed)
        self.hardware = Hardware(
            definition or load_board("virtual"),
            self.light,
            unique_id=hashlib.sha256(name.encode()).digest()[:6],
            rtc_ppm=rtc_ppm,
            micropython=micropython,
        )
        self.state = "off"
        """"off", "starting", "running", "asleep"; "repl" when main.py came to its end,
        "stopped" when the process did."""
        self.stops: list[Stop] = []
        """Every end of the firmware's process so far, those before a restart included; at the REPL
        it goes on."""
        self.halt: Stop | None = Stop("never switched on")
        """Why the firmware does not run; None while it does, or is about to."""
        self.radio: object | None = None
        """The radio of the running firmware: a new one after every start."""
        self._make_radio = radio
        if radio is None and air is not None:
            self._make_radio = lambda bridge, name: BleHost(air, bridge, name)
        self._heap = heap
        self._boot_seconds = boot_seconds
        self._on_event = on_event
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._cut: tuple[int, str] | None = None
        self._usb = UsbSocket(name, port)
        self._booted = False
        self._life: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    async def __aenter__(self) -> "Board":
        await self.power_on()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.power_off()

    @property
    def flash_operations(self) -> int:
        """Programs and erases of the flash since power-on."""
        return self.hardware.flash_operations

    async def power_on(self, cut: str | None = None) -> None:
        """Start the firmware; returns when boot.py is about to run.

        cut     "N:clean" or "N:torn:SEED": the N-th program or erase of the flash from now on does
                not happen, or happens in part, and the power is gone: the board is "off".

        Raises BoardStopped if it does not come that far.
        """
        if self._life is not None:
            raise RuntimeError(f"{self.name} is on already")
        number, _, kind = (cut or "").partition(":")
        self._cut = (int(number), kind) if cut else None
        self.hardware.cut_power()
        for sign in self.hardware.signs:
            sign.break_off(None)
            sign.look_away()
        self._lines.clear()
        self._enter("starting", None)
        self._booted = False
        self._life = asyncio.create_task(self._live())
        try:
            await self._until(lambda: self._booted)
        except BaseException:
            await self.power_off()
            raise

    async def power_off(self) -> None:
        """Cut the power, whatever the firmware is doing. Does nothing to a board that is off."""
        if self._life is None:
            return
        life, self._life = self._life, None
        life.cancel()
        await asyncio.wait([life])
        self._end(Stop("power off"), "off")
        if not life.cancelled():
            life.result()

    @property
    def console_path(self) -> str:
        """The serial port of the board while it has power: mpremote connect PATH resume."""
        return self._usb.path

    def interrupt(self) -> None:
        """Type Ctrl-C on the console: main.py ends and the REPL waits."""
        self._usb.terminal.type(b"\x03")

    @property
    def plugged(self) -> bool:
        """Whether a laptop's cable is in, and so a serial port there while there is power."""
        return self._usb.plugged

    def plug(self) -> None:
        """Plug a laptop's USB cable in: there is a serial port, and power on the board's USB pin if
        it has one. At the beginning it is as if the laptop sat on the serial pins alone."""
        self._usb.plug()
        self._sense_usb(True)

    def unplug(self) -> None:
        """Pull the cable; the board goes on, on its battery."""
        self._usb.unplug()
        self._sense_usb(False)

    def unplug_after(
        self, *, flash_operations: int | None = None, typed: int | None = None
    ) -> None:
        """Pull the cable once so many more programs and erases of the flash have begun, or so many
        more bytes came from the laptop."""
        if flash_operations is not None:
            self.hardware.after_flash_operations(flash_operations, self.unplug)
        if typed is not None:
            self._usb.terminal.after_typed(typed, self.unplug)

    def _sense_usb(self, powered: bool) -> None:
        if self.hardware.definition.usb is not None:
            self.hardware.set_usb(powered)
        self._report("usb", "plugged in" if powered else "unplugged")

    def push(self, button: str) -> None:
        """Put a finger on a button; the light is watched afresh from here, the buzzer and the motor
        too."""
        self.hardware.push(button)
        for sign in self.hardware.signs:
            sign.look_away()
        self._report("button", f"{button} down")

    def release(self, button: str) -> None:
        """Take the finger off."""
        self.hardware.release(button)
        self._report("button", f"{button} up")

    async def press(self, *buttons: str, seconds: float = 0.1) -> None:
        """Push buttons together, hold them, release them."""
        for button in buttons:
            self.push(button)
        try:
            await asyncio.sleep(seconds)
        finally:
            for button in buttons:
                self.release(button)

    @property
    def console(self) -> list[str]:
        """What the firmware printed since power-on, line by line; the last 500."""
        return list(self._lines)

    async def prints(self, text: str, *, timeout: float = 5.0) -> str:  # noqa: ASYNC109
        """Wait for a line with `text` in it, earlier ones included; return the line.

        Raises TimeoutError, or BoardStopped when the firmware ended without printing it.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._until(lambda: any(text in line for line in self._lines))
        except TimeoutError:
            raise TimeoutError(
                f"{self.name} did not print {text!r} within {timeout:g} s{_quoted(self.console)}"
            ) from None
        return next(line for line in self._lines if text in line)

    async def running(self, *, timeout: float = 5.0) -> None:  # noqa: ASYNC109
        """Wait until the firmware runs, say again after a reset from the REPL."""
        async with asyncio.timeout(timeout):
            while self.state != "running":
                self._changed.clear()
                await self._changed.wait()

    async def stopped(self, *, timeout: float | None = 5.0) -> Stop:  # noqa: ASYNC109
        """Wait until the firmware does not run: asleep, at the REPL, ended or without power;
        return why."""
        async with asyncio.timeout(timeout):
            while self.state in ("starting", "running"):
                self._changed.clear()
                await self._changed.wait()
        assert self.halt is not None
        return self.halt

    async def _live(self) -> None:
        try:
            self._usb.power_up()
            await self._run()
        except Exception as error:
            # An error of the bench itself: whoever waits must hear of it.
            for sign in self.hardware.signs:
                sign.break_off(error)
            self._end(Stop(f"the bench failed: {error!r}"), "stopped")
            raise
        finally:
            self._usb.power_down()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._boot_seconds)
            stop = await Firmware(
                self.flash.path,
                self._heap,
                on_start=self._start,
                on_line=self._print,
                on_repl=self._offer_repl,
                terminal=self._usb.powered,
                environment=self._power_cut(),
            ).run()
            if stop.reason in _RESTARTS:
                self._end(stop, "starting")
                self.hardware.restart(_RESTARTS[stop.reason])
            elif stop.reason == "sleep":
                self._end(stop, "asleep")
                self.hardware.restart(DEEP_SLEEP_RESET, await self.hardware.sleep(stop.ms))
                self._enter("starting", None)
            elif stop.reason == "power cut":
                self._life = None
                self._end(stop, "off")
                return
            else:
                self._end(stop, "stopped")
                return

    def _power_cut(self) -> dict[str, str]:
        # A process counts from its own start, but the power may have lasted longer than that.
        if self._cut is None:
            return {}
        number, kind = self._cut
        return {"FOB_POWER_CUT": f"{number - self.flash_operations}:{kind}"}

    async def _start(self, bridge: Bridge, end: End) -> None:
        for sign in self.hardware.signs:
            sign.break_off(None)
        self.flash.in_use = True
        self.hardware.connect(bridge, end)
        self.radio = self._make_radio(bridge, self.name) if self._make_radio else None
        self._booted = True
        self._enter("running", None)
        self._report("power", "on")

    def _offer_repl(self, stop: Stop) -> None:
        self._enter("repl", stop)
        self._report("power", stop.reason)

    def _end(self, stop: Stop, state: str) -> None:
        self.flash.in_use = False
        self.radio = None
        self.hardware.disconnect()
        if state in ("stopped", "off"):
            self.hardware.watchdog.stop()
        self.stops.append(stop)
        self._enter(state, None if state == "starting" else stop)
        self._report("power", stop.reason)

    def _enter(self, state: str, halt: Stop | None) -> None:
        self.state = state
        self.halt = halt
        if state in _ENDED and halt is not None:
            for sign in self.hardware.signs:
                sign.break_off(BoardStopped(self.name, halt, self.console))
        self._changed.set()

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true():
            if self.state in _ENDED and self.halt is not None:
                raise BoardStopped(self.name, self.halt, self.console)
            self._changed.clear()
            await self._changed.wait()

    def _print(self, line: str) -> None:
        self._lines.append(line)
        self._changed.set()
        self._report("console", line)

    def _light_changed(self, sample: Sample) -> None:
        self._report("light", f"{sample.level:.2f}")

    def _report(self, kind: str, text: str) -> None:
        if self._on_event is not None:
            self._on_event(BoardEvent(asyncio.get_running_loop().time(), kind, text))


def _quoted(lines: list[str]) -> str:
    return "".join(f"\n  | {line}" for line in lines[-_SHOWN_LINES:])
