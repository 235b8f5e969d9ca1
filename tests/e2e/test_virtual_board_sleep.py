"""Deep sleep of the virtual board: what may end it on which chip, and what the firmware is told."""

from pathlib import Path

import pytest

from host_tools.simulator.board import Board
from host_tools.simulator.hardware import Hardware
from tests.asynchronous import asynchronous, in_virtual_time
from tests.virtual_hardware import board_of, board_with, run

TELL = "import esp32, machine\nfrom machine import Pin\n" + (
    "print('awake', machine.reset_cause(), machine.wake_reason(), machine.wake_pins())\n"
)


def sleeper(
    tmp_path: Path, chip: str, *pins: int, sources: str, active_low: bool = True, ms: int = 0
) -> Board:
    """A board that tells how it woke, then sleeps until one of `sources` wakes it."""
    definition = board_of(chip, *pins, active_low=active_low)
    main = f"{TELL}{sources}\nmachine.deepsleep({ms})"
    return board_with(tmp_path, main, definition=definition)


@pytest.mark.parametrize(
    ("chip", "sources", "pins", "active_low", "told"),
    [
        ("esp32", "esp32.wake_on_ext0(Pin(32), False)", (32, 33), True, "awake 4 2 ()"),
        ("esp32", "esp32.wake_on_ext0(Pin(32), True)", (32, 33), False, "awake 4 2 ()"),
        ("esp32", "esp32.wake_on_ext1((Pin(32),), False)", (32, 33), True, "awake 4 3 (32,)"),
        (
            "esp32",
            "esp32.wake_on_ext1((Pin(33), Pin(32)), True)",
            (32, 33),
            False,
            "awake 4 3 (32,)",
        ),
        ("esp32s3", "esp32.wake_on_ext0(Pin(4), False)", (4, 5), True, "awake 4 2 ()"),
        ("esp32c6", "esp32.wake_on_ext1((Pin(0), Pin(1)), True)", (0, 1), False, "awake 4 3 (0,)"),
        ("esp32c3", "esp32.wake_on_gpio((Pin(3), Pin(4)), False)", (3, 4), True, "awake 4 7 (3,)"),
        ("esp32c3", "esp32.wake_on_gpio((Pin(3), Pin(4)), True)", (3, 4), False, "awake 4 7 (3,)"),
    ],
)
@asynchronous
async def test_a_press_wakes_the_chip_and_the_firmware_is_told_how(
    chip: str, sources: str, pins: tuple[int, ...], active_low: bool, told: str, tmp_path: Path
) -> None:
    async with sleeper(tmp_path, chip, *pins, sources=sources, active_low=active_low) as board:
        await board.stopped()
        board.push("lock")
        board.release("lock")  # long before the firmware looks
        await board.prints(told)


@asynchronous
async def test_of_two_buttons_to_ground_on_ext1_one_alone_wakes_nothing(tmp_path: Path) -> None:
    sources = "esp32.wake_on_ext1((Pin(32), Pin(33)), esp32.WAKEUP_ALL_LOW)"
    async with sleeper(tmp_path, "esp32", 32, 33, sources=sources) as board:
        await board.stopped()
        board.push("lock")
        assert board.hardware.wake_sources.woken_by(board.hardware.levels()) is None
        board.push("unlock")
        await board.prints("awake 4 3 (32, 33)")


@asynchronous
async def test_a_button_that_is_held_ends_the_sleep_at_once(tmp_path: Path) -> None:
    board = sleeper(tmp_path, "esp32", 32, 33, sources="esp32.wake_on_ext0(Pin(32), False)")
    board.push("lock")
    async with board:
        await board.prints("awake 4 2 ()")


@asynchronous
async def test_a_pin_left_out_of_the_mask_does_not_wake_but_the_timer_does(tmp_path: Path) -> None:
    board = sleeper(
        tmp_path, "esp32c3", 3, 4, sources="esp32.wake_on_gpio((Pin(4),), False)", ms=20
    )
    board.push("lock")
    async with board:
        await board.prints("awake 4 4 ()")


@pytest.mark.parametrize("ending", ["()", "[]"])
@asynchronous
async def test_ext1_keeps_its_pins_for_none_and_clears_them_for_an_empty_list(
    ending: str, tmp_path: Path
) -> None:
    sources = "esp32.wake_on_ext1((Pin(32),), False)\nesp32.wake_on_ext1(None, False)"
    async with sleeper(tmp_path, "esp32", 32, 33, sources=sources) as board:
        await board.stopped()
        assert woken_by(board.hardware, "lock")
    cleared = f"{sources}\nesp32.wake_on_ext1({ending}, False)"
    async with sleeper(tmp_path, "esp32", 32, 33, sources=cleared) as board:
        await board.stopped()
        assert not woken_by(board.hardware, "lock")


def woken_by(hardware: Hardware, button: str) -> bool:
    """Whether a press would wake the chip that sleeps now."""
    levels = hardware.levels() | {hardware.definition.buttons[button]: 0}
    return hardware.wake_sources.woken_by(levels) is not None


