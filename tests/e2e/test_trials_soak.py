"""The soak in short, and that it can fail: sabotaged firmware is found out."""

from dataclasses import replace

import pytest

from host_tools.installation.compile import compile_installed
from host_tools.resources import resource_folder
from host_tools.simulator import virtual_time
from host_tools.simulator.car.behaviour import Vintage
from tests.trials.soak.hand_and_car import (
    a_low_battery,
    a_press,
    a_press_out_of_reach,
    a_restart_of_the_car,
    presses_about_a_night,
)
from tests.trials.soak.life import Life, Plan
from tests.trials.soak.trial import live, plan_lives
from tests.trials.soak.world import Wrong


def _sabotaged(module: str, *changes: tuple[str, str]) -> dict[str, bytes]:
    source = (resource_folder("firmware") / f"{module}.py").read_text(encoding="utf-8")
    for old, new in changes:
        assert source.count(old) == 1, f"{module} has changed: {old}"
        source = source.replace(old, new)
    return {f"/{module}.mpy": compile_installed(source.encode(), f"{module}.py")}


def _live_steps(plan: Plan, *steps) -> Life:
    async def main() -> Life:
        life = Life(plan)
        await life.run(steps)
        return life

    return virtual_time.run(main())


@pytest.mark.parametrize(
    ("year", "radio", "presses"),
    [("2021", "direct", 12), ("2023", "direct", 12), ("2026", "direct", 12), ("2026", "bumble", 6)],
)
def test_a_short_life_goes_well(year: Vintage, radio: str, presses: int) -> None:
    outcome = live(Plan(seed=3, number=0, presses=presses, radio=radio, year=year))
    assert outcome.problem == ""
    assert int(outcome.figures["presses"]) >= presses


@pytest.mark.parametrize("year", ["2023", "2026"])
def test_a_car_that_is_updated_is_spoken_to_in_its_new_protocol(year: Vintage) -> None:
    async def update(life: Life) -> None:
        life.world.update(year)
        await life.works("unlock")
        await life.works("lock")

    life = _live_steps(Plan(1, 0, 0, year="2021"), a_press, update)
    assert life.witness.speaks == ("signed" if year == "2026" else "legacy")


@pytest.mark.parametrize("radio", ["direct", "bumble"])
def test_a_car_that_restarts_is_found_again(radio: str) -> None:
    life = _live_steps(Plan(1, 0, 0, radio=radio), a_restart_of_the_car)
    assert life.figures["recovered by a press"] == 1


def test_a_life_repeats_itself_from_its_seed() -> None:
    def told() -> list[str]:
        log: list[str] = []

        async def main() -> None:
            await Life(Plan(seed=5, number=2, presses=5), log.append).run()

        virtual_time.run(main())
        return log

    first = told()
    assert len(first) > 20
    assert told() == first


def test_a_life_does_not_depend_on_how_many_there_are() -> None:
    assert plan_lives(1, 2000)[:5] == plan_lives(1, 9000)[:5]


def test_every_soak_has_lives_through_bumble_and_lives_without_sleep() -> None:
    plans = plan_lives(1, 10_000)
    assert sum(plan.presses for plan in plans) == 10_000
    assert sum(plan.presses for plan in plans if plan.radio == "bumble") >= 500
    assert any(plan.sleepless and plan.presses >= 300 for plan in plans)


def test_a_counter_that_is_not_retained_before_use_is_found_out() -> None:
    patches = _sabotaged(
        "fob/store",
        (
            "        self.next = value + 1\n        # Before",
            "        self._keep()\n        self.next = value + 1\n        # Before",
        ),
        ("is not handed out again.\n        self._keep()\n", "is not handed out again.\n"),
    )
    with pytest.raises(Wrong, match="NONCE REUSED"):
        _live_steps(Plan(1, 0, 0, patches=patches), a_press, a_press, a_press)


def test_a_light_that_says_done_unconfirmed_is_found_out() -> None:
    patches = _sabotaged(
        "fob/app",
        (
            "self._report(name, failure)\n        else:",
            "self._verdict(patterns.DONE); self._say('%s done in 0 ms' % name)\n        else:",
        ),
    )
    with pytest.raises(Wrong, match="the car did not do it"):
        _live_steps(Plan(1, 0, 0, patches=patches), a_press_out_of_reach)


