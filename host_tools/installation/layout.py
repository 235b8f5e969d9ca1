"""What of firmware/ goes where on a board."""

import ast
from collections.abc import Mapping
from functools import lru_cache
from pathlib import PurePosixPath

from host_tools.installation.compile import compile_installed
from host_tools.installation.field_names import firmware_field_names
from host_tools.installation.shorten import firmware_shortening
from host_tools.resources import firmware_sources

# MicroPython's start-up code looks for these two by name and never for an .mpy.
_SCRIPTS = ("boot.py", "main.py")


def layout_firmware(march: str | None = None, *, source: bool = False) -> dict[str, bytes]:
    """Path on the board to contents.

    Packages lie in the root, where `import` looks first. They are compiled, which saves the chip
    the time and memory of compiling, and their names are shortened: `march` as mpy-cross knows it
    ("xtensawin", "rv32imc") is needed only by native code. `source` leaves them as they are, for
    reading and changing on the board.
    """
    files: dict[str, bytes] = {}
    for name, text in firmware_sources().items():
        if source or name in _SCRIPTS:
            files[f"/{name}"] = text
        else:
            compiled = PurePosixPath(name).with_suffix(".mpy")
            files[f"/{compiled}"] = compile_installed(text, name, march)
    return files


def among_compiled(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Files to lie beside the compiled firmware on a board: Python sources that name something of
    it have to call it what it is called there."""
    return {
        path: _in_its_words(path, data) if path.endswith(".py") else data
        for path, data in files.items()
    }


def _in_its_words(path: str, source: bytes) -> bytes:
    try:
        named = firmware_field_names().apply(source)
        return firmware_shortening().apply(path.removeprefix("/"), named)
    except (SyntaxError, ValueError):
        # No program: it names nothing.
        return source


@lru_cache
def imported_modules() -> frozenset[str]:
    """Names of MicroPython's own modules that the firmware imports."""
    sources = firmware_sources()
    own = {PurePosixPath(path).with_suffix("").parts[0] for path in sources}
    names: set[str] = set()
    for source in sources.values():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module or "")
    return frozenset(name.partition(".")[0] for name in names) - own
