"""`fob monitor`: a real terminal on one side, the virtual board's serial port on the other."""

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk import Desk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

if sys.platform != "win32":
    import pty
    import termios

COMMAND = [sys.executable, "-c", "from host_tools.cli import main; main()", "monitor"]
ROOT = Path(__file__).parents[2]
_PATIENCE = 20.0


class Screen:
    """A terminal with `fob monitor` in it."""

    def __init__(self, port: str) -> None:
        self.primary, self.replica = pty.openpty()
        self.before = termios.tcgetattr(self.replica)
        self.text = ""
        self.process = subprocess.Popen(
            [*COMMAND, "--port", port],
            stdin=self.replica,
            stdout=self.replica,
            stderr=self.replica,
            cwd=ROOT,
        )

    def shows(self, pattern: str) -> str:
        """Wait until it shows this behind all that was waited for before."""
        end = time.monotonic() + _PATIENCE
        while not (found := re.search(pattern, self.text)):
            assert time.monotonic() < end, f"{pattern!r} is not in {self.text!r}"
            if select.select([self.primary], [], [], 0.1)[0]:
                self.text += os.read(self.primary, 4096).decode()
        self.text = self.text[found.end() :]
        return found[0]

    def type(self, text: str) -> None:
        os.write(self.primary, text.encode())

    def ends(self) -> int:
        return self.process.wait(_PATIENCE)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.primary)
        os.close(self.replica)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with Desk(bare=True) as desk:
        yield desk


@pytest.fixture
def screen(desk: Desk) -> Iterator[Screen]:
    screen = Screen(desk.port)
    try:
        screen.shows("Ctrl-] ends")
        yield screen
    finally:
        screen.close()


def test_it_shows_what_the_fob_says_without_disturbing_it() -> None:
    with Desk() as desk:
        screen = Screen(desk.port)
        try:
            screen.shows("Ctrl-] ends")
            desk.press("lock")
            screen.shows("fob: lock failed")
            assert desk.bench.board.state == "running"
        finally:
            screen.close()


def test_what_is_typed_reaches_the_board_and_ctrl_c_too(screen: Screen) -> None:
    screen.type("import time\r6 * 7\r")
    screen.shows("42\\s+>>> ")
    screen.type("while True: print('busy'), time.sleep(0.01)\r\r")
    screen.shows("busy")
    screen.type("\x03")
    screen.shows("KeyboardInterrupt")


def test_ctrl_bracket_ends_it_and_the_terminal_is_as_before(screen: Screen) -> None:
    assert termios.tcgetattr(screen.replica) != screen.before
    screen.type("1\r")
    screen.shows(">>> ")
    screen.type("\x1d")
    assert screen.ends() == 0
    assert termios.tcgetattr(screen.replica) == screen.before
    screen.shows("is at its prompt and serves no button")


def test_a_polite_kill_leaves_the_terminal_as_before(screen: Screen) -> None:
    screen.process.terminate()
    assert screen.ends() == 130
    assert termios.tcgetattr(screen.replica) == screen.before


def test_it_waits_for_a_pulled_cable(desk: Desk, screen: Screen) -> None:
    desk.unplug()
    screen.shows("is gone: waiting for it")
    desk.plug()
    screen.shows("is back")
    screen.type("6 * 7\r")
    screen.shows("42\\s+>>> ")


def test_it_ends_while_the_cable_is_pulled(desk: Desk, screen: Screen) -> None:
    desk.unplug()
    try:
        screen.shows("is gone")
        screen.type("\x1d")
        assert screen.ends() == 0
    finally:
        desk.plug()


def test_without_a_terminal_it_sends_lines_until_ctrl_bracket(desk: Desk) -> None:
    with subprocess.Popen(
        [*COMMAND, "--port", desk.port],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write("print('for', 'ty')\n")
        process.stdin.flush()
        while "for ty" not in process.stdout.readline():
            pass
        process.stdin.write("\x1d\n")
        process.stdin.flush()
        assert process.wait(_PATIENCE) == 0


def test_a_port_that_is_not_there_ends_it_at_once(desk: Desk) -> None:
    result = desk.run("monitor", "--port", "/dev/nothing")
    assert result.exit_code == 3
    assert result.stderr.startswith("fob: there is no port /dev/nothing. ")
    assert result.stderr.count("\n") == 1
