"""The board that is tried: --port names a real one, without it there is a Desk.

The tests of this folder follow each other as on a workbench: each finds the board as the one before
has left it. Ask for single ones with the virtual board only.
"""

from collections.abc import Iterator

import pytest

from tests.desk import Desk, Result, run_command
from tests.device.choice import board_for


class Subject:
    """A board at a port, which may be erased."""

    def __init__(self, port: str, board: str) -> None:
        self.port = port
        self.board = board
        """The definition it is provisioned with."""

    def run(self, *arguments: str) -> Result:
        """Run `fob ARGUMENTS` on it."""
        return run_command(self.port, *arguments)


@pytest.fixture(scope="session")
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """The board, one for all tests."""
    port = request.config.getoption("--port")
    if not port:
        with Desk(bare=True) as desk:
            yield Subject(desk.port, "virtual")
        return
    if not request.config.getoption("--erase-board"):
        pytest.exit("these tests erase the board: run them by make test-device PORT=...", 2)
    yield Subject(port, request.config.getoption("--board") or board_for(port))
