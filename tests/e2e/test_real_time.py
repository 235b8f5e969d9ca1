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
    assert [press["att_requests"] for press in lines[-1]["presses"].values()] == [3, 3]
