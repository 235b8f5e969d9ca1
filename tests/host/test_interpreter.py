"""The way from pytest into MicroPython: a failure over there must be one here."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.interpreter import ROOT, Interpreter, InterpreterDied, RemoteError

SCRIPT = """
import asyncio

def test_that_passes():
    assert 1 + 1 == 2

def test_that_fails():
    print("a last word")
    value = 3
    assert value == 4

async def test_that_waits():
    await asyncio.sleep_ms(1)

async def test_that_fails_after_waiting():
    await asyncio.sleep_ms(1)
    raise ValueError("later")

def test_that_kills_its_process():
    raise SystemExit(3)

def test_that_comes_after():
    assert asyncio

def not_a_test():
    raise ValueError
"""


@pytest.mark.parametrize(
    "value",
    [None, True, -(2**70), 1.5, "é\n\x01'", b"\x00\xff", (), [1, (2,)], {"a": {b"b": None}}],
)
def test_values_travel_both_ways(interpreter: Interpreter, value: object) -> None:
    assert interpreter.call("builtins.list", [value]) == [value]


def test_a_buffer_comes_back_as_bytes(interpreter: Interpreter) -> None:
    assert interpreter.eval("bytearray(b'ab')") == b"ab"
    assert interpreter.eval("memoryview(b'abc')[1:]") == b"bc"


def test_long_arguments_and_results_are_whole(interpreter: Interpreter) -> None:
    data = bytes(range(256)) * 100
    assert interpreter.call("binascii.unhexlify", data.hex().encode()) == data


def test_what_is_printed_is_kept_apart_from_results() -> None:
    with Interpreter() as fresh:
        assert fresh.eval("print('one') or print('two', end='') or 3") == 3
        assert fresh.printed == ["one", "two"]


def test_an_exception_arrives_with_its_class_text_and_traceback(interpreter: Interpreter) -> None:
    with pytest.raises(RemoteError) as caught:
        interpreter.call("fob.p256.public_key", b"")
    assert (caught.value.name, caught.value.text) == ("InvalidKey", "bad private key")
    assert "in public_key" in caught.value.traceback


def test_a_process_that_ends_says_so() -> None:
    fresh = Interpreter()
    with pytest.raises(InterpreterDied, match="code 7"):
        fresh.exec("print('almost'); raise SystemExit(7)")
    with pytest.raises(InterpreterDied):
        fresh.eval("1")


def test_a_process_that_hangs_is_stopped() -> None:
    fresh = Interpreter(timeout=0.3)
    with pytest.raises(InterpreterDied):
        fresh.exec("while True: pass")


def test_memory_is_as_small_as_asked_for() -> None:
    with Interpreter(heap="64K") as small, pytest.raises(RemoteError, match="MemoryError"):
        small.eval("len(bytes(100_000))")


def test_failures_in_a_script_fail_the_run_and_are_told(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -q --import-mode=importlib\n")
    (tmp_path / "conftest.py").write_text(
        "from tests.unit.conftest import pytest_pycollect_makemodule\n"
    )
    (tmp_path / "test_script.py").write_text(SCRIPT)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stdout
    assert "3 failed, 3 passed" in run.stdout
    assert "    assert value == 4\nAssertionError" in run.stdout
    assert "a last word" in run.stdout
    assert "ValueError: later" in run.stdout
    assert "ended with code 3" in run.stdout
