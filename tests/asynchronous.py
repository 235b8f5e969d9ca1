"""Tests that are coroutines."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

from host_tools.simulator import virtual_time


def asynchronous(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test in an event loop of its own, for at most 20 seconds: no test hangs."""

    @functools.wraps(test)
    def run(*args: object, **kwargs: object) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 20))

    return run


def in_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test in a loop of virtual time of its own: its waits cost nothing."""

    @functools.wraps(test)
    def run(*args: object, **kwargs: object) -> None:
        virtual_time.run(test(*args, **kwargs))

    return run
