"""A conversation with a board's raw REPL, over genuine mpremote: the only module that knows it.

Every way in which a serial port or a board can fail ends as a DeviceError here, so that nothing
above needs retries, time-outs or words for them.
"""

import contextlib
import secrets
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from mpremote import transport_serial
from mpremote.transport import TransportError
from serial import Serial, SerialException

from host_tools.failure import Unreachable

Kind = Literal["port", "permission", "busy", "silent", "gone", "full", "board"]

BAUD = 115200
SILENCE = 10.0
"""Seconds without a byte after which a running program counts as hung."""

ASLEEP = "it may be asleep: press a button on it, or unplug it and plug it in again"

_BANNER = b"raw REPL; CTRL-B to exit\r\n"
_INTERRUPT = b"\r\x03"
_RAW = b"\r\x01"
_ONE_READ = 2.0
_WRITE_TIMEOUT = 10.0
_POLL = 0.25
_SETTLING = 2.0
_REGAIN = 4.0
_KEPT = 2000

_FAULTS: tuple[type[Exception], ...] = (TransportError, OSError, struct.error)
if sys.platform != "win32":
    import termios

    # pyserial lets it through, and it is no OSError.
    _FAULTS += (termios.error,)

# mpremote prints what it did not expect; that is for nobody who uses these tools.
vars(transport_serial)["print"] = lambda *_, **__: None


class DeviceError(Unreachable):
    """The board cannot be reached or does not do what it is asked to.

    kind    "port" there is none, "permission", "busy" another program has it, "silent", "gone" it
            vanished, "full" no space on the flash, "board" it answers, but wrongly.
    """

    def __init__(self, kind: Kind, problem: str, remedy: str = "") -> None:
        super().__init__(problem, remedy)
        self.kind = kind


class BoardRaised(Exception):
    """The program that the board ran ended with an exception; `report` is its traceback."""

    def __init__(self, report: str) -> None:
        lines = [line for line in report.splitlines() if line.strip()]
        self.report = report
        self.last = lines[-1].strip() if lines else "nothing"
        super().__init__(self.last)


