"""When the app sleeps, what woke it, and what ends it."""

import asyncio

import virtual_time
from expect import awaiting
from running_app import (
    BATTERY_LOW,
    DONE,
    FAILED,
    FIRST,
    LOCK,
    SECOND,
    UNLOCK,
    PairingCalled,
    Power,
    Running,
    Vehicle,
)

from fob.app import Hang


async def test_nothing_happens_without_a_press_and_after_a_minute_the_fob_sleeps():
    async with Running() as fob:
        assert 60000 <= await fob.sleeps() < 60500
        assert fob.vehicle.done == [] and fob.light.flashes == [] and fob.lines == []


async def test_the_press_that_woke_the_fob_counts_although_it_is_over():
    async with Running(woken=SECOND) as fob:
        await fob.sleeps()
        assert fob.vehicle.done == [UNLOCK]


async def test_the_press_that_woke_the_fob_counts_when_it_is_released():
    async with Running(woken=SECOND, mask=SECOND) as fob:
        await fob.rest(500)
        assert fob.vehicle.done == [] and not fob.task.done()
        fob.buttons.set()
        await fob.sleeps()
        assert fob.vehicle.done == [UNLOCK]


async def test_a_press_that_woke_the_fob_may_become_a_hold_of_both():
    with PairingCalled(1000) as pairs:
        async with Running(Vehicle(paired=False), woken=FIRST, mask=FIRST | SECOND) as fob:
            await fob.rest(3200)
            assert pairs.calls == 1


async def test_a_guarded_fob_that_a_short_press_woke_sleeps_on_at_once():
    async with Running(woken=SECOND, guard_ms=150) as fob:
        assert await fob.sleeps() < 100
        assert fob.vehicle.done == []


async def test_the_fob_sleeps_as_soon_as_the_light_has_been_shown():
    async with Running(Vehicle(300), woken=SECOND) as fob:
        assert 1000 < await fob.sleeps() < 1300
        assert fob.light.flashes[-1:] == DONE and not fob.light.on


async def test_a_press_after_power_on_needs_no_minute_either():
    async with Running() as fob:
        await fob.rest(10000)
        await fob.buttons.press("unlock")
        assert await fob.sleeps() < 1500


async def test_a_button_held_at_power_on_means_nothing_and_keeps_nobody_awake():
    async with Running(mask=SECOND) as fob:
        assert await fob.sleeps() < 61000
        assert fob.vehicle.done == [] and fob.app.stuck == SECOND


async def test_a_button_held_at_power_on_counts_once_it_was_released():
    async with Running(mask=SECOND) as fob:
        await fob.rest(1000)
        await fob.buttons.hold("unlock", ms=0)
        await fob.buttons.press("unlock")
        await fob.sleeps()
        assert fob.vehicle.done == [UNLOCK]


async def test_a_button_that_was_left_out_stays_ignored_while_the_other_one_works():
    async with Running(woken=SECOND, stuck=FIRST, mask=FIRST | SECOND) as fob:
        await fob.rest(100)
        fob.buttons.set("lock")
        await fob.sleeps()
        assert fob.vehicle.done == [UNLOCK] and fob.app.stuck == FIRST


async def test_a_button_that_stays_down_is_stuck_and_keeps_nobody_awake():
    async with Running(woken=SECOND, mask=SECOND) as fob:
        assert 15000 <= await fob.sleeps() < 15200
        assert fob.vehicle.done == [] and fob.app.stuck == SECOND


async def test_a_button_that_is_still_down_keeps_the_fob_awake_until_it_is_released():
    async with Running(woken=SECOND) as fob:
        await fob.rest(500)
        fob.buttons.set("lock")
        await fob.rest(2500)
        assert fob.vehicle.done == [UNLOCK] and not fob.task.done()
        fob.buttons.set()
        await fob.sleeps()
        assert fob.vehicle.done == [UNLOCK, LOCK]


async def test_a_fob_in_maintenance_does_not_sleep_but_serves():
    async with Running() as fob:
        fob.power.maintenance = True
        await fob.rest(100000)
        await fob.buttons.press("unlock")
        await fob.rest()
        assert fob.vehicle.done == [UNLOCK] and not fob.task.done()
        fob.power.maintenance = False
        assert await fob.sleeps() < 100


async def test_a_low_battery_is_shown_after_the_press_and_said():
    async with Running(power=Power(3700, 3350, 3500)) as fob:
        await fob.buttons.press("unlock")
        await fob.sleeps()
        assert fob.vehicle.done == [UNLOCK]
        assert fob.light.flashes[-3:] == DONE + BATTERY_LOW
        assert "the battery is low: 3350 mV" in fob.lines


async def test_a_low_battery_is_shown_after_a_failure_too():
    async with Running(Vehicle(60000), power=Power(3300)) as fob:
        await fob.buttons.press("unlock")
        await fob.sleeps()
        assert fob.light.flashes[-5:] == FAILED + BATTERY_LOW


async def test_a_full_battery_is_not_mentioned():
    async with Running(power=Power(3400)) as fob:
        await fob.buttons.press("unlock")
        await fob.sleeps()
        assert fob.light.flashes[-1:] == DONE and len(fob.lines) == 1


async def test_the_watchdog_is_fed_all_the_time():
    async with Running(Vehicle(10000)) as fob:
        await fob.buttons.press("unlock")
        await fob.sleeps()
        gaps = [
            virtual_time.ticks_diff(later, earlier)
            for earlier, later in zip(fob.power.fed_ms, fob.power.fed_ms[1:])
        ]
        assert gaps and max(gaps) <= 500


async def test_buttons_that_break_end_the_app_and_not_in_silence():
    fob = Running()
    await fob.rest(100)
    fob.buttons.broken = True
    fob.buttons.set("unlock")
    await awaiting(OSError, fob.task)


async def test_a_light_that_breaks_ends_the_app_and_not_in_silence():
    fob = Running()
    await fob.rest(100)
    fob.light.broken = True
    await fob.buttons.press("unlock")
    await awaiting(OSError, fob.task)


async def test_an_action_that_cannot_even_be_given_up_ends_the_app():
    fob = Running(Vehicle(60000))
    fob.vehicle.deaf = True
    await fob.buttons.press("unlock")
    elapsed = await virtual_time.elapsed(awaiting(Hang, fob.task))
    assert 19000 < elapsed < 21000
    assert not fob.light.on


async def test_an_app_that_is_cancelled_leaves_nothing_running():
    async with Running(Vehicle(10000)) as fob:
        await fob.buttons.press("unlock")
        await fob.rest(100)
        fob.task.cancel()
        await asyncio.sleep_ms(0)
        await fob.rest(20000)
        assert fob.vehicle.done == [] and not fob.light.on
