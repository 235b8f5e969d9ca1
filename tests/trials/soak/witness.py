"""What a bystander knows who sees the fob's light, its console, its power and the car."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from host_tools.simulator.board import BoardEvent
from host_tools.simulator.car import CarEvent
from host_tools.simulator.light import VERDICTS, Sighting, recognise
from host_tools.simulator.measurement import Protocol, protocol_of

from .world import World, Wrong

_LINE = re.compile(r"fob: (lock|unlock|pair|confirm) (?:done in (\d+) ms|failed \(([a-z-]+)\))")
_RKE = re.compile(r"RKE_ACTION_(LOCK|UNLOCK)\b")
_LOW = "fob: the battery is low"
# A fault of the firmware's own, the want of memory among them.
_NEVER = ("fob: crash", "(internal)", "Traceback", "MemoryError")

# Seconds by which the light may lag behind the line.
_LAG = 0.1
# How long a verdict's pattern shines, and how long it is dark then before it is known for it.
_SHOWN = 0.75
_KNOWN = 1.1

# What a press inside the clock's bound costs, and one that has to ask first: MTU and CCCD, and for
# each message two writes where the car takes long ones.
_OVERHEAD = 2
_WRITES = 2
_BROAD_MTU = 115

# What may keep a fob awake: a press, at most; the minute after power or a reset, and what the light
# says before it; pairing.
_PRESS = 22.0
_LIGHT = 14.0
_IDLE = 84.0
_PAIRING = 135.0
_HELD_AT_POWER_ON = 310.0


@dataclass
class Verdict:
    """What the firmware said of an action, `at` the loop's time; `code` is empty when done.

    `began` is when the action did, at the earliest it may have where that was not said.
    """

    began: float
    at: float
    action: str
    code: str
    text: str

    @property
    def done(self) -> bool:
        return not self.code


@dataclass(frozen=True)
class Acceptance:
    """A command that the car carried out: its protocol, and what the link had cost by then, the
    sealed messages and questions, and the ATT requests."""

    at: float
    what: str
    protocol: Protocol
    messages: int
    requests: Sequence[str]


@dataclass
class _Stretch:
    since: float
    allowance: float


class Witness:
    """Sees everything; `judge()` when the fob is quiet, which raises Wrong for what was amiss."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.world: World | None = None
        self.verdicts: list[Verdict] = []
        """Since the last `forget()`."""
        self.figures: Counter[str] = Counter()
        self.longest_awake = 0.0
        self.heaps: list[int] = []
        self.stays_awake = False
        self._problems: list[str] = []
        self.accepted: list[Acceptance] = []
        """Since the last `judge()`."""
        self.session_lost = True
        """Whether the fob may not know any more in which protocol it spoke."""
        self.last_accepted: Acceptance | None = None
        """Before the last `judge()`, since the one before."""
        self.first_contact = True
        """Whether the fob has had no command confirmed since it last knew nothing of the car."""
        self.undisturbed = False
        """Whether nothing keeps the fob from finding out in which protocol to speak."""
        self._heard: list[bytes] = []
        self.speaks: Protocol | None = None
        """In which protocol the fob had a command confirmed last."""
        self._statuses: list[float] = []
        self._touches: list[float] = []
        self._breaks: list[float] = []
        self._releases: list[float] = []
        self._low: list[float] = []
        self._stretch: _Stretch | None = None
        self._woken = False
        self._judged = 0.0

    def see_car(self, event: CarEvent) -> None:
        """One event of the car."""
        if event.kind == "violation":
            self._problem(event.text)
        elif event.kind == "connected":
            self._heard.clear()
        elif event.kind == "received":
            self._heard.append(event.data)
        elif event.kind == "accepted":
            self._accept(event)
        elif event.kind == "sent" and event.text.startswith("vehicleStatus"):
            self._statuses.append(event.time)
        elif event.kind == "refused" and "TIME_" in event.text:
            self._mistime(event.text)
        elif event.kind == "refused" and "nobody for" in event.text:
            self._problem("the car locks everybody out")
        if event.kind not in ("received", "sent"):
            self._say(f"car: {event.kind} {event.text}")

    def _accept(self, event: CarEvent) -> None:
        assert self.world is not None
        rke = _RKE.search(event.text)
        what = rke.group(1).lower() if rke else "other"
        protocol = protocol_of(self._heard[-1])
        requests = list(self.world.radio.requests[-1])
        self.accepted.append(Acceptance(event.time, what, protocol, len(self._heard), requests))
        if self.speaks == "signed" and protocol == "legacy" and not self.session_lost:
            self._problem("back from the signed-command protocol to the older one")
        asks = self.first_contact and self.undisturbed and self.world.speaks_signed
        if protocol == "legacy" and asks:
            self._problem("the car speaks the signed-command protocol, the fob does not ask")
        if rke:
            self.first_contact = False
            self.figures[f"accepted in the {protocol} protocol"] += 1

    def _mistime(self, text: str) -> None:
        assert self.world is not None
        self.figures["sealed for another time"] += 1
        if not self.world.clock_doubtful:
            self._problem(f"sealed for another time: {text}")

    def check_effort(self, messages: int) -> None:
        """The last command took no more messages than these, each a session info or command, and
        what a link begins with; raises Wrong."""
        assert self.world is not None
        last = self.last_accepted
        if last is None:
            raise Wrong("done, but nothing was accepted")
        if last.protocol == "legacy":
            # It may have to greet the car.
            messages += 1
        overhead = [each for each in last.requests if each != "write"]
        long_enough = self.world.mtu >= _BROAD_MTU
        if (
            last.messages > messages
            or len(overhead) > _OVERHEAD
            or (long_enough and len(last.requests) > _OVERHEAD + messages * _WRITES)
        ):
            raise Wrong(f"{last.messages} messages, not {messages}, and {last.requests}")

    def see_board(self, event: BoardEvent) -> None:
        """One event of the board."""
        if event.kind == "light":
            return
        self._say(f"{event.kind}: {event.text}")
        if event.kind == "console":
            self._read(event.time, event.text)
        elif event.kind == "button":
            self._touches.append(event.time)
            self._woken = self._woken or event.text.endswith("down")
            if event.text.endswith("up"):
                self._releases.append(event.time)
                self.allow(_PRESS + _LIGHT)
        else:
            self._breaks.append(event.time)
            self._power(event.time, event.text)

    def allow(self, seconds: float) -> None:
        """The fob has a reason to be awake so much longer."""
        if self._stretch:
            self._stretch.allowance += seconds

    def allow_pairing(self) -> None:
        """Pairing takes as long as people do."""
        self.allow(_PAIRING)

    def _power(self, at: float, text: str) -> None:
        if text == "on":
            woken, self._woken = self._woken, False
            down = any(not level for pin, level in self._levels().items() if pin in (32, 33))
            allowance = _PRESS + _LIGHT if woken else _IDLE
            self._stretch = _Stretch(at, allowance + (_HELD_AT_POWER_ON if down else 0))
            return
        self.figures[text] += 1
        stretch, self._stretch = self._stretch, None
        # Whatever comes next was not begun by a press, unless there is one after this.
        self._woken = False
        if stretch and text == "sleep" and not self.stays_awake:
            awake = at - stretch.since
            self.longest_awake = max(self.longest_awake, awake)
            if awake > stretch.allowance:
                self._problem(f"awake for {awake:.1f} s, not {stretch.allowance:.0f}")

    def _levels(self) -> dict[int, int]:
        assert self.world is not None
        return self.world.board.hardware.levels()

    def _read(self, at: float, line: str) -> None:
        if line.startswith(_LOW):
            self._low.append(at)
        if any(word in line for word in _NEVER):
            self._problem(line)
        match = _LINE.match(line)
        if not match:
            return
        action, ms, code = match.groups()
        previous = self.verdicts[-1].at if self.verdicts else at
        began = at - int(ms) / 1000 if ms else max(previous, at - _PRESS)
        self.verdicts.append(Verdict(began, at, action, code or "", line))
        self.figures[f"{action} {code or 'done'}"] += 1
        if not code:
            self._check_done(action, began - 0.01, at)

    def _check_done(self, action: str, since: float, at: float) -> None:
        assert self.world is not None
        accepted = {each.what: each for each in self.accepted if since <= each.at <= at}
        if action == "confirm":
            return
        if action == "pair" and self.world.knows_key:
            return
        if action in accepted:
            # From here on the fob remembers.
            self.speaks, self.session_lost = accepted[action].protocol, False
            return
        if self.world.deceived:
            self.figures["done: by another car"] += 1
            return
        # The one other way to know: the car was asked, and told more than it does on connect.
        told = sum(since <= when <= at for when in self._statuses)
        so = action != "pair" and self.world.car.locked == (action == "lock")
        if so and told > (2 if self.world.car.behaviour.push == "both" else 1):
            self.figures["done: it was so already"] += 1
            return
        self._problem(f"{action} is called done, but the car did not do it")

    def judge(self) -> None:
        """Compare the light with what was said, and raise Wrong for all that was amiss."""
        assert self.world is not None
        now = self.world.now
        light = self.world.board.light
        seen = [
            sighting
            for sighting in recognise(light.since(self._judged), now)
            if sighting.pattern in VERDICTS or sighting.pattern == "battery low"
        ]
        self._compare([each for each in seen if each.pattern in VERDICTS])
        lows = sum(each.pattern == "battery low" for each in seen)
        if lows > len(self._low):
            self._problem("battery low is shown for no reason")
        self.figures["battery low"] += lows
        light.samples.clear()
        self.world.car.events.clear()
        self._judged = now
        self.last_accepted = self.accepted[-1] if self.accepted else None
        for each in (
            self.accepted,
            self._statuses,
            self._touches,
            self._breaks,
            self._releases,
            self._low,
        ):
            each.clear()
        if self._problems:
            raise Wrong("; ".join(self._problems))

    def _compare(self, seen: list[Sighting]) -> None:
        said = [verdict for verdict in self.verdicts if verdict.at >= self._judged]
        for verdict in said:
            patterns = ("done",) if verdict.done else ("failed", "needs laptop")
            shown = [
                each
                for each in seen
                if each.pattern in patterns and 0 <= each.start - verdict.at + 0.001 <= _LAG
            ]
            if shown:
                seen.remove(shown[0])
            elif not self._cut_short(verdict):
                self._problem(f"the light does not show: {verdict.text}")
        for each in seen:
            # Said without an action: at the start, and by the safe mode.
            if each.pattern == "done" or not self._may_start_with(each):
                self._problem(f"the light shows {each.pattern!r} for no reason")

    def _may_start_with(self, sighting: Sighting) -> bool:
        """Whether a start of the firmware shows this by itself: state lost, configuration wrong."""
        return any(-_LAG <= sighting.start - at <= 2 for at in self._breaks)

    def _cut_short(self, verdict: Verdict) -> bool:
        """Whether a finger, an end of the power or the next action kept it from being seen."""
        end = verdict.at + _KNOWN
        before = max((each.at for each in self.verdicts if each.at < verdict.at), default=0.0)
        # A press that waited for the end of the action begins the next one at once.
        waiting = sum(before < at <= verdict.at for at in self._releases) > 1
        replaced = any(
            each is not verdict and verdict.at <= each.began <= end for each in self.verdicts
        )
        touched = any(verdict.at <= at <= end for at in self._touches)
        ended = any(verdict.at <= at <= verdict.at + _SHOWN for at in self._breaks)
        return waiting or replaced or touched or ended

    def forget(self) -> None:
        """A new step begins."""
        self.verdicts.clear()

    def _problem(self, text: str) -> None:
        self._say(f"WRONG: {text}")
        self._problems.append(text)
