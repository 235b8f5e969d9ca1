"""The virtual board's flash: a littlefs image in a file, as it lies behind the `vfs` partition.

MicroPython mounts the same file through port/esp32.py while the board runs.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from littlefs import LittleFS, LittleFSError

from host_tools.installation.filesystem import BLOCK_SIZE, file_paths, littlefs, write_files

FLASH_SIZE = 512 * BLOCK_SIZE
"""Bytes: the stock layout of an ESP32 with 4 MiB of flash leaves 2 MiB for files."""


class FlashError(Exception):
    """The image cannot be read or written; the text says why."""


class FlashImage:
    """Files on a board's flash, by absolute path ("/fob.json").

    Reading is always possible: while the board runs it sees what a power cut would leave.
    Writing is refused meanwhile, because the board's file system would not notice.
    """

    def __init__(self, path: Path) -> None:
        """Open an existing image."""
        self.path = path.resolve()
        self.in_use = False
        """Set by the board that runs on it."""

    @classmethod
    def create(cls, path: Path, files: Mapping[str, bytes] | None = None) -> "FlashImage":
        """Format a new image, replacing what is at `path`, and put files on it."""
        image = cls.erased(path)
        filesystem = littlefs(path.read_bytes())
        filesystem.format()
        path.write_bytes(filesystem.context.buffer)
        image.write(files or {})
        return image

    @classmethod
    def erased(cls, path: Path) -> "FlashImage":
        """A new image without a file system, replacing what is at `path`: all of it erased.
        MicroPython formats such a flash when it starts."""
        path.unlink(missing_ok=True)
        # It will hold a private key.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(b"\xff" * FLASH_SIZE)
        return cls(path)

    def list(self) -> dict[str, int]:
        """Every file's path and size in bytes, sorted by path."""
        return {path: len(data) for path, data in self.files().items()}

    def files(self) -> dict[str, bytes]:
        """Every file's path and contents, sorted by path."""
        with self._mounted() as filesystem:
            return {path: _read(filesystem, path) for path in sorted(file_paths(filesystem))}

    def read(self, path: str) -> bytes:
        """Contents of one file; FlashError if there is none."""
        with self._mounted() as filesystem:
            try:
                return _read(filesystem, path)
            except FileNotFoundError:
                raise FlashError(f"{self.path.name}: there is no {path}") from None

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files, replacing those of the same path and making the folders they need."""
        with self._changed() as filesystem:
            write_files(filesystem, files)

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all that is in it."""
        with self._changed() as filesystem:
            filesystem.remove(path, recursive=True)

    @contextmanager
    def _changed(self) -> Iterator[LittleFS]:
        if self.in_use:
            raise FlashError(f"{self.path.name}: switch the board off before writing its flash")
        with self._mounted() as filesystem:
            yield filesystem
            filesystem.unmount()
            self.path.write_bytes(filesystem.context.buffer)

    @contextmanager
    def _mounted(self) -> Iterator[LittleFS]:
        try:
            filesystem = littlefs(self.path.read_bytes())
            filesystem.mount()
            yield filesystem
        except (LittleFSError, OSError) as error:
            raise FlashError(f"{self.path.name}: {error}") from error


def _read(filesystem: LittleFS, path: str) -> bytes:
    with filesystem.open(path, "rb") as file:
        data: bytes = file.read()
        return data
