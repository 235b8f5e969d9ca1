"""One life after another: waking, sleeping, crashing, and what the fob needs a laptop for.

In virtual time, with the car directly behind the board's radio.
"""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from host_tools.boards import BoardDefinition, load_board, parse_board
from host_tools.firmware import layout_firmware
from host_tools.provision import CONFIGURATION_PATH, COUNTER_PATHS, KEY_PATH, ROLES, provision
from host_tools.simulator.board import Board
from host_tools.simulator.car import Car
from host_tools.simulator.car.whitelist import WhitelistKey
from host_tools.simulator.flash import FlashImage
from host_tools.simulator.radio.direct import DirectRadio
from tests.asynchronous import in_virtual_time
from tests.car_bench import VIN

# Seconds: longer than anything that the fob waits for.
FOR_EVER = 900.0

BROKEN_RADIO = b"raise RuntimeError('secret')\n"
"""/hal/radio.py instead of the firmware's: every press, and every start after power-on, crashes."""

WHOLE_RADIO = layout_firmware(source=True)["/hal/radio.py"]

HANGING_RADIO = (
    WHOLE_RADIO
    + b"""
import time

def hang(radio):
    while True:
        time.sleep(1)

Radio.start = hang
"""
)
"""The same, but what begins with switching it on never ends."""


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
            "wiring": "",
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
every_board = pytest.mark.parametrize("definition", BOARDS.values(), ids=BOARDS.keys())


@in_virtual_time
async def test_after_power_on_the_fob_sleeps_when_a_minute_has_passed() -> None:
    async with Fob() as fob:
        assert 60 <= await fob.sleeps() < 61


@every_board
@in_virtual_time
async def test_a_press_wakes_the_fob_and_counts_and_the_fob_sleeps_again(
    definition: BoardDefinition,
) -> None:
    async with Fob(definition) as fob:
        await fob.sleeps()
        for button, locked in (("unlock", False), ("lock", True)):
            await fob.press(button)
            assert fob.car.locked == locked
            assert await fob.sleeps() < 1
        assert fob.accepted == 2


@every_board
@in_virtual_time
async def test_a_press_counts_that_was_over_before_the_firmware_looked(
    definition: BoardDefinition,
) -> None:
    async with Fob(definition) as fob:
        await fob.sleeps()
        for button in ("unlock", "lock"):
            fob.board.push(button)
            fob.board.release(button)
            await fob.board.light.shows("done")
            await fob.sleeps()
        assert fob.accepted == 2


@in_virtual_time
async def test_a_press_counts_when_a_slow_finger_lets_go() -> None:
    async with Fob() as fob:
        await fob.sleeps()
        fob.board.push("unlock")
        await asyncio.sleep(2)
        assert fob.accepted == 0
        fob.board.release("unlock")
        await fob.board.light.shows("done")
        assert fob.accepted == 1


@in_virtual_time
async def test_a_press_during_the_light_is_served_too() -> None:
    async with Fob() as fob:
        await fob.sleeps()
        await fob.press("unlock")
        await fob.press("lock")
        await fob.sleeps()
        assert fob.accepted == 2 and fob.car.locked


@in_virtual_time
async def test_a_failure_is_shown_before_the_fob_sleeps() -> None:
    async with Fob(enrolled=False) as fob:
        await fob.sleeps()
        await fob.board.press("unlock")
        await fob.board.light.shows("failed", timeout=20)
        assert await fob.sleeps() < 1


@every_board
@in_virtual_time
async def test_holding_both_buttons_of_a_sleeping_fob_pairs(definition: BoardDefinition) -> None:
    async with Fob(definition, enrolled=False) as fob:
        await fob.sleeps()
        await fob.board.press("lock", "unlock", seconds=3.5)
        await fob.board.prints("hold your key card", timeout=20)
        await asyncio.sleep(1)
        assert fob.car.tap_card()
        await fob.board.light.shows("done", timeout=20)
        await fob.sleeps()
        await fob.press("unlock")
        assert fob.accepted


