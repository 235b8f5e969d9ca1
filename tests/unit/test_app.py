"""The app: fingers in, commands out, and a light that says how it went."""

from running_app import DONE, FAILED, LOCK, UNLOCK, PairingCalled, Running, Vehicle

from fob.errors import CounterExhausted, NotFound, TimedOut


async def test_a_press_of_unlock_unlocks():
    async with Running() as fob:
        await fob.buttons.press("unlock")
        await fob.rest()
        assert fob.vehicle.done == [UNLOCK]


async def test_a_press_of_lock_locks():
    async with Running() as fob:
        await fob.buttons.press("lock")
        await fob.rest()
        assert fob.vehicle.done == [LOCK]


async def test_the_light_blinks_while_working_and_is_long_when_done():
    async with Running(Vehicle(700)) as fob:
        await fob.buttons.press("unlock")
        await fob.rest()
        *working, done = fob.light.flashes
        assert len(working) >= 4 and all(0 < flash <= 100 for flash in working)
        assert [done] == DONE


async def test_a_failure_ends_with_three_short_lights():
    async with Running(Vehicle(NotFound("the car is not in reach"))) as fob:
        await fob.buttons.press("unlock")
        await fob.rest()
        assert fob.light.flashes[-3:] == FAILED


async def test_an_error_that_only_a_laptop_mends_asks_for_it_for_a_while():
    async with Running(Vehicle(CounterExhausted("the key's counter is used up"))) as fob:
        await fob.buttons.press("unlock")
        assert 10000 < await fob.sleeps() < 20000
        assert fob.light.flashes[-4:] == [600, 150, 600, 150]


async def test_a_success_is_said_with_its_time():
    async with Running(Vehicle(300)) as fob:
        await fob.buttons.press("unlock")
        await fob.rest()
        assert fob.lines == ["unlock done in 300 ms"] and fob.journal.notes == []


async def test_a_failure_is_said_and_kept_with_its_code():
    async with Running(Vehicle(NotFound("the car is not in reach"))) as fob:
        await fob.buttons.press("unlock")
        await fob.rest()
        assert fob.lines == ["unlock failed (not-found): the car is not in reach"]
        assert fob.journal.notes == ["unlock not-found: the car is not in reach"]


async def test_an_error_of_the_firmware_itself_is_kept_without_its_text():
    async with Running(Vehicle(ValueError("secret"))) as fob:
        await fob.buttons.press("unlock")
        await fob.rest()
        assert fob.lines == ["unlock failed (internal): ValueError"]
        assert fob.journal.notes == ["unlock internal: ValueError"]


async def test_a_press_that_takes_too_long_is_given_up():
    async with Running(Vehicle(60000)) as fob:
        await fob.buttons.press("unlock")
        await fob.rest(15100)
        assert fob.journal.notes == ["unlock timed-out: it took too long"]


async def test_a_press_during_work_is_served_after_it():
    async with Running(Vehicle(1000)) as fob:
        await fob.buttons.press("unlock")
        await fob.buttons.press("lock")
        assert fob.vehicle.done == []
        await fob.rest()
        assert fob.vehicle.done == [UNLOCK, LOCK]


async def test_of_several_presses_during_work_the_last_is_served():
    async with Running(Vehicle(1200)) as fob:
        for name in ("unlock", "lock", "unlock", "lock"):
            await fob.buttons.press(name)
        await fob.rest()
        assert fob.vehicle.done == [UNLOCK, LOCK]


async def test_a_press_during_the_lights_is_served_before_sleeping():
    async with Running(Vehicle(NotFound("the car is not in reach"))) as fob:
        await fob.buttons.press("unlock")
        await fob.rest(300)
        await fob.buttons.press("unlock")
        await fob.sleeps()
        assert fob.vehicle.done == [UNLOCK]
        assert fob.light.flashes[-1:] == DONE


async def test_pressing_both_means_nothing_and_takes_nothing_back():
    async with Running(Vehicle(1000)) as fob:
        await fob.buttons.press("unlock")
        await fob.buttons.press("lock")
        await fob.buttons.press("lock", "unlock")
        await fob.rest()
        assert fob.vehicle.done == [UNLOCK, LOCK]


async def test_who_keeps_a_finger_on_a_button_is_served_when_it_goes_up():
    async with Running() as fob:
        await fob.buttons.hold("unlock", ms=4000)
        await fob.sleeps()
        assert fob.vehicle.done == [UNLOCK]


async def test_a_press_that_is_shorter_than_the_guard_means_nothing():
    async with Running(guard_ms=200) as fob:
        await fob.buttons.press("unlock")
        await fob.rest(1000)
        assert fob.vehicle.done == []
        assert fob.task.done()


async def test_a_press_that_is_longer_than_the_guard_counts():
    async with Running(guard_ms=200) as fob:
        await fob.buttons.hold("unlock", ms=300)
        await fob.rest(1000)
        assert fob.vehicle.done == [UNLOCK]


async def test_holding_both_pairs_a_fob_that_is_not_paired():
    with PairingCalled(20000) as pairs:
        async with Running(Vehicle(paired=False)) as fob:
            await fob.buttons.hold("lock", "unlock", ms=3100)
            assert await fob.sleeps() > 20000
            assert pairs.calls == 1
            assert fob.lines[-1].startswith("pair done in ")
            assert fob.light.flashes[-1:] == DONE


async def test_holding_both_much_longer_does_not_pair_twice():
    with PairingCalled(1000) as pairs:
        async with Running(Vehicle(paired=False)) as fob:
            await fob.buttons.hold("lock", "unlock", ms=9000)
            await fob.sleeps()
            assert pairs.calls == 1


async def test_holding_both_for_a_shorter_time_does_not_pair():
    with PairingCalled(0) as pairs:
        async with Running(Vehicle(paired=False)) as fob:
            await fob.buttons.hold("lock", "unlock", ms=2900)
            await fob.sleeps()
            assert pairs.calls == 0


async def test_both_may_be_held_again_after_a_pairing_that_failed():
    with PairingCalled(2000, TimedOut("no card was held to the reader in time")) as pairs:
        async with Running(Vehicle(paired=False)) as fob:
            for attempt in (1, 2):
                await fob.buttons.hold("lock", "unlock", ms=3100)
                await fob.rest(2300)
                assert pairs.calls == attempt
            assert len(fob.journal.notes) == 2


async def test_holding_both_on_a_paired_fob_says_so_and_does_nothing():
    async with Running() as fob:
        await fob.buttons.hold("lock", "unlock", ms=5200)
        await fob.sleeps()
        assert fob.light.flashes == [] and fob.lines == ["paired already"]


async def test_holding_both_long_confirms_what_waits_for_it():
    async with Running(Vehicle(waits=True)) as fob:
        await fob.buttons.hold("lock", "unlock", ms=5200)
        await fob.sleeps()
        assert fob.app.stuck == 0 and not fob.vehicle.waits
        assert fob.lines[-1].startswith("confirm done") and fob.light.flashes[-1:] == DONE


async def test_holding_both_less_long_confirms_nothing():
    async with Running(Vehicle(waits=True)) as fob:
        await fob.buttons.hold("lock", "unlock", ms=4800)
        await fob.sleeps()
        assert fob.vehicle.waits
