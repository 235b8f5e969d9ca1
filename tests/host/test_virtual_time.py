"""The event loop that skips every wait, and what holds it up."""

import asyncio
import os
import sys
import threading
import time

import pytest

from host_tools.simulator import virtual_time
from host_tools.simulator.virtual_time import Deadlock, VirtualTimeLoop, Work


def now() -> float:
    return asyncio.get_running_loop().time()


def test_a_day_of_waiting_costs_no_real_time() -> None:
    async def main() -> float:
        await asyncio.sleep(86400)
        return now()

    began = time.monotonic()
    assert virtual_time.run(main()) == pytest.approx(86400)
    assert time.monotonic() - began < 5


def test_timers_run_in_the_order_of_their_times_and_at_their_times() -> None:
    async def main() -> list[tuple[str, float]]:
        log = []

        async def wake(name: str, delay: float) -> None:
            await asyncio.sleep(delay)
            log.append((name, now()))

        await asyncio.gather(wake("c", 3), wake("a", 0.001), wake("b", 2.5))
        return log

    assert virtual_time.run(main()) == [("a", 0.001), ("b", 2.5), ("c", 3.0)]


def test_late_timers_do_not_spin_on_the_rounding_of_their_times() -> None:
    async def main() -> int:
        await asyncio.sleep(1e8)
        rounds = 0
        for step in (0.1, 1 / 3, 1e-3) * 100:
            due = now() + step
            await asyncio.sleep(step)
            rounds += 1
            assert now() == pytest.approx(due, abs=1e-6)
        return rounds

    assert virtual_time.run(main()) == 300


def test_a_time_out_goes_off_at_its_virtual_time() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60):
                await asyncio.Event().wait()
        return now()

    assert virtual_time.run(main()) == 60


def test_waiting_for_nothing_is_an_error_that_names_who_waits() -> None:
    async def stranded() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock, match=r"at 0\.000000 s .*stranded"):
        virtual_time.run(stranded())


def test_real_input_that_is_there_is_served_before_time_moves() -> None:
    async def main() -> list[object]:
        log: list[object] = []
        reader, writer = os.pipe()
        os.write(writer, b"x")
        asyncio.get_running_loop().add_reader(
            reader, lambda: log.append((os.read(reader, 1), now()))
        )
        await asyncio.sleep(5)
        asyncio.get_running_loop().remove_reader(reader)
        os.close(reader)
        os.close(writer)
        return log

    assert virtual_time.run(main()) == [(b"x", 0.0)]


def test_callbacks_that_are_ready_come_before_real_input() -> None:
    async def main() -> list[str]:
        log: list[str] = []
        reader, writer = os.pipe()
        os.write(writer, b"x")
        loop = asyncio.get_running_loop()
        loop.add_reader(reader, lambda: (os.read(reader, 1), log.append("input")))
        for _ in range(20):
            await asyncio.sleep(0)
            log.append("ready")
        await asyncio.sleep(1)
        loop.remove_reader(reader)
        os.close(reader)
        os.close(writer)
        return log

    assert virtual_time.run(main()) == ["ready"] * 20 + ["input"]


def test_a_task_that_keeps_asking_sees_real_input_in_the_end() -> None:
    async def main() -> float:
        done = threading.Event()
        asyncio.get_running_loop().call_soon_threadsafe(done.set)
        while not done.is_set():  # noqa: ASYNC110 - what is tested
            await asyncio.sleep(0)
        return now()

    assert virtual_time.run(main()) == 0


def test_time_stands_still_while_a_thread_works() -> None:
    async def main() -> float:
        asyncio.get_running_loop().call_later(3600, lambda: None)
        await asyncio.to_thread(time.sleep, 0.02)
        return now()

    assert virtual_time.run(main()) == 0


def test_time_stands_still_while_somebody_is_busy() -> None:
    async def main() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        loop.call_later(3600, lambda: None)
        with loop.busy():
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", "pass")
            await process.wait()
        busy = now()
        await asyncio.sleep(1)
        return busy, now()

    assert virtual_time.run(main()) == (0, 1)


def test_work_holds_time_up_from_resume_to_pause_and_not_after_its_end() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        loop.call_later(3600, lambda: None)
        times = []
        work = Work()
        for _ in range(2):
            work.resume()
            work.resume()
            spoken = asyncio.Event()
            threading.Timer(0.01, loop.call_soon_threadsafe, [spoken.set]).start()
            await spoken.wait()
            times.append(now())
            work.pause()
        work.resume()
        work.end()
        work.resume()
        await asyncio.sleep(1)
        return [*times, now()]

    assert virtual_time.run(main()) == [0, 0, 1]


def test_who_works_for_ever_stops_time_only_as_long_as_patience_lasts() -> None:
    async def main() -> float:
        Work().resume()
        await asyncio.sleep(8)
        return now()

    assert virtual_time.run(main(), patience=0.01) == 8


def test_on_a_loop_of_real_time_work_means_nothing() -> None:
    async def main() -> None:
        work = Work()
        work.resume()
        await asyncio.sleep(0.001)
        work.end()

    asyncio.run(main())
