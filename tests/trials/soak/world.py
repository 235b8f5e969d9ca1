"""The places of a soak: a fob in somebody's hand, its car, their radio, and the laptop's clock."""

import asyncio
import random
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from host_tools.board.catalogue import Battery, load_board
from host_tools.identity.counters import counter_files
from host_tools.identity.keys import public_key
from host_tools.identity.provision import ROLES, provision
from host_tools.installation.layout import layout_firmware
from host_tools.simulator.bench import VIN
from host_tools.simulator.board import HEAP, Board, BoardEvent
from host_tools.simulator.bridge import Bridge, Chance
from host_tools.simulator.car import Car, CarEvent
from host_tools.simulator.car.behaviour import Behaviour, LockOut, Vintage, vintage
from host_tools.simulator.car.connection import CarConnection
from host_tools.simulator.car.whitelist import WhitelistKey
from host_tools.simulator.faults import Interference
from host_tools.simulator.flash import FlashImage
from host_tools.simulator.radio.car_on_air import CarOnAir
from host_tools.simulator.radio.direct import DirectRadio

from ..newer_car import YEARS, Impostor, update

GESTURES = {"lock": {"single": "lock"}, "unlock": {"single": "unlock"}}
"""Every press is one command, however often and long: so what is to be expected is known."""
BOARD = replace(load_board("virtual"), battery=Battery(pin=35, ratio=2.0, low_mv=3300), usb=34)

_CHARGED = 3.9
_SETTLED = 1.5
_GLANCE = 0.1
# A link whose fob lost its power is dropped by the car long before.
_LINKS_TIMEOUT = 120.0
# How far off an RC oscillator is, mostly, and what the firmware states for it.
_COMMON_PPM = 5000
_WILD_PPM = 40_000


_TALKATIVE = ("status", "vehicle-status", "empty")


@cache
def _firmware() -> Mapping[str, bytes]:
    return layout_firmware()


class Wrong(AssertionError):
    """What a soak forbids has happened."""


