"""`fob demo`, act by act, in virtual time; all three in real time: test_real_time.py."""

import importlib
import json
from typing import Any

import pytest

from host_tools.cli.narration import JsonNarrator
from host_tools.simulator.bench import Bench
from host_tools.simulator.board import BoardStopped
from host_tools.simulator.car import vintage
from host_tools.simulator.measurement import Measurement
from host_tools.simulator.process import Stop
from tests.asynchronous import in_virtual_time

demo = importlib.import_module("host_tools.cli.demo")


@in_virtual_time
async def test_an_act_is_told_in_chapters_of_its_car(capsys: pytest.CaptureFixture[str]) -> None:
    await demo._demo(JsonNarrator(), ("2021",))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    chapters = [line for line in lines if line["kind"] == "chapter"]
    titles = [line["title"].partition(":")[0] for line in chapters]
    assert titles == ["Power", "Pairing", "Unlock", "Lock"]
    assert {line["vintage"] for line in chapters} == {"2021"}
    assert [press["press"] for press in lines[-1]["presses"]] == ["unlock", "lock"]


@pytest.mark.parametrize(
    ("method", "outcome", "message"),
    [
        ("pair", TimeoutError(), "2026: pairing failed: it took too long"),
        (
            "power_on",
            BoardStopped("fob", Stop("main.py returned", 10), []),
            "2026: power failed: fob stopped: main.py returned (exit code 10)",
        ),
    ],
)
@in_virtual_time
async def test_a_failure_names_the_act_and_the_step(
    method: str, outcome: Exception, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise outcome

    monkeypatch.setattr(Bench, method, fail)
    with pytest.raises(demo.StepFailed) as failure:
        await demo._demo(JsonNarrator(), ("2026",))
    assert str(failure.value) == message


@pytest.mark.parametrize(
    ("stays_locked", "reason"),
    [(True, "the car is still locked"), (False, "it ran in the legacy protocol")],
)
@in_virtual_time
async def test_a_press_that_does_not_do_what_the_act_says_fails(
    stays_locked: bool, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def pair(_: Bench) -> None:
        pass

    async def press(bench: Bench, button: str) -> Measurement:
        bench.car.body.locked = stays_locked
        return Measurement(1.0, 1, 1, "legacy")

    monkeypatch.setattr(Bench, "pair", pair)
    monkeypatch.setattr(Bench, "press", press)
    with pytest.raises(demo.StepFailed, match=f"^2023: unlock failed: {reason}$"):
        await demo._demo(JsonNarrator(), ("2023",))


@in_virtual_time
async def test_the_second_part_opens_the_trunk_and_lets_the_driver_in(
    capsys: pytest.CaptureFixture[str],
) -> None:
    act = demo._Act(JsonNarrator(), "2026")
    async with Bench(enrolled=True, vintage="2026", radio="direct") as bench:
        await act._walk_up(bench)
        assert bench.car.locked and bench.car.violations == []
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    titles = [line["title"].partition(":")[0] for line in told if line["kind"] == "chapter"]
    assert titles == [
        "Passive entry is allowed",
        "Trunk",
        "Armed by that press",
        "Walks away",
    ]
    presses = [(press.name, press.measured.protocol) for press in act.presses]
    assert presses == [("trunk, pressed twice", "signed"), ("handle pulled", "signed")]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"walk_away_lock": False}, "walking away failed: the car is still unlocked"),
        ({"lose_answers": 100}, "trunk failed: "),
    ],
    ids=str,
)
@in_virtual_time
async def test_a_second_part_that_does_not_come_out_fails(
    rules: dict[str, Any], message: str
) -> None:
    act = demo._Act(JsonNarrator(), "2026")
    async with Bench(enrolled=True, behaviour=vintage("2026", **rules), radio="direct") as bench:
        with pytest.raises(demo.StepFailed, match=f"^2026: {message}"):
            await act._walk_up(bench)
