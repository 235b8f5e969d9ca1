"""Opens what carries Bluetooth between the simulated car and the world, and says why it cannot."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TypeVar

from bumble.transport import open_transport
from bumble.transport.common import Transport, TransportSpecError

from host_tools.failure import Failure, InputError

T = TypeVar("T")

_ADAPTERS = "usb:0 (the first Bluetooth adapter), hci-socket:0 (Linux) or serial:PORT"
_HOSTS = "pty:PATH or tcp-server:_:PORT"
_REMEDIES = {
    "usb": "Plug in an adapter that nothing else uses; `bumble-usb-probe` lists them by the names"
    " that --transport takes. On Linux you need the right to write to its device.",
    "hci-socket": "It takes Linux, root and an adapter that is down (`sudo hciconfig hci0 down`).",
    "serial": "`fob ports` lists the serial ports.",
}


async def entered(
    stack: AsyncExitStack, opening: AbstractAsyncContextManager[T], spec: str, *, to_host: bool
) -> T:
    """Open the transport `spec` for as long as the stack lives.

    to_host: it leads to another Bluetooth host, not to a controller. Raises InputError when there
    is no such kind of transport, else Failure; each says how to find one that works.
    """
    kinds = f"Use {_HOSTS if to_host else _ADAPTERS}."
    try:
        return await stack.enter_async_context(opening)
    except FileExistsError as error:
        raise InputError(_cannot(spec, "there is a file of that name"), "Name another.") from error
    except (TransportSpecError, AssertionError) as error:
        raise InputError(_cannot(spec, "there is no such transport"), kinds) from error
    except ValueError as error:
        raise InputError(_cannot(spec, "what follows its name is wrong"), kinds) from error
    except Exception as error:
        # USB and serial libraries raise errors of their own, which need not be installed here.
        reason = str(error).rstrip(".") or type(error).__name__
        raise Failure(_cannot(spec, reason), _remedy(spec, kinds)) from error


def silent(spec: str) -> Failure:
    """A transport was opened, but no controller answers on it."""
    adapters = "Is it a Bluetooth adapter, and does nothing else use it?"
    return Failure(f"no controller answers on {spec!r}", _remedy(spec, adapters))


@contextlib.asynccontextmanager
async def controller(spec: str) -> AsyncIterator[Transport]:
    """The transport to a Bluetooth controller."""
    async with await open_transport(spec) as transport:
        yield transport


def _cannot(spec: str, reason: str) -> str:
    return f"cannot open the transport {spec!r}: {reason}"


def _remedy(spec: str, otherwise: str) -> str:
    return _REMEDIES.get(spec.partition(":")[0], otherwise)
