"""The eye on the fob's light: patterns are recognised by their rhythm, from samples alone."""

import asyncio
import random
import time
from collections.abc import Sequence

import pytest

from host_tools.simulator.light import LightWatch, Sample, UnexpectedLight, recognise
from tests.asynchronous import asynchronous

RHYTHMS = {
    "working": (100, 100) * 4,
    "done": (700, 400),
    "failed": (150, 150) * 2 + (150, 400),
    "needs laptop": (600, 150, 150, 600) * 2,
    "battery low": (300, 300, 300, 600),
    "something open": (700, 150, 700, 400),
}


def samples(times: Sequence[float], start: float = 100.0) -> tuple[list[Sample], float]:
    """A light that goes on first and changes after each of `times` (ms); and the time after."""
    record = []
    for index, ms in enumerate(times):
        record.append(Sample(start, 1.0 - index % 2))
        start += ms / 1000
    return record, start


def names(times: Sequence[float]) -> list[str]:
    return [sighting.pattern for sighting in recognise(*samples(times))]


@pytest.mark.parametrize("pattern", RHYTHMS)
def test_each_pattern_is_recognised(pattern: str) -> None:
    assert names(RHYTHMS[pattern]) == [pattern]


@pytest.mark.parametrize("pattern", ["done", "needs laptop", "battery low", "something open"])
def test_a_pattern_is_recognised_with_every_time_40_percent_off(pattern: str) -> None:
    jitter = random.Random(7)
    for _ in range(200):
        times = [ms * jitter.uniform(0.62, 1.38) for ms in RHYTHMS[pattern]]
        times[-1] += 1000  # the darkness after it is no part of the rhythm
        assert names(times) == [pattern]


@pytest.mark.parametrize("pattern", ["working", "failed"])
def test_the_two_quick_patterns_are_told_apart_with_times_18_percent_off(pattern: str) -> None:
    jitter = random.Random(7)
    for _ in range(200):
        times = [ms * jitter.uniform(0.82, 1.18) for ms in RHYTHMS[pattern]]
        times[-1] += 1000
        assert names(times) == [pattern]


@pytest.mark.parametrize("verdict", ["done", "failed", "battery low", "something open"])
@pytest.mark.parametrize("cut_ms", [0.1, 60, 100])
def test_a_verdict_is_recognised_right_after_an_interrupted_working(
    verdict: str, cut_ms: float
) -> None:
    times = [100, 100, 100, 100, cut_ms, 0.1, *RHYTHMS[verdict]]
    assert names(times) == ["working", verdict]


FOUND = (100, 100) * 3 + (100, 600)
"""The light while the fob looks for its car, and before it tells which."""


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("after", ["working", "done", "failed"])
def test_the_number_of_a_car_is_counted_between_a_pause_and_what_follows(
    number: int, after: str
) -> None:
    jitter = random.Random(7)
    for _ in range(50):
        flashes = [ms * jitter.uniform(0.7, 1.3) for ms in (80, 320) * number]
        assert names([*FOUND, *flashes, *RHYTHMS[after]]) == ["working", f"car {number}", after]


def test_the_number_of_a_car_is_awaited_to_its_end() -> None:
    assert names([*FOUND, 80, 320, 80, 320]) == ["working"]
    assert names([*FOUND, 80, 320, 80, 500]) == ["working", "car 2"]


@pytest.mark.parametrize("cut_ms", [30, 60, 80, 100])
def test_a_flash_cut_short_before_a_verdict_is_no_car(cut_ms: float) -> None:
    times = [100, 100, 100, 100, cut_ms, 600, *RHYTHMS["done"]]
    assert names(times) == ["working", "done"]


def test_two_verdicts_in_a_row_are_two() -> None:
    assert names(RHYTHMS["done"] * 2) == ["done", "done"]


@pytest.mark.parametrize("blinks", range(2, 9))
def test_a_late_working_of_any_length_is_no_failure(blinks: int) -> None:
    late = random.Random(7)
    for _ in range(100):
        times = [100 * late.uniform(1.0, 1.38) for _ in range(2 * blinks)]
        times[-4:-2] = [105, 105]  # now and then the chip is in time
        times[-1] += 1000
        assert set(names(times)) <= {"working"}


def test_a_light_that_stays_on_shows_nothing() -> None:
    assert names([5000]) == []


def test_a_blink_of_another_rhythm_shows_nothing() -> None:
    assert names([20, 3000, 250, 3000]) == []


def test_what_may_still_become_another_pattern_is_not_decided() -> None:
    assert names([600, 100]) == []
    assert names([150, 150, 150, 150, 150, 100]) == []


def test_a_dim_glow_counts_as_dark() -> None:
    record, now = samples(RHYTHMS["done"])
    assert recognise([Sample(s.time, s.level * 0.01) for s in record], now) == []


def shown(watch: LightWatch, *patterns: str) -> None:
    """Have `watch` record whole patterns that end just now."""
    times = [ms for pattern in patterns for ms in RHYTHMS[pattern]]
    record, _ = samples(times, time.monotonic() - sum(times) / 1000)
    for sample in record:
        watch.record(sample.time, sample.level)


@asynchronous
async def test_shows_returns_the_pattern_and_looks_for_it_only_once() -> None:
    watch = LightWatch()
    shown(watch, "working", "done")
    assert await watch.shows("done", "failed") == "done"
    with pytest.raises(UnexpectedLight, match="no pattern"):
        await watch.shows("done", timeout=0)


@asynchronous
async def test_shows_tells_what_was_seen_instead() -> None:
    watch = LightWatch()
    shown(watch, "working")
    with pytest.raises(UnexpectedLight, match=r"did not show 'done' but working \[on 100, off"):
        await watch.shows("done", timeout=0)


@asynchronous
async def test_another_verdict_is_reported_without_waiting() -> None:
    watch = LightWatch()
    shown(watch, "working", "failed")
    with pytest.raises(UnexpectedLight, match="but working, failed"):
        await watch.shows("done", timeout=3600)


@asynchronous
async def test_what_was_shown_before_looking_away_does_not_count() -> None:
    watch = LightWatch()
    shown(watch, "done")
    watch.look_away()
    with pytest.raises(UnexpectedLight):
        await watch.shows("done", timeout=0)


@asynchronous
async def test_a_wait_ends_with_what_ended_the_board() -> None:
    watch = LightWatch()
    waiting = asyncio.create_task(watch.shows("done", timeout=3600))
    await asyncio.sleep(0)
    watch.break_off(ConnectionError("gone"))
    with pytest.raises(ConnectionError, match="gone"):
        await waiting


@asynchronous
async def test_an_unknown_pattern_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no such pattern: disco"):
        await LightWatch().shows("disco")
