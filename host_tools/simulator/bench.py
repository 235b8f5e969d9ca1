"""A fob and its cars within reach of each other, and a driver who works them."""

import asyncio
import contextlib
import os
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal

from host_tools.board.catalogue import BoardDefinition, load_board
from host_tools.identity.provision import ROLES
from host_tools.simulator.board import HEAP, Board, BoardEvent, BoardStopped
from host_tools.simulator.bridge import Bridge, Chance
from host_tools.simulator.car import Car, CarEvent
from host_tools.simulator.car.behaviour import Behaviour, Vintage
from host_tools.simulator.car.behaviour import vintage as behaviour_of
from host_tools.simulator.car.names import Scheme
from host_tools.simulator.car.whitelist import WhitelistKey
from host_tools.simulator.deeds import Deed
from host_tools.simulator.flash import FlashImage
from host_tools.simulator.fob_image import fob_flash, public_key
from host_tools.simulator.light import UnexpectedLight
from host_tools.simulator.measurement import Measurement, measure
from host_tools.simulator.moments import Bystander, Moment
from host_tools.simulator.radio.car_on_air import CarOnAir, cars_on_air
from host_tools.simulator.radio.car_radio import RSSI, WEAKER, CarRadio
from host_tools.simulator.radio.direct import DirectRadio, direct_radios
from host_tools.simulator.virtual_time import is_virtual

VIN = "5YJ3E1EA1KF000000"
"""The example VIN of the teslabtapi documentation."""

PAIRING_HOLD = 3.1
"""Seconds to hold lock and unlock together on a fob that is not paired."""

BETWEEN_PRESSES = 0.12
"""Seconds that a finger is up between the presses of a double one."""


