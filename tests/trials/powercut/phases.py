"""What a fob may be doing when its power goes, and what its owner expects of it afterwards."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.board import BoardStopped
from host_tools.simulator.car.behaviour import Vintage, vintage
from host_tools.simulator.faults import FOREVER, FaultReply, Interference

from ..newer_car import Fault, update
from . import scenes
from .scenes import (
    CRASH,
    FOB,
    HANG,
    LAPTOP_NEW,
    LAPTOP_OTHER,
    LAPTOP_SAME,
    Firmware,
)
from .watch import Unusable
from .world import Scene, World

# Far more than a counter that a car reports is followed by itself.
_FAR_AHEAD = 200_000
# More than the light takes to say that the fob is in safe mode.
_SAFE_MODE_SHOWN_SECONDS = 20.0
# More than the watchdog waits.
_BITTEN_SECONDS = 20.0


@dataclass(frozen=True)
class Phase:
    """act        what happens from power to power-off, once or several times
    begin      the scene it begins with, by the year of its car
    laptop     the job of the laptop that is at hand; None: the fob may not ask for one
    paired     whether the fob knows its car, and so may never say that it does not
    held_back  whether the owner may be asked to hold both buttons, once or twice
    """

    act: Callable[[World], Awaitable[None]]
    begin: Callable[[Vintage, Firmware], Scene]
    laptop: int | None = None
    paired: bool = True
    held_back: bool = False
    year: Vintage = "2021"

    def scene(self, firmware: Firmware) -> Scene:
        """What it begins with."""
        return self.begin(self.year, firmware)


async def _provisioning(world: World) -> None:
    await scenes.write(world, LAPTOP_NEW)


async def _restoring(world: World) -> None:
    await scenes.write(world, LAPTOP_SAME)


async def _replacing(world: World) -> None:
    await scenes.write(world, LAPTOP_OTHER)


async def _pairing(world: World) -> None:
    await world.power_on()
    await world.pair()
    # Some of what a car is like, only a press tells.
    await world.presses("unlock")
    await world.power_off()


async def _presses_between_sleeps(world: World) -> None:
    await world.power_on()
    await world.presses("unlock")
    # Inside the lease: so it need not be used up press by press.
    world.run_ahead(world.lease_end - 5)
    await world.presses("lock")
    await world.asleep()
    end = world.lease_end
    while world.counter < end + 1:
        for button in ("unlock", "lock"):
            await world.presses(button)
            await world.asleep()
    await world.power_off()


async def _presses_after_power_losses(world: World) -> None:
    for button in ("unlock", "lock", "unlock", "lock"):
        await world.power_on()
        await world.presses(button)
        await world.power_off()


async def _session_refresh(world: World) -> None:
    await world.power_on()
    await world.presses("unlock")
    for button in ("lock", "unlock"):
        world.car.rotate_key()
        await world.presses(button)
        await world.asleep()
    await world.power_off()
    world.car.rotate_key()
    await world.power_on()
    await world.presses("lock")
    await world.power_off()


async def _adopted_key(world: World) -> None:
    await world.power_on()
    await world.presses("unlock")
    world.car.rotate_key()
    await _fails(world, "another key")
    await world.confirm()
    await world.presses("lock")
    await world.asleep()
    world.car.rotate_key()
    await _fails(world, "another key")
    await world.asleep()
    world.car.rotate_key()
    await _fails(world, "another key")
    await world.power_off()
    await world.power_on()
    await world.confirm()
    await world.presses("lock")
    await world.power_off()


async def _crash_log(world: World) -> None:
    world.signal(CRASH)
    await world.start()
    await world.prints("safe mode")
    world.signal(FOB)
    await asyncio.sleep(_SAFE_MODE_SHOWN_SECONDS)
    await world.presses("unlock")
    await world.asleep()
    world.signal(HANG)
    await world.board.press("lock")
    world.signal(FOB)
    await asyncio.sleep(_BITTEN_SECONDS)
    world.radio.walk_away()
    await _fails(world, "not-found")
    await _fails(world, "not-found")
    world.radio.come_back()
    await world.presses("lock")
    await world.asleep()
    await world.power_off()


async def _guard_faults(world: World) -> None:
    await world.power_on()
    world.radio.interference = FaultReply(
        vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_AES_DECRYPT_AUTH, times=FOREVER
    )
    for _ in range(5):
        await _fails(world, "")
    world.radio.interference = Interference()
    await _fails(world, "held-back")
    await world.confirm()
    await world.presses("unlock")
    await world.power_off()


async def _confirmed_counter(world: World) -> None:
    await world.power_on()
    ahead = FaultReply(
        vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_IV_SMALLER_THAN_EXPECTED, _FAR_AHEAD, times=2
    )
    world.radio.interference = ahead
    await _fails(world, "held-back")
    await world.confirm()
    await world.presses("lock")
    if not ahead.struck:
        raise Unusable("the fob did not follow the counter that its owner confirmed")
    await world.power_off()


async def _disowned(world: World) -> None:
    await world.power_on()
    world.radio.interference = FaultReply(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST)
    await _fails(world, "not-paired")
    await world.presses("unlock")
    await world.power_off()


async def _signed_guard_faults(world: World) -> None:
    await world.power_on()
    world.radio.interference = Fault(universal.MESSAGEFAULT_ERROR_INVALID_SIGNATURE, times=FOREVER)
    for _ in range(5):
        await _fails(world, "held-back")
    world.radio.interference = Interference()
    await _fails(world, "held-back")
    await world.confirm()
    await world.presses("unlock")
    await world.power_off()


async def _confirmed_counter_of_another_key(world: World) -> None:
    await world.power_on()
    await world.presses("unlock")
    # Only the key that pairing proved is believed without asking.
    world.car.rotate_key()
    world.run_ahead(_FAR_AHEAD)
    await _fails(world, "held-back")
    await world.confirm()
    await _fails(world, "another key")
    await world.confirm()
    await world.presses("lock")
    if world.counter <= _FAR_AHEAD:
        raise Unusable("the fob did not follow the counter that its owner confirmed")
    await world.power_off()


async def _signed_disowned(world: World) -> None:
    await world.power_on()
    world.radio.interference = Fault(universal.MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID)
    await _fails(world, "not-paired")
    await world.presses("unlock")
    await world.power_off()


async def _restarting_car(world: World) -> None:
    await world.power_on()
    await world.presses("unlock")
    for button in ("lock", "unlock"):
        world.car.reboot()
        await world.presses(button)
        await world.asleep()
    world.run_ahead(world.lease_end)
    world.car.reboot()
    await world.presses("lock")
    await world.power_off()
    world.car.reboot()
    await world.power_on()
    await world.presses("unlock")
    await world.power_off()


def _updates(*years: Vintage) -> Callable[[World], Awaitable[None]]:
    async def act(world: World) -> None:
        await world.power_on()
        await world.presses("unlock")
        for year in years:
            await world.asleep()
            update(world.car, vintage(year))
            # The lease ends in the older protocol or in the newer one.
            world.run_ahead(world.lease_end - 2)
            await world.presses("lock")
            await world.asleep()
            await world.presses("unlock")
        await world.power_off()
        await world.power_on()
        await world.presses("lock")
        await world.power_off()

    return act


async def _fails(world: World, why: str) -> None:
    verdict = await world.press("unlock")
    if not verdict.startswith("failed") or why not in verdict:
        raise Unusable(f"a press that had to fail ({why}): {verdict}")


_LEGACY = {
    "provisioning": Phase(_provisioning, scenes.bare, LAPTOP_NEW, paired=False),
    "restoring": Phase(_restoring, scenes.paired),
    "replacing": Phase(_replacing, scenes.paired, LAPTOP_OTHER, paired=False),
    "wearing": Phase(_presses_after_power_losses, scenes.worn),
    "refreshing": Phase(_session_refresh, scenes.paired),
    "crashing": Phase(_crash_log, scenes.paired),
    "guarding": Phase(_guard_faults, scenes.paired, held_back=True),
    "confirming": Phase(_confirmed_counter, scenes.paired),
    "disowned": Phase(_disowned, scenes.paired),
    "updating": Phase(_updates("2023", "2026"), scenes.paired),
    "leaping": Phase(_updates("2026"), scenes.paired),
}
_ALWAYS = {
    "pairing": Phase(_pairing, scenes.provisioned, paired=False),
    "sleeping": Phase(_presses_between_sleeps, scenes.paired),
    "losing": Phase(_presses_after_power_losses, scenes.paired),
}
_SIGNED = {
    "refreshing": Phase(_adopted_key, scenes.paired, held_back=True),
    "guarding": Phase(_signed_guard_faults, scenes.paired, held_back=True),
    "confirming": Phase(_confirmed_counter_of_another_key, scenes.paired, held_back=True),
    "disowned": Phase(_signed_disowned, scenes.paired),
    "restarting": Phase(_restarting_car, scenes.paired),
}
_PHASES: dict[Vintage, dict[str, Phase]] = {
    "2021": _LEGACY | _ALWAYS,
    # What the fob writes about it is what it writes about a car of 2026.
    "2023": _ALWAYS | {"updating": Phase(_updates("2026"), scenes.paired)},
    "2026": _ALWAYS | _SIGNED | {"replacing": _LEGACY["replacing"]},
}
PHASES = {
    f"{name}-{year}": replace(phase, year=year)
    for year, phases in _PHASES.items()
    for name, phase in phases.items()
}


async def recover(world: World, phase: Phase) -> None:
    """The owner takes up the fob again after power was lost. Raises Unusable if that is in vain,
    and BoardStopped when the power goes again."""
    world.signal(FOB)
    world.radio.interference = Interference()
    world.radio.come_back()
    await world.start()
    if await _wants_laptop(world):
        if phase.laptop is None:
            raise Unusable(f"the fob needs a laptop: {world.board.console[-3:]}")
        await world.power_off()
        await scenes.write(world, phase.laptop)
        await world.power_on()
    verdict = await world.press("unlock")
    for _ in range(2):
        if "hold both" in verdict and phase.held_back:
            await world.confirm()
            verdict = await world.press("unlock")
    if "not-paired" in verdict and not phase.paired:
        await world.pair()
        verdict = await world.press("unlock")
    if verdict != "done":
        raise Unusable(f"the press after the power came back: {verdict}")
    await world.asleep()
    await world.presses("lock")
    world.look_back()
    await world.power_off()
    await world.power_on()
    await world.presses("unlock")
    world.look_back()
    await world.power_off()


async def _wants_laptop(world: World) -> bool:
    try:
        await world.prints("ready")
    except BoardStopped:
        if world.board.state != "repl":
            raise
    return any("run `fob provision`" in line for line in world.board.console)
