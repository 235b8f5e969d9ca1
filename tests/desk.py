"""A virtual board on a cable, and a car, for tests of the commands that a laptop runs."""

import asyncio
import inspect
import tempfile
import threading
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from click.testing import CliRunner

from host_tools import cli
from host_tools.board.catalogue import load_board
from host_tools.identity.provision import provision
from host_tools.installation.layout import among_compiled
from host_tools.simulator.bench import VIN, Bench
from host_tools.simulator.board import HEAP, BoardStopped
from host_tools.simulator.car import Car, Vintage
from host_tools.simulator.car.nonces import Reuse
from host_tools.simulator.flash import FlashImage
from host_tools.simulator.fob_image import fob_program
from host_tools.simulator.moments import Moment

PATIENCE = 30.0
"""Seconds of real time that nothing asked of the bench may take."""


class Result(NamedTuple):
    """How a command ended, and what it wrote."""

    exit_code: int
    stdout: str
    stderr: str


def run_command(
    port: str,
    *arguments: str,
    input: str | None = None,
    env: Mapping[str, str | None] | None = None,
) -> Result:
    """Run `fob ARGUMENTS` in this process with the board at `port`; see Desk.run."""
    variables = {"FOB_PORT": port, **(env or {})}
    with CliRunner().isolation(input=input, env=variables) as (stdout, stderr, _):
        code = cli.run(list(arguments))
        return Result(code, stdout.getvalue().decode(), stderr.getvalue().decode())