class Bench:
    """Use as an async context manager: on entering, the fob is provisioned, booted and ready.

    Runs in real time or, on a VirtualTimeLoop, in virtual time.

    on_moment is told everything as it happens. source: the fob carries .py files, not .mpy.
    definition, settings: the board, and what else `provision` is told. files: more for its flash.
    enrolled: the car knows the fob's key already. powered: False leaves it to `power_on`.
    flash: what it runs on instead of a fob's flash of the above; then nothing waits for the fob to
    be ready. usb: a laptop's cable is plugged in. tap_after: so many seconds after the car began to
    wait for the key card, somebody holds it to the reader. port, boot_seconds, rtc_ppm,
    micropython: see Board. radio: "bumble", two whole Bluetooth stacks, or "direct", the car right
    behind the board's calls, which is faster and paced always. seed: of everything random, in
    virtual time the fob's too; None draws all of it afresh. vintage: the car's year, in place of
    its `behaviour`. more_cars: VINs of further cars of the fob's, like the first, each heard 10 dB
    weaker than the one before it; own_keys: each of them has a key of its own. The rest chooses the
    cars: see Car, CarRadio and DirectRadio.
    """

    def __init__(
        self,
        *,
        vin: str = VIN,
        name: Scheme = "alternate",
        behaviour: Behaviour | None = None,
        vintage: Vintage | None = None,
        more_cars: Sequence[str] = (),
        own_keys: bool = False,
        heap: str = HEAP,
        source: bool = False,
        definition: BoardDefinition | None = None,
        settings: Mapping[str, Any] | None = None,
        files: Mapping[str, bytes] | None = None,
        enrolled: bool = False,
        flash: FlashImage | None = None,
        usb: bool = False,
        port: Path | None = None,
        tap_after: float | None = None,
        powered: bool = True,
        boot_seconds: float = 0.0,
        rtc_ppm: float = 0.0,
        micropython: tuple[int, int, int] | None = None,
        radio: Literal["bumble", "direct"] = "bumble",
        paced: bool = False,
        seed: int | None = None,
        on_moment: Callable[[Moment], None] | None = None,
        **radio_options: Any,
    ) -> None:
        self._skipped = 0.0
        self._bystander = Bystander(on_moment)
        self._card_wanted = asyncio.Event()
        self._power_changed = asyncio.Event()
        self._news = asyncio.Event()
        self._tap_after = tap_after
        self._tap: asyncio.TimerHandle | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="fob-")
        self._draw = os.urandom if seed is None else random.Random(seed).randbytes
        rules = behaviour_of(vintage) if vintage else behaviour or Behaviour()
        self.cars = {
            each: Car(
                each,
                clock=self._clock,
                random=self._draw,
                behaviour=rules if each == vin else replace(rules),
                name=name,
                on_event=partial(self._car_event, each),
            )
            for each in (vin, *more_cars)
        }
        """By VIN."""
        self.car = self.cars[vin]
        definition = definition or load_board("virtual")
        self._expects_ready = flash is None
        if flash is None:
            path = Path(self._folder.name) / "flash.img"
            flash = fob_flash(
                path,
                list(self.cars),
                definition,
                own_keys=own_keys,
                settings=settings,
                seed=seed,
                source=source,
                files=files,
            )
        if enrolled:
            for number, car in enumerate(self.cars.values(), 1):
                car.whitelist.add(WhitelistKey(public_key(flash, number), role=ROLES["driver"]))
        if seed is not None:
            radio_options["seed"] = seed
        self.radios: dict[str, CarOnAir | DirectRadio] = {}
        """By VIN."""
        if radio == "direct":
            self.radios |= direct_radios(self.cars, **radio_options)
        else:
            self.radios |= cars_on_air(self.cars, paced=paced, **radio_options)
        self.radio = self.radios[vin]
        self.board = Board(
            None,
            flash,
            heap=heap,
            definition=definition,
            radio=self._make_radio,
            boot_seconds=boot_seconds,
            rtc_ppm=rtc_ppm,
            micropython=micropython,
            on_event=self._board_event,
            port=port,
        )
        if usb:
            self.board.plug()
        self._powered = powered
        self._lookout: asyncio.Task[None] | None = None

    @property
    def now(self) -> float:
        """What the clock of the cars' events shows."""
        return self._clock()

    def _clock(self) -> float:
        return asyncio.get_running_loop().time() + self._skipped

    def _make_radio(self, bridge: Bridge, name: str) -> object:
        bridge.serve("chance", Chance(self._draw))
        return self.radio.host(bridge, name)

    @property
    def car_radio(self) -> CarRadio:
        """The car's peripheral; only with Bumble."""
        assert isinstance(self.radio, CarOnAir)
        return self.radio.car_radio

    async def __aenter__(self) -> "Bench":
        try:
            for radio in self.radios.values():
                await radio.start()
            self._lookout = asyncio.create_task(self._bystander.watch(self.board.light))
            if self._powered:
                await self.power_on()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._lookout:
            self._bystander.look(self.board.light)
            self._lookout.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._lookout
        if self._tap is not None:
            self._tap.cancel()
        try:
            await self.board.power_off()
        finally:
            for radio in self.radios.values():
                await radio.stop()
            self._folder.cleanup()

    async def power_on(self, cut: str | None = None) -> None:
        """Start the fob and wait until it is ready; `cut` as for Board.power_on."""
        await self.board.power_on(cut)
        if self._expects_ready:
            await self.board.prints("ready")

    async def switch(self) -> None:
        """Switch the board off or on, whatever it lives on; waits for nothing."""
        if self.board.state == "off":
            self._bystander.tell("driver", "switches the board on")
            await self.board.power_on()
        else:
            self._bystander.tell("driver", "switches the board off")
            await self.board.power_off()

    async def pair(self) -> None:
        """Hold both buttons, tap the card when the car waits for it, see the light say done."""
        self._card_wanted.clear()
        await self.board.press("lock", "unlock", seconds=PAIRING_HOLD)
        async with asyncio.timeout(10):
            await self._card_wanted.wait()
        # As a driver who does what the console says.
        await self.board.prints("hold your key card")
        self.tap_card()
        await self._done(timeout=20)

    async def press(self, button: str, *, times: int = 1) -> Measurement:
        """Press a button, once or more often in a row, and wait until the light says done; raises
        UnexpectedLight otherwise. Measured is the car that accepted something."""
        told = {vin: len(car.events) for vin, car in self.cars.items()}
        requests = self.radio.att_requests
        for again in range(times):
            if again:
                await asyncio.sleep(BETWEEN_PRESSES)
            await self.board.press(button)
        released = self._clock()
        await self._done(timeout=15)
        for vin, car in self.cars.items():
            took = self.radio.att_requests - requests
            measured = measure(car.events[told[vin] :], released, took)
            if measured is not None:
                return measured
        raise UnexpectedLight("the light said done, but no car accepted anything")

    async def until(self, true: Callable[[], bool], *, timeout: float = 10.0) -> None:  # noqa: ASYNC109
        """Wait until something is so at a car; looks whenever a car has an event. Raises
        TimeoutError."""
        async with asyncio.timeout(timeout):
            while not true():
                self._news.clear()
                await self._news.wait()

    async def asleep(self, *, timeout: float = 90.0) -> None:  # noqa: ASYNC109
        """Wait until the fob sleeps; raises BoardStopped if its firmware ends."""
        async with asyncio.timeout(timeout):
            await self._power(lambda state: state == "asleep")

    async def let_time_pass(self, seconds: float) -> None:
        """Leave the fob alone for so long. In real time it passes at once, for the fob, which must
        be asleep, and for the car."""
        self._bystander.tell("driver", f"is away for {timedelta(seconds=seconds)} (h:mm:ss)")
        if is_virtual():
            await asyncio.sleep(seconds)
        else:
            self.board.hardware.let_time_pass(seconds)
            self._skipped += seconds

    async def broken(self) -> None:
        """Wait until the board ends as none should, its interpreter died say; raise BoardStopped.
        Neither the REPL nor a missing battery is such an end."""
        await self._power(lambda state: False, ends=("stopped",))

    async def _power(
        self, true: Callable[[str], bool], ends: tuple[str, ...] = ("repl", "stopped", "off")
    ) -> None:
        while not true(self.board.state):
            if self.board.state in ends:
                raise BoardStopped(self.board.name, await self.board.stopped(), self.board.console)
            self._power_changed.clear()
            await self._power_changed.wait()

    async def _done(self, timeout: float) -> None:  # noqa: ASYNC109
        await self.board.light.shows("done", timeout=timeout)
        self._bystander.look(self.board.light)

    def tap_card(self) -> bool:
        """Hold the key card to the reader, of the car that waits for it; False if none does."""
        self._bystander.tell("driver", "holds the key card to the reader")
        waiting = (car for car in self.cars.values() if car.waits_for_card)
        return next(waiting, self.car).tap_card()

    def walk(self) -> None:
        """Take the fob out of every car's reach, or bring it back."""
        near = [radio for radio in self.radios.values() if radio.in_reach]
        self._bystander.tell("driver", "walks away" if near else "comes back")
        for radio in near or self.radios.values():
            (radio.walk_away if near else radio.come_back)()

    @property
    def nearest(self) -> Car:
        """The car that the driver stands at: the one which the fob hears best."""
        vin = max(self.radios, key=lambda each: self.radios[each].rssi)
        return self.cars[vin]

    def go_to_next(self) -> None:
        """Walk over to the next car, so that the fob hears it best."""
        vins = list(self.cars)
        vin = vins[(vins.index(self.nearest.vin) + 1) % len(vins)]
        self._bystander.tell("driver", f"stands at the car {vin}")
        for each, radio in self.radios.items():
            radio.rssi = RSSI if each == vin else RSSI - WEAKER

    def do(self, deed: Deed) -> None:
        """Do something at the nearest car."""
        deed(self.nearest, partial(self._bystander.tell, "driver"))

    def set_rssi(self, vin: str, dbm: int) -> None:
        """How strongly the fob hears a car from now on: -50 beside it, -90 far away."""
        self.radios[vin].rssi = dbm

    def _car_event(self, vin: str, event: CarEvent) -> None:
        if event.kind == "enrolment" and self.cars[vin].waits_for_card:
            self._card_wanted.set()
            if self._tap_after is not None:
                loop = asyncio.get_running_loop()
                self._tap = loop.call_later(self._tap_after, self.tap_card)
        radio = self.radios[vin]
        if isinstance(radio, DirectRadio):
            radio.attend()
        self._news.set()
        self._bystander.notice_car(event, vin if len(self.cars) > 1 else "")

    def _board_event(self, event: BoardEvent) -> None:
        if event.kind == "power":
            self._power_changed.set()
        self._bystander.notice_board(event)
