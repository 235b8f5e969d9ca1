"""A fob that sleeps and its car, directly behind its radio; boards of all kinds."""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from host_tools.board.catalogue import BoardDefinition, load_board, parse_board
from host_tools.identity.provision import CONFIGURATION_PATH, ROLES, provision
from host_tools.installation.layout import among_compiled, layout_firmware
from host_tools.simulator.board import Board
from host_tools.simulator.car import Car
from host_tools.simulator.car.whitelist import WhitelistKey
from host_tools.simulator.flash import FlashImage
from host_tools.simulator.radio.direct import DirectRadio
from tests.car_bench import VIN

# Seconds: longer than anything that the fob waits for.
FOR_EVER = 900.0

BROKEN_RADIO = b"raise RuntimeError('secret')\n"
"""/hal/radio.py instead of the firmware's: every press, and every start after power-on, crashes."""

BEFORE_1_29 = b"import machine\ndel machine.wake_pins\n"
"""/boot.py for a MicroPython that does not say which pins woke it."""

BROKEN_CONVERTER = b"""
import machine

def fail(converter):
    raise OSError(263)

machine.ADC.read_uv = fail
"""
"""/boot.py of a chip whose analogue-digital converter answers with a time-out."""


def _radio(more: bytes = b"") -> bytes:
    """The firmware's /hal/radio.py with something at its end."""
    source = layout_firmware(source=True)["/hal/radio.py"] + more
    return among_compiled({"/hal/radio.py": source})["/hal/radio.py"]


WHOLE_RADIO = _radio()

HANGING_RADIO = _radio(
    b"""
import time

def hang(radio):
    while True:
        time.sleep(1)

Radio.start = hang
"""
)
"""The same, but what begins with switching it on never ends."""

SLOW_RADIO = _radio(
    b"""
import time

def stop_slowly(radio, stop=Radio.stop):
    print("switching off")
    stop(radio)
    time.sleep_ms(300)

Radio.stop = stop_slowly
"""
)
"""The same, but it takes its time to be switched off."""


class Fob:
    """A provisioned board and the car that knows its key; an async context manager."""

    def __init__(
        self,
        definition: BoardDefinition | None = None,
        enrolled: bool = True,
        files: dict[str, bytes] | None = None,
        **options: Any,
    ) -> None:
        definition = definition or load_board("virtual")
        self._folder = tempfile.TemporaryDirectory(prefix="fob-")
        self.car = Car(VIN, clock=asyncio.get_running_loop().time)
        identity = provision(VIN, definition, **options)
        if enrolled:
            public_key = json.loads(identity[CONFIGURATION_PATH])["public_key"]
            self.car.whitelist.add(WhitelistKey(bytes.fromhex(public_key), role=ROLES["driver"]))
        contents = layout_firmware() | identity | (files or {})
        image = FlashImage.create(Path(self._folder.name) / "flash.img", contents)
        self.board = Board(None, image, definition=definition, radio=DirectRadio(self.car).host)

    async def __aenter__(self) -> "Fob":
        await self.board.power_on()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.board.power_off()
        self._folder.cleanup()
        assert self.car.violations == []

    @property
    def accepted(self) -> int:
        """Commands the car carried out."""
        return sum(event.kind == "accepted" for event in self.car.events)

    async def sleeps(self) -> float:
        """Wait until the fob sleeps; return how many seconds that took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        stop = await self.board.stopped(timeout=FOR_EVER)
        assert stop.reason == "sleep", (stop, self.board.console)
        return loop.time() - began

    async def press(self, *buttons: str, seconds: float = 0.1) -> None:
        """Press on a sleeping fob, wait for the light that says done."""
        await self.board.press(*buttons, seconds=seconds)
        await self.board.light.shows("done", timeout=20)

    def said(self, text: str) -> int:
        return sum(text in line for line in self.board.console)


def board(chip: str, *, lock: int, unlock: int, **changes: Any) -> BoardDefinition:
    """A board with external resistors; `changes` are to its table of buttons, or to the board."""
    buttons = {"active_low": True, "pull": "external", "wake": ["lock", "unlock"]}
    buttons |= {name: changes.pop(name) for name in list(changes) if name in buttons}
    return parse_board(
        {
            "name": "Test board",
            "chip": chip,
            "buttons": buttons | {"pins": {"lock": lock, "unlock": unlock}},
            "light": {"kind": "pwm", "pin": 10 if chip != "esp32" else 22},
            **changes,
        }
    )


BOARDS = {
    "esp32 with ext0 and ext1": board("esp32", lock=32, unlock=33),
    "esp32 with buttons to 3.3 V on ext1": board("esp32", lock=32, unlock=33, active_low=False),
    "esp32c3 with gpio": board("esp32c3", lock=3, unlock=4),
    "esp32s3": board("esp32s3", lock=4, unlock=5),
}
