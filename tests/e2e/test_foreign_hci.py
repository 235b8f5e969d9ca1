"""What trying noble, ble-host, pybluehost and older Bumbles on a lent controller brought up."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from host_tools.simulator.radio.air import Air
from host_tools.simulator.radio.lent_controller import lend
from tests.asynchronous import asynchronous
from tests.e2e.test_virtual_radio_controller import (
    INVALID_PARAMETERS,
    SUCCESS,
    UNKNOWN_COMMAND,
    RawHost,
    two_hosts,
)

CONNECTION_TIMEOUT = 0x08
RESET, RESET_DONE = bytes.fromhex("01030c00"), bytes.fromhex("040e0401030c00")
SCAN_WITH_REPEATS = bytes.fromhex("010b200701100010000000 010c20020100")

on_a_terminal = pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals")


@pytest.mark.parametrize(
    "opcode",
    [0x2036, 0x2037, 0x2039, 0x203E, 0x2041, 0x2042, 0x2043, 0x2044, 0x2062, 0x2068, 0x2089],
)
def test_a_newer_command_is_refused_rather_than_half_done(opcode: int) -> None:
    """Extended advertising, scans and connections, and what came after them."""

    @asynchronous
    async def check() -> None:
        host = RawHost(Air().controller("lent"))
        # 7.4.2 has the two bits of the extended scan in octet 37, and its connection's too.
        assert not (await host.command(0x1002))[1 + 37] & 0xE0
        assert (await host.command(opcode, "00" * 26))[0] == UNKNOWN_COMMAND

    check()


IMPOSSIBLE = [
    "2800 1800 0000 0001",  # the longest interval shorter than the shortest
    "0500 1800 0000 0001",
    "1800 810c 0000 800c",
    "1800 2800 f401 800c",
    "1800 2800 0000 0900",
    "1800 2800 0400 3200",  # times out between two events
]


@pytest.mark.parametrize("parameters", IMPOSSIBLE)
def test_a_connection_that_cannot_be_is_refused(parameters: str) -> None:
    @asynchronous
    async def check() -> None:
        _, near, far = two_hosts()
        await far.advertise()
        ordinary = near.to(far)
        wanted = ordinary.replace("1800 2800 0000 0001", parameters)
        assert wanted != ordinary
        assert (await near.command(0x200D, wanted))[0] == INVALID_PARAMETERS
        await near.connect(far)
        assert (await near.command(0x2013, f"0000 {parameters} 0000 0000"))[0] == INVALID_PARAMETERS

    check()


@asynchronous
async def test_an_update_of_a_connection_holds_for_both_ends() -> None:
    _, near, far = two_hosts()
    await far.advertise()
    await near.connect(far)
    assert (await near.command(0x2013, "0000 0c00 0c00 0100 6400 0000 0000"))[0] == SUCCESS
    for host in (near, far):
        assert await host.event(0x3E, 0x03) == bytes.fromhex("00 0000 0c00 0100 6400")
        (link,) = host.controller.connections
        assert (link.parameters.interval, link.parameters.timeout) == (12, 100)


def open_terminal(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_NOCTTY)


def answer_to_reset(terminal: int) -> bytes:
    os.write(terminal, RESET)
    answer = b""
    while len(answer) < len(RESET_DONE):
        answer += os.read(terminal, 4096)
    return answer


def connect_to(peer: RawHost) -> bytes:
    body = bytes.fromhex(peer.to(peer))
    return b"\x01\x0d\x20" + bytes([len(body)]) + body


@on_a_terminal
def test_a_host_that_leaves_a_terminal_takes_everything_with_it(tmp_path: Path) -> None:
    path = tmp_path / "h4"

    @asynchronous
    async def check() -> None:
        air = Air()
        far = RawHost(air.controller("far"))
        async with lend(air.controller("lent"), f"pty:{path}"):
            for _ in range(3):
                await far.command(0x0C03)
                await far.advertise()
                terminal = open_terminal(path)
                assert await asyncio.to_thread(answer_to_reset, terminal) == RESET_DONE
                # Reports are on their way, and half a command, when the host dies.
                os.write(terminal, SCAN_WITH_REPEATS + connect_to(far) + RESET[:2])
                assert (await far.event(0x3E, 0x01))[0] == SUCCESS
                os.close(terminal)
                assert (await far.event(0x05))[3] == CONNECTION_TIMEOUT

    check()


@on_a_terminal
def test_a_terminal_replaces_the_link_of_one_that_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "h4"
    path.symlink_to(tmp_path / "gone")

    @asynchronous
    async def check() -> None:
        async with lend(Air().controller("lent"), f"pty:{path}"):
            assert path.resolve().is_char_device()
        assert not path.is_symlink()
        path.write_text("somebody's")
        with pytest.raises(FileExistsError):
            async with lend(Air().controller("lent"), f"pty:{path}"):
                pass

    check()
