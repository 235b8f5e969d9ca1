"""`fob sim`: the bench by hand, and a virtual board for the other commands."""

import asyncio
import contextlib
import re
import sys
import tempfile
from pathlib import Path

import click

from host_tools.board.catalogue import BoardDefinition, load_board
from host_tools.cli.narration import HumanNarrator, JsonNarrator, Narrator
from host_tools.cli.options import board_option, tap_after_option
from host_tools.cli.sim_session import Session
from host_tools.cli.vin import more_cars_option, vin_option
from host_tools.cli.vintage import vintage_option
from host_tools.failure import InputError
from host_tools.identity.gestures import MOST_CARS
from host_tools.identity.provision import CONFIGURATION_PATH
from host_tools.simulator.board import BoardStopped
from host_tools.simulator.car import Vintage
from host_tools.simulator.flash import FLASH_SIZE, FlashError, FlashImage
from host_tools.simulator.fob_image import fob_flash
from host_tools.simulator.light import UnexpectedLight

_VIRTUAL = "virtual"


@click.command()
@vin_option
@vintage_option("2026")
@more_cars_option
@board_option
@click.option("--bare", is_flag=True, help="A new board: MicroPython and nothing else.")
@click.option(
    "--flash",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep the board's flash in FILE and begin with what is there. It holds the fob's key.",
)
@click.option("--enrolled", is_flag=True, help="The car knows the fob's key already.")
@tap_after_option
@click.option("--stay", is_flag=True, help="Go on after the end of the input, until Ctrl-C.")
@click.option(
    "--micropython", metavar="VERSION", help="What version the board's MicroPython says it is."
)
@click.option(
    "--frames/--no-frames", default=False, show_default=True, help="Show each frame decoded."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def sim(
    vin: str,
    vintage: Vintage,
    more_cars: tuple[str, ...],
    board: str | None,
    bare: bool,
    flash: Path | None,
    enrolled: bool,
    tap_after: float | None,
    stay: bool,
    micropython: str | None,
    frames: bool,
    as_json: bool,
) -> None:
    """Try the fob by hand: your keys are its buttons, the card and your feet.

    Its board is on a serial port, too: while this runs, the other commands find it in another
    terminal. On that cable the virtual board does not sleep; other boards sleep some seconds after
    they were switched on, as on your desk.

    Reads single keys at a terminal, else the first letter of each line, at once: between b and t
    belongs a pause. The end of the input waits for the light to say how the last press went; exit
    code 1 unless it says done.

    \b
    Example: fob sim --bare --stay
    """
    narrator: Narrator = JsonNarrator() if as_json else HumanNarrator(frames)
    _check_cars((vin, *more_cars))
    definition = load_board(board or _VIRTUAL)
    version = _version(micropython)
    with contextlib.ExitStack() as stack:
        image = _flash(flash, bare, (vin, *more_cars), definition, stack)
        _check_key(image, bare, enrolled)
        session = Session(
            narrator.moment,
            as_json,
            stay,
            vin=vin,
            vintage=vintage,
            more_cars=more_cars,
            definition=definition,
            flash=image,
            enrolled=enrolled,
            tap_after=tap_after,
            micropython=version,
        )
        try:
            asyncio.run(session.run())
        except (BoardStopped, UnexpectedLight) as error:
            narrator.failure(str(error))
            sys.exit(1)


def _check_cars(vins: tuple[str, ...]) -> None:
    if len(set(vins)) < len(vins):
        raise InputError("two cars of one VIN", "Name each once.")
    if len(vins) > MOST_CARS:
        raise InputError(f"a fob has {MOST_CARS} cars at most", "Name fewer.")


def _version(text: str | None) -> tuple[int, int, int] | None:
    if text is None:
        return None
    numbers = re.fullmatch(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    if numbers is None:
        raise InputError(f"{text!r} is no version of MicroPython", "Write it like 1.24.1.")
    major, minor, patch = numbers.groups(default="0")
    return int(major), int(minor), int(patch)


def _flash(
    path: Path | None,
    bare: bool,
    vins: tuple[str, ...],
    definition: BoardDefinition,
    stack: contextlib.ExitStack,
) -> FlashImage | None:
    """What the board runs on; None leaves it to the bench to make a fob of it."""
    if path is None:
        if not bare:
            return None
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="fob-"))
        return FlashImage.erased(Path(folder) / "flash.img")
    try:
        if not path.exists():
            return FlashImage.erased(path) if bare else fob_flash(path, vins, definition)
        if path.stat().st_size != FLASH_SIZE:
            raise InputError(f"{path} is no flash of a virtual board", "Name another file.")
        if bare:
            raise InputError(
                f"{path} holds a flash already, which is not bare",
                "Leave --bare out, or remove the file.",
            )
        with path.open("r+b"):
            return FlashImage(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", "Name another file.") from None


def _check_key(flash: FlashImage | None, bare: bool, enrolled: bool) -> None:
    if not enrolled or (flash is None and not bare):
        return
    with contextlib.suppress(FlashError):
        if flash is not None and not bare and flash.read(CONFIGURATION_PATH):
            return
    raise InputError("the board has no key that the car could know", "Leave --enrolled out.")
