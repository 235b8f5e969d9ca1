"""Hosts the radios of virtual boards, for any script that imports `bluetooth`.

    python -m host_tools.simulator.radio.serve

prints the environment of two boards; each runs a script under MicroPython's Unix port with it.
Any number of boards may come, each under a token of its own (the last part of FOB_BRIDGE), which
also makes its address. All hear each other; `machine` has the pins of boards/virtual.toml, without
anybody at them. Ends with Ctrl-C.
"""

import asyncio
import contextlib
import hashlib
import os
from pathlib import Path

import click

from host_tools.board.catalogue import load_board
from host_tools.simulator.bridge import Bridge, BridgeServer
from host_tools.simulator.hardware import Hardware
from host_tools.simulator.light import LightWatch
from host_tools.simulator.radio.air import Air
from host_tools.simulator.radio.ble_host import BleHost

PORT_FILES = Path(__file__).parents[1] / "port"


class BoardServer:
    """Gives every board that comes a radio on one air. `environment` may be asked after start."""

    def __init__(self, air: Air) -> None:
        self._air = air
        self._hosts: list[BleHost] = []
        self._ending: set[asyncio.Task[None]] = set()
        self._bridges = BridgeServer(on_stranger=self._welcome)

    def environment(self, token: str) -> dict[str, str]:
        """The environment variables that bring a script here, as the board `token`."""
        return {
            "MICROPYPATH": os.pathsep.join([str(PORT_FILES), ".frozen"]),
            "FOB_BRIDGE": self._bridges.environment(token),
        }

    async def __aenter__(self) -> "BoardServer":
        await self._bridges.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._bridges.close()

    def _welcome(self, bridge: Bridge) -> None:
        self._hosts.append(BleHost(self._air, bridge, bridge.token))
        hardware = Hardware(
            load_board("virtual"),
            LightWatch(lambda sample: None),
            unique_id=hashlib.sha256(bridge.token.encode()).digest()[:6],
        )
        # Nobody starts a script again: a reset and a sleep end it.
        hardware.connect(bridge, lambda reason, ms: self._end(bridge))

    def _end(self, bridge: Bridge) -> None:
        self._ending.add(asyncio.create_task(bridge.close()))


async def serve(boards: int, fast: bool) -> None:
    """Print the environment of `boards` boards and host them until cancelled."""
    async with BoardServer(Air(paced=not fast)) as server:
        for number in range(boards):
            variables = server.environment(f"board{number}").items()
            click.echo(" ".join(f"{name}={value}" for name, value in variables))
        await asyncio.Event().wait()


@click.command(help=(__doc__ or "").replace("    python", "\b\n    python"))
@click.option("--boards", default=2, show_default=True, help="How many environments to print.")
@click.option("--fast", is_flag=True, help="No waiting for connection events and time-outs.")
def main(boards: int, fast: bool) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(boards, fast))


if __name__ == "__main__":
    main()
