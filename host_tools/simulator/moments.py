"""What a bystander notices of a fob and its car, moment by moment."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from host_tools.decode import DecodedFrame, DecodeError, decode_frame
from host_tools.simulator.board import BoardEvent
from host_tools.simulator.car import CarEvent
from host_tools.simulator.light import VERDICTS, LightWatch, recognise

FRAMES = frozenset({"received", "sent"})
"""Kinds of the car's events that are frames."""

_LIGHTS = {
    "working": "quick even blinking: working",
    "done": "one long flash: done",
    "failed": "three short flashes: failed, try again",
    "needs laptop": "long, short, pause: needs the laptop",
    "something open": "two long flashes: locked, but something is open",
    "battery low": "two even flashes: the battery is low",
    "car 1": "one short flash: car 1",
    **{f"car {number}": f"{number} short even flashes: car {number}" for number in (2, 3, 4)},
}
_POWER = {
    "reset": "restarts",
    "soft reset": "restarts softly",
    "watchdog": "is restarted by its watchdog",
    "main.py returned": "is at its REPL",
    "main.py was interrupted": "is at its REPL: a laptop has interrupted main.py",
    "boot.py or main.py raised": "is at its REPL: boot.py or main.py raised",
    "the flash cannot be mounted": "is at its REPL, without files",
}
_GLANCE = 0.05
_GLANCES = 20


@dataclass(frozen=True)
class Moment:
    """Something a bystander notices, `at` seconds after the bench was set up.

    A light's pattern is told when it can be recognised, with the time when it began.

    who: "finger", "driver", "light", "fob" (a frame to the car), "car" (a frame, or what it does),
    "console" (a line the firmware printed), "board" (it restarts, its REPL waits, its cable) or
    "alarm" (a nonce was used twice).
    """

    at: float
    who: str
    text: str
    frame: DecodedFrame | None = None


class Bystander:
    """Tells `on_moment` everything as it happens. Make it in the bench's loop."""

    def __init__(self, on_moment: Callable[[Moment], None] | None) -> None:
        self._on_moment = on_moment
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()
        self._light_changed = asyncio.Event()
        self._light_since = self._began
        self._lights_told = 0

    def tell(
        self, who: str, text: str, frame: DecodedFrame | None = None, at: float | None = None
    ) -> None:
        """Tell a moment: now, or `at` on the loop's clock."""
        if self._on_moment:
            when = self._clock() if at is None else at
            self._on_moment(Moment(when - self._began, who, text, frame))

    def notice_car(self, event: CarEvent, name: str = "") -> None:
        """`name`: of the car, where there are several."""
        whose = f"{name}: " if name else ""
        if event.kind == "violation":
            self.tell("alarm", whose + event.text)
        elif event.kind not in FRAMES:
            text = f"{event.kind}: {event.text}" if event.text else event.kind
            self.tell("car", whose + text)
        else:
            who = "fob" if event.direction == "to-vehicle" else "car"
            try:
                frame = decode_frame(event.data, event.direction)
            except DecodeError as error:
                self.tell(who, f"{whose}{len(event.data)} bytes: {error}")
            else:
                other = "car" if who == "fob" else "fob"
                self.tell(who, f"{whose}to {other}, {len(event.data)} bytes", frame)

    def notice_board(self, event: BoardEvent) -> None:
        if event.kind == "button":
            self.tell("finger", event.text)
        elif event.kind == "console":
            self.tell("console", event.text)
        elif event.kind == "usb":
            self.tell("board", f"its USB cable is {event.text}")
        elif event.kind == "power" and event.text in _POWER:
            self.tell("board", _POWER[event.text])
        elif event.kind == "light":
            self._light_changed.set()

    async def watch(self, light: LightWatch) -> None:
        """Tell a light's patterns until cancelled."""
        while True:
            await self._light_changed.wait()
            self._light_changed.clear()
            # Darkness that goes on decides patterns too.
            for _ in range(_GLANCES):
                await asyncio.sleep(_GLANCE)
                self.look(light)

    def look(self, light: LightWatch) -> None:
        """Tell the patterns recognised since the last look, each at the time when it began."""
        sightings = recognise(light.since(self._light_since), self._clock())
        for sighting in sightings[self._lights_told :]:
            text = _LIGHTS.get(sighting.pattern, sighting.pattern)
            self.tell("light", text, at=sighting.start)
        self._lights_told = len(sightings)
        if sightings and sightings[-1].pattern in VERDICTS:
            self._light_since, self._lights_told = sightings[-1].end, 0
