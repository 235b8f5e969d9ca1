"""In real time, as people see it: what virtual time, in which computing costs none, cannot show."""

import json
import subprocess
import sys

from host_tools.simulator.bench import Bench
from tests.asynchronous import asynchronous


@asynchronous
async def test_a_press_as_soon_as_the_fob_is_ready_counts() -> None:
    async with Bench(enrolled=True) as bench:
        for button, locked in (("unlock", False), ("lock", True)):
            await bench.press(button)
            assert bench.car.locked == locked
            await bench.board.power_off()
            await bench.power_on()


@asynchronous
async def test_a_night_passes_at_once_for_the_fob_and_for_its_car() -> None:
    async with Bench(enrolled=True, radio="direct", rtc_ppm=1000) as bench:
        await bench.press("unlock")
        await bench.asleep()
        began, clock = bench.car.events[-1].time, bench.board.hardware.wall_clock.now()
        await bench.let_time_pass(28_800)
        assert (await bench.press("lock")).ms < 5000
        assert 28_800 <= bench.car.events[-1].time - began < 28_820
        assert 28_828.8 <= bench.board.hardware.wall_clock.now() - clock < 28_848.8


def test_the_demo_comes_to_its_end() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from host_tools.cli import main; main()", "demo", "--json"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, lines[-1]
    assert lines[-1]["kind"] == "summary" and lines[-1]["nonces_repeated"] == 0
    signed = [("unlock", "signed"), ("lock after a night", "signed")]
    assert [
        (press["vintage"], press["press"], press["protocol"]) for press in lines[-1]["presses"]
    ] == [
        ("2021", "unlock", "legacy"),
        ("2021", "lock", "legacy"),
        *(("2023", *press) for press in signed),
        *(("2026", *press) for press in signed),
        ("2026", "trunk, pressed twice", "signed"),
        ("2026", "handle pulled", "signed"),
    ]
