"""What wakes the fob on which chip, what counts, and when it sleeps. In virtual time."""

import asyncio

import pytest

from host_tools.board.catalogue import BoardDefinition
from tests.asynchronous import in_virtual_time
from tests.sleeping_fob import (
    BEFORE_1_29,
    BOARDS,
    BROKEN_CONVERTER,
    BROKEN_RADIO,
    SLOW_RADIO,
    Fob,
    board,
)

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
async def test_a_press_counts_that_comes_and_goes_while_the_radio_is_switched_off() -> None:
    async with Fob(files={"/hal/radio.py": SLOW_RADIO}) as fob:
        await fob.sleeps()
        await fob.press("unlock")
        await fob.board.prints("switching off")
        await fob.board.press("lock")
        await fob.board.light.shows("done")
        await fob.sleeps()
        assert fob.car.locked and fob.accepted == 2


@pytest.mark.parametrize(
    ("board_name", "seconds"), [("esp32 with ext0 and ext1", 0.0), ("esp32c3 with gpio", 1.0)]
)
@in_virtual_time
async def test_a_press_counts_where_micropython_cannot_name_the_pins_that_woke_it(
    board_name: str, seconds: float
) -> None:
    # Only a button that shares its source has to be down still when the firmware looks.
    async with Fob(BOARDS[board_name], files={"/boot.py": BEFORE_1_29}) as fob:
        await fob.sleeps()
        for button in ("unlock", "lock"):
            await fob.press(button, seconds=seconds)
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
        # Looked at after 5, 10, 20, 40, 80, 160 and then each 320 seconds.
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


@in_virtual_time
async def test_a_battery_that_cannot_be_measured_fails_no_press() -> None:
    battery = {"pin": 35, "ratio": 2.0, "low_mv": 3400}
    definition = board("esp32", lock=32, unlock=33, battery=battery)
    async with Fob(definition, files={"/boot.py": BROKEN_CONVERTER}) as fob:
        await fob.sleeps()
        await fob.press("unlock")
        assert await fob.sleeps() < 0.5
        assert fob.accepted == 1


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
