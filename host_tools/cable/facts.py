"""What runs on a board: the first thing that a laptop asks it."""

from dataclasses import dataclass
from typing import Any

from host_tools.harmless import harmless

# The first numbers that a .mpy of native code may have, in MicroPython's order
# (py/persistentcode.h).
_ARCHITECTURES = (
    *(None, "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp"),
    *("xtensa", "xtensawin", "rv32imc", "rv64imc"),
)

# The watchdog cannot be stopped and would end an upload: widened before anything else. `esp32`
# tells the chips that may carry a fob from all others, whose watchdogs are left alone.
PROGRAM = """
import sys, gc, os, json
gc.collect()
_id = b""
try:
    import esp32, machine
    machine.WDT(timeout=600000)
    _id = machine.unique_id()
    _esp32 = True
except ImportError:
    _esp32 = False
try:
    # Where nothing is mounted it is no error but all zeros.
    _mounted = os.statvfs("/")[2] > 0
except (OSError, AttributeError):
    _mounted = False
_i = sys.implementation
_m = os.uname().machine if hasattr(os, "uname") else getattr(_i, "_machine", "")
_id = "".join(["%02x" % _b for _b in _id])
_told = [list(_i.version[:3]), _m, getattr(_i, "_mpy", 0), _id, sys.platform, _esp32, _mounted]
print(json.dumps(_told))
"""


@dataclass(frozen=True)
class Facts:
    """What runs on the board."""

    version: tuple[int, int, int]
    """Of MicroPython."""
    machine: str
    """Board and chip as the image calls them: "Generic ESP32 module with ESP32"."""
    chip: str | None
    """ "esp32", "esp32c3", ...; None when it is no ESP32."""
    mpy: int
    """Version of the .mpy format that it loads."""
    march: str | None
    """Architecture of native code, as mpy-cross calls it; None where there is none."""
    unique_id: str
    """In hexadecimal; empty when it is no ESP32."""
    platform: str
    mounted: bool
    """Whether there is a file system."""

    @classmethod
    def of(cls, told: list[Any]) -> "Facts":
        """From the row that PROGRAM prints. Raises ValueError, TypeError for another."""
        version, machine, mpy, unique_id, platform, is_esp32, mounted = told
        machine, unique_id, platform = map(_text, (machine, unique_id, platform))
        major, minor, micro, mpy = map(_number, (*version, mpy))
        named = machine.rpartition(" with ")[2].lower().replace("-", "")
        architecture = mpy >> 10 & 0xF
        return cls(
            version=(major, minor, micro),
            machine=machine,
            chip=(named if named.startswith("esp32") else "esp32") if is_esp32 else None,
            mpy=mpy & 0xFF,
            march=_ARCHITECTURES[architecture] if architecture < len(_ARCHITECTURES) else None,
            unique_id=unique_id,
            platform=platform,
            mounted=bool(mounted),
        )


def _text(told: Any) -> str:
    if not isinstance(told, str):
        raise TypeError
    return harmless(told)


def _number(told: Any) -> int:
    if type(told) is not int:
        raise TypeError
    return told
