"""One flashable file: MicroPython, and behind it a file system with the fob's program and board.

Never a key and never a counter: many fobs can be made from one file, and one that is made anew
would begin its counter again. `fob provision` gives each its own.
"""

from collections.abc import Mapping

from littlefs import LittleFSError

from host_tools.board.catalogue import BoardDefinition
from host_tools.failure import InputError
from host_tools.identity.provision import CONFIGURATION_PATH, LIGHT_PATH
from host_tools.identity.settings import Car, Configuration, Settings, board_fields
from host_tools.installation.compile import ARCHITECTURES
from host_tools.installation.esp_image import EspImage
from host_tools.installation.filesystem import file_paths, littlefs, write_files
from host_tools.installation.install import MANIFEST_PATH, manifest, program
from host_tools.installation.micropython import dotted, download_page
from host_tools.installation.partitions import files_partition


def board_files(image: EspImage, board: BoardDefinition, vin: str | None) -> dict[str, bytes]:
    """What goes into the file system, by path. With a VIN the fob is provisioned but for its key.

    Raises InputError where the board has another chip than the image is for.
    """
    check_chip(image, board)
    files = dict(program(ARCHITECTURES[board.chip.name]))
    files[MANIFEST_PATH] = manifest(files, dotted(image.version))
    settings = Settings(board=board_fields(board))
    files[LIGHT_PATH] = settings.light_file()
    if vin:
        # Without a key the firmware uses none of the settings; `fob provision` finds them all.
        files[CONFIGURATION_PATH] = Configuration(settings, (1,), Car(vin), b"").file()
    return files


def check_chip(image: EspImage, board: BoardDefinition) -> None:
    """Raise InputError for an image that is for another chip than the board's."""
    if board.chip.name != image.chip:
        raise InputError(
            f"{image.path.name} is for the {image.chip}, and {board.slug} has an {board.chip.name}",
            f"Take MicroPython from {download_page(board.chip.name)}, or name another board.",
        )


def build_image(image: EspImage, files: Mapping[str, bytes], flash_size: int) -> bytes:
    """The file to be written where `image` is, up to the end of the file system.

    flash_size  bytes of the board's flash; where MicroPython's table does not list the file
                system, it reaches to their end, and the file fits no other size.

    Raises InputError.
    """
    place = image.files(flash_size)
    if image.end > place.offset:
        raise InputError(
            f"{image.path.name} has a file system already",
            f"Take MicroPython as it comes from {download_page(image.chip)}.",
        )
    return image.data.ljust(place.offset - image.offset, b"\xff") + pack(files, place.size)


def pack(files: Mapping[str, bytes], size: int) -> bytes:
    """A littlefs of `size` bytes as MicroPython makes it, with files by path. Raises InputError."""
    filesystem = littlefs(b"\xff" * size)
    filesystem.format()
    filesystem.mount()
    try:
        write_files(filesystem, files)
        filesystem.unmount()
    except LittleFSError:
        raise InputError(
            f"the files do not fit into the {size >> 10} kB that this MicroPython leaves for them",
            "Take a board with more flash.",
        ) from None
    return bytes(filesystem.context.buffer)


def packed_files(image: EspImage) -> list[str]:
    """Paths of the files in what `build_image` made; none in MicroPython alone. Raises
    InputError."""
    place = files_partition(image.partitions, image.end)
    if place is None or image.end < place.end:
        return []
    at = place.offset - image.offset
    filesystem = littlefs(image.data[at : at + place.size])
    try:
        filesystem.mount()
        return file_paths(filesystem)
    except LittleFSError:
        raise InputError(
            f"the file system in {image.path.name} is damaged", "Make it anew with `fob image`."
        ) from None