@every_board
@in_virtual_time
async def test_a_stuck_button_fires_never_and_keeps_nobody_awake(
    definition: BoardDefinition,
) -> None:
    async with Fob(definition) as fob:
        await fob.sleeps()
        fob.board.push("unlock")
        await asyncio.sleep(3600)
        awake = sum(stop.reason == "sleep" for stop in fob.board.stops)
        # Looked at after 5, 10, 20, 40, 80, 160 and then each 300 seconds.
        assert 15 <= awake <= 22
        assert fob.accepted == 0


@every_board
@in_virtual_time
async def test_the_other_button_wakes_while_one_is_stuck(definition: BoardDefinition) -> None:
    async with Fob(definition) as fob:
        await fob.sleeps()
        for stuck, other in (("unlock", "lock"), ("lock", "unlock")):
            fob.board.push(stuck)
            await asyncio.sleep(100)
            await fob.sleeps()
            before = fob.accepted
            await fob.press(other)
            assert await fob.sleeps() < 1
            assert fob.accepted == before + 1
            fob.board.release(stuck)
            await asyncio.sleep(400)


@every_board
@in_virtual_time
async def test_both_buttons_count_again_as_soon_as_a_long_hold_is_over(
    definition: BoardDefinition,
) -> None:
    async with Fob(definition) as fob:
        await fob.sleeps()
        await fob.press("lock")
        await fob.sleeps()
        await fob.board.press("lock", "unlock", seconds=10)
        assert fob.said("paired already")
        await asyncio.sleep(0.1)
        await fob.press("unlock")
        assert fob.accepted == 2


@pytest.mark.parametrize("chip", ["esp32", "esp32s3"])
@in_virtual_time
async def test_a_button_with_a_wake_source_of_its_own_wakes_as_soon_as_it_is_released(
    chip: str,
) -> None:
    async with Fob(board(chip, lock=4, unlock=14)) as fob:
        await fob.sleeps()
        for button in ("lock", "unlock"):
            fob.board.push(button)
            await asyncio.sleep(1000)
            fob.board.release(button)
            await asyncio.sleep(0.1)
            before = fob.accepted
            await fob.press(button)
            assert fob.accepted == before + 1
            await fob.sleeps()


@in_virtual_time
async def test_a_bad_contact_does_not_wake_the_fob_without_end() -> None:
    async with Fob() as fob:
        await fob.sleeps()
        fob.board.push("unlock")
        await asyncio.sleep(1000)
        before = len(fob.board.stops)
        for _ in range(100):
            # Open for a moment, too short for the firmware to see.
            fob.board.release("unlock")
            fob.board.push("unlock")
            await asyncio.sleep(0.5)
        assert len(fob.board.stops) - before <= 4
        assert fob.accepted == 0


@every_board
@in_virtual_time
async def test_a_button_that_was_stuck_wakes_again_after_its_release(
    definition: BoardDefinition,
) -> None:
    async with Fob(definition) as fob:
        await fob.sleeps()
        fob.board.push("unlock")
        await asyncio.sleep(1000)
        fob.board.release("unlock")
        await asyncio.sleep(301)
        await fob.sleeps()
        await fob.press("unlock")
        assert fob.accepted == 1


@in_virtual_time
async def test_a_look_at_a_stuck_button_needs_neither_radio_nor_car() -> None:
    async with Fob() as fob:
        await fob.sleeps()
        fob.board.push("unlock")
        await asyncio.sleep(20)
        await fob.sleeps()
        # Were they imported, the fob would crash.
        fob.board.flash.write({"/hal/radio.py": BROKEN_RADIO, "/fob/vehicle.py": BROKEN_RADIO})
        await asyncio.sleep(1000)
        await fob.sleeps()
        assert not fob.said("crash")


