"""Double, triple and held presses: what is begun early, what is sent, and what is taken back."""

import asyncio

import codes
import virtual_time
from running_app import (
    DONE,
    FAILED,
    LOCK,
    SECOND,
    UNLOCK,
    PairingCalled,
    Power,
    Running,
    Vehicle,
)

from fob.errors import HeldBack, NotFound

TRUNK = 2
FRUNK = 3
AUTO_SECURE = 29
BOTH = 3

DOUBLE = {"lock": {"single": "lock"}, "unlock": {"single": "unlock", "double": "trunk"}}
HELD = {"lock": {"single": "lock", "hold": "auto-secure"}, "unlock": {"single": "unlock"}}
GAPPED = {"lock": {"single": "lock"}, "unlock": {"single": "unlock", "triple": "trunk"}}
ALL = {"unlock": {"single": "unlock", "double": "trunk", "triple": "frunk", "hold": "auto-secure"}}
TOGETHER = {"lock": {"hold": "auto-secure"}, "both": {"hold": "trunk"}}


class Fob(Running):
    async def presses(self, name, times, pause_ms=100):
        for turn in range(times):
            self.buttons.set(name)
            await asyncio.sleep_ms(100)
            self.buttons.set()
            await asyncio.sleep_ms(pause_ms if turn < times - 1 else 30)


async def test_a_double_press_opens_the_trunk_and_does_nothing_else():
    async with Fob(gestures=DOUBLE) as fob:
        await fob.presses("unlock", 2)
        await fob.sleeps()
        assert fob.vehicle.done == [TRUNK] and fob.light.flashes[-1:] == DONE
        assert len(fob.lines) == 1 and fob.lines[0].startswith("trunk done in ")


async def test_a_single_press_of_that_button_unlocks():
    async with Fob(gestures=DOUBLE) as fob:
        await fob.presses("unlock", 1)
        await fob.sleeps()
        assert fob.vehicle.done == [UNLOCK]


async def test_the_fob_connects_while_a_second_press_may_come():
    async with Fob(Vehicle(1000, connecting_ms=900), gestures=DOUBLE) as fob:
        began = virtual_time.ticks_ms()
        await fob.presses("unlock", 1)
        await fob.sleeps()
        # 100 ms of press, 1000 of work, and what sampling takes.
        assert virtual_time.ticks_diff(fob.vehicle.sent_ms[0], began) < 1150


async def test_the_command_waits_until_no_second_press_can_come():
    async with Fob(Vehicle(100, connecting_ms=100), gestures=DOUBLE) as fob:
        began = virtual_time.ticks_ms()
        await fob.presses("unlock", 1)
        await fob.sleeps()
        assert 450 <= virtual_time.ticks_diff(fob.vehicle.sent_ms[0], began) < 520


async def test_the_light_works_from_the_first_release_on():
    async with Fob(gestures=DOUBLE) as fob:
        await fob.presses("unlock", 1)
        assert fob.light.on


async def test_a_button_without_a_double_is_served_without_waiting():
    async with Fob(Vehicle(100), gestures=DOUBLE) as fob:
        began = virtual_time.ticks_ms()
        await fob.presses("lock", 1)
        await fob.sleeps()
        assert virtual_time.ticks_diff(fob.vehicle.sent_ms[0], began) < 250


async def test_a_triple_press_has_its_own_action():
    for times, action in ((1, UNLOCK), (2, TRUNK), (3, FRUNK)):
        async with Fob(gestures=ALL) as fob:
            await fob.presses("unlock", times)
            await fob.sleeps()
            assert fob.vehicle.done == [action]


async def test_holding_a_button_that_has_a_hold_acts_while_it_is_down():
    async with Fob(Vehicle(100), gestures=HELD) as fob:
        fob.buttons.set("lock")
        await fob.rest(1450)
        assert fob.vehicle.done == []
        await fob.rest(300)
        assert fob.vehicle.done == [AUTO_SECURE]
        fob.buttons.set()
        await fob.sleeps()
        assert fob.vehicle.done == [AUTO_SECURE]


