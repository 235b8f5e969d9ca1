"""What an input does to the MicroPython of a fuzz target is told of it, not of its batch."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz import micropython
from tests.fuzz.micropython import Device
from tests.fuzz.target import Finding

_ANSWER = """
import sys

def answer(data):
    if data == b"ends":
        sys.exit(3)
    if data == b"raises":
        raise KeyError("what was asked for")
    if data == b"takes too much":
        return len(bytearray(1 << 20))
    return len(data)
"""


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Device]:
    (tmp_path / "batches.py").write_bytes((micropython.FAR / "batches.py").read_bytes())
    (tmp_path / "planted.py").write_text(_ANSWER)
    monkeypatch.setattr(micropython, "FAR", tmp_path)
    opened = Device("planted", "192K")
    yield opened
    opened.close()


def problems(answers: list[object]) -> list[object]:
    return [each.problem if isinstance(each, Finding) else each for each in answers]


def test_each_input_has_its_answer(device: Device) -> None:
    assert device.answers([b"", b"ab\x00\n\xff", bytes(1024)]) == [0, 5, 1024]


def test_what_raises_is_a_finding_with_its_place(device: Device) -> None:
    found = problems(device.answers([b"a", b"raises", b"bc"]))
    assert found == [1, "KeyError in answer: what was asked for", 2]


def test_more_memory_than_there_is_is_a_finding(device: Device) -> None:
    (found,) = problems(device.answers([b"takes too much"]))
    assert str(found).startswith("MemoryError in answer")


def test_the_input_that_ends_the_process_is_found_among_others(device: Device) -> None:
    inputs = [bytes(size) for size in range(7)]
    inputs.insert(5, b"ends")
    found = problems(device.answers(inputs))
    assert found == [0, 1, 2, 3, 4, "MicroPython hangs or ends", 5, 6]
    assert device.answers([b"next"]) == [4]
