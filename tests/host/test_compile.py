"""Compiling the firmware for a board."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from host_tools.installation import compile as compiling
from tests.interpreter import Interpreter

BROKEN = b"def f(:\n    pass\n"


def test_every_firmware_file_compiles_for_every_chip() -> None:
    result = CliRunner().invoke(compiling.main, ["--check"])
    assert result.exit_code == 0, result.output
    assert "fob/p256.py" in result.output
    assert "main.py" in result.output


def test_a_file_that_does_not_compile_fails_the_check_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sources = {"fob/good.py": b"x = 1\n", "fob/broken.py": BROKEN}
    monkeypatch.setattr(compiling, "firmware_sources", lambda: sources)
    result = CliRunner().invoke(compiling.main, ["--check"])
    assert result.exit_code == 1
    assert 'File "fob/broken.py", line 1' in result.output


def test_what_was_compiled_runs_and_names_its_source(tmp_path: Path) -> None:
    source = b"def f():\n    raise KeyError('here')\n"
    (tmp_path / "made.mpy").write_bytes(compiling.compile_module(source, "somewhere/made.py"))
    with Interpreter(path=[tmp_path]) as interpreter:
        interpreter.exec(
            "import io, made, sys\n"
            "try:\n    made.f()\n"
            "except KeyError as e:\n    out = io.StringIO(); sys.print_exception(e, out)\n"
        )
        assert 'File "somewhere/made.py", line 1, in f' in interpreter.eval("out.getvalue()")