async def test_the_button_that_woke_the_fob_may_be_held():
    async with Fob(Vehicle(100), gestures=HELD, woken=1, mask=1) as fob:
        await fob.rest(1700)
        assert fob.vehicle.done == [AUTO_SECURE]


async def test_a_count_that_means_nothing_takes_the_early_start_back_in_silence():
    async with Fob(Vehicle(5000, connecting_ms=5000), gestures=GAPPED) as fob:
        await fob.presses("unlock", 2)
        assert fob.vehicle.links == ["up"]
        assert await fob.sleeps() < 500
        assert fob.vehicle.done == [] and fob.vehicle.links == ["up", "down"]
        assert fob.lines == ["unlock: double means nothing"] and fob.journal.notes == []
        assert not fob.light.on and all(flash <= 100 for flash in fob.light.flashes)
        assert fob.app.outcome == (None, None)


async def test_a_press_after_one_that_meant_nothing_is_served():
    async with Fob(Vehicle(5000, 300, connecting_ms=5000), gestures=GAPPED) as fob:
        fob.power.maintenance = True
        await fob.presses("unlock", 2)
        await fob.rest(400)
        await fob.presses("unlock", 1)
        await fob.rest(1000)
        assert fob.vehicle.done == [UNLOCK]


async def test_a_single_press_that_means_nothing_says_so():
    async with Fob(gestures={"unlock": {"double": "trunk"}}) as fob:
        await fob.presses("unlock", 1)
        assert await fob.sleeps() < 500
        assert fob.lines == ["unlock: single means nothing"] and fob.vehicle.links == []
        assert fob.light.flashes == []


async def test_a_button_that_means_nothing_says_so():
    async with Fob(gestures={}) as fob:
        await fob.presses("unlock", 1)
        await fob.sleeps()
        assert fob.lines == ["unlock: single means nothing"]


async def test_another_button_decides_the_first_and_is_served_after_it():
    async with Fob(gestures=DOUBLE) as fob:
        await fob.presses("unlock", 1)
        await fob.presses("lock", 1)
        await fob.sleeps()
        assert fob.vehicle.done == [UNLOCK, LOCK]


async def test_holding_both_right_after_a_press_of_one_decides_it():
    with PairingCalled(1000) as pairs:
        async with Fob(Vehicle(paired=False), gestures=DOUBLE) as fob:
            await fob.presses("unlock", 1)
            await fob.buttons.hold("lock", "unlock", ms=3100)
            await fob.sleeps()
            assert fob.vehicle.done == [UNLOCK] and pairs.calls == 1


async def test_a_hold_after_a_press_sends_the_hold_on_the_link_that_is_up():
    async with Fob(Vehicle(200), gestures=ALL) as fob:
        await fob.presses("unlock", 1)
        await fob.rest(50)
        await fob.buttons.hold("unlock", ms=1600)
        await fob.sleeps()
        assert fob.vehicle.done == [AUTO_SECURE] and fob.vehicle.links == ["up", "down"]


async def test_a_double_press_begun_during_work_is_served_after_it():
    async with Fob(Vehicle(1000), gestures=DOUBLE) as fob:
        await fob.presses("lock", 1)
        await fob.presses("unlock", 2)
        assert fob.vehicle.done == []
        await fob.sleeps()
        assert fob.vehicle.done == [LOCK, TRUNK]


async def test_a_double_press_is_understood_although_the_work_ends_in_its_middle():
    for work_ms in range(200, 700, 20):
        async with Fob(Vehicle(work_ms), gestures=DOUBLE) as fob:
            await fob.presses("lock", 1)
            await fob.presses("unlock", 2, pause_ms=200)
            await fob.sleeps()
            assert fob.vehicle.done == [LOCK, TRUNK]


async def test_of_gestures_during_work_the_latest_that_means_something_is_served():
    async with Fob(Vehicle(3000), gestures=GAPPED) as fob:
        await fob.presses("lock", 1)
        await fob.presses("unlock", 3)
        await fob.presses("unlock", 2)
        await fob.sleeps()
        assert fob.vehicle.done == [LOCK, TRUNK]


