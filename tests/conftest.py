"""What every suite shares: one MicroPython process, and random tests that repeat themselves."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.interpreter import Interpreter

# Derandomised: a red build is red again on the next run and on the next machine. No deadline:
# a busy machine is not a failure.
settings.register_profile(
    "fob",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("fob")

# What click, rich and the commands themselves look at.
SURROUNDINGS = (
    *("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"),
    *("FOB_PORT", "FOB_PASSPHRASE"),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """For tests/device, which `make test-device` asks for; here pytest always finds them."""
    group = parser.getgroup("fob", "a real board for tests/device")
    group.addoption("--port", help="serial port of a board that may be erased")
    group.addoption("--board", help="its definition; by default one of the same chip")
    group.addoption("--erase-board", action="store_true", help="yes, erase it")


@pytest.fixture(scope="session", autouse=True)
def own_surroundings() -> Iterator[None]:
    """What the shell says of the terminal and of a fob is about whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in SURROUNDINGS:
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def own_notes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the tools note of counters stays out of the home of whoever runs the tests."""
    folder = tmp_path_factory.mktemp("notes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("platformdirs.user_state_path", lambda *_, **__: folder)
        yield


@pytest.fixture(scope="session")
def interpreter() -> Iterator[Interpreter]:
    """MicroPython with the firmware to import, shared by the whole run: leave no state behind."""
    with Interpreter() as running:
        yield running
