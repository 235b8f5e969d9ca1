"""A board and its bench in virtual time: when it moves, and in which order things are seen."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from host_tools.simulator import virtual_time
from host_tools.simulator.board import Board, BoardEvent
from host_tools.simulator.bridge import Bridge, BridgeServer
from host_tools.simulator.flash import FlashImage
from host_tools.simulator.interpreter import micropython_command
from host_tools.simulator.virtual_time import Deadlock, Work
from tests.asynchronous import in_virtual_time

PORT = Path(__file__).parents[2] / "host_tools" / "simulator" / "port"
START = """
import sys, clock
sys.modules["time"] = clock
import asyncio, bridge, time
began = time.ticks_ms()
def now():
    return time.ticks_diff(time.ticks_ms(), began)
"""


class Echo:
    """A service that answers at once, or later."""

    def at_once(self) -> int:
        return 1

    async def later(self, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "later"


class Chip:
    """What the stand-in for `time` asks of service "board"."""

    def wall_clock_us(self) -> int:
        return 0


async def quiet(_bridge: Bridge) -> None:
    """The bench does nothing by itself."""


def run_board(script: str, scenario: Callable[[Bridge], Awaitable[None]] = quiet) -> list[str]:
    """Run a script as a board, with `bridge`, `time` and `asyncio`; the lines it printed."""

    async def bench() -> list[str]:
        server = BridgeServer()
        expected = server.expect("board")
        with Work() as work:
            await server.start()
            process = await asyncio.create_subprocess_exec(
                *micropython_command(),
                *("-c", START + script),
                env=os.environ
                | {
                    "MICROPYPATH": f"{PORT}:.frozen",
                    "FOB_BRIDGE": server.environment("board"),
                    "FOB_CLOCK": "virtual",
                },
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            try:
                bridge = await expected
                bridge.serve("board", Chip())
                bridge.serve("echo", Echo())
                work.pause()
                bridge.on_closed(work.resume)
                await scenario(bridge)
                output, _ = await process.communicate()
            finally:
                work.resume()
                if process.returncode is None:
                    process.kill()
                await process.wait()
                await server.close()
        return output.decode().splitlines()

    return virtual_time.run(bench())


def test_only_a_call_that_waits_takes_time() -> None:
    script = """
bridge.call("echo", "at_once"); print(now())
bridge.call("echo", "later", 2); print(now())
"""
    assert run_board(script) == ["0", "2000"]


def test_every_kind_of_sleep_takes_its_time() -> None:
    script = """
time.sleep_ms(5); print(now())
time.sleep(1.5); print(now())
time.sleep_us(95000); print(now())
async def main():
    await asyncio.sleep_ms(400)
asyncio.run(main()); print(now())
print(time.time())
"""
    assert run_board(script) == ["5", "1505", "1600", "2000", "2"]


def test_events_come_at_their_time_into_a_sleep() -> None:
    async def scenario(bridge: Bridge) -> None:
        for number in range(3):
            await asyncio.sleep(0.25)
            bridge.emit("echo", "event", number)

    script = """
bridge.on("echo", lambda name, args: print(name, args, now()))
time.sleep_ms(600); print(now())
time.sleep_ms(400); print(now())
"""
    assert run_board(script, scenario) == [
        "event [0] 250",
        "event [1] 500",
        "600",
        "event [2] 750",
        "1000",
    ]


def test_flags_set_at_the_same_moment_wake_their_tasks_in_the_order_of_waiting() -> None:
    async def scenario(bridge: Bridge) -> None:
        await asyncio.sleep(1)
        bridge.emit("echo", "all")

    script = """
flags = [asyncio.ThreadSafeFlag() for _ in range(9)]
def set_all(name, args):
    for flag in reversed(flags): flag.set()
bridge.on("echo", set_all)
async def wait(number):
    await flags[number].wait(); print(number, now())
async def main():
    tasks = [asyncio.create_task(wait(number)) for number in range(9)]
    for task in tasks: await task
asyncio.run(main())
"""
    assert run_board(script, scenario) == [f"{number} 1000" for number in range(9)]


def test_a_cancelled_wait_for_a_flag_is_over() -> None:
    script = """
flag = asyncio.ThreadSafeFlag()
async def main():
    for _ in range(3):
        try:
            await asyncio.wait_for_ms(flag.wait(), 100)
        except asyncio.TimeoutError:
            print(now())
asyncio.run(main())
"""
    assert run_board(script) == ["100", "200", "300"]


def test_who_only_stares_at_the_clock_sees_it_move() -> None:
    assert run_board("while now() < 3: pass\nprint('over')") == ["over"]


def test_a_board_and_a_bench_that_wait_for_each_other_are_an_error() -> None:
    with pytest.raises(Deadlock):
        run_board("asyncio.run(asyncio.ThreadSafeFlag().wait())")


@in_virtual_time
async def test_what_is_printed_before_a_call_is_seen_before_it(tmp_path: Path) -> None:
    events: list[BoardEvent] = []
    main = (
        "from machine import Pin\nled = Pin(2, Pin.OUT)\n"
        "for n in range(50):\n    print(n)\n    led.toggle()\n"
    )
    flash = FlashImage.create(tmp_path / "flash.img", {"/main.py": main.encode()})
    async with Board(None, flash, on_event=events.append) as board:
        await board.stopped()
    kinds = [event.kind for event in events if event.kind in ("console", "light")]
    assert kinds == ["console", "light"] * 50