async def test_an_early_start_that_fails_is_told_of_the_gesture_that_was_meant():
    async with Fob(Vehicle(HeldBack("ask the owner")), gestures=DOUBLE) as fob:
        await fob.presses("unlock", 2)
        await fob.sleeps()
        assert fob.lines == ["trunk failed (held-back): ask the owner"]
        assert fob.vehicle.done == [] and fob.light.flashes[-3:] == FAILED


async def test_an_early_start_that_fails_is_not_told_before_the_gesture_is_complete():
    async with Fob(Vehicle(NotFound("not here")), gestures=DOUBLE) as fob:
        await fob.presses("unlock", 1)
        await fob.rest(250)
        assert fob.lines == []
        await fob.sleeps()
        assert fob.lines == ["unlock failed (not-found): not here"]


async def test_an_early_start_that_fails_is_forgotten_when_the_gesture_means_nothing():
    async with Fob(Vehicle(NotFound("not here")), gestures=GAPPED) as fob:
        await fob.presses("unlock", 2)
        await fob.sleeps()
        assert fob.lines == ["unlock: double means nothing"] and fob.journal.notes == []


async def test_a_second_press_that_never_ends_lets_the_first_come_to_nothing():
    async with Fob(gestures=DOUBLE) as fob:
        await fob.presses("unlock", 1)
        await fob.rest(100)
        fob.buttons.set("unlock")
        await fob.sleeps()
        assert fob.vehicle.done == [] and fob.app.stuck == SECOND
        assert fob.lines[0].startswith("unlock failed (timed-out)")


async def test_an_early_start_is_given_up_when_the_app_is():
    async with Fob(Vehicle(5000), gestures=DOUBLE) as fob:
        await fob.presses("unlock", 1)
        fob.task.cancel()
        await asyncio.sleep_ms(0)
        await fob.rest(20000)
        assert fob.vehicle.done == [] and fob.vehicle.links == ["up", "down"]
        assert not fob.light.on


async def test_presses_for_different_cars_begin_nothing_early():
    gestures = {"unlock": {"single": "unlock", "double": "unlock@2"}}
    async with Fob(gestures=gestures) as fob:
        await fob.presses("unlock", 1)
        assert fob.vehicle.links == [] and not fob.light.on
        await fob.sleeps()
        assert fob.vehicle.done == [UNLOCK]


async def test_the_press_that_woke_the_fob_may_become_a_double_press():
    async with Fob(gestures=DOUBLE, woken=SECOND) as fob:
        await fob.rest(550)
        await fob.presses("unlock", 1)
        await fob.sleeps()
        assert fob.vehicle.done == [TRUNK]


async def test_the_fob_does_not_sleep_while_a_second_press_may_come():
    async with Fob(gestures={"unlock": {"double": "trunk"}}, woken=SECOND) as fob:
        assert 550 < await fob.sleeps() < 700
        assert fob.vehicle.done == []


async def test_holding_both_is_an_action_where_one_is_mapped():
    async with Fob(Vehicle(100), gestures=TOGETHER) as fob:
        await fob.buttons.hold("lock", "unlock", ms=1700)
        await fob.sleeps()
        assert fob.vehicle.done == [TRUNK]


async def test_holding_both_for_longer_does_no_more_then():
    async with Fob(Vehicle(100), gestures=TOGETHER) as fob:
        await fob.buttons.hold("lock", "unlock", ms=6000)
        await fob.sleeps()
        assert fob.vehicle.done == [TRUNK] and len(fob.lines) == 1


async def test_what_waits_is_confirmed_by_both_although_they_have_an_action():
    async with Fob(Vehicle(waits=True), gestures=TOGETHER) as fob:
        await fob.buttons.hold("lock", "unlock", ms=5200)
        await fob.sleeps()
        assert fob.vehicle.done == [] and not fob.vehicle.waits


async def test_both_pair_a_fob_that_is_not_paired_although_they_have_an_action():
    with PairingCalled(100) as pairs:
        async with Fob(Vehicle(paired=False), gestures=TOGETHER) as fob:
            await fob.buttons.hold("lock", "unlock", ms=3200)
            await fob.sleeps()
            assert fob.vehicle.done == [] and pairs.calls == 1


