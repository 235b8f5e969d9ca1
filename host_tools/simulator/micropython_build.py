"""What the virtual chip's MicroPython says that it is.

Names: ports/esp32/boards/*/mpconfigboard.h of MicroPython; .mpy architectures: py/persistentcode.h.
"""

from dataclasses import dataclass

from host_tools.board.chips import Chip

_XTENSAWIN = 10
_RV32IMC = 11
_MPY_ARCHITECTURE = 10  # the bit of sys.implementation._mpy where it begins


@dataclass(frozen=True)
class _Build:
    board: str
    mcu: str
    architecture: int


_BUILDS = {
    "esp32": _Build("Generic ESP32 module", "ESP32", _XTENSAWIN),
    "esp32c3": _Build("ESP32C3 module", "ESP32C3", _RV32IMC),
    "esp32c6": _Build("ESP32C6 module", "ESP32C6", _RV32IMC),
    "esp32s3": _Build("Generic ESP32S3 module", "ESP32S3", _XTENSAWIN),
}


def told_build(chip: Chip, version: tuple[int, int, int] | None) -> list[object]:
    """sys.implementation._machine; the architecture in its _mpy; and its version, where that is to
    be another than the interpreter's own."""
    build = _BUILDS[chip.name]
    return [
        f"{build.board} with {build.mcu}",
        build.architecture << _MPY_ARCHITECTURE,
        list(version) if version else None,
    ]
