"""What keeps the fob awake, what ends a crash, and when it needs a laptop. In virtual time."""

import asyncio
import json

import pytest

from host_tools.identity.counters import COUNTER_PATHS
from host_tools.identity.provision import CONFIGURATION_PATH, KEY_PATH
from tests.asynchronous import in_virtual_time
from tests.sleeping_fob import BROKEN_RADIO, FOR_EVER, HANGING_RADIO, WHOLE_RADIO, Fob, board


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


@in_virtual_time
async def test_presses_that_crash_each_time_lead_to_safe_mode_also_with_sleep_in_between() -> None:
    async with Fob() as fob:
        await fob.sleeps()
        fob.board.flash.write({"/hal/radio.py": HANGING_RADIO})
        for crashes in (1, 2, 3):
            await fob.board.press("unlock")
            await asyncio.sleep(15)
            assert fob.said("safe mode") == (crashes == 3)
            await fob.sleeps()


@pytest.mark.parametrize(
    "files", [[CONFIGURATION_PATH], [KEY_PATH], [CONFIGURATION_PATH, KEY_PATH]]
)
@in_virtual_time
async def test_a_fob_that_is_not_provisioned_says_so_and_offers_the_repl(files: list[str]) -> None:
    async with Fob(files=dict.fromkeys(files, b"")) as fob:
        await fob.board.prints("run `fob provision`")
        await asyncio.sleep(FOR_EVER)
        assert fob.board.state == "repl" and fob.board.stops == []


@pytest.mark.parametrize("path", [CONFIGURATION_PATH, KEY_PATH])
@in_virtual_time
async def test_a_fob_without_key_or_configuration_asks_for_the_laptop_with_its_light(
    path: str,
) -> None:
    async with Fob() as fob:
        await fob.board.power_off()
        fob.board.flash.remove(path)
        await fob.board.power_on()
        await fob.board.light.shows("needs laptop")


@in_virtual_time
async def test_a_configuration_of_another_version_asks_for_the_laptop_with_the_light() -> None:
    text = json.dumps({"version": 4}).encode()
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
async def test_ctrl_c_takes_the_link_to_the_car_down() -> None:
    async with Fob(enrolled=False) as fob:
        await fob.sleeps()
        await fob.board.press("lock", "unlock", seconds=3.5)
        await fob.board.prints("hold your key card", timeout=20)
        # In virtual time Ctrl-C is a signal, which may come amid what a chip does in C: not while
        # the fob waits for the card.
        await asyncio.sleep(0.2)
        assert len(fob.car.connections) == 1
        fob.board.interrupt()
        await asyncio.sleep(3)
        assert fob.board.state == "repl" and not fob.car.connections


@in_virtual_time
async def test_ctrl_c_leads_from_safe_mode_to_the_repl_for_good() -> None:
    async with Fob(files={"/hal/radio.py": BROKEN_RADIO}) as fob:
        await fob.board.prints("safe mode", timeout=60)
        await asyncio.sleep(20)
        fob.board.interrupt()
        await asyncio.sleep(FOR_EVER)
        assert fob.board.state == "repl" and len(fob.board.stops) == 3
