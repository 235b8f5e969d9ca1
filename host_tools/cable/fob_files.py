"""Which files on a board are the fob's, and what to do when there is no room for them."""

from collections.abc import Mapping

STAGED = ".new"
"""Ends the name of a file that lies ready to take the place of the one without it."""

_FILES = {
    *("/boot.py", "/main.py", "/manifest.json", "/maintenance"),
    *("/fob.json", "/light.json", "/key.bin"),
}
CAR_FOLDERS = ("/car2/", "/car3/", "/car4/")
"""What belongs to a second car and further ones, their keys among it."""
_FOLDERS = ("/fob/", "/hal/", "/state/", *CAR_FOLDERS)
_WORTH_NAMING = 4096
_MOST_NAMED = 3


def is_fobs(path: str) -> bool:
    """Whether these tools or the firmware write such a file."""
    final = path.removesuffix(STAGED)
    in_root = final.count("/") == 1 and final.endswith(".mpy")
    return final in _FILES or final.startswith(_FOLDERS) or in_root


def making_room(files: Mapping[str, int]) -> str:
    """What to do where `files`, by size in bytes, leave too little room: a sentence."""
    foreign = {path: size for path, size in files.items() if not is_fobs(path)}
    large = [path for path in foreign if foreign[path] >= _WORTH_NAMING]
    if not large:
        return "`fob flash --erase` makes a new file system; the fob's key and settings are lost."
    largest = sorted(large, key=lambda path: -foreign[path])[:_MOST_NAMED]
    named = ", ".join(f"{path} ({kibibytes(foreign[path])})" for path in largest)
    return f"Delete by `mpremote resume rm :FILE` what is not the fob's, such as {named}."


def kibibytes(count: int) -> str:
    """A number of bytes, rounded up: "1,797 KiB"."""
    return f"{-(-count // 1024):,} KiB"
