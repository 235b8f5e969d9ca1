"""A conversation with a board's raw REPL, over genuine mpremote: the only module that knows it.

Every way in which a serial port or a board can fail ends as a DeviceError here, so that nothing
above needs retries or time-outs.
"""

import contextlib
import itertools
import re
import secrets
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

import serial
from mpremote import transport_serial
from mpremote.transport import TransportError

from host_tools.cable.errors import (
    ASLEEP,
    BoardRaised,
    DeviceError,
    garbled,
    lost,
    no_repl,
    refused,
    restarted,
)

BAUD = 115200
SILENCE = 10.0
"""Seconds without a byte after which a running program counts as hung."""

_BANNER = b"raw REPL; CTRL-B to exit\r\n"
_INTERRUPT = b"\r\x03"
_RAW = b"\r\x01"
_WRITE_TIMEOUT = 10.0
# For one read: of raw paste's flow control while a program runs, of anything while none does.
_WORKING, _LISTENING = 2.0, 0.05
_POLL = 0.2
_QUIET = 1.0
# A new port's permissions come a moment after it.
_SETTLING = 2.0
# For a program to clean up after an interrupt: a link to a car goes down first.
_CLEANING_UP = 2.0
_REGAINING = 4.0
# Attempts after which a board is restarted, after which a person has to help one that is silent,
# and after which one that says something is no MicroPython's.
_PULSE_AT, _HELP_AT, _GIVE_UP_AT = 3, 7, 12
_KEPT = 2000
_LONGEST_LINE = 100_000
# Of what one program prints: more than any file that is read, less than for ever.
_MOST = 500_000
# What a fob prints that cannot be stopped yet: it may be next time.
_KIN = re.compile(rb"fob: |MicroPython|MPY: |Traceback|Error: ")
# An ESP32's ROM, and MicroPython, when they begin.
_RESTARTED = re.compile(r"rst:0x|ESP-ROM:|MPY: soft reboot|MicroPython v\d")

PORT_FAULTS: tuple[type[Exception], ...] = (OSError,)
"""What pyserial raises when a port fails."""
if sys.platform != "win32":
    import termios

    # pyserial lets it through, and it is no OSError.
    PORT_FAULTS += (termios.error,)

_FAULTS = (*PORT_FAULTS, TransportError, struct.error)

# mpremote prints what it did not expect; nobody who uses these tools wants that.
vars(transport_serial)["print"] = lambda *_, **__: None


