"""`fob logs` on a virtual board, beside a simulated car."""

import json
import signal
import subprocess
import sys
import zlib

import pytest

from tests.damaged_desk import damaged_desk
from tests.desk import Desk


@pytest.fixture(scope="module")
def desk():
    """A fob that failed once: its key is not the car's."""
    with Desk() as desk:
        desk.run("press", "lock")
        yield desk


def test_a_fob_that_never_failed_has_an_empty_log():
    with Desk() as desk:
        assert "empty" in desk.run("logs").stdout


def test_failures_are_shown_with_the_last_ones_remedy(desk):
    result = desk.run("logs")
    assert result.exit_code == 0
    assert result.stdout.startswith("lock not-paired: ")
    assert "Pair it: `fob pair`." in result.stdout


def test_machines_get_lines_crashes_and_the_last_word(desk):
    told = json.loads(desk.run("logs", "--json").stdout)
    assert told["crashes"] == 0
    assert [line.partition(":")[0] for line in told["journal"]] == ["lock not-paired"]
    assert told["last"].startswith("lock failed (not-paired)")


def test_crashes_are_shown_also_where_the_program_is_broken():
    # Of the crash there is a record before anybody asks.
    record = journal_record(crashes=2, text="crash: ImportError at File")
    with damaged_desk({"/laptop.mpy": None, "/state/journal": record}) as desk:
        result = desk.run("logs")
    assert result.exit_code == 0, result
    assert "crash: ImportError" in result.stdout
    assert "Crashes in a row until now: 2" in result.stdout


def journal_record(crashes, text):
    """As firmware/fob/journal.py writes it."""
    body = bytes((2, crashes)) + text.encode()
    return body + zlib.crc32(body).to_bytes(4, "big")


def test_a_board_without_a_log_is_told_to_flash():
    with Desk(bare=True) as desk:
        result = desk.run("logs")
    assert result.exit_code == 1
    assert "fob flash" in result.stderr


def test_following_shows_what_the_fob_says_while_it_lives_on():
    with Desk(enrolled=True) as desk:
        command = (sys.executable, "-c", "from host_tools.cli import main; main()")
        process = subprocess.Popen(
            (*command, "logs", "--follow", "--json", "--port", desk.port), stdout=subprocess.PIPE
        )
        assert process.stdout
        said = (json.loads(line).get("said") for line in process.stdout)
        assert "ready" in said
        desk.press("unlock")
        assert any(line and line.startswith("unlock done") for line in said)
        # Of what another command hears, a key in a backup perhaps, nothing may end up here.
        other = desk.run("status")
        assert (other.exit_code, "another program uses" in other.stderr) == (3, True)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 130
    assert not desk.car.locked
