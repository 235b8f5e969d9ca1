"""What a real board holds, and which definition its pins may be used by."""

from host_tools.board.catalogue import load_board, real_boards
from host_tools.cable.device import Device
from host_tools.failure import InputError
from host_tools.identity.provision import CONFIGURATION_PATH, KEY_PATH


def board_for(port: str) -> str:
    """The first of the boards with the chip at `port`."""
    with Device(port) as device:
        chip = device.facts.chip
    for name in real_boards():
        if load_board(name).chip.name == chip:
            return name
    raise InputError(f"no board is known that has an {chip}", "Name yours by --board.")


def files_at(port: str) -> dict[str, int]:
    """Size of every file on the board; of one without files none."""
    with Device(port) as device:
        return device.files() if device.facts.mounted else {}


def is_somebodys(files: dict[str, int]) -> bool:
    """Whether the board is a fob with a key or a car."""
    return bool({CONFIGURATION_PATH, KEY_PATH} & files.keys())
