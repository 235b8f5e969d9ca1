"""The virtual board, with small programs in the place of the firmware."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from host_tools.board.catalogue import load_board
from host_tools.installation.layout import among_compiled, layout_firmware
from host_tools.simulator.board import HEAP, Board, BoardEvent, BoardStopped
from host_tools.simulator.flash import FlashError, FlashImage
from tests.asynchronous import asynchronous
from tests.virtual_hardware import WAIT, board_of, board_with, run

BUTTONS = """
import time
from machine import Pin
pins = {n: Pin(g, Pin.IN, Pin.PULL_UP) for n, g in (("lock", 32), ("unlock", 33))}
def report(pin):
    print(pin, pin.value())
"""


@asynchronous
async def test_boot_py_runs_before_main_py_and_shares_its_names(tmp_path: Path) -> None:
    board = board_with(tmp_path, main="print('main', x)", boot="x = 5\nprint('boot')")
    async with board:
        assert (await board.stopped()).reason == "main.py returned"
        assert board.console == ["boot", "main 5"]


@asynchronous
async def test_the_program_finds_itself_on_the_board_and_not_on_the_bench(tmp_path: Path) -> None:
    board = board_with(
        tmp_path,
        main="import os, sys\nprint(sys.path, os.getcwd(), os.listdir(), sys.argv)\nimport bridge",
    )
    lines = await run(board)
    assert lines[0] == "['', '.frozen', '/lib'] / ['main.py'] []"
    assert lines[-1] == "ImportError: no module named 'bridge'"


@asynchronous
async def test_modules_of_the_flash_can_be_imported(tmp_path: Path) -> None:
    board = board_with(
        tmp_path,
        main="import a.b, c\nprint(a.b.x, c.y)",
        **{"a/__init__": "", "a/b": "x = 1", "lib/c": "y = 2"},
    )
    assert await run(board) == ["1 2"]


@asynchronous
async def test_an_exception_is_printed_with_its_traceback(tmp_path: Path) -> None:
    board = board_with(tmp_path, main="def f():\n    raise ValueError('why')\nf()")
    async with board:
        assert (await board.stopped()).reason == "boot.py or main.py raised"
        assert board.console == [
            "Traceback (most recent call last):",
            '  File "main.py", line 3, in <module>',
            '  File "main.py", line 2, in f',
            "ValueError: why",
        ]


@asynchronous
async def test_an_exception_in_boot_py_keeps_main_py_from_running(tmp_path: Path) -> None:
    board = board_with(tmp_path, main="print('main')", boot="1 / 0")
    assert (await run(board))[-1] == "ZeroDivisionError: divide by zero"


@asynchronous
async def test_sys_exit_is_a_soft_reset(tmp_path: Path) -> None:
    board = board_with(
        tmp_path,
        main="import machine, sys\nprint(machine.reset_cause())\n"
        "if machine.reset_cause() != machine.SOFT_RESET: sys.exit()",
    )
    assert await run(board) == ["1", "5"]


@asynchronous
async def test_the_light_is_seen_and_its_pattern_recognised(tmp_path: Path) -> None:
    board = board_with(
        tmp_path,
        main="import time\nfrom machine import Pin\nled = Pin(2, Pin.OUT)\n"
        "led.on()\ntime.sleep_ms(800)\nled.off()\n" + WAIT,
    )
    async with board:
        assert await board.light.shows("done") == "done"
        assert [sample.level for sample in board.light.samples] == [1, 0]


@asynchronous
async def test_the_firmwares_own_patterns_are_recognised(tmp_path: Path) -> None:
    main = (
        "import asyncio\nfrom fob import patterns\nfrom hal import light\n"
        "async def show(pattern, ms):\n"
        "    try:\n        await asyncio.wait_for_ms(patterns.play(lamp, pattern), ms)\n"
        "    except asyncio.TimeoutError: pass\n"
        "async def all():\n"
        "    await show(patterns.WORKING, 450)\n    await show(patterns.DONE, 2000)\n"
        "    await asyncio.sleep_ms(300)\n"
        "    await show(patterns.FAILED, 2000)\n    await asyncio.sleep_ms(300)\n"
        "    await show(patterns.NEEDS_LAPTOP, 3000)\n"
        "lamp = light.Light({'kind': 'pin', 'pin': 2, 'inverted': False})\nasyncio.run(all())"
    )
    flash = FlashImage.create(
        tmp_path / "flash.img", layout_firmware() | among_compiled({"/main.py": main.encode()})
    )
    async with Board(None, flash) as board:
        for pattern in ("working", "done", "failed", "needs laptop"):
            await board.light.shows(pattern)


@asynchronous
async def test_an_inverted_light_shines_while_its_pin_is_low(tmp_path: Path) -> None:
    board = Board(
        None,
        FlashImage.create(
            tmp_path / "flash.img",
            {"/main.py": b"from machine import Pin\np = Pin(22, Pin.OUT, value=1)\np(0)\np(1)"},
        ),
        definition=load_board("lolin32-lite"),
    )
    await run(board)
    assert [sample.level for sample in board.light.samples] == [1, 0]


@asynchronous
async def test_dimmed_lights_and_strips_are_seen_too(tmp_path: Path) -> None:
    board = board_with(
        tmp_path,
        main="from machine import Pin, PWM\np = PWM(Pin(2), freq=1000, duty_u16=0)\n"
        "p.duty_u16(32768)\np.deinit()",
    )
    await run(board)
    assert [round(sample.level, 3) for sample in board.light.samples] == [0.5, 0]

    strip = board_of("esp32", 32, 33, light={"kind": "neopixel", "pin": 4})
    board.flash.write(
        {
            "/main.py": b"from machine import Pin\nfrom neopixel import NeoPixel\n"
            b"s = NeoPixel(Pin(4), 2)\ns[1] = (0, 51, 255)\ns.write()\nprint(s[1], len(s))\n"
            b"s.fill((0, 0, 51))\ns.write()"
        }
    )
    board = Board(None, board.flash, definition=strip)
    assert await run(board) == ["(0, 51, 255) 2"]
    assert [round(sample.level, 3) for sample in board.light.samples] == [1, 0.2, 0]


@asynchronous
async def test_a_button_is_read_and_interrupts(tmp_path: Path) -> None:
    board = board_with(
        tmp_path,
        main=BUTTONS + "pins['unlock'].irq(report, Pin.IRQ_FALLING)\npins['lock'].irq(report)\n"
        "print('idle', pins['lock'](), pins['unlock'].value())\n" + WAIT,
    )
    async with board:
        await board.prints("idle 1 1")
        board.push("unlock")
        await board.prints("Pin(33) 0")
        board.release("unlock")  # not what was asked for
        board.push("lock")
        await board.prints("Pin(32) 0")
        board.release("lock")
        await board.prints("Pin(32) 1")
        assert "Pin(33) 1" not in board.console


@asynchronous
async def test_a_button_may_be_held_while_the_board_starts(tmp_path: Path) -> None:
    board = board_with(tmp_path, main=BUTTONS + "report(pins['lock'])\nreport(pins['unlock'])")
    board.push("lock")
    assert await run(board) == ["Pin(32) 0", "Pin(33) 1"]


@asynchronous
async def test_a_pull_that_the_program_forgot_reads_as_pressed(tmp_path: Path) -> None:
    board = board_with(tmp_path, main="from machine import Pin\nprint(Pin(32, Pin.IN).value())")
    assert await run(board) == ["0"]


@asynchronous
async def test_a_voltage_can_be_measured(tmp_path: Path) -> None:
    board = board_with(
        tmp_path,
        main="from machine import ADC\na = ADC(35, atten=ADC.ATTN_11DB)\n"
        "print(a.read_uv(), a.read_u16())",
    )
    board.hardware.set_voltage(35, 1.225)
    assert await run(board) == ["1225000 32767"]


@asynchronous
async def test_files_survive_a_power_cut_and_memory_does_not(tmp_path: Path) -> None:
    board = board_with(
        tmp_path,
        main="import machine\nwith open('/log', 'a') as f: f.write('x')\n"
        "print(open('/log').read(), machine.RTC().memory(), machine.reset_cause())\n"
        "machine.RTC().memory(b'kept')\n" + WAIT,
    )
    async with board:
        await board.prints("x b'' 1")
    async with board:
        await board.prints("xx b'' 1")
    assert board.flash.read("/log") == b"xx"


@asynchronous
async def test_a_reset_is_immediate_and_keeps_the_rtc_memory(tmp_path: Path) -> None:
    board = board_with(
        tmp_path,
        main="import machine\nprint(machine.reset_cause(), machine.RTC().memory())\n"
        "if machine.reset_cause() == machine.PWRON_RESET:\n"
        "    machine.RTC().memory(b'kept')\n"
        "    try:\n        machine.reset()\n    finally:\n        print('never')\n",
    )
    assert await run(board) == ["1 b''", "2 b'kept'"]
    assert [stop.reason for stop in board.stops] == ["reset", "power off"]


@asynchronous
async def test_a_timer_ends_a_deep_sleep(tmp_path: Path) -> None:
    board = board_with(
        tmp_path,
        main="import machine\nprint(machine.reset_cause(), machine.wake_reason())\n"
        "if not machine.wake_reason(): machine.deepsleep(20)\n",
    )
    async with board:
        await board.prints("4 4")
    assert board.stops[0].reason == "sleep"


@asynchronous
async def test_a_wait_on_a_board_that_ended_tells_why(tmp_path: Path) -> None:
    board = board_with(tmp_path, main="raise ValueError('why')")
    async with board:
        for waiting in (board.light.shows("done", timeout=60), board.prints("ready", timeout=60)):
            with pytest.raises(BoardStopped, match=r"main\.py raised(.|\n)*ValueError: why"):
                await waiting


@asynchronous
async def test_switching_off_ends_every_wait(tmp_path: Path) -> None:
    board = board_with(tmp_path, main=WAIT)
    await board.power_on()
    waits = asyncio.gather(
        board.light.shows("done", timeout=60),
        board.prints("ready", timeout=60),
        return_exceptions=True,
    )
    await asyncio.sleep(0)
    await board.power_off()
    assert [type(result) for result in await waits] == [BoardStopped, BoardStopped]


@asynchronous
async def test_a_crash_of_the_interpreter_is_reported(tmp_path: Path) -> None:
    board = board_with(
        tmp_path, main="import uctypes\nprint('now')\nuctypes.bytearray_at(0, 1)[0] = 0"
    )
    async with board:
        with pytest.raises(BoardStopped, match="MicroPython died"):
            await board.prints("never", timeout=60)


@asynchronous
async def test_an_erased_flash_is_formatted_and_given_the_stock_boot_py(tmp_path: Path) -> None:
    board = Board(None, FlashImage.erased(tmp_path / "flash.img"))
    async with board:
        assert (await board.stopped()).reason == "main.py returned"
        assert board.flash.list().keys() == {"/boot.py"}


@asynchronous
async def test_a_flash_that_holds_no_file_system_says_so_until_an_interrupt(
    tmp_path: Path,
) -> None:
    board = board_with(tmp_path, main=WAIT)
    board.flash.path.write_bytes(b"\0" * board.flash.path.stat().st_size)
    async with board:
        await board.prints("cannot be mounted")
        assert board.state == "running"
        board.interrupt()
        assert (await board.stopped()).reason == "the flash cannot be mounted"
        assert board.state == "repl"


@pytest.mark.parametrize(
    ("chip", "pin", "machine", "architecture"),
    [
        ("esp32", 32, "Generic ESP32 module with ESP32", 10),
        ("esp32c3", 3, "ESP32C3 module with ESP32C3", 11),
        ("esp32c6", 0, "ESP32C6 module with ESP32C6", 11),
        ("esp32s3", 4, "Generic ESP32S3 module with ESP32S3", 10),
    ],
)
@asynchronous
async def test_micropython_says_which_chip_it_runs_on(
    chip: str, pin: int, machine: str, architecture: int, tmp_path: Path
) -> None:
    main = (
        "import os, sys\nme = sys.implementation\n"
        "print(sys.platform, me._machine == os.uname().machine, me._mpy >> 10)\nprint(me._machine)"
    )
    board = board_with(tmp_path, main, definition=board_of(chip, pin, pin + 1))
    assert await run(board) == [f"esp32 True {architecture}", machine]


@asynchronous
async def test_micropython_may_say_that_it_is_older(tmp_path: Path) -> None:
    main = "import sys\nprint(sys.implementation.version)"
    board = board_with(tmp_path, main)
    board = Board(None, board.flash, micropython=(1, 19, 1))
    assert await run(board) == ["(1, 19, 1, '')"]


@asynchronous
async def test_memory_runs_out_where_the_heap_ends(tmp_path: Path) -> None:
    board = board_with(tmp_path, main="bytearray(160_000)")
    assert "MemoryError" in (await run(board))[-1]


@asynchronous
async def test_the_firmware_finds_no_more_heap_than_an_esp32_has(tmp_path: Path) -> None:
    board = board_with(tmp_path, main="import gc; gc.collect(); print(gc.mem_free())")
    heap = 1024 * int(HEAP.removesuffix("K"))
    # The tables of the firmware's names are there already (see process.STAND_INS).
    assert heap - 10 * 1024 < int((await run(board))[-1]) + 14 * 1024 < heap


@asynchronous
async def test_the_flash_cannot_be_written_behind_a_running_boards_back(tmp_path: Path) -> None:
    board = board_with(tmp_path, main="print('up')\n" + WAIT)
    async with board:
        await board.prints("up")
        assert board.flash.read("/main.py").startswith(b"print")
        with pytest.raises(FlashError, match="switch the board off"):
            board.flash.write({"/main.py": b""})
    board.flash.write({"/main.py": b""})


@asynchronous
async def test_a_bystander_sees_everything_in_order(tmp_path: Path) -> None:
    events: list[BoardEvent] = []
    board = board_with(
        tmp_path,
        main=BUTTONS + "print('up')\nwhile pins['lock'](): time.sleep_ms(1)\nPin(2, Pin.OUT).on()",
    )
    board = Board(None, board.flash, on_event=events.append)
    async with board:
        await board.prints("up")
        board.push("lock")
        await board.stopped()
    assert [(event.kind, event.text) for event in events] == [
        ("power", "on"),
        ("console", "up"),
        ("button", "lock down"),
        ("light", "1.00"),
        ("power", "main.py returned"),
        ("light", "0.00"),
        ("power", "power off"),
    ]


@pytest.mark.parametrize("program", ["/nowhere/micropython", sys.executable])
@asynchronous
async def test_an_interpreter_that_is_none_is_an_error_and_no_wait(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = board_with(tmp_path, WAIT)
    monkeypatch.setenv("FOB_MICROPYTHON", program)
    with pytest.raises((FileNotFoundError, BoardStopped)):
        await board.power_on()
    assert board.state == "off"


# Tells the process of its board's firmware, then dies without a word.
BENCH = """
import asyncio, os, sys
from pathlib import Path
from host_tools.simulator import process
from host_tools.simulator.board import Board
start = asyncio.create_subprocess_exec
async def tell(*args, **kwargs):
    started = await start(*args, **kwargs)
    print(started.pid, flush=True)
    return started
process.asyncio.create_subprocess_exec = tell
async def main():
    board = Board(None, Path(sys.argv[1]))
    await board.power_on()
    await board.prints("up")
    os._exit(0)
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="asks ps")
@pytest.mark.parametrize("main", ["", WAIT, "while True: pass"])
def test_no_process_outlives_its_bench(main: str, tmp_path: Path) -> None:
    board = board_with(tmp_path, f"print('up')\n{main}")
    pid = subprocess.run(
        [sys.executable, "-c", BENCH, str(board.flash.path)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    deadline = time.monotonic() + 10
    while state_of(pid) not in ("", "Z"):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def state_of(pid: str) -> str:
    """R or S for a process that runs or waits, Z for one that nobody has buried; "" for none."""
    command = ["ps", "-o", "stat=", "-p", pid]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()[:1]
