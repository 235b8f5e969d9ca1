"""Files are written whole or not at all."""

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from host_tools.failure import Failure, InputError
from host_tools.output_file import write_whole


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """No file may be longer than 100 bytes: not pytest's either, so only as long as needed."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    file = tmp_path / "fob.bin"
    write_whole(file, b"old")
    write_whole(file, b"new")
    assert [(path, path.read_bytes()) for path in tmp_path.iterdir()] == [(file, b"new")]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("file")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


def test_where_there_is_no_room_nothing_has_changed(tmp_path: Path) -> None:
    file = tmp_path / "fob.bin"
    file.write_bytes(b"old")
    with (
        pytest.raises(Failure, match=r"no room for .*\. Make room") as refusal,
        full_disk(),
    ):
        write_whole(file, bytes(1000))
    assert refusal.value.exit_code == 1
    assert [(path, path.read_bytes()) for path in tmp_path.iterdir()] == [(file, b"old")]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("none/fob.bin", "there is no folder"),
        ("x" * 300, "is too long"),
        ("", "is a folder"),
        ("/dev/null", "is no ordinary file"),
    ],
)
def test_what_is_no_place_for_a_file_is_named(tmp_path: Path, name: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        write_whole(tmp_path / name, b"new")
    assert not list(tmp_path.iterdir())
