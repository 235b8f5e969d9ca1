"""Keys typed on standard input: single ones at a terminal, first letters of lines otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import Iterator


class Keyboard:
    """Use it as a context manager: it gives the terminal back as it was."""

    def __init__(self) -> None:
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
        """Wait for the next key, in lower case; after the end of the input, for ever."""
        return await self._keys.get()

    def _read(self, loop: asyncio.AbstractEventLoop, single: bool) -> None:
        while typed := sys.stdin.read(1) if single else sys.stdin.readline():
            if key := typed.strip()[:1].lower():
                try:
                    loop.call_soon_threadsafe(self._keys.put_nowait, key)
                except RuntimeError:
                    return  # The loop is closed: nobody listens any more.


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
