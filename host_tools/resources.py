"""Finds the files the tools hand on: the firmware's sources, the board definitions, the vectors."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource_folder(name: str) -> Path:
    """The folder `name` ("firmware", "boards", "proto", "proto/vectors").

    An installed wheel carries firmware, boards and .proto files inside the package, in bundle/; in
    a clone they lie beside it. Raises FileNotFoundError when neither has it (a wheel has no
    vectors).
    """
    for home in (_PACKAGE / "bundle", _PACKAGE.parent):
        folder = home / name
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"this installation has no {name}/; run from a clone of the repository")


def firmware_sources() -> dict[str, bytes]:
    """Every file of the firmware, in order: path below firmware/ to its source."""
    folder = resource_folder("firmware")
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*.py"))
    }