async def test_both_held_when_the_power_came_pair_a_paired_fob_anew():
    with PairingCalled(1000) as pairs:
        async with Fob(gestures=TOGETHER, mask=BOTH, power_up=True) as fob:
            await fob.rest(2900)
            assert pairs.calls == 0
            await fob.rest(200)
            assert pairs.calls == 1
            fob.buttons.set()
            await fob.sleeps()
            assert fob.vehicle.done == [] and fob.lines[-1].startswith("pair done")


async def test_both_held_through_a_pairing_do_not_pair_twice():
    with PairingCalled(500) as pairs:
        async with Fob(mask=BOTH, power_up=True) as fob:
            await fob.rest(8000)
            fob.buttons.set()
            await fob.sleeps()
            assert pairs.calls == 1


async def test_both_that_were_released_after_the_power_came_pair_no_paired_fob():
    with PairingCalled(1000) as pairs:
        async with Fob(mask=BOTH, power_up=True) as fob:
            fob.power.maintenance = True
            await fob.rest(1000)
            fob.buttons.set()
            await fob.rest(100)
            await fob.buttons.hold("lock", "unlock", ms=5200)
            assert pairs.calls == 0 and fob.lines == ["paired already"]


async def test_one_button_held_when_the_power_came_is_ignored():
    async with Fob(mask=SECOND, power_up=True) as fob:
        await fob.rest(1000)
        fob.buttons.set()
        assert await fob.sleeps() > 50000
        assert fob.vehicle.done == []


async def test_both_held_at_another_start_pair_no_paired_fob():
    with PairingCalled(1000) as pairs:
        async with Fob(mask=BOTH) as fob:
            await fob.rest(6000)
            assert pairs.calls == 0 and fob.app.stuck == BOTH


async def test_a_guarded_double_press_takes_two_long_enough():
    async with Fob(gestures=DOUBLE, guard_ms=80) as fob:
        await fob.presses("unlock", 2)
        await fob.sleeps()
        assert fob.vehicle.done == [TRUNK]


async def test_what_is_sent_is_what_the_configuration_says():
    gestures = {"unlock": {"single": "battery-report"}}
    async with Fob(gestures=gestures, power=Power(3700, temperature_c=20)) as fob:
        await fob.presses("unlock", 1)
        await fob.sleeps()
        assert fob.vehicle.done == [b"\xba\x01\x05\x10\xf4\x1c\x18\x14"]


async def test_a_command_is_sent_with_the_lock_state_it_leads_to():
    async with Fob() as fob:
        for name in ("lock", "unlock"):
            await fob.presses(name, 1)
            await fob.rest(1000)
        locked, unlocked = codes.VEHICLELOCKSTATE_LOCKED, codes.VEHICLELOCKSTATE_UNLOCKED
        assert fob.vehicle.lock_states == [locked, unlocked]


async def test_something_open_after_a_lock_is_two_long_flashes():
    async with Fob() as fob:
        fob.vehicle.is_open = True
        await fob.presses("lock", 1)
        await fob.sleeps()
        assert fob.light.flashes[-2:] == [700, 700]
        assert fob.lines[0].startswith("lock done in ")


async def test_arming_where_passive_entry_is_off_asks_for_the_laptop():
    async with Fob(gestures={"unlock": {"single": "arm"}}) as fob:
        await fob.presses("unlock", 1)
        await fob.sleeps()
        assert fob.lines[0].startswith("arm failed (configuration): passive entry is off")
        assert fob.vehicle.links == []


async def test_the_latest_press_has_the_last_word_when_the_one_before_ends_in_that_moment():
    doubles = {"lock": {"single": "lock"}, "unlock": {"single": "unlock", "double": "trunk"}}
    # The first one ends in the very 10 ms in which the third press is complete.
    for ms in range(430, 444, 2):
        async with Running(Vehicle(ms), gestures=doubles) as fob:
            await fob.buttons.press("unlock")
            await asyncio.sleep_ms(400)
            await fob.buttons.press("lock")
            await fob.buttons.press("unlock")
            await fob.sleeps()
            assert fob.vehicle.done[-1] == UNLOCK
