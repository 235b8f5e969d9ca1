"""Deep sleep of the virtual chip: what ends it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# machine.wake_reason(), as esp_sleep_get_wakeup_cause() counts.
EXT0_WAKE = 2
EXT1_WAKE = 3
TIMER_WAKE = 4


@dataclass(frozen=True)
class Wake:
    """Why the chip woke: machine.wake_reason() and machine.wake_pins()."""

    reason: int
    pins: tuple[int, ...] = ()


class WakeSources:
    """What the firmware asked to be woken by; forgotten at every start.

    Levels as in MicroPython's esp32 module: False is low, True is high; ext1 wants all of its pins
    low or any of them high.
    """

    def __init__(self, wake_pins: Iterable[int]) -> None:
        self._capable = frozenset(wake_pins)
        self._ext0: tuple[int, bool] | None = None
        self._ext1: tuple[int, ...] = ()
        self._ext1_level = False

    def set_ext0(self, pin: int | None, level: bool) -> None:
        """One pin and its level; None for no pin."""
        if pin is not None:
            self._check(pin)
        self._ext0 = None if pin is None else (pin, level)

    def set_ext1(self, pins: Iterable[int] | None, level: bool) -> None:
        """Several pins; None keeps those of before."""
        if pins is not None:
            self._ext1 = tuple(pins)
            for pin in self._ext1:
                self._check(pin)
        self._ext1_level = level

    def woken_by(self, levels: Mapping[int, int]) -> Wake | None:
        """The wake these pin levels cause, if any."""
        if self._ext0 is not None:
            pin, level = self._ext0
            if levels.get(pin, 0) == level:
                return Wake(EXT0_WAKE)
        high = tuple(pin for pin in self._ext1 if levels.get(pin, 0))
        if self._ext1_level and high:
            return Wake(EXT1_WAKE, high)
        if self._ext1 and not self._ext1_level and not high:
            return Wake(EXT1_WAKE, self._ext1)
        return None

    def _check(self, pin: int) -> None:
        if pin not in self._capable:
            raise ValueError("invalid pin")
