"""One life of a soak: steps drawn from a seed, each followed by a look at everything."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from host_tools.identity.counters import COUNTER_PATHS
from host_tools.simulator.board import HEAP
from host_tools.simulator.car.behaviour import Vintage

from .laptop import Laptop
from .witness import Verdict, Witness
from .world import World, Wrong

Step = Callable[["Life"], Awaitable[None]]
"""What happens to a fob in one go; its name says what."""

_STATE_FILES = 5
_STATE_NAMES = {"counter.0", "counter.1", "session", "guard", "journal"}
_LARGEST = 1024
_RTC = 2048
# What the owner confirms may be a counter first, then a key.
_REMEDIES = 4
_CONFIRMING = re.compile(r"\((held-back|refused)\).*hold both (buttons )?5 s")

# Steps between looks at the flash and the heap.
_EVERY = 10
# What may come and go on the heap: a list that is longer now and then.
_SLACK = 512


@dataclass(frozen=True)
class Plan:
    """What is drawn of a life before it begins; its number and the soak's seed decide it all.

    sleepless: USB is plugged in all the time, so that one start of the firmware serves all presses.
    warm: presses after which the heap of such a life must not grow any more.
    year: of the car when the life begins; None to have it drawn.
    patches: files of a sabotaged firmware, by path on the board.
    """

    seed: int
    number: int
    presses: int
    radio: str = "direct"
    sleepless: bool = False
    warm: int = 150
    year: Vintage | None = None
    patches: Mapping[str, bytes] = field(default_factory=dict)
    heap: str = HEAP

    @property
    def draw(self) -> random.Random:
        return random.Random(f"soak {self.seed} {self.number}")


class Life:
    """Lives a plan; `figures` counts what happened."""

    def __init__(self, plan: Plan, say: Callable[[str], None] | None = None) -> None:
        self.plan = plan
        self.draw = plan.draw
        self._log = say
        self.witness = Witness(self.say)
        self.figures = self.witness.figures
        self.presses = 0
        self.steps = 0
        self.doing = "power-on"
        self.world = World(
            self.draw,
            radio=plan.radio,
            year=plan.year,
            patches=plan.patches,
            heap=plan.heap,
            on_board=self.witness.see_board,
            on_car=self.witness.see_car,
        )
        self.witness.world = self.world
        self.laptop = Laptop(self.world, self.draw, self.figures, self.say)
        self._heaps: list[tuple[int, int]] = []
        self._loaded: set[str] = set()

    def say(self, text: str) -> None:
        """Tell the log, if there is one."""
        if self._log:
            self._log(f"{self.world.now:14.3f}  {text}")

    async def run(self, steps: Iterable[Step] | None = None) -> Counter[str]:
        """Live these steps, or drawn ones until all presses are made.

        Raises Wrong with the step and what was wrong.
        """
        world = self.world
        try:
            async with world:
                self.witness.stays_awake = self.plan.sleepless
                world.board.hardware.set_usb(self.plan.sleepless)
                await world.board.power_on()
                await self.settle()
                for step in self._drawn() if steps is None else steps:
                    self.steps += 1
                    self.doing = step.__name__.replace("_", " ")
                    self.say(f"step {self.steps}: {self.doing}")
                    await step(self)
                    await self._look()
                if self.plan.sleepless:
                    self._check_heap()
        except Wrong as wrong:
            where = f"step {self.steps} ({self.doing}), {world.now:.1f} s"
            raise Wrong(f"{where}: {wrong}") from None
        self.figures["presses"] = self.presses
        self.figures["steps"] = self.steps
        return self.figures

    def _drawn(self) -> Iterator[Step]:
        from .drawing import draw_step

        while self.presses < self.plan.presses:
            yield draw_step(self.draw, self.plan)

    async def touch(self, *buttons: str, seconds: float = 0.1) -> None:
        """Press buttons together; counted as one press."""
        self.presses += 1
        for button in buttons:
            self.world.push(button)
        if seconds:
            await self.world.pass_time(seconds) if seconds > 30 else await asyncio.sleep(seconds)
        for button in buttons:
            self.world.release(button)

    async def settle(self) -> None:
        """Wait until the fob is quiet, and judge what it did."""
        await self.world.quiet(400, awake=self.plan.sleepless)
        # The last pattern is told apart by the darkness after it.
        await asyncio.sleep(0.6)
        self.witness.judge()

    async def works(self, *buttons: str, seconds: float = 0.1) -> None:
        """A press that must end with DONE and the car as it says; raises Wrong otherwise."""
        button = buttons[0]
        self.witness.forget()
        self.witness.undisturbed = True
        await self.touch(*buttons, seconds=seconds)
        await self.settle()
        self.witness.undisturbed = False
        self.expect_done(button)

    async def works_promptly(self, *, messages: int) -> None:
        """A press that must work with so few messages; only after one that worked."""
        await self.works(self.draw.choice(("lock", "unlock")))
        if self.world.clock_doubtful:
            return
        self.figures["prompt presses"] += 1
        self.witness.check_effort(messages)

    def expect_done(self, button: str) -> None:
        """The last verdict is that the car did this."""
        last = self.last
        if last is None:
            raise Wrong(f"nothing came of the press on {button}; the fob is {self._state()}")
        if not last.done or last.action != button:
            raise Wrong(f"{button} should have been done, but: {last.text}")
        if self.world.car.locked != (button == "lock"):
            raise Wrong(f"{button} was done, but the car is not so")

    @property
    def last(self) -> Verdict | None:
        """The last verdict since the step, or a press that must work, began."""
        return self.witness.verdicts[-1] if self.witness.verdicts else None

    def _state(self) -> str:
        halt = self.world.board.halt
        return self.world.board.state + (f" ({halt.reason})" if halt else "")

    async def recover(self) -> None:
        """The trouble is over: a press works, or after what the fob says that it needs."""
        world = self.world
        world.make_peace()
        await self._end()
        await self.settle()
        told = ""
        for attempt in range(_REMEDIES):
            if world.ended:
                told = f"its end: {self._state()}"
                await self._mend()
                continue
            button = self.draw.choice(("lock", "unlock"))
            self.witness.forget()
            self.witness.undisturbed = True
            await self.touch(button)
            await self.settle()
            self.witness.undisturbed = False
            last = self.last
            if last is not None and last.done:
                self.expect_done(button)
                self.figures[f"recovered by {told or 'a press'}"] += 1
                return
            if last is None or attempt == _REMEDIES - 1:
                break
            told = await self._remedy(last)
            await self.settle()
        self.expect_done(button if last else "anything")

    async def _remedy(self, verdict: Verdict) -> str:
        """Do what the fob told; raises Wrong when it told nothing that helps."""
        if _CONFIRMING.search(verdict.text):
            self.witness.forget()
            await self.touch("lock", "unlock", seconds=6.5)
            await self.settle()
            if self.last is None or self.last.action != "confirm" or not self.last.done:
                raise Wrong(f"both buttons confirm nothing after: {verdict.text}")
            return "confirming"
        if verdict.code == "not-paired":
            await self.pair()
            return "pairing"
        if verdict.code in ("state", "needs-laptop", "configuration"):
            await self.restore(keep_rtc=False)
            return "the laptop"
        raise Wrong(f"the trouble is over, but: {verdict.text}")

    async def restore(self, *, image: bool | None = None, keep_rtc: bool) -> None:
        """Have the laptop give the fob its key again; see Laptop.restore. image: None to draw."""
        self.witness.session_lost = True
        drawn = self.draw.random() < 0.5
        image = drawn if image is None else image
        if image and not keep_rtc:
            self.witness.first_contact = True
        await self.laptop.restore(image=image, keep_rtc=keep_rtc)

    async def pair(self) -> None:
        """Hold both buttons, tap the card; raises Wrong unless that is done."""
        self.loads("pairing")
        self.witness.forget()
        self.witness.session_lost = True
        self.presses += 1
        world = self.world
        self.witness.allow_pairing()
        world.push("lock")
        world.push("unlock")
        await asyncio.sleep(4.2)
        self.witness.allow_pairing()
        world.release("lock")
        world.release("unlock")
        for _ in range(200):
            if world.car.waits_for_card:
                break
            await asyncio.sleep(0.1)
        await asyncio.sleep(self.draw.uniform(0, 8))
        world.car.tap_card()
        await self.settle()
        if self.last is None or self.last.action != "pair" or not self.last.done:
            raise Wrong(f"pairing failed: {self.last.text if self.last else 'it never began'}")

    async def _end(self) -> None:
        """Give a board back its power that lost it."""
        if self.world.board.state == "off":
            await self.world.board.power_on()

    async def _mend(self) -> None:
        """A fob whose firmware came to its end says that it needs the laptop; else it is dead."""
        if self.world.board.state == "off":
            await self.world.board.power_on()
        else:
            await self.restore(keep_rtc=False)
        await self.settle()

    async def _look(self) -> None:
        """What holds after every step."""
        world = self.world
        if len(world.board.hardware.rtc_memory) > _RTC:
            raise Wrong("the RTC memory is too small")
        if self.steps % _EVERY:
            return
        listed = world.flash.list()
        state = {path: size for path, size in listed.items() if path.startswith("/state/")}
        foreign = {path[7:] for path in state if path[7:].removesuffix(".new") not in _STATE_NAMES}
        whole = [path for path in state if not path.endswith(".new")]
        if foreign or len(whole) > _STATE_FILES:
            raise Wrong(f"the state has files it should not have: {sorted(state)}")
        if max(state.values()) > _LARGEST:
            raise Wrong(f"a state file grows: {state}")
        if world.board.state != "off" and not all(path in state for path in COUNTER_PATHS):
            raise Wrong(f"a counter is gone: {sorted(state)}")
        if self.plan.sleepless:
            await self._measure_heap()

    async def _measure_heap(self) -> None:
        self.world.board.hardware.measure_heap()
        await asyncio.sleep(1)
        used = self.world.board.hardware.heap
        if used is None:
            raise Wrong("the heap could not be measured")
        self.say(f"{used} bytes of the heap are in use after {self.presses} presses")
        self._heaps.append((self.presses, used))

    def loads(self, what: str) -> None:
        """From now on the firmware may have loaded more: the heap begins anew."""
        if what not in self._loaded:
            self._loaded.add(what)
            self._heaps.clear()

    def _check_heap(self) -> None:
        """Once everything was imported, what is in use does not grow any more."""
        warm = [used for presses, used in self._heaps if presses >= self.plan.warm]
        third = len(warm) // 3
        if third and min(warm[-third:]) > max(warm[:third]) + _SLACK:
            raise Wrong(f"the heap grows: {self._heaps}")
        if self.world.board.stops:
            raise Wrong(f"it restarted: {self.world.board.stops}")
