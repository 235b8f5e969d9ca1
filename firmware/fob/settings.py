"""What config.py read: classes in a module of their own, for the reader is unloaded afterwards.

A function keeps all of its module in memory, as long as anything can call it.
"""

from fob.errors import ConfigError


class Car:
    """One car: number, the attributes of its file, the keys as bytes, and `owner`, 4 bytes that
    tell this key and car from any other."""

    number: int
    vin: str
    public_key: bytes
    private_key: bytes
    role: int
    form_factor: int
    enrol: str
    protocol: str
    owner: bytes


class Config:
    """Validated configuration; attributes as in the file, and `brightness`, its "light".

    `cars` are those of use, at least one; `broken` says of the others what is wrong, by number.
    `owner` are 4 bytes that tell the keys and cars from any others.
    """

    board: dict
    battery: dict | None
    brightness: str
    press_guard_ms: int
    gestures: dict
    actions: dict
    warn_open: bool
    passive: dict | None
    cars: list
    broken: dict
    owner: bytes

    def car(self, number=None):
        """Return the Car of a number, the first without; raises ConfigError."""
        for car in self.cars:
            if number in (None, car.number):
                return car
        raise ConfigError("no car %d of use: run `fob cars`" % number)