def test_a_light_that_differs_from_what_is_said_is_found_out() -> None:
    patches = _sabotaged(
        "fob/app",
        (
            "self._verdict(patterns.SOMETHING_OPEN if is_open else patterns.DONE)",
            "self._verdict(patterns.FAILED)",
        ),
    )
    with pytest.raises(Wrong, match="the light"):
        _live_steps(Plan(1, 0, 0, patches=patches), a_press)


def test_a_low_battery_that_is_not_shown_is_found_out() -> None:
    patches = _sabotaged(
        "fob/app", ("self._show(pattern, patterns.BATTERY_LOW)", "self._show(pattern)")
    )
    with pytest.raises(Wrong, match="battery"):
        _live_steps(Plan(1, 0, 0, patches=patches), a_low_battery)


def test_a_fob_that_does_not_sleep_is_found_out() -> None:
    patches = _sabotaged(
        "fob/app",
        (
            "self.touched or ticks_diff(ticks_ms(), quiet_ms) >= _IDLE_MS",
            "ticks_diff(ticks_ms(), quiet_ms) >= 120000",
        ),
    )
    with pytest.raises(Wrong, match="awake for"):
        _live_steps(Plan(1, 0, 0, patches=patches), a_press)


def test_a_leak_is_found_out() -> None:
    patches = _sabotaged(
        "fob/app",
        (
            "        started = ticks_ms()\n",
            "        _LEAK.append(bytes(256))\n        started = ticks_ms()\n",
        ),
        ('_PAIR = "pair"\n', '_PAIR = "pair"\n_LEAK = []\n'),
    )
    # In a board's own memory the leak would be the end of it sooner.
    plan = Plan(1, 0, 0, sleepless=True, warm=9, patches=patches, heap="320K")
    with pytest.raises(Wrong, match="heap grows"):
        _live_steps(plan, *[a_press] * 40)


def test_a_clock_that_outlives_the_power_is_found_out() -> None:
    kept = """if data:
        with open("/rtc", "wb") as file:
            file.write(data[0])
    return RTC().memory(*data) or ("rtc" in os.listdir("/") and open("/rtc", "rb").read()) or b''"""
    patches = _sabotaged("hal/power", ("return RTC().memory(*data)", kept)) | _sabotaged(
        "fob/vehicle_clock",
        ("self.now_ms() - self._heard_ms", "max(self.now_ms() - self._heard_ms, 0)"),
    )

    async def power_loss(life: Life) -> None:
        life.world.clock_doubtful = False
        await life.works("unlock")
        await life.world.board.power_off()
        await life.world.pass_time(3600)
        await life.world.board.power_on()
        await life.world.pass_time(2)
        await life.works("lock")

    with pytest.raises(Wrong, match="sealed for another time"):
        _live_steps(Plan(1, 0, 0, year="2026", patches=patches), power_loss)


def test_a_press_that_asks_more_than_it_needs_is_found_out() -> None:
    patches = _sabotaged("fob/vehicle_clock", ("if kept and len(kept) == _SIZE:", "if False:"))

    async def presses(life: Life) -> None:
        life.world.clock_doubtful = False
        await presses_about_a_night(life)

    with pytest.raises(Wrong, match="2 messages, not 1"):
        _live_steps(Plan(1, 0, 0, year="2026", patches=patches), presses)


def test_a_fob_that_does_not_ask_for_the_newer_protocol_is_found_out() -> None:
    patches = _sabotaged("fob/vehicle", ("if await handshake.inform():", "if False:"))
    with pytest.raises(Wrong, match="the fob does not ask"):
        _live_steps(Plan(1, 0, 0, year="2023", patches=patches), a_press)


def test_a_way_back_to_the_older_protocol_is_found_out() -> None:
    patches = _sabotaged("fob/vehicle", ("signed = self.cache.traits & SIGNED", "signed = False"))
    with pytest.raises(Wrong, match="back from the signed-command protocol"):
        _live_steps(Plan(1, 0, 0, year="2023", patches=patches), a_press, a_press)


def test_a_protocol_that_a_stranger_proved_is_found_out() -> None:
    patches = _sabotaged("fob/handshake", ("if paired or not self.stranger:", "if True:"))

    async def stranger(life: Life) -> None:
        life.world.radio.interference = life.world.impostor("2026")
        await life.touch("unlock")
        await life.settle()
        await life.recover()

    plan = Plan(1, 0, 0, year="2021")
    _live_steps(plan, a_press, stranger)
    with pytest.raises(Wrong, match="the trouble is over, but"):
        _live_steps(replace(plan, patches=patches), a_press, stranger)
