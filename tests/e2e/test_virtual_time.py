"""The whole bench in virtual time: minutes pass in moments, and every run is the same."""

import asyncio
from typing import Any

import pytest

from host_tools.simulator import virtual_time
from host_tools.simulator.bench import Bench
from host_tools.simulator.moments import Moment


async def outing(**options: Any) -> list[Moment]:
    """Pair, unlock, sleep for ten minutes, lock, walk away, press in vain; what was noticed."""
    moments: list[Moment] = []
    async with Bench(on_moment=moments.append, seed=3, **options) as bench:
        await bench.pair()
        await bench.press("unlock")
        assert not bench.car.locked
        await bench.asleep()
        await asyncio.sleep(600)
        await bench.press("lock")
        assert bench.car.locked
        bench.walk()
        await bench.board.press("unlock")
        await bench.board.light.shows("failed", timeout=15)
        assert bench.car.locked and bench.car.violations == []
    return moments


@pytest.mark.parametrize("radio", ["bumble", "direct"])
def test_pairing_presses_and_sleep_work_as_in_real_time(radio: str) -> None:
    moments = virtual_time.run(outing(radio=radio))
    assert moments[-1].at > 600


@pytest.mark.parametrize(
    "options",
    [{"radio": "bumble"}, {"radio": "bumble", "paced": True}, {"radio": "direct"}],
    ids=["bumble", "bumble, paced", "direct"],
)
def test_two_runs_are_the_same_in_every_time_and_byte(options: dict[str, Any]) -> None:
    first, second = (virtual_time.run(outing(**options)) for _ in range(2))
    assert first == second
    assert any(moment.frame for moment in first)


def test_the_seed_is_what_keys_and_blinding_come_from() -> None:
    async def key(seed: int | None) -> bytes | None:
        async with Bench(seed=seed, radio="direct") as bench:
            return bench.board.flash.read("/key.bin")

    keys = [virtual_time.run(key(seed)) for seed in (1, 1, 2, None, None)]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4


def test_a_fob_and_its_car_agree_on_the_time_between_a_press_and_its_light() -> None:
    async def main() -> tuple[float, float]:
        async with Bench(enrolled=True, radio="direct", seed=1) as bench:
            measured = await bench.press("unlock")
            said = next(line for line in bench.board.console if "unlock done in" in line)
            return measured.ms, float(said.split()[-2])

    accepted_ms, done_ms = virtual_time.run(main())
    assert 0 < done_ms - accepted_ms < 100


def test_a_press_that_is_over_before_the_firmware_runs_is_served() -> None:
    async def main() -> list[Moment]:
        moments: list[Moment] = []
        async with Bench(
            enrolled=True, radio="direct", seed=1, boot_seconds=0.35, on_moment=moments.append
        ) as bench:
            await bench.press("unlock")
            await bench.asleep()
            moments.clear()
            await bench.press("lock")
            assert bench.car.locked
        return moments

    moments = virtual_time.run(main())
    told = {moment.text: moment.at for moment in moments}
    assert told["fob: ready"] - told["lock down"] == pytest.approx(0.35)
    assert told["lock up"] < told["fob: ready"]