class Session:
    """One board at its raw REPL.

    on_wait     is told what a person can do while the board does not answer.
    patience    seconds until it has to.
    """

    def __init__(self, port: str, on_wait: Callable[[str], None] | None, patience: float) -> None:
        self.port = port
        self._on_wait = on_wait or (lambda _: None)
        self._patience = patience
        self._transport: Any = None
        self._ready = False
        self._heard = b""

    @property
    def is_open(self) -> bool:
        """False before `open`, after `leave`, and once the port is gone."""
        return self._transport is not None

    def open(self) -> None:
        """Open the port, interrupt whatever runs and stand at the raw REPL."""
        deadline = time.monotonic() + self._patience
        self._heard = b""
        try:
            self._open_port(deadline)
            # A board with native USB takes its port along when it restarts.
            while not self._enter(deadline):
                self._drop()
                time.sleep(_POLL)
                self._open_port(deadline)
        except KeyboardInterrupt:
            self.leave(reset=bool(self._heard))
            raise
        except BaseException:
            self._drop()
            raise

    def run(
        self,
        program: str,
        *,
        silence: float = SILENCE,
        on_line: Callable[[str], None] | None = None,
    ) -> list[str]:
        """Run Python on the board; the lines it prints, each handed on as it comes.

        Raises BoardRaised with its traceback, DeviceError when the board is lost.
        """
        self._regain()
        printed = _Printed(self.port, on_line)
        self._ready = False
        try:
            self._transport.exec_raw_no_follow(program)
            _, report = self._transport.follow(silence, printed.take)
        except _FAULTS as error:
            raise self._lost(error) from error
        self._ready = True
        if report:
            raise BoardRaised(report.decode(errors="replace"))
        return printed.end()

    def leave(self, *, reset: bool) -> None:
        """Close the port; before that, stop what runs and restart the board, as far as it goes."""
        if self._transport is None:
            return
        try:
            with contextlib.suppress(DeviceError, *_FAULTS):
                if reset:
                    self._restart()
        finally:
            self._drop()

    def _regain(self) -> None:
        """Stop a program that still runs and stand at the prompt again."""
        if not self._ready and not self._enter(time.monotonic() + _REGAINING, alone=True):
            raise lost(self.port, answers=False)

    def _restart(self) -> None:
        try:
            self._regain()
            self._transport.exec_raw_no_follow("import machine\nmachine.reset()")
        except (DeviceError, TransportError):
            self._pulse_reset()

    def _open_port(self, deadline: float) -> None:
        settled = min(deadline, time.monotonic() + _SETTLING)
        told = False
        while True:
            try:
                self._transport = transport_serial.SerialTransport(self.port, baudrate=BAUD)
                self._transport.serial.write_timeout = _WRITE_TIMEOUT
                return
            # A ValueError is pyserial's word for an address of no kind that it knows.
            except (*_FAULTS, ValueError) as error:
                self._drop()
                refusal = self._refusal(error)
            if time.monotonic() >= (deadline if refusal.may_come else settled):
                raise refusal
            if refusal.may_come and not told and time.monotonic() >= settled:
                self._on_wait(f"{refusal.problem}; {ASLEEP}")
                told = True
            time.sleep(_POLL)

    def _refusal(self, error: Exception) -> DeviceError:
        """Why the port does not open: mpremote does not say, so ask pyserial."""
        try:
            serial.serial_for_url(self.port, BAUD, exclusive=True).close()
        except (OSError, ValueError) as why:
            return refused(self.port, why)
        return refused(self.port, error)

    def _enter(self, deadline: float, *, alone: bool = False) -> bool:
        """Interrupt and change to the raw REPL; False when the port vanished meanwhile.

        alone   neither restart the board nor ask a person for help.
        """
        self._ready = False
        try:
            self._transport.serial.timeout = _LISTENING
            for attempt in itertools.count(1):
                if self._try_to_enter(gently=attempt == 1):
                    break
                if time.monotonic() >= deadline or (
                    attempt >= _GIVE_UP_AT and self._heard and not _KIN.search(self._heard)
                ):
                    raise no_repl(self.port, self._heard.decode(errors="replace"))
                if not alone:
                    self._help(attempt)
            self._transport.serial.timeout = _WORKING
        except _FAULTS as error:
            if time.monotonic() >= deadline:
                raise self._lost(error) from error
            return False
        self._ready = True
        return True

    def _help(self, attempt: int) -> None:
        """Do, or have done, what wakes a board that did not answer so often."""
        pulsed = attempt == _PULSE_AT and self._pulse_reset()
        if not self._heard and not pulsed and attempt in (_PULSE_AT, _HELP_AT):
            self._on_wait(f"the board at {self.port} does not answer; {ASLEEP}")

    def _try_to_enter(self, *, gently: bool) -> bool:
        transport = self._transport
        self._heard = b""
        if gently:
            # Once only: a second interrupt would end the clean-up that the first began.
            transport.serial.write(_INTERRUPT + _RAW)
            self._listen(_CLEANING_UP)
        else:
            # Often: a chip that restarts all the time listens for a moment only.
            for _ in range(4):
                transport.serial.write(_INTERRUPT)
                self._listen(0.1)
            transport.serial.write(_RAW)
            self._listen(0.5)
        if not self._heard.endswith(_BANNER):
            return False
        if not gently:
            # There may be more banners on the way, one for each attempt: begin at a known place.
            self._quiet()
        self._heard = b""
        transport.serial.write(_RAW)
        self._listen(_CLEANING_UP)
        if not self._heard.endswith(_BANNER):
            return False
        word = secrets.token_hex(4)
        try:
            transport.serial.timeout = _WORKING
            printed, report = transport.exec_raw(f"print({word!r})", timeout=3)
        except (TransportError, struct.error):
            return False
        finally:
            transport.serial.timeout = _LISTENING
        if b"MemoryError" in report:
            # Not even this much is left: a soft reset empties the heap, and here starts no main.py.
            transport.serial.write(b"\x04")
        return bool(not report and printed.strip() == word.encode())

    def _listen(self, seconds: float) -> None:
        """Until the banner's end or for so long: mpremote would, while there is more to hear."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._heard = (self._heard + self._transport.serial.read(1))[-_KEPT:]
            if self._heard.endswith(_BANNER):
                return

    def _quiet(self) -> None:
        until = time.monotonic() + _QUIET
        while self._transport.serial.read(4096) and time.monotonic() < until:
            pass

    def _pulse_reset(self) -> bool:
        """Restart the chip by the UART bridge's RTS line; False where there is none."""
        lines = self._transport.serial
        try:
            lines.dtr = False
            lines.rts = True
            time.sleep(0.1)
            lines.rts = False
        except OSError:
            return False
        return True

    def _lost(self, error: Exception) -> DeviceError:
        quiet = isinstance(error, (TransportError, struct.error, serial.SerialTimeoutException))
        if not quiet:
            self._drop()
        return lost(self.port, answers=quiet)

    def _drop(self) -> None:
        transport, self._transport = self._transport, None
        self._ready = False
        if transport is not None:
            with contextlib.suppress(*_FAULTS):
                transport.close()
            with contextlib.suppress(*_FAULTS):
                transport.serial.close()


class _Printed:
    """What a running program prints, line by line."""

    def __init__(self, port: str, on_line: Callable[[str], None] | None) -> None:
        self._port = port
        self._on_line = on_line
        self._lines: list[str] = []
        self._line = bytearray()
        self._length = 0

    def take(self, data: bytes) -> None:
        """Bytes as they come, one at a time; the last is EOT."""
        self._line += data
        self._length += len(data)
        if data == b"\n":
            self._end_line()
        if len(self._line) > _LONGEST_LINE or self._length > _MOST:
            raise garbled(self._port)

    def end(self) -> list[str]:
        """Every line."""
        self._line = self._line.removesuffix(b"\x04")
        if self._line:
            self._end_line()
        return self._lines

    def _end_line(self) -> None:
        line = self._line.decode(errors="replace").rstrip("\r\n")
        self._line.clear()
        if _RESTARTED.match(line):
            raise restarted(self._port)
        self._lines.append(line)
        if self._on_line:
            self._on_line(line)