class Session:
    """One board at its raw REPL.

    on_wait     is told once what to do while the board does not answer.
    patience    seconds until it has to.
    """

    def __init__(self, port: str, on_wait: Callable[[str], None] | None, patience: float) -> None:
        self.port = port
        self._on_wait = on_wait
        self._patience = patience
        self._transport: Any = None
        self._busy = False
        self._heard = b""

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    def open(self) -> None:
        """Open the port, interrupt whatever runs and stand at the raw REPL."""
        deadline = time.monotonic() + self._patience
        self._open_port(deadline)
        try:
            while not self._enter(deadline):
                # A board with native USB takes its port along when it restarts.
                self._drop()
                self._open_port(deadline)
        except BaseException:
            self._drop()
            raise

    def run(
        self,
        program: str,
        *,
        silence: float = SILENCE,
        on_line: Callable[[str], None] | None = None,
    ) -> str:
        """Run Python on the board and return what it prints, or hand it on line by line.

        Raises BoardRaised with its traceback, DeviceError when it cannot be reached.
        """
        if self._transport is None or self._busy:
            raise RuntimeError("the session is not at its prompt")
        printed = _Printed(on_line)
        self._busy = True
        try:
            self._transport.exec_raw_no_follow(program)
            _, report = self._transport.follow(silence, printed.take)
        except _FAULTS as error:
            raise self._lost(error) from error
        self._busy = False
        if report:
            raise BoardRaised(report.decode(errors="replace"))
        return printed.text()

    def leave(self, *, reset: bool) -> None:
        """Close the port; before that, stop what runs and restart the board. Never raises."""
        if self._transport is None:
            return
        try:
            with contextlib.suppress(DeviceError, *_FAULTS):
                if reset:
                    self._restart()
        finally:
            self._drop()

    def regain(self) -> None:
        """Stop a program that still runs and stand at the prompt again."""
        if self._busy:
            self._busy = not self._enter(time.monotonic() + _REGAIN)

    def _restart(self) -> None:
        try:
            self.regain()
            if self._busy:
                raise TransportError("no prompt")
            self._transport.exec_raw_no_follow("import machine\nmachine.reset()")
        except (DeviceError, TransportError):
            self._pulse_reset()

    def _open_port(self, deadline: float) -> None:
        settled = min(deadline, time.monotonic() + _SETTLING)
        said = False
        while True:
            try:
                self._transport = transport_serial.SerialTransport(
                    self.port, baudrate=BAUD, timeout=_ONE_READ
                )
                self._transport.serial.write_timeout = _WRITE_TIMEOUT
                return
            except _FAULTS as error:
                self._drop()
                refusal = self._refusal(error)
            # Permissions follow a new port within moments; nobody grants them later.
            until = deadline if refusal.kind == "port" else settled
            if time.monotonic() >= until:
                raise refusal
            if refusal.kind == "port" and not said and self._on_wait:
                self._on_wait(f"{self.port} is not there; {ASLEEP}")
                said = True
            time.sleep(_POLL)

    def _refusal(self, error: Exception) -> DeviceError:
        """Why the port does not open: mpremote hides it, so ask pyserial."""
        try:
            Serial(self.port, BAUD, exclusive=True).close()
        except (OSError, ValueError) as why:
            return opening_error(self.port, why)
        return opening_error(self.port, error)

    def _enter(self, deadline: float) -> bool:
        """Interrupt and change to the raw REPL; False when the port vanished meanwhile."""
        attempt = 0
        try:
            while True:
                attempt += 1
                if self._try_to_enter(gently=attempt == 1):
                    return True
                if time.monotonic() >= deadline:
                    raise self._no_answer()
                if attempt == 3 and not self._pulse_reset() and self._on_wait:
                    self._on_wait(f"{self.port} does not answer; {ASLEEP}")
        except _FAULTS as error:
            if time.monotonic() >= deadline:
                raise self._lost(error) from error
            return False

    def _try_to_enter(self, *, gently: bool) -> bool:
        transport = self._transport
        if gently:
            # Once only: a second one would end the clean-up that the first began.
            transport.serial.write(_INTERRUPT + _RAW)
            self._listen(2.0)
        else:
            for _ in range(4):
                transport.serial.write(_INTERRUPT)
                self._listen(0.1)
            transport.serial.write(_RAW)
            self._listen(0.6)
        if not self._heard.endswith((_BANNER, _BANNER + b">")):
            return False
        # There may be more banners on the way, one for each attempt: begin at a known place.
        self._quiet()
        transport.serial.write(b"\x01")
        if not transport.read_until(1, _BANNER, timeout_overall=2.0).endswith(_BANNER):
            return False
        word = secrets.token_hex(4)
        try:
            printed, report = transport.exec_raw(f"print({word!r})", timeout=3)
        except (TransportError, struct.error):
            return False
        return bool(not report and printed.strip() == word.encode())

    def _listen(self, seconds: float) -> None:
        heard = self._transport.read_until(1, _BANNER, timeout_overall=seconds)
        self._heard = (self._heard + heard)[-_KEPT:]

    def _quiet(self) -> None:
        while self._transport.serial.in_waiting:
            self._transport.serial.read(self._transport.serial.in_waiting)
            time.sleep(0.05)

    def _pulse_reset(self) -> bool:
        """Restart the chip by the UART bridge's RTS line; False where there is none."""
        serial = self._transport.serial
        try:
            serial.dtr = False
            serial.rts = True
            time.sleep(0.1)
            serial.rts = False
        except OSError:
            return False
        return True

    def _no_answer(self) -> DeviceError:
        said = self._heard.decode(errors="replace").strip()
        if not said:
            return DeviceError("silent", f"the board at {self.port} does not answer", f"{ASLEEP}.")
        return DeviceError("board", f"what runs at {self.port} is no MicroPython")

    def _lost(self, error: Exception) -> DeviceError:
        again = "Plug it in again and run the same command again."
        if isinstance(error, (TransportError, struct.error)) and Path(self.port).exists():
            return DeviceError("silent", f"the board at {self.port} stopped answering", again)
        return DeviceError("gone", f"{self.port} vanished in the middle", again)

    def _drop(self) -> None:
        transport, self._transport = self._transport, None
        self._busy = False
        if transport is not None:
            with contextlib.suppress(*_FAULTS):
                transport.close()
            with contextlib.suppress(*_FAULTS):
                transport.serial.close()


class _Printed:
    """Collects what the board prints."""

    def __init__(self, on_line: Callable[[str], None] | None) -> None:
        self._on_line = on_line
        self._data = bytearray()

    def take(self, data: bytes) -> None:
        self._data += data.replace(b"\x04", b"")
        if self._on_line and data == b"\n":
            self._on_line(self.text())
            self._data.clear()

    def text(self) -> str:
        return self._data.decode(errors="replace").replace("\r\n", "\n").rstrip("\n")


def opening_error(port: str, error: Exception) -> DeviceError:
    """The words for a port that does not open."""
    if isinstance(error, SerialException) and error.errno is None:
        return DeviceError("busy", f"another program uses {port}", "Close it and try again.")
    if isinstance(error, OSError) and error.errno == 13:
        return DeviceError("permission", f"no permission to use {port}")
    if isinstance(error, OSError) and error.errno in (11, 16):
        return DeviceError("busy", f"another program uses {port}", "Close it and try again.")
    return DeviceError("port", f"{port} is not there", "`fob ports` lists what is.")