@in_virtual_time
async def test_a_button_held_at_power_on_means_nothing_and_does_not_empty_the_battery() -> None:
    async with Fob() as fob:
        await fob.board.power_off()
        fob.board.push("unlock")
        await fob.board.power_on()
        # It may be a person who wants to be let in: that takes minutes, not for ever.
        assert 60 < await fob.sleeps() < 400
        assert fob.accepted == 0
        await fob.press("lock")


@in_virtual_time
async def test_a_guarded_fob_ignores_what_a_pocket_presses() -> None:
    async with Fob(press_guard_ms=300) as fob:
        await fob.sleeps()
        await fob.board.press("unlock", seconds=0.2)
        assert await fob.sleeps() < 1
        assert fob.accepted == 0
        await fob.press("unlock", seconds=0.5)
        assert fob.accepted == 1


@in_virtual_time
async def test_a_low_battery_is_shown_and_a_press_still_works() -> None:
    battery = {"pin": 35, "ratio": 2.0, "low_mv": 3400}
    async with Fob(board("esp32", lock=32, unlock=33, battery=battery)) as fob:
        fob.board.hardware.set_battery(3.3)
        await fob.sleeps()
        await fob.press("unlock")
        await fob.board.light.shows("battery low")
        assert fob.accepted == 1 and fob.said("the battery is low: 3300 mV")
        fob.board.hardware.set_battery(3.9)
        await fob.sleeps()
        await fob.press("lock")
        assert await fob.sleeps() < 0.5


@pytest.mark.parametrize(("light", "brightest"), [("normal", 1.0), ("dim", 0.0625), ("off", 0.0)])
@in_virtual_time
async def test_the_light_is_as_bright_as_its_owner_wants(light: str, brightest: float) -> None:
    async with Fob(light=light) as fob:
        await fob.sleeps()
        await fob.board.press("unlock")
        await asyncio.sleep(5)
        assert fob.accepted == 1
        levels = [sample.level for sample in fob.board.light.samples]
        assert max(levels, default=0.0) == pytest.approx(brightest, rel=0.01)


@in_virtual_time
async def test_a_fob_with_a_maintenance_flag_stays_awake_without_a_watchdog() -> None:
    async with Fob(files={"/maintenance": b""}) as fob:
        await asyncio.sleep(FOR_EVER)
        assert fob.board.state == "running"
        await fob.press("unlock")


@in_virtual_time
async def test_a_fob_on_usb_stays_awake_until_it_is_unplugged() -> None:
    async with Fob(board("esp32", lock=32, unlock=33, usb=4)) as fob:
        fob.board.hardware.set_usb(True)
        await asyncio.sleep(FOR_EVER)
        assert fob.board.state == "running"
        fob.board.hardware.set_usb(False)
        assert await fob.sleeps() < 1


@in_virtual_time
async def test_a_press_that_hangs_is_ended_by_the_watchdog_and_the_next_one_works() -> None:
    async with Fob() as fob:
        await fob.sleeps()
        fob.board.flash.write({"/hal/radio.py": HANGING_RADIO})
        await fob.board.press("unlock")
        await asyncio.sleep(15)
        assert fob.board.stops[-1].reason == "watchdog"
        await fob.sleeps()
        assert b"watchdog" in fob.board.flash.read("/state/journal")
        fob.board.flash.write({"/hal/radio.py": WHOLE_RADIO})
        await fob.press("unlock")


@in_virtual_time
async def test_three_crashes_in_a_row_end_in_a_safe_mode_that_says_so() -> None:
    async with Fob(files={"/hal/radio.py": BROKEN_RADIO}) as fob:
        await fob.board.prints("safe mode", timeout=60)
        await fob.board.light.shows("failed")
        await fob.board.light.shows("needs laptop")
        assert [stop.reason for stop in fob.board.stops] == ["reset"] * 3
        await asyncio.sleep(60)
        assert fob.board.state == "running" and len(fob.board.stops) == 3
        journal = fob.board.flash.read("/state/journal")
        assert b"RuntimeError" in journal and b"hal/radio" in journal
        assert b"secret" not in journal and not fob.said("secret")


