"""`fob decode`: whatever somebody pastes."""

import json
from collections.abc import Iterator

from host_tools.decode import DecodeError, Direction, decode_frame, decode_frames, parse_hex
from tests.fuzz.target import host_target
from tests.fuzz.vectors import frames, messages

_WIDTH = 80
_DIRECTIONS: tuple[Direction | None, ...] = (None, "to-vehicle", "from-vehicle")


def seeds() -> Iterator[bytes]:
    yield from (frame.hex().encode() for frame in frames())
    yield from messages()
    yield b"0x00 0x04, 22:02\\x08\\x01"
    yield b"00 04 22 02 08 01\n" * 3


def check(data: bytes) -> str:
    """As text, and as a message behind its length."""
    text = data.decode("ascii", "replace")
    try:
        pasted = parse_hex(text)
    except DecodeError as error:
        _one_line(error)
        as_text = "no hex"
    else:
        as_text = _decoded(pasted, None)
    try:
        plain = bytes.fromhex("".join(text.split()))
    except ValueError:
        pass
    else:
        assert parse_hex(text) == plain, "hexadecimal is read in another way than Python does"
    frame = len(data).to_bytes(2, "big") + data
    return ", ".join((as_text, *(_decoded(frame, direction) for direction in _DIRECTIONS)))


def _decoded(data: bytes, direction: Direction | None) -> str:
    kinds = []
    joined = b""
    try:
        for decoded in decode_frames(data, direction):
            joined += decoded.data
            lines = decoded.text(_WIDTH).splitlines()
            assert decoded.text(_WIDTH).replace("\n", "").isprintable(), "a control character"
            assert all(line.strip() for line in lines), "an empty line"
            told = json.dumps(decoded.as_json(), allow_nan=False)
            assert json.loads(told)["frame"] == decoded.data.hex()
            again = decode_frame(decoded.data, decoded.direction)
            assert direction is None or again == decoded, "another reading the second time"
            kinds.append(decoded.type)
    except DecodeError as error:
        _one_line(error)
        assert data.startswith(joined)
        return "refused"
    assert joined == data, "some bytes were passed over"
    return "+".join(sorted(set(kinds)))


def _one_line(error: DecodeError) -> None:
    text = str(error)
    assert text and len(text.splitlines()) == 1 and len(text) < 200, text


TARGET = host_target(
    "decode",
    "any text is frames with all their bytes, or an error in one line",
    check,
    seeds,
    dictionary=(b"0x", b"\\x", b":", b"00", b"0004", b"\n", *messages()[:60]),
    largest=1400,
)
