"""`fob sim`, where what it does is not the bench's own."""

import asyncio
import importlib
import io
import json

import pytest
from click.testing import CliRunner

from host_tools.cli.narration import JsonNarrator
from host_tools.simulator.bench import VIN, Bench
from host_tools.simulator.board import BoardStopped
from tests.asynchronous import asynchronous

sim = importlib.import_module("host_tools.cli.sim")


@asynchronous
async def test_a_firmware_that_ends_ends_the_session_with_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def pull_the_plug(bench: Bench, _keyboard: object) -> None:
        await bench.board.power_off()
        await asyncio.Event().wait()

    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr(sim, "_obey", pull_the_plug)
    with pytest.raises(BoardStopped):
        await sim._sim(JsonNarrator(), VIN, "2026", quiet=True)


def test_a_press_that_fails_at_the_end_of_the_input_is_told_and_ends_with_exit_code_1() -> None:
    result = CliRunner().invoke(sim.sim, ["--json"], input="u\n")
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert any("not-paired" in line.get("text", "") for line in told)
    assert any("failed" in line.get("text", "") for line in told if line.get("who") == "light")
    assert (result.exit_code, told[-1]["kind"]) == (1, "failure")
