"""What a press costs on the air: ATT requests from the connection to the car's acceptance."""

import asyncio
from collections.abc import Awaitable, Callable

from host_tools.simulator import virtual_time
from host_tools.simulator.bench import Bench
from host_tools.simulator.car import Vintage
from tests.bench.press_figures import Occasion

VINTAGES: tuple[Vintage, ...] = ("2021", "2023", "2026")
RTC_PPM = 1000
"""How fast the fob's clock runs while it sleeps."""
NIGHT = 8 * 3600.0
_AWHILE = 300.0


def measure_occasions(quick: bool = False) -> list[Occasion]:
    """Every situation with a car of every vintage; the quick with one of the newest."""
    vintages = VINTAGES[-1:] if quick else VINTAGES
    return [told for vintage in vintages for told in virtual_time.run(_presses(vintage))]


async def _presses(vintage: Vintage) -> list[Occasion]:
    costs: list[Occasion] = []
    async with Bench(vintage=vintage, radio="direct", seed=1, rtc_ppm=RTC_PPM) as bench:
        await bench.pair()

        async def press(situation: str, before: Callable[[], Awaitable[None]]) -> None:
            await bench.asleep()
            await before()
            cost = await bench.press("lock" if len(costs) % 2 else "unlock")
            costs.append(
                Occasion(vintage, situation, cost.protocol, cost.att_requests, cost.frames, cost.ms)
            )

        async def battery_change() -> None:
            await bench.board.power_off()
            await bench.power_on()

        async def reboot() -> None:
            bench.car.reboot()

        await press("a first press", lambda: asyncio.sleep(_AWHILE))
        await press("five minutes later", lambda: asyncio.sleep(_AWHILE))
        await press("a night later", lambda: asyncio.sleep(NIGHT))
        await press("after a reboot of the car", reboot)
        await press("after the battery was out", battery_change)
    return costs
