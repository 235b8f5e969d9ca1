"""A fob that loses its power, the car that does not, and the person who stands between them."""

import asyncio
import copy
import json
import random
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from host_tools.board.catalogue import load_board
from host_tools.identity.provision import CONFIGURATION_PATH
from host_tools.simulator.board import Board, BoardStopped
from host_tools.simulator.bridge import Bridge, Chance
from host_tools.simulator.car import Car
from host_tools.simulator.car.keys import key_id
from host_tools.simulator.flash import FlashError, FlashImage
from host_tools.simulator.light import VERDICTS, recognise
from host_tools.simulator.radio.direct import DirectRadio

from .watch import CarWatch, FlashWatch, Unusable

# A pin no board definition uses: what it measures tells main.py of the trial what to do.
SIGNAL_PIN = 35
_VOLTS_PER_JOB = 0.2

# The memory of a board is none of this trial's business.
_HEAP = "320K"
# Virtual seconds, longer than anything that is waited for.
_PATIENCE = 400.0
_PAIRING_HOLD = 3.1
_CONFIRMING_HOLD = 5.2
# A car drops a link that fell silent, and forgets what it waited for.
_DEAD_SECONDS = 60.0

DEFINITION = load_board("virtual")


@dataclass(frozen=True)
class Scene:
    """Fob without power and car, to be continued any number of times; `at`: virtual time."""

    image: bytes
    car: Car
    at: float


@dataclass(frozen=True)
class Cut:
    """The power goes at the `operation`-th program or erase after the `life`-th power-on, both
    from 1; kind: "clean" or "torn:SEED"."""

    life: int
    operation: int
    kind: str


