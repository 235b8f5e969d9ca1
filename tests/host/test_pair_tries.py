"""`fob pair` where the car or its owner is slow: which errors are asked again, and how often."""

import json

import pytest
from click.testing import CliRunner

from host_tools.cable.device import ConsoleError
from host_tools.cli import pair as command
from host_tools.failure import Failure

LATE = ConsoleError("timed-out", "no card was held to the reader in time")
REFUSED = ConsoleError("refused", "the car refuses to enrol the key", reason=4)
STATUS = {
    "vin": "5YJ3E1EA7KF000316",
    "public_key": "04" + "ab" * 64,
    "configuration": None,
    "paired": False,
}


class Fob:
    """A device whose tries to pair end as they are told to."""

    port = "/dev/ttyUSB0"

    def __init__(self, *ends):
        self.ends = list(ends)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def call(self, name, /, *, on_event=None, timeout=0.0, **_):
        if name == "status":
            return STATUS
        on_event({"event": "said", "text": "hold your key card to the reader in the car"})
        end = self.ends.pop(0)
        if isinstance(end, BaseException):
            raise end
        return end


@pytest.fixture
def run(monkeypatch):
    """Run `fob pair` with a Fob of these ends; its result and the ends that were not needed."""

    def run(*arguments, ends):
        fob = Fob(*ends)
        monkeypatch.setattr(command, "connect", lambda _: fob)
        return CliRunner().invoke(command.pair, arguments), fob.ends

    return run


def test_a_card_that_came_late_is_asked_for_again(run):
    result, left = run(ends=[LATE, LATE, {"speaks": "signed"}])
    assert result.exit_code == 0, result
    assert left == []
    assert result.stdout.count("NOW hold the key card") == 3
    assert "(try 3 of 3)" in result.stdout


def test_after_the_last_try_it_fails_with_the_remedy(run):
    result, left = run("--tries", "2", ends=[LATE, LATE, {"speaks": "signed"}])
    assert isinstance(result.exception, Failure)
    assert "only after the fob has asked" in result.exception.remedy
    assert len(left) == 1


def test_a_refusal_is_not_asked_again(run):
    result, left = run(ends=[REFUSED, {"speaks": "signed"}])
    assert result.exception.problem == "the car's list of keys is full"
    assert len(left) == 1


def test_machines_see_each_try_and_why_it_failed(run):
    result, _ = run("--json", ends=[LATE, {"speaks": "legacy"}])
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line.get("event") for line in told] == ["try", "said", "failed", "try", "said", None]
    assert told[2]["again"] is True and told[2]["code"] == "timed-out"


def test_ctrl_c_is_no_try(run):
    result, left = run(ends=[KeyboardInterrupt(), {"speaks": "signed"}])
    assert result.exit_code != 0
    assert "Given up" in result.stderr
    assert len(left) == 1
