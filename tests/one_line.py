"""What every mistake shall come to: one line that helps, and nothing touched."""

from collections.abc import Mapping
from pathlib import Path

from tests.desk import Result

_LOG = "/state/journal"


def says_one_line(result: Result, code: int, *words: str) -> None:
    """See that a command ended with this exit code and one line on standard error."""
    assert result.exit_code == code, result
    assert result.stderr.startswith("fob: ") and result.stderr.count("\n") == 1, result
    for word in words:
        assert word in result.stderr, result
    assert "should not happen" not in result.stderr


def everything(of: Path | Mapping[str, bytes]) -> dict[str, object]:
    """What a folder, or a board's flash but for the log of its failures, holds: to compare."""
    if isinstance(of, Path):
        found = sorted(of.rglob("*"))
        return {
            str(path): (path.lstat().st_mode, path.is_file() and path.read_bytes())
            for path in found
        }
    return {path: data for path, data in of.items() if path != _LOG}
