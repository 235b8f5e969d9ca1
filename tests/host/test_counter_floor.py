"""What a computer notes of the counters that keys were given."""

from pathlib import Path

import pytest

from host_tools.identity.counter_floor import MARGIN, counter_floor, note_counter

KEY = b"\x04" + bytes(64)
OTHER = b"\x04" + bytes(63) + b"\x01"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_, **__: tmp_path / "state")
    return tmp_path


def test_nothing_is_known_at_first() -> None:
    assert counter_floor(KEY) == 0


def test_a_key_starts_well_above_what_it_had() -> None:
    note_counter(KEY, 1000)
    assert counter_floor(KEY) == 1000 + MARGIN


def test_a_floor_never_sinks() -> None:
    note_counter(KEY, 1000)
    note_counter(KEY, 10)
    assert counter_floor(KEY) == 1000 + MARGIN


def test_each_key_has_its_own_floor() -> None:
    note_counter(KEY, 1000)
    assert counter_floor(OTHER) == 0


def test_neither_key_nor_vin_is_written_down(home: Path) -> None:
    note_counter(KEY, 1000)
    (file,) = (home / "state").iterdir()
    assert KEY.hex() not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b'{"a": "b"}'])
def test_a_damaged_note_counts_as_none(home: Path, content: bytes) -> None:
    note_counter(KEY, 1000)
    (file,) = (home / "state").iterdir()
    file.write_bytes(content)
    assert counter_floor(KEY) == 0
    note_counter(KEY, 5)
    assert counter_floor(KEY) == 5 + MARGIN


def test_a_computer_that_keeps_no_notes_is_passed_over(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_bytes(b"")
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_, **__: home / "file" / "state")
    note_counter(KEY, 1000)
    assert counter_floor(KEY) == 0
