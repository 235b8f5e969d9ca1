"""A pseudo-terminal on which hosts come one after the other, as on the port of a controller."""

from __future__ import annotations

import asyncio
import logging
import os
import pty
import termios
import tty
from pathlib import Path

from bumble.core import InvalidPacketError
from bumble.transport.common import PacketParser

from host_tools.simulator.radio.controller import AirController

_log = logging.getLogger(__name__)


class HostPty:
    """Serves each host until it closes the terminal; then its links break.

    Bumble's own transport does not notice that a host went, keeps talking to nobody, and hands
    all of it to the next one.
    link: a symbolic link to the terminal to make, if any; it must not exist, unless it is dead.
    """

    def __init__(self, controller: AirController, link: Path | None) -> None:
        self._controller = controller
        self._parser = PacketParser(controller)
        self._unsent = b""
        self._loop = asyncio.get_running_loop()
        # While no host is there, our own end keeps the terminal from reporting that.
        self._replica: int | None
        self._primary, self._replica = pty.openpty()
        self._name = os.ttyname(self._replica)
        os.set_blocking(self._primary, False)
        tty.setraw(self._replica)
        self._link = link
        if link:
            if link.is_symlink() and not link.exists():
                link.unlink()
            link.symlink_to(self._name)
        self._loop.add_reader(self._primary, self._read)

    def on_packet(self, packet: bytes) -> None:
        """Take a packet from the controller to the host."""
        if self._replica is None:
            self._unsent += packet
            self._write()

    def close(self) -> None:
        """Turn the present host away, if there is one, and remove the terminal."""
        self._part()
        self._loop.remove_reader(self._primary)
        os.close(self._primary)
        self._release()
        if self._link:
            self._link.unlink(missing_ok=True)

    def _read(self) -> None:
        try:
            data = os.read(self._primary, 4096)
        except BlockingIOError:
            return
        except OSError:  # how Linux says that nobody has the other end open
            data = b""
        if not data:
            self._part()
            self._wait()
            return
        if self._replica is not None:
            self._release()
            self._controller.set_packet_sink(self)
        try:
            self._parser.feed_data(data)
        except InvalidPacketError as error:
            _log.warning("not HCI, on %s: %s", self._name, error)
            self._parser.reset()

    def _write(self) -> None:
        try:
            self._unsent = self._unsent[os.write(self._primary, self._unsent) :]
        except BlockingIOError:
            pass
        except OSError:  # the host is gone; reading says so too
            self._unsent = b""
        if self._unsent:
            self._loop.add_writer(self._primary, self._write)
        else:
            self._loop.remove_writer(self._primary)

    def _release(self) -> None:
        if self._replica is not None:
            os.close(self._replica)
            self._replica = None

    def _part(self) -> None:
        self._loop.remove_writer(self._primary)
        self._unsent = b""
        self._parser.reset()
        self._controller.set_packet_sink(None)
        self._controller.fall_silent()

    def _wait(self) -> None:
        self._replica = os.open(self._name, os.O_RDWR | os.O_NOCTTY)
        # What the last host did not read and how it set the terminal is not for the next.
        termios.tcflush(self._replica, termios.TCIOFLUSH)
        tty.setraw(self._replica)
