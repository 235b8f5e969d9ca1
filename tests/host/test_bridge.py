"""The bridge between a MicroPython process and the bench, both ends for real."""

import asyncio
import errno
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from host_tools.simulator.bridge import Bridge, BridgeServer
from host_tools.simulator.interpreter import micropython_command

PORT = Path(__file__).parents[2] / "host_tools" / "simulator" / "port"

Scenario = Callable[[Bridge], Awaitable[None]]


class Echo:
    """A service with one method for each way to answer."""

    def same(self, *args: Any) -> Any:
        return args[0] if len(args) == 1 else list(args)

    async def later(self, value: int) -> int:
        await asyncio.sleep(0)
        return value + 1

    def busy(self) -> None:
        raise OSError(errno.EBUSY, "busy")

    def wrong(self) -> None:
        raise ValueError("no such thing")

    def _secret(self) -> str:
        return "secret"


def run_board(script: str, scenario: Scenario | None = None) -> tuple[int, list[str]]:
    """Run `script` (with `bridge` imported) as a board; its exit code and the lines it printed."""

    async def bench() -> tuple[int, list[str]]:
        server = BridgeServer()
        await server.start()
        expected = server.expect("board")
        process = await asyncio.create_subprocess_exec(
            *micropython_command(),
            "-X",
            "heapsize=160K",
            "-c",
            "import bridge, micropython, time, sys\n" + script,
            env=os.environ
            | {"MICROPYPATH": f"{PORT}:.frozen", "FOB_BRIDGE": server.environment("board")},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(10):
            bridge = await expected
            bridge.serve("echo", Echo())
            if scenario is not None:
                await scenario(bridge)
            output, _ = await process.communicate()
            await bridge.closed()
        await server.close()
        assert process.returncode is not None
        return process.returncode, output.decode().splitlines()

    return asyncio.run(bench())


def test_values_cross_and_come_back_unchanged() -> None:
    script = """
values = [None, True, -1, 1 << 40, "ü\\n", b"\\x00\\xff", [b"", [1, b"x"]], ()]
for value in values:
    print(bridge.call("echo", "same", value) == (list(value) if value == () else value))
print(bridge.call("echo", "same", memoryview(b"abc"), bytearray(2)))
"""
    assert run_board(script) == (0, ["True"] * 8 + ["[b'abc', b'\\x00\\x00']"])


def test_an_asynchronous_method_answers_when_it_is_done() -> None:
    assert run_board("print(bridge.call('echo', 'later', 4))") == (0, ["5"])


def test_a_board_may_call_more_often_than_it_has_numbers_for_calls() -> None:
    script = "bridge._ticket = 0xFFFE\nfor n in range(4): print(bridge.call('echo', 'same', n))"
    assert run_board(script) == (0, ["0", "1", "2", "3"])


def test_errors_arrive_as_the_exceptions_they_were() -> None:
    script = """
for name in ("busy", "wrong", "_secret", "missing"):
    try:
        bridge.call("echo", name)
    except Exception as error:
        print(type(error).__name__, error.args[0])
"""
    assert run_board(script) == (
        0,
        [
            "OSError 16",
            "ValueError no such thing",
            "ValueError echo has no _secret",
            "ValueError echo has no missing",
        ],
    )


def test_a_call_to_a_service_nobody_serves_is_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr("host_tools.simulator.bridge.SERVICE_PATIENCE", 0.01)
    code, _ = run_board("bridge.call('nobody', 'at', 'home')")
    assert code == 1


def test_events_of_one_turn_arrive_together_on_the_main_thread() -> None:
    # The script can only see the count between two frames, never between two events of a frame.
    script = """
import _thread
seen = [0, None]
main = _thread.get_ident()
def handler(name, args):
    assert _thread.get_ident() == main
    seen[0] += 1
    seen[1] = name, args
bridge.on("echo", handler)
bridge.call("echo", "same")
counts = set()
while seen[0] < 300:
    counts.add(seen[0] % 3)
print(sorted(counts), seen[1])
"""

    async def scenario(bridge: Bridge) -> None:
        for turn in range(100):
            for event in range(3):
                bridge.emit("echo", "tick", turn, event, b"\x01")
            await asyncio.sleep(0)

    assert run_board(script, scenario) == (
        0,
        ["[0] ('tick', [99, 2, b'\\x01'])"],
    )


def test_an_event_never_interrupts_a_call() -> None:
    class Chatty:
        def __init__(self, bridge: Bridge) -> None:
            self._bridge = bridge

        async def ask(self) -> str:
            self._bridge.emit("chatty", "event")
            await asyncio.sleep(0.002)
            return "answer"

    script = """
log = []
bridge.on("chatty", lambda name, args: log.append(name))
for _ in range(50):
    log.append(bridge.call("chatty", "ask")); log.append("returned")
    while log[-1] != "event":
        pass
print(log == ["answer", "returned", "event"] * 50)
"""

    async def scenario(bridge: Bridge) -> None:
        bridge.serve("chatty", Chatty(bridge))

    assert run_board(script, scenario) == (0, ["True"])


def test_a_handler_may_call() -> None:
    script = """
answers = []
bridge.on("echo", lambda name, args: answers.append(bridge.call("echo", "same", args[0])))
while len(answers) < 20:
    time.sleep_ms(1)
print(answers == list(range(20)))
"""

    async def scenario(bridge: Bridge) -> None:
        for number in range(20):
            bridge.emit("echo", "number", number)

    assert run_board(script, scenario) == (0, ["True"])


def test_posts_keep_their_order_among_calls() -> None:
    class Notebook:
        lines: list[int] = []  # noqa: RUF012 - one per test

        def write(self, number: int) -> None:
            self.lines.append(number)

        def read(self) -> list[int]:
            return self.lines

    script = """
for number in range(5):
    bridge.post("notebook", "write", number)
print(bridge.call("notebook", "read"))
"""

    async def scenario(bridge: Bridge) -> None:
        bridge.serve("notebook", Notebook())

    assert run_board(script, scenario) == (0, ["[0, 1, 2, 3, 4]"])


@pytest.mark.parametrize(
    "waiting",
    [
        "time.sleep(30)",
        "bridge.call('echo', 'same')",
        "asyncio.run(asyncio.wait_for(asyncio.Event().wait(), 30))",
    ],
)
def test_a_board_ends_when_the_bench_hangs_up(waiting: str) -> None:
    async def scenario(bridge: Bridge) -> None:
        await bridge.close()

    code, lines = run_board(
        f"import asyncio\nbridge.on('echo', None)\nwhile True: {waiting}", scenario
    )
    assert code != 0
    assert lines == []  # ended where it waited, not by an exception


def test_an_error_of_the_bench_closes_the_bridge_and_surfaces() -> None:
    class Broken:
        def crash(self) -> None:
            raise LookupError("a bug")

    async def scenario(bridge: Bridge) -> None:
        bridge.serve("broken", Broken())

    with pytest.raises(LookupError, match="a bug"):
        run_board("bridge.call('broken', 'crash')", scenario)


def test_a_stranger_is_hung_up() -> None:
    async def bench() -> int:
        server = BridgeServer()
        await server.start()
        process = await asyncio.create_subprocess_exec(
            *micropython_command(),
            "-c",
            "import bridge; bridge.call('echo', 'same')",
            env=os.environ
            | {"MICROPYPATH": f"{PORT}:.frozen", "FOB_BRIDGE": server.environment("unknown")},
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(10):
            code = await process.wait()
        await server.close()
        return code

    assert asyncio.run(bench()) != 0