@asynchronous
async def test_wake_sources_are_forgotten_at_every_start(tmp_path: Path) -> None:
    sources = "if machine.wake_reason() == 0: esp32.wake_on_ext0(Pin(32), False)"
    async with sleeper(tmp_path, "esp32", 32, 33, sources=sources) as board:
        await board.stopped()
        await board.press("lock", seconds=0)
        await board.prints("awake 4 2 ()")
        await board.stopped()
        assert not woken_by(board.hardware, "lock")


@pytest.mark.parametrize(
    ("chip", "missing"),
    [
        ("esp32", "[]"),
        ("esp32s3", "[]"),
        ("esp32c6", "['wake_on_ext0']"),
        ("esp32c3", "['wake_on_ext0', 'wake_on_ext1']"),
    ],
)
@asynchronous
async def test_a_chip_lacks_the_functions_it_cannot_offer(
    chip: str, missing: str, tmp_path: Path
) -> None:
    main = (
        "import esp32\n"
        "print([n for n in ('wake_on_ext0', 'wake_on_ext1', 'wake_on_gpio')"
        " if not hasattr(esp32, n)])"
    )
    pins = (32, 33) if chip == "esp32" else (0, 1) if chip == "esp32c6" else (4, 5)
    assert await run(board_with(tmp_path, main, definition=board_of(chip, *pins))) == [missing]


@pytest.mark.parametrize(
    ("chip", "pins", "call", "complaint"),
    [
        ("esp32", (32, 33), "wake_on_ext0(Pin(5), False)", "invalid pin"),
        ("esp32", (32, 33), "wake_on_ext1([Pin(32), Pin(5)], False)", "invalid pin"),
        ("esp32", (32, 33), "wake_on_gpio([Pin(32)], False)", "not supported by this chip"),
        ("esp32c6", (0, 1), "wake_on_ext1([Pin(8)], False)", "invalid pin"),
        ("esp32c3", (3, 4), "wake_on_gpio([Pin(6)], False)", "invalid pin"),
        ("esp32c3", (3, 4), "wake_on_gpio([Pin(22)], False)", "invalid pin"),
        ("esp32", (32, 33), "wake_on_ext0(Pin(20), False)", "invalid pin"),
    ],
)
@asynchronous
async def test_a_pin_that_cannot_wake_the_chip_is_refused(
    chip: str, pins: tuple[int, ...], call: str, complaint: str, tmp_path: Path
) -> None:
    main = f"import esp32\nfrom machine import Pin\nesp32.{call}"
    lines = await run(board_with(tmp_path, main, definition=board_of(chip, *pins)))
    assert lines[-1] == f"ValueError: {complaint}"


@in_virtual_time
async def test_rtc_memory_outlives_all_but_the_power(tmp_path: Path) -> None:
    main = (
        "import machine, time\nrtc = machine.RTC()\n"
        "print(machine.reset_cause(), rtc.memory())\n"
        "rtc.memory(rtc.memory() + b'.')\n"
        "cause = machine.reset_cause()\n"
        "if cause == machine.PWRON_RESET: machine.deepsleep(1)\n"
        "if cause == machine.DEEPSLEEP_RESET: machine.reset()\n"
        "if cause == machine.HARD_RESET: machine.soft_reset()\n"
        "if cause == machine.SOFT_RESET:\n"
        "    machine.WDT(timeout=1000)\n"
        "    while True: time.sleep_ms(5)\n"
    )
    async with board_with(tmp_path, main) as board:
        await board.prints("3 b'....'")
        assert board.console == ["1 b''", "4 b'.'", "2 b'..'", "5 b'...'", "3 b'....'"]
        await board.power_off()
        await board.power_on()
        await board.prints("1 b''")


@asynchronous
async def test_usb_power_and_the_battery_are_measured_on_their_pins(tmp_path: Path) -> None:
    definition = board_of("esp32c3", 3, 5, usb=6, battery={"pin": 4, "ratio": 2.0, "low_mv": 3300})
    main = (
        "from machine import ADC, Pin\nimport time\nusb = Pin(6, Pin.IN)\n"
        "print('usb', usb(), ADC(4, atten=ADC.ATTN_11DB).read_uv())\n"
        "while not usb(): time.sleep_ms(1)\nprint('plugged')"
    )
    board = board_with(tmp_path, main, definition=definition)
    async with board:
        await board.prints("usb 0 1980000")  # 3.96 V, well charged
        await board.power_off()
        board.hardware.set_battery(3.2)
        await board.power_on()
        await board.prints("usb 0 1600000")
        board.hardware.set_usb(True)
        await board.prints("plugged")


def test_a_board_without_usb_pin_and_divider_says_so(tmp_path: Path) -> None:
    board = board_with(tmp_path, "", definition=board_of("esp32", 32, 33))
    with pytest.raises(ValueError, match="cannot tell USB power"):
        board.hardware.set_usb(True)
    with pytest.raises(ValueError, match="cannot measure its battery"):
        board.hardware.set_battery(3.7)
