"""What each chip draws while it does what, in milliamperes at 3.3 V. Every figure has a source."""

from collections.abc import Mapping
from dataclasses import dataclass

from host_tools.board.definition import BoardDefinition, Light
from host_tools.energy.figures import Figure

CONNECTED_SHARE = 0.1
"""Of the time of a connection the radio listens or sends, where it sleeps in between: some 1.5 ms,
its warming up included, of each interval of 15 ms, the longest that the firmware asks for."""


@dataclass(frozen=True)
class ChipCurrents:
    """mA, but for `asleep`: uA of the chip alone, with what a button needs to wake it.

    running     the CPU works, the radio is off; idle: it waits.
    listening   the radio receives all the time, as in the search for the car.
    peak        while it sends, which a cell has to bear.
    radio_sleeps  ESP-IDF lets the radio sleep between packets unless told otherwise: it does on the
                first ESP32, and not on the others (BT_CTRL_MODEM_SLEEP in its Kconfig, off by
                default; MicroPython's sdkconfig leaves it so).
    """

    asleep: Figure
    running: Figure
    idle: Figure
    listening: Figure
    peak: Figure
    radio_sleeps: bool = False

    @property
    def resting(self) -> Figure:
        """The radio is on, but neither listens nor has a link."""
        if self.radio_sleeps:
            return Figure(self.idle.value, "as idle: the radio sleeps", estimated=True)
        return self._awake_radio

    @property
    def connected(self) -> Figure:
        """The mean of a connection on which little is said."""
        if not self.radio_sleeps:
            return self._awake_radio
        more = CONNECTED_SHARE * (self.listening.value - self.idle.value)
        return Figure(
            round(self.idle.value + more, 1),
            f"idle, and for {CONNECTED_SHARE:.0%} of the time listening or sending",
            estimated=True,
        )

    @property
    def _awake_radio(self) -> Figure:
        return Figure(
            self.listening.value,
            "as listening, an upper bound: MicroPython leaves ESP-IDF's default, by which this"
            " chip's radio does not sleep between packets",
            estimated=True,
        )


_ESP32 = "ESP32 data sheet v5.2"
_C3 = "ESP32-C3-MINI-1 data sheet v2.2"
_S3 = "ESP32-S3 data sheet v2.0"
_C6 = "ESP32-C6 data sheet v1.4"
_CLOCKS = "all clocks on"

CHIP_CURRENTS: Mapping[str, ChipCurrents] = {
    "esp32": ChipCurrents(
        asleep=Figure(10, f"{_ESP32}: RTC timer and memory on"),
        running=Figure(44, f"{_ESP32}: 27 to 44 mA at 160 MHz, MicroPython's default"),
        idle=Figure(27, f"{_ESP32}: 27 to 44 mA at 160 MHz; the lower end", estimated=True),
        listening=Figure(100, f"{_ESP32}, table 5-4: receiving BLE, 95 to 100 mA"),
        peak=Figure(130, f"{_ESP32}, table 5-4: sending BLE at 0 dBm"),
        radio_sleeps=True,
    ),
    "esp32c3": ChipCurrents(
        asleep=Figure(5, "ESP32-C3 data sheet v2.2"),
        running=Figure(28, f"{_C3}, table 6-6: running at 160 MHz, {_CLOCKS}"),
        idle=Figure(21, f"{_C3}, table 6-6: idle at 160 MHz, {_CLOCKS}"),
        listening=Figure(86, f"{_C3}, table 6-5: receiving BLE"),
        peak=Figure(190, f"{_C3}, table 6-5: sending BLE at 9 dBm"),
    ),
    "esp32c6": ChipCurrents(
        asleep=Figure(7, f"{_C6}, table 5-11: LP memory on"),
        running=Figure(38, f"{_C6}, table 5-10: running at 160 MHz, {_CLOCKS}"),
        idle=Figure(28, f"{_C6}, table 5-10: idle at 160 MHz, {_CLOCKS}"),
        listening=Figure(71, f"{_C6}, table 5-8: receiving BLE"),
        peak=Figure(190, f"{_C6}, table 5-8: sending BLE at 9 dBm"),
    ),
    "esp32s3": ChipCurrents(
        asleep=Figure(8, f"{_S3}, table 5-10: RTC peripherals on"),
        running=Figure(
            65.9,
            f"{_S3}, table 5-9: one core at 240 MHz, {_CLOCKS}; 66 mA on the mean of a start were"
            " measured (glenn20's notes)",
        ),
        idle=Figure(47.6, f"{_S3}, table 5-9: both cores waiting at 240 MHz, {_CLOCKS}"),
        listening=Figure(93, f"{_S3}, section 5.6.1: receiving BLE"),
        peak=Figure(193, f"{_S3}, section 5.6.1: sending BLE at 9 dBm"),
    ),
}
"""By the name of the chip."""

_LIGHTS: Mapping[str, Figure] = {
    "pin": Figure(1.3, "an LED of 2 V behind 1 kOhm, as boards and this wiring have it", True),
    "pwm": Figure(1.3, "an LED of 2 V behind 1 kOhm, as boards and this wiring have it", True),
    "neopixel": Figure(5, "a WS2812: 1 mA by itself, three times 12 mA at a tenth", True),
}


def light_current(light: Light) -> Figure:
    """mA of a light while it is lit."""
    return _LIGHTS[light.kind]


def sleep_current(board: BoardDefinition) -> Figure:
    """uA of the whole board in deep sleep; an estimate, the chip's alone, where nobody is known to
    have measured it."""
    if board.sleep_ua is not None:
        return Figure(board.sleep_ua, board.sleep_source or f"boards/{board.slug}.toml")
    chip = CHIP_CURRENTS[board.chip.name].asleep
    source = f"the chip alone ({chip.source}): what else is on the board comes on top, unmeasured"
    return Figure(chip.value, source, estimated=True)
