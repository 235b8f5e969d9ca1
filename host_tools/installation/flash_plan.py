"""What writing a file to a board's flash would do to it, found out before anything is written."""

from dataclasses import dataclass

from host_tools.cable.fob_files import CAR_FOLDERS
from host_tools.failure import Failure, InputError
from host_tools.installation.esp_image import MEBIBYTE, EspImage
from host_tools.installation.flasher import Flasher, Found
from host_tools.installation.image import packed_files
from host_tools.installation.micropython import download_page
from host_tools.installation.partitions import files_partition

_SECRET = ("/key.bin", "/state/", *CAR_FOLDERS)


@dataclass(frozen=True)
class FlashPlan:
    """What is to be done to the flash.

    erase           all of it first, so that MicroPython makes a new file system.
    loses_files     there is a file system now, and it will be lost.
    replaces_other  there is something now that is no MicroPython with files.
    """

    erase: bool
    loses_files: bool
    replaces_other: bool


def check_firmware(image: EspImage) -> None:
    """Raise InputError for a file that is more than MicroPython."""
    place = files_partition(image.partitions, image.flash_size)
    if place is not None and image.end > place.offset:
        raise InputError(
            f"{image.path.name} reaches into the file system and would write over the fob's key",
            "If `fob image` made it, use --image in place of --firmware.",
        )


def check_packed(image: EspImage) -> None:
    """Raise InputError for a file that `fob image` has not made, or one that holds a key."""
    files = packed_files(image)
    if not files:
        raise InputError(
            f"{image.path.name} is MicroPython alone, without files",
            "Use --firmware in place of --image, or make a file with `fob image`.",
        )
    secret = [path for path in files if path.startswith(_SECRET)]
    if secret:
        raise InputError(
            f"{image.path.name} is a copy of a fob, {secret[0]} included: written to a board it"
            " would use numbers again that its car has seen",
            "Make a file with `fob image`, and bring the key by `fob provision --key`.",
        )


def plan_firmware(flasher: Flasher, image: EspImage, *, erase: bool) -> FlashPlan:
    """Plan to write MicroPython alone, which keeps the file system unless `erase`.

    Raises InputError where file and board do not fit, Failure where the files would be lost.
    """
    found = _matching(flasher, image)
    new = image.files(found.flash_size)
    table = flasher.read_table()
    old = files_partition(table, found.flash_size) if table else None
    if not old or not flasher.has_files(old):
        # What else lies where the files shall be keeps MicroPython from making a file system.
        return FlashPlan(erase=True, loses_files=False, replaces_other=table is not None)
    if old != new and not erase:
        raise Failure(
            f"{image.path.name} keeps its files elsewhere on the flash than the MicroPython on the"
            " board, so that the fob's key and settings would be lost",
            "Take a release nearer to that one; or `fob key backup FILE`, then add --erase.",
        )
    return FlashPlan(erase=erase, loses_files=erase, replaces_other=False)


def plan_image(flasher: Flasher, image: EspImage) -> FlashPlan:
    """Plan to write what `fob image` made over all that is there.

    Raises InputError where file and board do not fit.
    """
    found = _matching(flasher, image)
    if image.files(found.flash_size).end != image.end:
        size = found.flash_size // MEBIBYTE
        raise InputError(
            f"{image.path.name} was made for a flash of another size than the board's {size} MB",
            f"Make it anew with `fob image --flash-size {size}`.",
        )
    table = flasher.read_table()
    old = files_partition(table, found.flash_size) if table else None
    loses = bool(old and flasher.has_files(old))
    return FlashPlan(erase=False, loses_files=loses, replaces_other=table is not None and not loses)


def _matching(flasher: Flasher, image: EspImage) -> Found:
    found = flasher.find()
    if found.chip != image.chip:
        raise InputError(
            f"{image.path.name} is for the {image.chip}, and the board at {flasher.port} has an"
            f" {found.chip}",
            f"Take one from {download_page(found.chip)}, or name another board by --port.",
        )
    return found
