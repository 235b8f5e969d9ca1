"""Serial ports, and which of them a fob is likely to be at."""

import contextlib
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from serial.tools import list_ports as serial_ports

from host_tools.cable.virtual_boards import announced_boards
from host_tools.failure import Unreachable

Kind = Literal["usb", "virtual", "other"]

LIKELY_VENDORS = {
    0x0403: "FTDI",
    0x10C4: "Silicon Labs CP210x",
    0x1A86: "WCH CH34x",
    0x303A: "Espressif",
}
"""USB vendors of what ESP32 boards have between chip and cable; Espressif's is the chip itself."""

_MOST_NAMED = 4
PLUG_IN = "Plug the fob in with a cable that carries data; if it sleeps, press one of its buttons."


@dataclass(frozen=True)
class Port:
    """A serial port: `device` opens it, the USB identity is None where there is none, and so is the
    name of the board that a virtual one plays."""

    device: str
    description: str
    kind: Kind
    vid: int | None = None
    pid: int | None = None
    serial: str | None = None
    board: str | None = None

    @property
    def is_likely(self) -> bool:
        """Whether an ESP32 may be there."""
        return self.kind == "virtual" or self.vid in LIKELY_VENDORS


def list_ports() -> list[Port]:
    """Every serial port of this computer, and those of virtual boards."""
    real = [
        Port(
            device=found.device,
            description=found.description if found.description not in (None, "n/a") else "",
            kind="other" if found.vid is None else "usb",
            vid=found.vid,
            pid=found.pid,
            serial=found.serial_number,
        )
        for found in sorted(serial_ports.comports(), key=lambda found: str(found.device))
    ]
    virtual = [
        Port(port, f"virtual board {name}".removesuffix(" virtual"), "virtual", board=name)
        for port, name in announced_boards()
    ]
    return real + virtual


def choose_port(given: str | None) -> str:
    """The port to use: `given` if it is one, else the only one where a fob is likely.

    Raises Unreachable.
    """
    if given:
        return _checked(given)
    ports = list_ports()
    likely = [port for port in ports if port.is_likely]
    if len(likely) == 1:
        return likely[0].device
    if likely:
        raise Unreachable(f"several boards are plugged in: {_named(likely)}", "Name one by --port.")
    if ports:
        problem = f"no board is plugged in that looks like a fob, but {_named(ports)}"
        raise Unreachable(problem, f"{PLUG_IN} If it is one of these, name it by --port.")
    raise Unreachable("no serial port is there", PLUG_IN)


def _checked(given: str) -> str:
    if "://" in given:  # pyserial's ports elsewhere on the network
        return given
    known = {port.device for port in list_ports()}
    if given in known:
        return given
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            if stat.S_ISCHR(Path(given).stat().st_mode):
                return given
            raise Unreachable(f"{given} is no serial port", "`fob ports` lists those there are.")
    remedy = f"Name one that is: {_named(list_ports())}." if known else PLUG_IN
    raise Unreachable(f"there is no port {given}", remedy)


def _named(ports: list[Port]) -> str:
    named = [f"{port.device} ({port.description})".removesuffix(" ()") for port in ports]
    return ", ".join(named[:_MOST_NAMED] + ["..."] * (len(named) > _MOST_NAMED))
