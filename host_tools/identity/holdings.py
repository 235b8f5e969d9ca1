"""What a board would lose with its files, in words for whoever is asked."""

from collections.abc import Mapping

from host_tools.cable.device import Device, DeviceError
from host_tools.identity.places import PLACES
from host_tools.identity.stored import named_in

UNKNOWN = "whatever is on the board, with the key, settings and counter of a fob if it is one"

_STOCK = {"/boot.py"}
"""What MicroPython puts there by itself."""

CarAndKey = tuple[str | None, str | None]
"""A VIN, and the identifier of the key that the fob has for it, as far as a file tells them."""


def holdings(device: Device) -> str | None:
    """What is on it, as the object of "This erases ..."; None for nothing of anybody's."""
    if not device.facts.mounted:
        return "the board's file system, which cannot be mounted"
    try:
        present = device.files()
        paths = [place.configuration for place in PLACES if place.configuration in present]
        cars = told_cars({path: device.read(path) or b"" for path in paths})
    except DeviceError as error:
        if error.kind != "board":
            raise
        return UNKNOWN
    if not set(present) - _STOCK:
        return None
    if any(place.key in present for place in PLACES):
        names = list({name: None for _, name in cars if name}) or ["of unknown number"]
        vins = [vin for vin, _ in cars if vin] or ["a car that it does not name"]
        keys, them = ("keys", "them") if len(names) > 1 else ("key", "it")
        car = "the car goes" if len(vins) == 1 else "the cars go"
        return (
            f"the {keys} {' and '.join(names)} of the fob for {' and '.join(vins)}, its"
            f" counter{'s' * (len(vins) > 1)} and its settings, for ever; {car} on listing"
            f" {'that key' if them == 'it' else them} until you remove {them} there"
        )
    return f"{len(present)} files, without a key among them"


def told_cars(files: Mapping[str, bytes]) -> list[CarAndKey]:
    """The cars that these files (contents by path) tell of: for people only."""
    vin, shared = named_in(files.get(PLACES[0].configuration, b""))
    others = [
        named_in(files[place.configuration]) for place in PLACES[1:] if place.configuration in files
    ]
    first = [(vin, shared)] if vin or not others else []
    return [*first, *((each, name or shared) for each, name in others)]
