"""Keys typed on standard input: single ones at a terminal, first letters of lines otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import Iterator

# What may stand between an escape sequence's introducer and its last character (ECMA-48).
_PARAMETERS = "0123456789;:<=>? "


class Keyboard:
    """Use it as a context manager: it gives the terminal back as it was.

    at_end: the key that the end of the input stands for; by default it stands for none.
    """

    def __init__(self, at_end: str = "") -> None:
        self._at_end = at_end
        self._keys: asyncio.Queue[str] = asyncio.Queue()
        self._terminal = contextlib.ExitStack()

    def __enter__(self) -> Keyboard:
        single = sys.stdin.isatty() and self._terminal.enter_context(_single_keys())
        loop = asyncio.get_running_loop()
        # A thread, since Windows offers nothing else for standard input; it dies with the process.
        thread = threading.Thread(target=self._read, args=(loop, bool(single)), daemon=True)
        thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._terminal.close()

    async def key(self) -> str:
        """Wait for the next key, in lower case; after the end of the input, for ever.

        Arrow and function keys are no keys here.
        """
        return await self._keys.get()

    def _read(self, loop: asyncio.AbstractEventLoop, single: bool) -> None:
        for key in _characters() if single else _initials():
            if not self._hand_over(loop, key):
                return
        if self._at_end:
            self._hand_over(loop, self._at_end)

    def _hand_over(self, loop: asyncio.AbstractEventLoop, key: str) -> bool:
        try:
            loop.call_soon_threadsafe(self._keys.put_nowait, key)
        except RuntimeError:
            return False  # The loop is closed: nobody listens any more.
        return True


def _characters() -> Iterator[str]:
    """Keys as they are typed, without the escape sequences of arrows and the like."""
    while typed := sys.stdin.read(1):
        if typed == "\x1b":
            typed = sys.stdin.read(1)
            if typed in ("[", "O"):
                while (typed := sys.stdin.read(1)) and typed in _PARAMETERS:
                    pass
                continue
        if key := typed.strip().lower():
            yield key


def _initials() -> Iterator[str]:
    for line in sys.stdin:
        if key := line.strip()[:1].lower():
            yield key


@contextlib.contextmanager
def _single_keys() -> Iterator[bool]:
    """Let the terminal hand over each key at once; False where that cannot be had."""
    try:
        import termios
        import tty
    except ImportError:
        yield False
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield True
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
