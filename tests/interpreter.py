"""A long-lived MicroPython process that CPython tests call into.

The firmware only ever runs on MicroPython, so its tests do too; the process stays alive
because thousands of random cases would otherwise spend their time starting interpreters.
"""

import ast
import contextlib
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from host_tools.simulator.interpreter import micropython_command

ROOT = Path(__file__).resolve().parent.parent
FIRMWARE = ROOT / "firmware"

# The far end, in MicroPython. A request is eight hex digits of length and that many bytes of
# source; a reply is one line behind "\x01", so whatever the firmware prints cannot be mistaken.
_LOOP = r"""
import io, sys

def load(name):
    module = __import__(name)
    for part in name.split(".")[1:]:
        module = getattr(module, part)
    return module

def call(name, args, kwargs):
    module, _, function = name.rpartition(".")
    return getattr(load(module), function)(*args, **kwargs)

def answer(kind, source, scope):
    try:
        if kind == "x":
            return True, exec(source, scope)
        value = eval(source, scope)
        return True, bytes(value) if isinstance(value, (bytearray, memoryview)) else value
    except Exception as error:
        report = io.StringIO()
        sys.print_exception(error, report)
        return False, (type(error).__name__, str(error), report.getvalue())

def serve():
    scope = {"__name__": "remote", "load": load, "call": call}
    while True:
        size = sys.stdin.buffer.read(8)
        if not size:
            return
        request = str(sys.stdin.buffer.read(int(size, 16)), "utf-8")
        print("\x01" + repr(answer(request[0], request[1:], scope)))

serve()
"""


class RemoteError(Exception):
    """An exception inside MicroPython: its class's `name`, its `text`, its printed `traceback`."""

    def __init__(self, name: str, text: str, traceback: str) -> None:
        super().__init__(f"{name}: {text}\n{traceback}")
        self.name = name
        self.text = text
        self.traceback = traceback


class InterpreterDied(Exception):
    """The process ended or was stopped for taking too long; the text holds what it last wrote."""


class Interpreter:
    """MicroPython with the firmware on its path. Use as a context manager, or close it.

    heap      as for -X heapsize: bytes, or with K or M.
    path      more directories to import from, before the firmware.
    timeout   seconds a single request may take before the process is killed.

    Values travel as their repr: None, bool, int, float, str, bytes, and tuples, lists, sets and
    dicts of these. A bytearray or memoryview that is the whole result comes back as bytes.
    """

    def __init__(
        self, *, heap: str = "2M", path: Iterable[Path] = (), timeout: float = 60.0
    ) -> None:
        self.printed: list[str] = []
        """Lines the firmware printed, oldest first; clear it as you like."""
        self.timeout = timeout
        """Seconds a single request may take; may be changed between requests."""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        search = [*(str(entry) for entry in path), str(FIRMWARE), ".frozen"]
        self._process = subprocess.Popen(
            [*micropython_command(), "-X", f"heapsize={heap}", "-c", _LOOP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, "MICROPYPATH": os.pathsep.join(search)},
        )

    def eval(self, expression: str, data: bytes = b"") -> Any:
        """Value of an expression; it sees what earlier `exec` calls defined.

        `data` follows the request: the expression has to read all of it from sys.stdin.buffer.
        """
        return self._request("e", expression, data)

    def exec(self, source: str) -> None:
        """Run statements; the names they bind stay."""
        self._request("x", source)

    def call(self, name: str, *args: object, **kwargs: object) -> Any:
        """Import the module of a dotted name and call the function in it."""
        return self._request("e", f"call({name!r}, {args!a}, {kwargs!a})")

    def close(self) -> None:
        """Let the process end by itself; raises InterpreterDied if it did not end well."""
        self._close_stdin()
        try:
            code = self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        text = self._release()
        if code:
            raise InterpreterDied(f"MicroPython ended with code {code}\n{text}")

    def kill(self) -> None:
        """End the process at once, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self._close_stdin()
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.kill()

    def _request(self, kind: str, source: str, data: bytes = b"") -> Any:
        assert self._process.stdin and self._process.stdout
        request = (kind + source).encode()
        watchdog = threading.Timer(self.timeout, self._process.kill)
        watchdog.start()
        try:
            self._process.stdin.write(b"%08x" % len(request) + request + data)
            self._process.stdin.flush()
            reply = self._reply()
        except (OSError, ValueError):  # ValueError: the pipe was closed by close() or kill()
            reply = None
        finally:
            watchdog.cancel()
        if reply is None:
            raise self._died(source)
        succeeded, value = ast.literal_eval(reply)
        if not succeeded:
            raise RemoteError(*value)
        return value

    def _reply(self) -> str | None:
        assert self._process.stdout
        for raw in self._process.stdout:
            printed, marked, reply = raw.decode().rstrip("\r\n").partition("\x01")
            if printed or not marked:
                self.printed.append(printed)
            if marked:
                return reply
        return None

    def _died(self, source: str) -> InterpreterDied:
        self._process.kill()
        code = self._process.wait()
        self._close_stdin()
        last = "\n".join(self.printed[-20:])
        return InterpreterDied(
            f"MicroPython ended with code {code} (a request may take {self.timeout:g} s) during:"
            f" {source[:200]}\n{last}\n{self._release()}"
        )

    def _close_stdin(self) -> None:
        assert self._process.stdin
        # What a dead process left unread cannot be flushed, and need not be.
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def _release(self) -> str:
        """Close what is still open; the text is what the process wrote as errors."""
        assert self._process.stdout
        self._process.stdout.close()
        if self._errors.closed:
            return ""
        with self._errors:
            self._errors.seek(0)
            return self._errors.read().decode(errors="replace")
