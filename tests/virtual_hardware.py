"""Small programs on virtual boards, in the place of the firmware."""

from pathlib import Path

from host_tools.board.catalogue import BoardDefinition, parse_board
from host_tools.simulator.board import Board
from host_tools.simulator.flash import FlashImage

WAIT = "import time\nwhile True: time.sleep_ms(5)\n"


def board_with(
    tmp_path: Path, main: str, *, definition: BoardDefinition | None = None, **files: str
) -> Board:
    """A board without radio whose main.py is `main`."""
    contents = {"/main.py": main} | {f"/{name}.py": text for name, text in files.items()}
    image = {path: text.encode() for path, text in contents.items()}
    return Board(None, FlashImage.create(tmp_path / "flash.img", image), definition=definition)


async def run(board: Board) -> list[str]:
    """Let the program of a board come to its end; what it printed."""
    async with board:
        await board.stopped()
        return board.console


def board_of(chip: str, *pins: int, active_low: bool = True, **more: object) -> BoardDefinition:
    """A board of `chip` with buttons lock, unlock and more, held by resistors; lock wakes it."""
    names = ("lock", "unlock", "trunk")
    return parse_board(
        {
            "name": "Test board",
            "chip": chip,
            "buttons": {
                "active_low": active_low,
                "pull": "external",
                "pins": dict(zip(names, pins, strict=False)),
                "wake": ["lock"],
            },
            "light": {"kind": "pin", "pin": 2 if chip == "esp32" else 10},
        }
        | more
    )
