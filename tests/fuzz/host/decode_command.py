"""`fob decode` as a shell sees it: what comes in by a pipe."""

from collections.abc import Iterator

from tests.command_line import fob
from tests.fuzz.host import decode
from tests.fuzz.target import host_target

_REFUSED = 2


def seeds() -> Iterator[bytes]:
    yield from decode.seeds()
    yield b"\xff\xfe0\x004\x00"


def check(data: bytes) -> str:
    """Frames and 0, or one line on standard error and 2; JSON lines where those are asked for."""
    ends = []
    for options in ((), ("--json",)):
        result = fob("decode", *options, "-", typed=data)
        ends.append(result.exit_code)
        if result.exit_code == 0:
            assert result.stdout and not result.stderr, result
        else:
            assert result.exit_code == _REFUSED, result
            assert result.stderr.startswith("fob: ") and result.stderr.count("\n") == 1, result
            assert "should not happen" not in result.stderr, result
    assert ends[0] == ends[1], "JSON is refused where text is not"
    return f"exit code {ends[0]}"


TARGET = host_target(
    "decode-command",
    "any standard input of `fob decode` ends in frames, or in one line and exit code 2",
    check,
    seeds,
    dictionary=decode.TARGET.dictionary,
    largest=4096,
)
