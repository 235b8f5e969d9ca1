"""What the light does for each pattern."""

import asyncio

import virtual_time

from fob import patterns


class Light:
    """Remembers (ms since the start, level) of every change."""

    def __init__(self):
        self.start_ms = virtual_time.ticks_ms()
        self.changes = []
        self.on = False

    def set(self, on):
        if on != self.on:
            at = virtual_time.ticks_diff(virtual_time.ticks_ms(), self.start_ms)
            self.changes.append((at, on))
            self.on = on


async def play_for(pattern, ms):
    light = Light()
    task = asyncio.create_task(patterns.play(light, pattern))
    await asyncio.sleep_ms(ms)
    changes = list(light.changes)
    task.cancel()
    await asyncio.sleep_ms(0)
    return light, changes


async def test_done_is_one_long_light():
    light = Light()
    await patterns.play(light, patterns.DONE)
    assert light.changes == [(0, True), (700, False)]


async def test_failed_is_three_short_lights():
    light = Light()
    await patterns.play(light, patterns.FAILED)
    assert [at for at, on in light.changes if on] == [0, 300, 600]
    assert [at for at, on in light.changes if not on] == [150, 450, 750]


async def test_working_goes_on_until_it_is_cancelled():
    _, changes = await play_for(patterns.WORKING, 10050)
    assert len(changes) == 101
    assert changes[:3] == [(0, True), (100, False), (200, True)]


async def test_needs_laptop_is_long_short_and_repeats():
    _, changes = await play_for(patterns.NEEDS_LAPTOP, 1550)
    assert changes == [(0, True), (600, False), (750, True), (900, False), (1500, True)]


async def test_needs_laptop_ends_by_itself():
    light, changes = await play_for(patterns.NEEDS_LAPTOP, 30000)
    assert light.on is False
    assert 10000 < changes[-1][0] < 20000


async def test_battery_low_is_two_even_lights():
    light = Light()
    await patterns.play(light, patterns.BATTERY_LOW)
    assert light.changes == [(0, True), (300, False), (600, True), (900, False)]


async def test_something_open_is_two_long_lights_close_together():
    light = Light()
    await patterns.play(light, patterns.SOMETHING_OPEN)
    assert light.changes == [(0, True), (700, False), (850, True), (1550, False)]


async def test_a_car_is_as_many_blinks_as_its_number():
    light = Light()
    await patterns.play(light, (3, patterns.CAR))
    assert [at for at, on in light.changes if on] == [0, 400, 800]
    assert [at for at, on in light.changes if not on] == [80, 480, 880]


async def test_dark_is_no_light_at_all():
    light = Light()
    await patterns.play(light, patterns.DARK)
    assert light.changes == []


async def test_a_cancelled_pattern_leaves_the_light_off():
    light, changes = await play_for(patterns.WORKING, 50)
    assert changes == [(0, True)]
    assert light.on is False


async def test_no_two_patterns_have_the_same_rhythm():
    every = (
        patterns.WORKING,
        patterns.DONE,
        patterns.FAILED,
        patterns.NEEDS_LAPTOP,
        patterns.BATTERY_LOW,
        patterns.SOMETHING_OPEN,
        (1, patterns.CAR),
    )
    assert len({steps for _, steps in every}) == len(every)