@in_virtual_time
async def test_safe_mode_does_not_empty_the_battery_and_a_press_tries_again() -> None:
    async with Fob(files={"/hal/radio.py": BROKEN_RADIO}) as fob:
        await fob.board.prints("safe mode", timeout=60)
        assert 200 < await fob.sleeps() < 400
        fob.board.flash.write({"/hal/radio.py": WHOLE_RADIO})
        await fob.press("unlock")
        await fob.sleeps()
        assert fob.accepted == 1
        # Version, then the crashes in a row: all is well again.
        assert fob.board.flash.read("/state/journal")[1] == 0


@in_virtual_time
async def test_a_press_that_crashes_again_leads_back_to_safe_mode() -> None:
    async with Fob(files={"/hal/radio.py": BROKEN_RADIO}) as fob:
        await fob.board.prints("safe mode", timeout=60)
        await fob.sleeps()
        await fob.board.press("unlock")
        await asyncio.sleep(10)
        assert fob.said("safe mode") == 2 and fob.board.state == "running"


@pytest.mark.parametrize(
    "files", [[CONFIGURATION_PATH], [KEY_PATH], [CONFIGURATION_PATH, KEY_PATH]]
)
@in_virtual_time
async def test_a_fob_that_is_not_provisioned_says_so_and_offers_the_repl(files: list[str]) -> None:
    async with Fob(files=dict.fromkeys(files, b"")) as fob:
        await fob.board.prints("run `fob provision`")
        await asyncio.sleep(FOR_EVER)
        assert fob.board.state == "repl" and fob.board.stops == []


@in_virtual_time
async def test_a_fob_without_a_key_asks_for_the_laptop_with_its_light() -> None:
    async with Fob(files={KEY_PATH: b""}) as fob:
        await fob.board.light.shows("needs laptop")


@in_virtual_time
async def test_a_configuration_of_another_version_asks_for_the_laptop_with_the_light() -> None:
    light = {"kind": "pin", "pin": 2, "inverted": False}
    text = json.dumps({"version": 3, "board": {"light": light}}).encode()
    async with Fob(files={CONFIGURATION_PATH: text}) as fob:
        await fob.board.light.shows("needs laptop")
        assert fob.said("another version")


@in_virtual_time
async def test_a_fob_whose_state_is_lost_says_so_at_once_and_at_every_press() -> None:
    async with Fob(files=dict.fromkeys(COUNTER_PATHS, b"damaged")) as fob:
        await fob.board.light.shows("needs laptop")
        await fob.board.prints("counter is damaged")
        await fob.sleeps()
        for _ in range(2):
            await fob.board.press("unlock")
            await fob.board.light.shows("needs laptop")
            assert await fob.sleeps() < 20
        assert fob.said("unlock failed (state)") == 2 and fob.accepted == 0


@in_virtual_time
async def test_ctrl_c_after_power_on_leads_to_the_repl_and_no_watchdog_ends_it() -> None:
    async with Fob() as fob:
        await fob.board.prints("ready")
        await asyncio.sleep(1)
        fob.board.interrupt()
        await asyncio.sleep(FOR_EVER)
        assert fob.board.state == "repl" and fob.board.stops == []


@in_virtual_time
async def test_ctrl_c_later_leaves_time_for_an_upload() -> None:
    async with Fob() as fob:
        await fob.board.prints("ready")
        await asyncio.sleep(20)
        fob.board.interrupt()
        await asyncio.sleep(500)
        assert fob.board.state == "repl"
        await asyncio.sleep(200)
        assert fob.board.stops[0].reason == "watchdog"


@in_virtual_time
async def test_ctrl_c_leads_from_safe_mode_to_the_repl_for_good() -> None:
    async with Fob(files={"/hal/radio.py": BROKEN_RADIO}) as fob:
        await fob.board.prints("safe mode", timeout=60)
        await asyncio.sleep(20)
        fob.board.interrupt()
        await asyncio.sleep(FOR_EVER)
        assert fob.board.state == "repl" and len(fob.board.stops) == 3
