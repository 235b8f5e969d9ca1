"""Cars of three years, one fob: it finds out which protocol to speak and keeps to what a press may
cost.

ATT requests are those from connection to acceptance, at the MTU of 115 that the cars agree to.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from host_tools.simulator.bench import Bench
from host_tools.simulator.car import Vintage
from host_tools.simulator.measurement import Measurement
from tests.asynchronous import in_virtual_time

NIGHT = 8 * 3600.0
SIGNED: list[Vintage] = ["2023", "2026"]

# What a press costs in requests: the MTU, the subscription and the message in one write or two; a
# message more is another two writes.
LEGACY = 3
WARM = 4
ASKED_FIRST = 6
RETRIED = 6

# Has the modules told that are loaded when the fob falls asleep.
_TELLING_MAIN = b"""\
import machine, sys
def asleep(*times, deepsleep=machine.deepsleep):
    print("LOADED", " ".join(sys.modules))
    deepsleep(*times)
machine.deepsleep = asleep
import life
life.main()
"""


@asynccontextmanager
async def paired(vintage: Vintage, **options: Any) -> AsyncIterator[Bench]:
    """A fob that knows its car, has found out how to speak to it, and sleeps."""
    options.setdefault("radio", "direct")
    async with Bench(vintage=vintage, seed=1, **options) as bench:
        await bench.pair()
        await bench.press("lock")
        await bench.asleep()
        yield bench
        assert bench.car.violations == []


async def awoken(bench: Bench, button: str) -> Measurement:
    """A press out of deep sleep, which works, and after which the fob sleeps again."""
    assert bench.board.state == "asleep"
    measured = await bench.press(button)
    assert bench.car.locked == (button == "lock")
    await bench.asleep()
    return measured


def faults(bench: Bench) -> int:
    """How often the car did not do as it was told."""
    return sum(event.kind in ("refused", "ignored") for event in bench.car.events)


@pytest.mark.parametrize("radio", ["direct", "bumble"])
@pytest.mark.parametrize(
    ("vintage", "protocol"), [("2021", "legacy"), ("2023", "signed"), ("2026", "signed")]
)
@in_virtual_time
async def test_a_new_fob_pairs_unlocks_and_locks_after_deep_sleep(
    vintage: Vintage, protocol: str, radio: Any
) -> None:
    async with Bench(vintage=vintage, radio=radio, seed=1) as bench:
        await bench.pair()
        unlock = await bench.press("unlock")
        assert not bench.car.locked
        await bench.asleep()
        lock = await awoken(bench, "lock")
        assert [unlock.protocol, lock.protocol] == [protocol, protocol]
        assert bench.car.violations == []


@in_virtual_time
async def test_a_warm_legacy_press_costs_what_it_did_before_there_was_a_choice() -> None:
    async with paired("2021") as bench:
        assert (await awoken(bench, "unlock")).att_requests <= LEGACY
        await bench.let_time_pass(NIGHT)
        assert (await awoken(bench, "lock")).att_requests <= LEGACY


@pytest.mark.parametrize("radio", ["direct", "bumble"])
@pytest.mark.parametrize("vintage", SIGNED)
@in_virtual_time
async def test_a_warm_signed_press_sends_at_once(vintage: Vintage, radio: Any) -> None:
    async with paired(vintage, radio=radio) as bench:
        for button in ("unlock", "lock"):
            await bench.let_time_pass(60)
            assert (await awoken(bench, button)).att_requests <= WARM
        assert faults(bench) == 0


@pytest.mark.parametrize("rtc_ppm", [1000, -1000])
@pytest.mark.parametrize("vintage", SIGNED)
@in_virtual_time
async def test_after_a_night_the_fob_asks_the_car_for_its_time_first(
    vintage: Vintage, rtc_ppm: float
) -> None:
    async with paired(vintage, rtc_ppm=rtc_ppm) as bench:
        await bench.let_time_pass(NIGHT)
        assert (await awoken(bench, "unlock")).att_requests <= ASKED_FIRST
        assert (await awoken(bench, "lock")).att_requests <= WARM
        assert faults(bench) == 0


# An expiry far ahead is forgiven by the car of 2023.
@pytest.mark.parametrize(
    ("vintage", "rtc_ppm"), [("2023", -500_000), ("2026", -500_000), ("2026", 500_000)]
)
@in_virtual_time
async def test_a_clock_that_is_worse_than_believed_costs_a_retry(
    vintage: Vintage, rtc_ppm: float
) -> None:
    async with paired(vintage, rtc_ppm=rtc_ppm) as bench:
        await bench.let_time_pass(60)
        assert (await awoken(bench, "unlock")).att_requests <= RETRIED
        assert faults(bench) == 1


@pytest.mark.parametrize("seconds", [600.0, 3600.0, NIGHT])
@pytest.mark.parametrize("rtc_ppm", [200_000, -200_000])
@in_virtual_time
async def test_a_press_works_however_badly_the_clock_runs(rtc_ppm: float, seconds: float) -> None:
    async with paired("2026", rtc_ppm=rtc_ppm) as bench:
        await bench.let_time_pass(seconds)
        assert (await awoken(bench, "unlock")).att_requests <= RETRIED
        assert faults(bench) <= 1


@in_virtual_time
async def test_a_learned_drift_spares_the_question_and_costs_a_retry_once_it_changed() -> None:
    async with paired("2026") as bench:
        await bench.let_time_pass(NIGHT)
        await awoken(bench, "unlock")
        await bench.let_time_pass(3600)
        assert (await awoken(bench, "lock")).att_requests <= WARM
        bench.board.hardware.wall_clock.drift_ppm = 20_000
        await awoken(bench, "unlock")
        await bench.let_time_pass(3600)
        assert (await awoken(bench, "lock")).att_requests <= RETRIED
        assert faults(bench) == 1


@pytest.mark.parametrize("vintage", ["2021", *SIGNED])
@in_virtual_time
async def test_a_press_wakes_a_car_that_fell_asleep(vintage: Vintage) -> None:
    async with paired(vintage) as bench:
        bench.car.fall_asleep()
        await awoken(bench, "unlock")
        bench.car.fall_asleep()
        await bench.let_time_pass(NIGHT)
        await awoken(bench, "lock")


@pytest.mark.parametrize("vintage", SIGNED)
@in_virtual_time
async def test_a_car_that_restarted_costs_a_retry(vintage: Vintage) -> None:
    async with paired(vintage) as bench:
        bench.car.reboot()
        assert (await awoken(bench, "unlock")).att_requests <= RETRIED
        assert faults(bench) == 1
        assert (await awoken(bench, "lock")).att_requests <= WARM


@pytest.mark.parametrize("vintage", SIGNED)
@in_virtual_time
async def test_a_fob_that_lost_its_power_knows_its_car_again_in_the_same_press(
    vintage: Vintage,
) -> None:
    async with paired(vintage) as bench:
        await bench.board.power_off()
        await bench.let_time_pass(NIGHT)
        await bench.power_on()
        assert (await bench.press("unlock")).att_requests <= ASKED_FIRST
        assert not bench.car.locked
        assert faults(bench) == 0


@pytest.mark.parametrize(
    ("vintage", "needless"),
    [
        ("2021", ("fob.signed", "fob.routable", "fob.hmac", "fob.p256", "fob.pairing")),
        ("2023", ("fob.legacy", "fob.p256", "fob.pairing")),
        ("2026", ("fob.legacy", "fob.p256", "fob.pairing")),
    ],
)
@in_virtual_time
async def test_a_warm_press_loads_neither_the_other_protocol_nor_p_256(
    vintage: Vintage, needless: tuple[str, ...]
) -> None:
    async with paired(vintage, files={"/main.py": _TELLING_MAIN}) as bench:
        await awoken(bench, "unlock")
        loaded = [line for line in bench.board.console if line.startswith("LOADED ")][-1].split()
        assert "fob.vehicle" in loaded
        assert [module for module in loaded if module.startswith(needless)] == []