class Desk:
    """Use as a context manager: inside, the board has power and a cable, in real time.

    The bench lives in an event loop of its own, in a thread; reach into it by `do`.

    bare        the flash is erased: MicroPython and nothing else. Otherwise a fob of the car VIN,
                which the car knows if it is `enrolled`.
    files       more for the flash, or other contents; None removes a file. Not on a bare board.
    board       a name in boards/; without a USB pin (the virtual one has one), the fob goes to
                sleep some seconds after the power came on.
    tap_after   so many seconds after the car began to wait for the key card it is tapped.
    heap        as for Board.
    micropython the version it says that it has; its own by default.
    radio       as for Bench, whose other options may follow.
    """

    def __init__(
        self,
        *,
        bare: bool = False,
        vintage: Vintage = "2026",
        radio: Literal["bumble", "direct"] = "direct",
        enrolled: bool = False,
        files: Mapping[str, bytes | None] | None = None,
        board: str = "virtual",
        tap_after: float | None = None,
        heap: str = HEAP,
        micropython: tuple[int, int, int] | None = None,
        **options: Any,
    ) -> None:
        self.moments: list[Moment] = []
        """What a bystander noticed so far."""
        self._bare = bare
        self._files = files or {}
        self._definition = load_board(board)
        self._options = options | {
            "vintage": vintage,
            "radio": radio,
            "enrolled": enrolled,
            "tap_after": tap_after,
            "heap": heap,
            "definition": self._definition,
            "on_moment": self.moments.append,
            "usb": True,
            "micropython": micropython,
        }
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), daemon=True)
        self._ready = threading.Event()
        self._error: BaseException | None = None

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="desk-")
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            self.__exit__()
        return self

    def __exit__(self, *_: object) -> None:
        if self._ready.is_set() and self._error is None:
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._folder.cleanup()
        if self._error is not None:
            raise self._error

    @property
    def car(self) -> Car:
        """To look at; whatever it shall do belongs into `do`."""
        return self.bench.car

    @property
    def violations(self) -> list[Reuse]:
        """What the fob must never do, as the car saw it: a nonce used twice."""
        return self.car.violations

    @property
    def flash(self) -> FlashImage:
        """The board's flash: to read at any time, to write while the power is off."""
        return self.bench.board.flash

    def run(
        self, *arguments: str, input: str | None = None, env: Mapping[str, str | None] | None = None
    ) -> Result:
        """Run `fob ARGUMENTS` in this process, with FOB_PORT naming the board's port.

        `input` is what is typed, not at a terminal; the answers to hidden prompts too. `env` are
        more variables, None removes one.
        """
        return run_command(self.port, *arguments, input=input, env=env)

    def do(self, action: Callable[[], Any]) -> Any:
        """Have the bench's loop call `action`, and await what it returns if that is a coroutine."""

        async def act() -> Any:
            result = action()
            return await result if inspect.isawaitable(result) else result

        return asyncio.run_coroutine_threadsafe(act(), self._loop).result(PATIENCE)

    def press(self, *buttons: str, seconds: float = 0.1) -> None:
        """Press buttons together with a real finger."""
        self.do(lambda: self.bench.board.press(*buttons, seconds=seconds))

    def shows(self, *patterns: str, timeout: float = 20.0) -> str:
        """Wait until the light shows one of these patterns, as LightWatch.shows."""
        light = self.bench.board.light
        return str(self.do(lambda: self._live_on(lambda: light.shows(*patterns, timeout=timeout))))

    def prints(self, text: str, timeout: float = 20.0) -> str:
        """Wait until the firmware printed a line with `text` in it; return the line."""
        board = self.bench.board
        return str(self.do(lambda: self._live_on(lambda: board.prints(text, timeout=timeout))))

    def unplug(self) -> None:
        """Pull the USB cable: the port is gone, the board goes on."""
        self.do(self.bench.board.unplug)

    def plug(self) -> None:
        """Plug it in again: the port has the same name."""
        self.do(self.bench.board.plug)

    def unplug_after(
        self, *, flash_operations: int | None = None, typed: int | None = None
    ) -> None:
        """Have the cable pulled in the middle of what comes: once so many more programs and erases
        of the flash began, or so many more bytes came from the laptop."""
        self.do(
            lambda: self.bench.board.unplug_after(flash_operations=flash_operations, typed=typed)
        )

    def power_off(self) -> None:
        """Take the battery out, too."""
        self.do(self.bench.board.power_off)

    def power_on(self, cut: str | None = None) -> None:
        """And put it back; `cut` as for Board.power_on. Does not wait for anything."""
        self.do(lambda: self.bench.board.power_on(cut))

    def power_cycle(self, cut: str | None = None) -> None:
        """Both."""
        self.power_off()
        self.power_on(cut)

    async def _live_on(self, wait: Callable[[], Awaitable[object]]) -> object:
        """Await `wait()`, again if the board is at its REPL and restarts: a command that is over
        has typed the reset, which may be on its way still."""
        board = self.bench.board
        while True:
            try:
                return await wait()
            except BoardStopped as stopped:
                if board.state != "repl":
                    raise
                try:
                    await board.running(timeout=PATIENCE / 2)
                except TimeoutError:
                    raise stopped from None

    async def _live(self) -> None:
        try:
            self._loop = asyncio.get_running_loop()
            self._over = asyncio.Event()
            folder = Path(self._folder.name)
            self.port = str(folder / "port")
            self.bench = Bench(
                flash=self._make_flash(folder / "flash.img"),
                port=Path(self.port),
                **self._options,
            )
            async with self.bench:
                await self._settled()
                self._ready.set()
                await self._over.wait()
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread of the test
            self._error = error
        finally:
            self._ready.set()

    def _make_flash(self, path: Path) -> FlashImage:
        if self._bare:
            return FlashImage.erased(path)
        given = {name: data for name, data in self._files.items() if data is not None}
        content = {**fob_program(), **provision(VIN, self._definition), **among_compiled(given)}
        missing = self._files.keys() - given.keys()
        return FlashImage.create(
            path, {name: data for name, data in content.items() if name not in missing}
        )

    async def _settled(self) -> None:
        """Wait until the firmware is ready, or has said why it will not be, or the REPL waits."""
        board = self.bench.board
        async with asyncio.timeout(PATIENCE):
            while board.state in ("starting", "running"):
                if any("ready" in line or "safe mode" in line for line in board.console):
                    return
                await asyncio.sleep(0.005)