class World:
    """One fob and one car that knows its key; what they are like is drawn.

    year: of the car; None to have it drawn. patches: files of the firmware to replace, by path on
    the board, for sabotage.
    on_board, on_car: told every event.
    """

    def __init__(
        self,
        draw: random.Random,
        *,
        radio: str,
        year: Vintage | None,
        patches: Mapping[str, bytes],
        heap: str = HEAP,
        on_board: Callable[[BoardEvent], None],
        on_car: Callable[[CarEvent], None],
    ) -> None:
        self._clock = asyncio.get_running_loop().time
        self._folder = tempfile.TemporaryDirectory(prefix="soak-")
        self._patches = patches
        self.key = b"\x01" + draw.randbytes(31)
        self._draw = draw
        drawn = draw.choice(YEARS)
        self.year = year or drawn
        self.car = Car(
            VIN,
            clock=self._clock,
            random=random.Random(draw.random()).randbytes,
            behaviour=self._rules(),
            name=draw.choice(("hash", "vin", "alternate")),
            on_event=on_car,
        )
        self.owner_key = WhitelistKey(public_key(self.key), role=ROLES["driver"])
        self.car.whitelist.add(self.owner_key)
        off = draw.choice((0, _COMMON_PPM, _COMMON_PPM, _WILD_PPM))
        self.rtc_ppm = round(draw.uniform(-off, off))
        self.clock_doubtful = off > _COMMON_PPM
        """Whether the fob may be wrong about the time: its RTC goes wild, or somebody set it."""
        self.mtu = draw.choice((23, 185, 247))
        options = {
            "mtu": self.mtu,
            "notify": draw.random() < 0.2,
            "address": draw.choice(("public", "random", "rotating")),
            "seed": draw.randrange(1 << 30),
        }
        self.radio: CarOnAir | DirectRadio
        if radio == "direct":
            self.radio = DirectRadio(self.car, **options)
        else:
            self.radio = CarOnAir(self.car, paced=True, **options)
        self._chance = random.Random(draw.random()).randbytes
        self.flash = FlashImage.create(Path(self._folder.name) / "flash.img", self.files(1))
        self.board = Board(
            None,
            self.flash,
            heap=heap,
            definition=BOARD,
            radio=self._make_radio,
            boot_seconds=draw.choice((0.0, 0.25, 0.5)),
            rtc_ppm=self.rtc_ppm,
            on_event=on_board,
        )
        self.board.hardware.set_battery(_CHARGED)
        self.last_touch = 0.0
        self._strangers: list[CarConnection] = []

    def _rules(self) -> Behaviour:
        """Those of a car of this year, and what may differ from one to another."""
        draw = self._draw
        return vintage(
            self.year,
            acknowledge=draw.choice(("status", "status", "counter", "vehicle-status")),
            announce_enrolment=self.year != "2026" and draw.random() < 0.5,
            push_key=draw.random() < 0.7,
            push=draw.choice(("raw", "wrapped", "both")) if self.year != "2021" else "raw",
            idle_timeout=42.0,
            lock_out=LockOut(),
            silent_asleep=draw.random() < 0.5,
            wake_time=draw.choice((0.0, 0.0, 0.6, 1.0)),
            encryption="required" if self.year == "2026" else draw.choice(("never", "on-request")),
            unknown_key=draw.choice(("session-info", "fault")),
            untagged=draw.randrange(3),
            echo_uuid=draw.choice(("always", "session-info", "never")),
            success=draw.choice((("empty",), ("status",), ("vehicle-status",), _TALKATIVE)),
            busy_as=draw.choice(("command-status", "operation-status", "fault")),
            lifetime=draw.choice((15, 30)),
        )

    @property
    def speaks_signed(self) -> bool:
        """Whether the car speaks the signed-command protocol."""
        return self.car.behaviour.protocols != "legacy"

    @property
    def knows_key(self) -> bool:
        """Whether the fob's key is on the car's whitelist."""
        return self.car.whitelist.find(self.owner_key.key_id) is not None

    @property
    def deceived(self) -> bool:
        """Whether the fob speaks with another car."""
        return isinstance(self.radio.interference, Impostor)

    def update(self, year: Vintage | None = None) -> bool:
        """Give the car the software of that year or a drawn later one; False without any."""
        later = YEARS[YEARS.index(self.year) + 1 :]
        if not later:
            return False
        self.year = year or self._draw.choice(later)
        update(self.car, self._rules())
        return True

    def impostor(self, year: Vintage, counter: int = 0) -> Impostor:
        """Somebody who says to be the car, with a key pair of their own; the fob's counter, they
        say, was this."""
        car = Car(
            VIN,
            clock=self._clock,
            random=random.Random(self._draw.random()).randbytes,
            behaviour=vintage(year),
        )
        car.whitelist.add(replace(self.owner_key, counter=counter))
        return Impostor(car)

    def _make_radio(self, bridge: Bridge, name: str) -> object:
        bridge.serve("chance", Chance(self._chance))
        return self.radio.host(bridge, name)

    async def __aenter__(self) -> "World":
        await self.radio.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self.board.power_off()
        finally:
            await self.radio.stop()
            self._folder.cleanup()

    def files(self, counter: int) -> dict[str, bytes]:
        """Everything on a fob with this key whose counter starts here."""
        return {
            **_firmware(),
            **self._patches,
            **provision(VIN, BOARD, key=self.key, gestures=GESTURES),
            **counter_files(counter),
        }

    @property
    def now(self) -> float:
        return self._clock()

    @property
    def asleep(self) -> bool:
        return self.board.state == "asleep"

    @property
    def ended(self) -> bool:
        """Whether the firmware neither runs nor sleeps."""
        return self.board.state in ("repl", "stopped", "off")

    def push(self, button: str) -> None:
        self.last_touch = self.now
        self.board.push(button)

    def release(self, button: str) -> None:
        self.last_touch = self.now
        self.board.release(button)

    async def pass_time(self, seconds: float) -> None:
        """Let time go by while the fob sleeps and nobody listens to the car."""
        # Bumble would act out every advertisement of weeks.
        on_air = isinstance(self.radio, CarOnAir) and seconds > 5
        if on_air:
            await self.radio.stop()
        await asyncio.sleep(seconds)
        if on_air:
            await self.radio.start()

    def crowd(self) -> None:
        """Strangers take every connection the car has."""
        while self.car.connectable:
            self._strangers.append(self.car.connect("stranger"))

    def disperse(self) -> None:
        """They go."""
        for connection in self._strangers:
            connection.disconnect()
        self._strangers.clear()

    def make_peace(self) -> None:
        """End whatever troubles there are; what the car has become it stays."""
        self.radio.interference = Interference()
        if not self.radio.in_reach:
            self.radio.come_back()
        self.disperse()
        self.car.behaviour.busy = self.car.behaviour.lose_answers = 0
        for name in self.car.body.open_closures:
            self.car.close_door(name)
        self.board.hardware.set_battery(_CHARGED)

    async def quiet(self, limit: float, *, awake: bool = False) -> None:
        """Wait until the fob sleeps or has ended, or, if it shall stay `awake`, does nothing."""
        deadline = self.now + limit
        # A finger that is up again already has woken the fob, which takes its time.
        await asyncio.sleep(_GLANCE)
        while not (self.asleep or self.ended or (awake and self._idle())):
            if self.now > deadline:
                raise Wrong(f"the fob is {self.board.state} still, after {limit:.0f} s")
            await asyncio.sleep(_GLANCE)
        while any(link not in self._strangers for link in self.car.connections):
            if self.now > deadline + _LINKS_TIMEOUT:
                raise Wrong("the car keeps the fob's link")
            await asyncio.sleep(_GLANCE)

    def _idle(self) -> bool:
        samples = self.board.light.samples
        latest = max(self.last_touch, samples[-1].time if samples else 0.0)
        linked = any(link not in self._strangers for link in self.car.connections)
        dark = self.board.light.level == 0
        return dark and not linked and self.now - latest > _SETTLED
