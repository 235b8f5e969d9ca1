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


@pytest.fixture(scope="session")
def interpreter() -> Iterator[Interpreter]:
    """MicroPython with the firmware to import, shared by the whole run: leave no state behind."""
    with Interpreter() as running:
        yield running
