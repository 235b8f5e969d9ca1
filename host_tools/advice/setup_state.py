"""How far a board is on its way to a paired fob: what `fob setup` goes by, and nothing else."""

import contextlib
import json
from dataclasses import dataclass, replace
from typing import Any

from host_tools.board.chips import CHIPS
from host_tools.cable.device import Device, Facts
from host_tools.identity.provision import CONFIGURATION_PATH
from host_tools.installation import install
from host_tools.installation.micropython import Unfit, check_micropython


@dataclass(frozen=True)
class Sight:
    """What a look at a board showed.

    unfit       why its MicroPython cannot run the fob's program, though another could.
    program     as `install.installed` says.
    status      what the fob's console tells; without a whole program, what fob.json says.
    """

    facts: Facts
    unfit: Unfit | None
    program: install.State
    status: dict[str, Any]

    @property
    def board(self) -> str | None:
        """The board that the fob was provisioned for."""
        board = self.status.get("board")
        named = board.get("name") if isinstance(board, dict) else None
        return named if isinstance(named, str) else None

    @property
    def vin(self) -> str | None:
        """The car that the fob belongs to."""
        return self.status.get("vin") or None

    @property
    def cars(self) -> dict[str, int]:
        """The numbers of all its cars, by VIN, as far as its program tells them."""
        told = self.status.get("cars")
        cars = [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
        return {each["vin"]: each["number"] for each in cars if each.get("vin")}

    @property
    def is_paired(self) -> bool:
        """Whether the car proved that it knows the key, and has not denied it since."""
        return bool(self.status.get("paired")) and not self.status.get("unknown")

    @property
    def has_worked(self) -> bool:
        """Whether the last press that it remembers was confirmed by the car."""
        last = self.status.get("last") or ""
        return " done in " in last and not last.startswith("pair ")


def look(device: Device, vin: str | None = None) -> Sight:
    """Look at a board, changing nothing there; of a fob of several cars at the one of `vin`.

    Raises Unfit for what will never be a fob, DeviceError, ConsoleError.
    """
    unfit = None
    try:
        check_micropython(device.facts)
    except Unfit as error:
        if device.facts.chip not in CHIPS:
            raise
        unfit = error
    program: install.State = "missing" if unfit else install.installed(device)
    whole = program in ("current", "outdated")
    sight = Sight(device.facts, unfit, program, device.call("status") if whole else _told(device))
    number = sight.cars.get(vin or "")
    if number is None or sight.vin == vin:
        return sight
    return replace(sight, status=device.call("status", car=number))


def _told(device: Device) -> dict[str, Any]:
    """What fob.json says, whether or not it is of use."""
    with contextlib.suppress(RecursionError, ValueError):
        told = json.loads((device.facts.mounted and device.read(CONFIGURATION_PATH)) or b"{}")
        return told if isinstance(told, dict) else {}
    return {}
