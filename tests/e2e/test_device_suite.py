"""What `make test-device` asks before it erases a board; the suite itself is tests/device."""

import pytest
from click.testing import CliRunner, Result

from tests.desk import Desk
from tests.device import __main__ as suite


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What would have been run."""
    runs: list[list[str]] = []

    def run(arguments: list[str]) -> int:
        runs.append(arguments)
        return 0

    monkeypatch.setattr(suite.pytest, "main", run)
    return runs


def start(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(suite.main, arguments, input=answer)


def test_a_fob_with_a_key_is_refused_unless_it_may_be_lost(nothing_runs: list[list[str]]) -> None:
    with Desk() as desk:
        before = desk.flash.files()
        refused = start("--port", desk.port, "--yes")
        assert refused.exit_code == 2 and "--lose-key" in refused.stderr
        assert not nothing_runs and desk.flash.files() == before
        assert start("--port", desk.port, "--yes", "--lose-key").exit_code == 0
        assert len(nothing_runs) == 1


def test_it_names_what_it_erases_and_asks(nothing_runs: list[list[str]]) -> None:
    with Desk(bare=True) as desk:
        declined = start("--port", desk.port, answer="n\n")
        assert declined.exit_code == 1 and "erases the file system" in declined.stdout
        assert not nothing_runs
        assert start("--port", desk.port, answer="y\n").exit_code == 0
        assert nothing_runs[0][-1] == "--erase-board"


def test_a_port_that_is_not_there_is_told_in_a_line() -> None:
    result = start("--port", "/dev/nowhere")
    assert result.exit_code == 3 and result.stderr.count("\n") == 1
