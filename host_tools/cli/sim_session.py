"""A session of `fob sim`: the keys, and the port that the other commands find."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import click

from host_tools.cli.keyboard import Keyboard
from host_tools.cli.screen import show_json
from host_tools.simulator.announcement import Announcement
from host_tools.simulator.bench import BETWEEN_PRESSES, PAIRING_HOLD, Bench
from host_tools.simulator.deeds import DEEDS, deeds_help
from host_tools.simulator.moments import Moment

_KEYS = f"""\
  l  press lock            u  press unlock          b  hold both 3 s (pairs)
  d  press unlock twice    h  hold lock for 2 s     t  tap the key card
  w  walk away, come back  c  go to the next car    p  pull the cable, plug in
  s  status                o  board off, on         q  quit
  ?  these keys            1-9  press the board's button of that number
  At the nearest car:
{deeds_help()}"""

_END_OF_INPUT = "\x04"
_LAST_VERDICT = 20.0

_PRESSES = "ludhb"
# As one who waits until it blinks: while a board starts it sees no button.
_UNHURRIED = 0.5
_HOLD = 2.0
_POLITE = ("SIGINT", "SIGTERM", "SIGHUP")


class Session:
    """A fob and its car, until the input, a key or a signal ends it; raises what broke the board.

    stay    the end of the input ends nothing, and a signal ends it well.
    The rest is for Bench.
    """

    def __init__(
        self,
        on_moment: Callable[[Moment], None],
        as_json: bool,
        stay: bool,
        **options: Any,
    ) -> None:
        self._as_json = as_json
        self._stay = stay
        self._options = options | {"on_moment": on_moment, "usb": True, "paced": True}

    async def run(self) -> None:
        self._stopped = asyncio.Event()
        with contextlib.ExitStack() as stack:
            if self._stay:
                stack.enter_context(_signals(self._stopped.set))
            announcement = None
            if sys.platform != "win32":  # it has no pseudo-terminals
                announcement = stack.enter_context(Announcement(self._options["definition"].slug))
            await self._run(announcement)

    async def _run(self, announcement: Announcement | None) -> None:
        port = announcement.port if announcement else None
        async with Bench(port=port, **self._options) as bench:
            if not self._as_json:
                click.echo(_KEYS)
            self._bench, self._announcement = bench, announcement
            self._announce()
            with Keyboard(at_end=_END_OF_INPUT) as keyboard:
                await _first(self._obey(keyboard), bench.broken(), self._stopped.wait())

    async def _obey(self, keyboard: Keyboard) -> None:
        bench = self._bench
        board = bench.board
        buttons = list(board.hardware.definition.buttons)
        pressed = False
        while True:
            key = await keyboard.key()
            match key:
                case "l":
                    await board.press("lock")
                case "u":
                    await board.press("unlock")
                case "d":
                    pause = _UNHURRIED if board.state == "asleep" else BETWEEN_PRESSES
                    await board.press("unlock")
                    await asyncio.sleep(pause)
                    await board.press("unlock")
                case "h":
                    await board.press("lock", seconds=_HOLD)
                case "b":
                    await board.press("lock", "unlock", seconds=PAIRING_HOLD)
                case "t":
                    bench.tap_card()
                case "w":
                    bench.walk()
                case "c":
                    bench.go_to_next()
                case "s":
                    bench.nearest.report()
                case _ if key in DEEDS:
                    bench.do(DEEDS[key][1])
                case "p":
                    (board.unplug if board.plugged else board.plug)()
                    self._announce()
                case "o":
                    await bench.switch()
                    self._announce()
                case "q":
                    return
                case "?":
                    click.echo(_KEYS, err=True)
                case _ if key == _END_OF_INPUT:
                    if self._stay:
                        await self._stopped.wait()
                    elif pressed:
                        await board.light.shows("done", timeout=_LAST_VERDICT)
                    return
                case _ if key.isdigit() and 0 < int(key) <= len(buttons):
                    await board.press(buttons[int(key) - 1])
                    # The same key twice is a double press.
                    await asyncio.sleep(BETWEEN_PRESSES)
                case _:
                    click.echo(f"no such key: {key!r}; ? lists them", err=True)
            pressed = pressed or key in _PRESSES or key.isdigit()

    def _announce(self) -> None:
        """Tell whether the board is on a port now, and on which."""
        if self._announcement is None:
            return
        board = self._bench.board
        there = board.plugged and board.state != "off"
        self._announcement.tell(there)
        if there and self._as_json:
            show_json({"kind": "ready", "port": board.console_path})
        elif there:
            click.echo(f"\n  Serial port: {board.console_path}")
            click.echo("  The car: of {vintage}, VIN {vin}".format(**self._options))
            for vin in self._options["more_cars"]:
                click.echo(f"  Another beside it: VIN {vin}")
            click.echo("  In another terminal: fob setup, fob status, ...\n")


async def _first(*actions: Coroutine[Any, Any, Any]) -> None:
    """Do all of these until one is done; raises what it raised."""
    tasks = [asyncio.create_task(action) for action in actions]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


@contextlib.contextmanager
def _signals(act: Callable[[], None]) -> Iterator[None]:
    """Have whatever politely ends a process call `act` instead."""
    loop = asyncio.get_running_loop()
    numbers = [getattr(signal, name) for name in _POLITE if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    # Not on Windows, and not in a thread: there Ctrl-C ends it like any other command.
    with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
        for number in numbers:
            loop.add_signal_handler(number, act)
    try:
        yield
    finally:
        for number in numbers:
            with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
                loop.remove_signal_handler(number)
                signal.signal(number, before[number])
