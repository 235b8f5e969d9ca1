"""A board's TOML, as somebody writes it."""

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from host_tools.board.catalogue import BoardError, list_boards, load_board, read_board
from host_tools.board.definition import BoardDefinition
from host_tools.board.drawing import ASCII, UNICODE, draw_board, draw_circuits
from host_tools.board.drawing_svg import draw_svg
from host_tools.board.wiring import parts, plan_wiring, steps, warnings
from host_tools.identity.settings import Car, Configuration, Settings, board_fields
from tests.fuzz.one_line import one_line
from tests.fuzz.target import host_target

_WORDS = (
    *("chip", "module", "micropython", "serial", "name", "notes", "cell", "sleep_ua", "usb"),
    *("[buttons]", "[buttons.pins]", "[buttons.onboard]", "[light]", "[battery]", "[pinout]"),
    *("[buzzer]", "[vibration]", "active_low", "pull", "wake", "lock", "unlock", "both", "kind"),
    *("pin", "inverted", "onboard", "ratio", "low_mv", "left", "right", '"esp32"', '"esp32c3"'),
    *('"esp32c6"', '"esp32s3"', '"internal"', '"external"', '"neopixel"', '"pwm"', '"tone"'),
    *(
        "true",
        "false",
        "nan",
        "inf",
        "9" * 5000,
        "0x" + "f" * 4000,
        "1" + "0" * 400,
        "1979-05-27",
        "0x1",
        "1_0",
        '"""',
        "'''",
        "\\u0000",
        "\\n",
    ),
    *("9" * 5000, "0x" + "f" * 4000, "1" + "0" * 400),
    *('"\\U0001f511"', " = ", "[[", "]]", "{", "}", "\n"),
)


def seeds() -> Iterator[bytes]:
    for name in list_boards():
        yield read_board(name).encode()
    yield b"\xef\xbb\xbfchip = 'esp32'\r\n"
    yield b"a=" + b"[" * 3000


def check(data: bytes) -> str:
    """A board can be wired, drawn and put into fob.json; anything else says what is wrong."""
    with _file(data) as path:
        try:
            board = load_board(path)
        except BoardError as error:
            return one_line(error)
        assert load_board(path) == board
    _can_be_made(board)
    return f"{board.chip.name}, {len(board.buttons)} buttons, {board.pull}, {board.light.kind}"


def _can_be_made(board: BoardDefinition) -> None:
    pins = [*board.buttons.values(), board.light.pin]
    assert len(set(pins)) == len(pins), "one pin for two things"
    assert set(pins) <= set(board.chip.gpio) - set(board.flash), "a pin that is not free"
    assert board.waking, "no button wakes it"
    wiring = plan_wiring(board)
    for strokes in (ASCII, UNICODE):
        drawn = [
            line.plain for line in (*draw_board(wiring, strokes), *draw_circuits(wiring, strokes))
        ]
        assert all(line.isprintable() for line in drawn), drawn
    drawing = draw_svg(wiring)
    assert drawing.lstrip().startswith("<"), drawing[:40]
    words = [*steps(wiring), *parts(wiring), *warnings(board)]
    assert all(each and each.isprintable() for each in words), words
    told = Configuration(Settings(board_fields(board)), (1,), Car("5YJ3E1EA0KF000316"), b"").file()
    assert Configuration.read(told).settings.board == json.loads(told)["board"]


@contextlib.contextmanager
def _file(data: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fob-fuzz-") as folder:
        path = Path(folder, "mine.toml")
        path.write_bytes(data)
        yield path


TARGET = host_target(
    "boards",
    "any file is a board that can be wired and provisioned, or an error in one line",
    check,
    seeds,
    dictionary=[word.encode() for word in _WORDS],
    largest=12_000,
)
