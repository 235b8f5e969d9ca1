"""The bench's sections crypto, start and memory find what they claim to find."""

import pytest
from rich.console import Console
from rich.table import Table

from host_tools.simulator.process import STAND_INS
from tests.bench import crypto, measure, memory, start
from tests.bench.counting import count_work
from tests.bench.heap import after_many_lives, after_one_long_life, phases
from tests.bench.scenes import passes
from tests.bench.sealing import Sealing, presses_seal
from tests.bench.words import MISSING, compare_words

KIB = 1024
PRIVATE = bytes(31) + b"\x03"
PEER = measure._public_key(bytes(31) + b"\x05")
SEALING = Sealing("AES-GCM: seal", "seal", key=16, nonce=4, text=2, aad=0)


def shown(tables: list[Table]) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        for table in tables:
            console.print(table)
    return capture.get()


def test_a_key_agreement_inverts_once_where_the_rival_does_for_each_bit() -> None:
    ours, rival = count_work(bytes(16) + b"\xaa" * 16, PEER)
    assert ours.inversions == 1
    assert rival.inversions > 128
    # Eight products double a point, and a scalar that is blinded has more than 256 bits.
    assert 8 * 256 < ours.products < 4000
    assert ours.squares < ours.products > ours.reductions


def test_presses_seal_in_both_protocols() -> None:
    sealed = [each for each in presses_seal() if each.function == "seal"]
    assert {each.nonce for each in sealed} == {4, 12}
    assert all(each.key == 16 for each in sealed)


def test_all_contenders_are_timed_and_agree() -> None:
    subjects = measure.operations(1, [SEALING])
    with measure.prepared("160K") as (interpreter, _):
        speeds = [
            each for subject in subjects for each in measure.measure_times(subject, interpreter)
        ]
    results = crypto.Results(160 * KIB, 1, 1.0, speeds, count_work(PRIVATE, PEER), [])
    assert {each.program for each in speeds} > {measure.OURS, "utinyec", "cryptography"}
    assert "utinyec takes 1.0 times as long" in shown(crypto.tables(results))
    assert "160 kB" in crypto.METHOD(results)


@pytest.fixture(scope="module")
def started() -> start.Start:
    [only] = start.measure(quick=True).starts
    return only


def test_a_press_loads_what_reaches_the_radio_before_what_speaks_to_the_car(
    started: start.Start,
) -> None:
    modules = {module.name: module for module in started.modules}
    assert modules["fob.app"].loaded == modules["fob.app"].used == "before the radio"
    assert modules["fob.signed"].loaded == "on the air"
    assert not {"fob.legacy", "fob.pairing", "fob.p256", "rescue"} & modules.keys()
    assert all(module.source_bytes > module.file_bytes > 0 for module in started.modules)


def test_the_time_to_the_radio_is_the_sum_of_its_steps(started: start.Start) -> None:
    assert sum(step.us for step in started.steps) == pytest.approx(started.radio_us)
    assert started.reads > sum(file.reads for file in started.files) > 0
    assert "/key.bin" in {file.path for file in started.files}
    assert "loaded and never used" in shown(start.tables(start.Results([started])))


def test_a_press_passes_in_its_budget_and_not_in_half_of_it() -> None:
    assert passes("press", "2026", 160 * KIB)
    assert not passes("press", "2026", 64 * KIB)


def test_the_heap_is_told_by_phase_and_after_presses() -> None:
    told = phases("press", "2026")
    assert {"radio", "exchange", "key agreement", "sealing"} < {each.phase for each in told}
    assert all(0 < each.live_bytes <= each.peak_bytes < 160 * KIB for each in told)
    lying = [after_many_lives("2026", 2, 160 * KIB), after_one_long_life("2026", 2, 160 * KIB)]
    assert all(0 < each.largest_after < each.free_after < 160 * KIB for each in lying)
    smallest = [memory.Smallest(scene, "2026", 150 * KIB) for scene in memory.SCENES]
    results = memory.Results(
        STAND_INS, STAND_INS, 160 * KIB, KIB, smallest, told, lying, [], MISSING
    )
    assert "npm install" in shown(memory.tables(results))
    assert f"{STAND_INS:,} bytes" in memory.METHOD(results)


def test_without_a_build_of_32_bits_the_bench_says_where_to_find_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FOB_WASM", "/nowhere")
    assert compare_words() == ([], MISSING)
