"""In place of the module `bluetooth`: a radio that does what a test says, on the virtual clock.

Import it after virtual_time and before anything of hal. `ble.calls` lists what was called;
`ble.later(ms, event, data)` raises an event; `ble.answers` maps a method's name to a function that
is called with its arguments, and whose OSError the method raises.
"""

import asyncio
import sys

import virtual_time  # noqa: F401 - the clock must be in place before asyncio's tasks sleep by it

FLAG_WRITE = 0x08
FLAG_NOTIFY = 0x10
FLAG_INDICATE = 0x20


class UUID:
    def __init__(self, value):
        self.value = value.value if isinstance(value, UUID) else value

    def __eq__(self, other):
        return self.value == other.value

    def __hash__(self):
        return hash(self.value)


class Flag:
    """asyncio.ThreadSafeFlag without a poll, which knows nothing of the virtual clock."""

    def __init__(self):
        self._event = asyncio.Event()

    def set(self):
        self._event.set()

    async def wait(self):
        await self._event.wait()
        self._event.clear()


class Ble:
    def __init__(self):
        self.calls = []
        self.answers = {}
        self._tasks = []
        self._on = False
        self._handler = None

    def active(self, on=None):
        if on is not None:
            self._on = on
        return self._on

    def irq(self, handler):
        self._handler = handler

    def raised(self, event, data):
        if self._on and self._handler:
            self._handler(event, data)

    def later(self, ms, event, data):
        async def wait():
            await asyncio.sleep_ms(ms)
            self.raised(event, data)

        self._tasks.append(asyncio.create_task(wait()))

    def called(self, name):
        """The arguments of each call of a method."""
        return [args for called, *args in self.calls if called == name]

    def __getattr__(self, name):
        if not name.startswith("ga"):
            raise AttributeError(name)

        def method(*args):
            self.calls.append((name,) + args)
            answer = self.answers.get(name)
            return answer(*args) if answer else True

        return method


def BLE():
    return ble


ble = Ble()
asyncio.ThreadSafeFlag = Flag
sys.modules["bluetooth"] = sys.modules[__name__]
