"""The littlefs in which MicroPython keeps its files on an ESP32, opened outside of a board."""

from collections.abc import Mapping
from typing import Any

from littlefs import LittleFS, UserContext

BLOCK_SIZE = 4096

GEOMETRY: dict[str, Any] = {
    "block_size": BLOCK_SIZE,
    "read_size": 32,
    "prog_size": 32,
    "lookahead_size": 32,
    "cache_size": 128,
    "block_cycles": 100,
}
"""What MicroPython's VfsLfs2 uses; its cache is four times the larger of read and program size."""


def littlefs(contents: bytes) -> LittleFS:
    """A file system over a copy of these bytes, not mounted; `.context.buffer` is that copy."""
    blocks = len(contents) // BLOCK_SIZE
    context = UserContext(buffer=bytearray(contents))
    return LittleFS(context, mount=False, block_count=blocks, **GEOMETRY)


def file_paths(filesystem: LittleFS) -> list[str]:
    """Absolute paths of all files in a mounted file system."""
    return [
        f"{folder.rstrip('/')}/{name}"
        for folder, _, names in filesystem.walk("/")
        for name in names
    ]


def write_files(filesystem: LittleFS, files: Mapping[str, bytes]) -> None:
    """Write files by absolute path, replacing those of the same path and making folders."""
    for path, data in files.items():
        filesystem.makedirs(path.rpartition("/")[0] or "/", exist_ok=True)
        with filesystem.open(path, "wb") as file:
            file.write(data)
