"""What a board would lose with its files, in words for whoever is asked."""

from host_tools.cable.device import Device, DeviceError
from host_tools.identity.provision import CONFIGURATION_PATH, KEY_PATH
from host_tools.identity.stored import named_in

UNKNOWN = "whatever is on the board, with the key, settings and counter of a fob if it is one"

_STOCK = {"/boot.py"}
"""What MicroPython puts there by itself."""


def holdings(device: Device) -> str | None:
    """What is on it, as the object of "This erases ..."; None for nothing of anybody's."""
    if not device.facts.mounted:
        return "the board's file system, which cannot be mounted"
    try:
        present = device.files()
        vin, identifier = named_in(device.read(CONFIGURATION_PATH) or b"")
    except DeviceError as error:
        if error.kind != "board":
            raise
        return UNKNOWN
    if not set(present) - _STOCK:
        return None
    if KEY_PATH in present:
        return (
            f"the key {identifier or 'of unknown number'} of the fob for"
            f" {vin or 'a car that it does not name'}, its counter and its settings, for ever;"
            " the car goes on listing that key until you remove it there"
        )
    return f"{len(present)} files, without a key among them"