@dataclass
class World:
    """Continues a scene; an async context manager. Only in virtual time.

    operations  what each life wrote, from power-on to power-off: programs and erases.
    """

    scene: Scene
    cut: Cut | None = None
    seed: int = 0
    operations: list[int] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="fob-")
        path = Path(self._folder.name) / "flash.img"
        path.write_bytes(self.scene.image)
        self.car = copy.deepcopy(self.scene.car)
        self.radio = DirectRadio(self.car, seed=self.seed)
        # What was drawn before the scene is not drawn again.
        self._draw = random.Random(f"{self.seed} {self.scene.at}").randbytes
        self.board = Board(
            None, FlashImage(path), heap=_HEAP, definition=DEFINITION, radio=self._make_radio
        )
        self._flash = FlashWatch(self._file)
        self._heard = CarWatch(self.car)
        self.check_flash()
        await asyncio.sleep(max(0.0, self.scene.at - now()))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.board.power_off()
        await self.radio.stop()
        self._folder.cleanup()

    def _make_radio(self, bridge: Bridge, name: str) -> object:
        bridge.serve("chance", Chance(self._draw))
        return self.radio.host(bridge, name)

    @property
    def struck(self) -> bool:
        """Whether the power went at the cut."""
        return any(stop.reason == "power cut" for stop in self.board.stops)

    async def power_on(self) -> None:
        """Begin the next life; returns when the fob is ready. Raises BoardStopped, Unusable."""
        await self.start()
        await self.prints("ready")

    async def start(self) -> None:
        """Begin the next life; returns before boot.py."""
        self._began = now()
        self.operations.append(0)
        cut = self.cut
        due = cut is not None and cut.life == len(self.operations)
        await self.board.power_on(f"{cut.operation}:{cut.kind}" if cut and due else None)

    async def power_off(self) -> None:
        """End a life: the battery is taken out."""
        self._check_power()
        self.operations[-1] = self.board.flash_operations
        await self.board.power_off()

    async def scene_after(self) -> Scene:
        """The scene without power as it is now, once the car has noticed."""
        await asyncio.sleep(_DEAD_SECONDS)
        assert self.board.state == "off" and not self.car.connections
        return Scene(self.board.flash.path.read_bytes(), copy.deepcopy(self.car), now())

    def signal(self, job: int) -> None:
        """Tell main.py of the trial what to do at its next start; 0: be a fob."""
        self.board.hardware.set_voltage(SIGNAL_PIN, job * _VOLTS_PER_JOB)

    async def prints(self, text: str) -> None:
        """Wait for a line. Raises BoardStopped, Unusable."""
        try:
            await self.board.prints(text, timeout=_PATIENCE)
        except TimeoutError as error:
            raise Unusable(str(error)) from None

    async def press(self, button: str) -> str:
        """Press and tell how the light answered; for anything but "done" with the fob's words.

        "done" without the car's consent raises Unusable.
        """
        events = len(self.car.events)
        verdict = await self._hold(button)
        accepted = any(event.kind == "accepted" for event in self.car.events[events:])
        if verdict == "done" and not accepted:
            raise Unusable("the light said done, but the car accepted nothing")
        return verdict

    async def pair(self) -> None:
        """Hold both buttons and tap the card. Raises Unusable."""
        self._flash.pairs()
        tapping = asyncio.create_task(self._tap_card())
        try:
            await self._done("pairing", await self._hold("lock", "unlock", seconds=_PAIRING_HOLD))
        finally:
            tapping.cancel()

    async def confirm(self) -> None:
        """Hold both buttons for long. Raises Unusable."""
        self._flash.confirms()
        verdict = await self._hold("lock", "unlock", seconds=_CONFIRMING_HOLD)
        await self._done("confirming", verdict)

    async def presses(self, *buttons: str) -> None:
        """Presses that must be done. Raises Unusable."""
        for button in buttons:
            await self._done(button, await self.press(button))

    async def asleep(self) -> None:
        """Wait until the fob sleeps. Raises Unusable."""
        stop = await self.board.stopped(timeout=_PATIENCE)
        self._check_power()
        if stop.reason != "sleep":
            raise Unusable(f"the fob does not sleep but: {stop.reason}: {self.board.console[-5:]}")

    def look_back(self) -> None:
        """Judge what happened so far, on the flash and on the air, and that since the power came
        last the light did not ask for the laptop. Raises Unusable."""
        self.check_flash()
        self._heard.check()
        if self.asked_for_laptop():
            raise Unusable(f"the light asked for the laptop: {self.board.console[-5:]}")

    def asked_for_laptop(self) -> bool:
        """Whether the light said so since the power came."""
        shown = recognise(self.board.light.since(self._began), now())
        return any(sighting.pattern == "needs laptop" for sighting in shown)

    @property
    def lease_end(self) -> int:
        """The first value of the counter that is not leased."""
        return self._flash.lease_end

    @property
    def counter(self) -> int:
        """The last value that the car heard."""
        return self._heard.counter

    def run_ahead(self, counter: int) -> None:
        """Have the car say that this was the last counter of the fob's key."""
        configuration = json.loads(self.board.flash.read(CONFIGURATION_PATH))
        public_key = bytes.fromhex(configuration["public_key"])
        self.car.whitelist.get(key_id(public_key)).counter = counter

    async def _hold(self, *buttons: str, seconds: float = 0.1) -> str:
        self._check_power()
        await self.board.press(*buttons, seconds=seconds)
        verdict = await self.board.light.shows(*VERDICTS, timeout=_PATIENCE)
        if verdict == "done":
            return verdict
        words = [line for line in self.board.console if "failed" in line]
        return f"{verdict}: {words[-1:]}"

    async def _done(self, what: str, verdict: str) -> None:
        if verdict != "done":
            raise Unusable(f"{what}: {verdict}")

    async def _tap_card(self) -> None:
        asked = asyncio.Event()
        self.car.on_event = lambda _: asked.set() if self.car.waits_for_card else None
        try:
            await asked.wait()
        finally:
            self.car.on_event = None
        self.car.tap_card()

    def _check_power(self) -> None:
        if self.board.state == "off":
            raise BoardStopped(self.board.name, self.board.stops[-1], self.board.console)

    def check_flash(self) -> None:
        """Judge what lies on the flash. Raises Unusable."""
        self._flash.check()
        if self._flash.signed and self._heard.signed_since is None:
            self._heard.signed_since = len(self.car.events)

    def _file(self, path: str) -> bytes | None:
        try:
            return self.board.flash.read(path)
        except FlashError:
            return None


def now() -> float:
    """Virtual time; a function of its own, so that a car that looks at it can be copied."""
    return asyncio.get_running_loop().time()
