"""Which MicroPython can run the fob's program, and where to get it."""

from collections.abc import Iterable

from host_tools.board.chips import CHIPS, DOWNLOADS
from host_tools.cable.facts import Facts
from host_tools.failure import InputError

Version = tuple[int, int, int]

# Everything that the firmware uses is there since 1.21, where asyncio lost its "u". The ESP32-C6
# came with 1.24. Without esp32.wake_on_gpio of 1.27 no button wakes a C3. Sources: MicroPython's
# release notes, its pull request 17518, and the stubs of 1.26 and 1.27.
_OLDEST: Version = (1, 21, 0)
_OLDEST_BY_CHIP: dict[str, Version] = {"esp32c3": (1, 27, 0), "esp32c6": (1, 24, 0)}

WITHOUT_BLUETOOTH = ("esp32s2", "esp32p4")
TAKE_ANOTHER = "Take a board with an ESP32, ESP32-C3, ESP32-C6 or ESP32-S3."


class Unfit(InputError):
    """This board, or the MicroPython on it, cannot run the fob's program."""


def download_page(chip: str | None) -> str:
    """Where MicroPython for any board with a chip is to be had."""
    if chip not in CHIPS:
        return f"{DOWNLOADS}/?port=esp32"
    return f"{DOWNLOADS}/{CHIPS[chip].micropython}/"


def oldest_micropython(chip: str | None) -> Version:
    """The first version of MicroPython that can run the fob's program on a chip."""
    return _OLDEST_BY_CHIP.get(chip or "", _OLDEST)


def dotted(version: Version) -> str:
    """ "1.29.0"."""
    return ".".join(str(number) for number in version)


def newer_micropython(chip: str | None) -> str:
    """The remedy for a MicroPython that is too old."""
    return (
        f"Download the newest from {download_page(chip)} and write it with"
        " `fob flash --firmware FILE`; the fob's key stays."
    )


def check_micropython(facts: Facts) -> None:
    """Raise Unfit for a board whose chip or MicroPython cannot run the fob's program."""
    if facts.chip is None:
        raise Unfit(f"this board is no ESP32 but a {facts.machine}", "Connect the fob's board.")
    if facts.chip in WITHOUT_BLUETOOTH:
        raise Unfit(f"the {facts.chip} has no Bluetooth", TAKE_ANOTHER)
    oldest = oldest_micropython(facts.chip)
    if facts.version < oldest:
        raise Unfit(
            f"MicroPython {dotted(facts.version)} is too old: on an {facts.chip} the fob needs"
            f" {dotted(oldest)}",
            newer_micropython(facts.chip),
        )


def check_compiled(modules: Iterable[bytes], facts: Facts) -> None:
    """Raise Unfit when a board does not load one of these .mpy files, compiled for its
    architecture: their second byte is the version of the format."""
    for data in modules:
        version = data[1]
        if version != facts.mpy:
            raise Unfit(
                f"MicroPython {dotted(facts.version)} loads .mpy files of version {facts.mpy},"
                f" and mpy-cross makes version {version}",
                newer_micropython(facts.chip)
                if facts.mpy < version
                else "Update these tools: `pip install --upgrade open-esp32-key-fob`.",
            )
