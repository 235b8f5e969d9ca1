"""The attributes of a car, for a radio that serves them itself."""

from dataclasses import dataclass

from host_tools.simulator.radio.gatt_database import INDICATE, NOTIFY, READ, WRITE, Database

_LONGEST_VALUE = 512


@dataclass(frozen=True)
class Table:
    """A car's attributes and the handles of the values that matter."""

    database: Database
    to_vehicle: int
    from_vehicle: int
    version: int
    update: int
    """How its answers come: NOTIFY or INDICATE."""


def vehicle_table(
    name: str, service: bytes, characteristics: tuple[bytes, ...], *, notify: bool, shift: int
) -> Table:
    """The services of CarRadio's car, with the same handles.

    characteristics: to vehicle, from vehicle, version. shift: services of three attributes each
    that come before the vehicle's.
    """
    database = Database()
    device_name, _ = database.add_service(
        b"\x00\x18", [[b"\x00\x2a", READ, []], [b"\x01\x2a", READ, []]]
    )
    database[device_name].value = name.encode()
    # What Bumble's device offers beyond: service changed, supported features, database hash.
    rows = [[b"\x05\x2a", INDICATE, []], [b"\x29\x2b", READ | WRITE, []], [b"\x2a\x2b", READ, []]]
    database.add_service(b"\x01\x18", rows)
    for _ in range(shift):
        database.add_service(b"\x0a\x18", [[b"\x29\x2a", READ, []]])
    update = NOTIFY if notify else INDICATE
    to_vehicle, from_vehicle, version = database.add_service(
        service,
        [
            [uuid, flags, []]
            for uuid, flags in zip(characteristics, (WRITE, update, READ), strict=True)
        ],
    )
    database[to_vehicle].capacity = _LONGEST_VALUE
    database[version].value = b"\x01"
    return Table(database, to_vehicle, from_vehicle, version, update)
