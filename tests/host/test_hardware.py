"""The virtual chip between two processes: what happens while nobody runs on it."""

import asyncio
from typing import Any

import pytest

from host_tools.board.catalogue import load_board
from host_tools.simulator.hardware import HARD_RESET, SOFT_RESET, Hardware
from host_tools.simulator.light import LightWatch
from tests.asynchronous import in_virtual_time


class SilentBridge:
    """Takes services and events, and has nobody at the other end."""

    def serve(self, service: str, handler: object) -> None:
        self.service = handler

    def emit(self, service: str, name: str, *args: object) -> None:
        pass


def chip() -> Hardware:
    return Hardware(load_board("virtual"), LightWatch(), b"unique")


def started(hardware: Hardware) -> tuple[Any, list[tuple[str, int]]]:
    """The service of a process that starts now, and the reasons for which it is killed."""
    ends: list[tuple[str, int]] = []
    bridge: Any = SilentBridge()
    hardware.connect(bridge, lambda reason, ms: ends.append((reason, ms)))
    return bridge.service, ends


@in_virtual_time
async def test_a_watchdog_that_bites_between_two_processes_ends_the_next_one() -> None:
    hardware = chip()
    service, _ = started(hardware)
    service.start_watchdog(1000)
    hardware.disconnect()
    hardware.restart(SOFT_RESET)
    await asyncio.sleep(1.5)
    _, ends = started(hardware)
    assert ends == [("watchdog", 0)]


@in_virtual_time
async def test_a_hard_reset_forgets_the_watchdog() -> None:
    hardware = chip()
    service, _ = started(hardware)
    service.start_watchdog(1000)
    hardware.disconnect()
    hardware.restart(HARD_RESET)
    _, ends = started(hardware)
    await asyncio.sleep(1.5)
    assert ends == []


@in_virtual_time
async def test_the_watchdog_does_not_end_a_deep_sleep() -> None:
    hardware = chip()
    service, ends = started(hardware)
    service.start_watchdog(1000)
    sleeping = asyncio.ensure_future(service.deepsleep(60_000))
    await asyncio.sleep(0)
    assert (await hardware.sleep(60_000)).reason == 4
    assert ends == [("sleep", 60_000)]
    sleeping.cancel()


@in_virtual_time
async def test_food_without_a_watchdog_starts_none() -> None:
    service, ends = started(chip())
    service.feed_watchdog()
    await asyncio.sleep(60)
    assert ends == []


@in_virtual_time
async def test_a_press_between_the_call_and_the_end_of_the_process_wakes_the_chip() -> None:
    hardware = chip()
    service, ends = started(hardware)
    service.wake_on_ext0(32, False)
    sleeping = asyncio.ensure_future(service.deepsleep(0))
    await asyncio.sleep(0)
    hardware.push("lock")
    hardware.release("lock")
    hardware.disconnect()
    assert ends == [("sleep", 0)]
    assert (await hardware.sleep(0)).reason == 2
    sleeping.cancel()


@in_virtual_time
async def test_a_timer_ends_the_sleep_when_nothing_else_does() -> None:
    hardware = chip()
    began = asyncio.get_running_loop().time()
    assert (await hardware.sleep(60_000)).reason == 4
    assert asyncio.get_running_loop().time() - began == 60


SOUND, SILENCE = 32_768, 0


@in_virtual_time
async def test_what_a_buzzer_sounds_and_a_motor_shakes_is_recognised_by_its_rhythm() -> None:
    hardware = Hardware(load_board("virtual4"), LightWatch(), b"unique")
    service, _ = started(hardware)
    board = hardware.definition
    assert board.buzzer is not None and board.vibration is not None
    ticks = 0
    for ms, on in zip((700, 300, 150, 150, 150, 150, 150, 300), (True, False) * 4, strict=True):
        service.output(board.buzzer.pin, SOUND if on else SILENCE, ticks)
        service.output(board.vibration.pin, 65_535 if on else 0, ticks)
        ticks += ms * 1000
        await asyncio.sleep(ms / 1000)
    for sign in (hardware.buzzer, hardware.vibration):
        assert [sighting.pattern for sighting in sign.seen()] == ["done", "failed"]
    assert hardware.light.samples == []


@pytest.mark.parametrize(
    ("board", "sounding"),
    [("virtual4", {32_768}), ("virtual3", {32_768, 65_535})],
    ids=["a piezo needs a tone", "an active buzzer does not"],
)
@in_virtual_time
async def test_what_makes_a_buzzer_sound_is_its_kind(board: str, sounding: set[int]) -> None:
    hardware = Hardware(load_board(board), LightWatch(), b"unique")
    service, _ = started(hardware)
    assert hardware.definition.buzzer is not None
    heard = set()
    for ticks, duty in enumerate((0, 32_768, 65_535)):
        service.output(hardware.definition.buzzer.pin, duty, ticks)
        heard |= {duty} if hardware.buzzer.level else set()
    assert heard == sounding
    hardware.disconnect()
    assert hardware.buzzer.level == 0
