"""Files in this directory are MicroPython scripts; pytest only collects and reports them.

Each file runs in one MicroPython process of its own. Every `def test_...()` or
`async def test_...()` at its top level is one test; what the process prints is shown on failure.
"""

import ast
import linecache
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.interpreter import Interpreter, InterpreterDied, RemoteError

# A new event loop for each test: tasks that a failed one leaves behind must not run in the next.
_RUN_ASYNC = """
import asyncio
asyncio.new_event_loop()
asyncio.run(load({module!r}).{function}())
"""


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> "Script":
    return Script.from_parent(parent, path=module_path)


class Script(pytest.File):
    """One file and the process that runs it."""

    process: Interpreter

    def collect(self) -> Iterator["Function"]:
        for node in ast.parse(self.path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(
                "test_"
            ):
                is_async = isinstance(node, ast.AsyncFunctionDef)
                yield Function.from_parent(self, name=node.name, is_async=is_async)

    def setup(self) -> None:
        self.process = Interpreter(path=[self.path.parent])

    def teardown(self) -> None:
        self.process.close()


class Function(pytest.Item):
    """One function of a file, called inside MicroPython."""

    parent: Script

    def __init__(self, *, is_async: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.is_async = is_async

    def runtest(self) -> None:
        process = self.parent.process
        process.printed.clear()
        module = self.path.stem
        try:
            if self.is_async:
                process.exec(_RUN_ASYNC.format(module=module, function=self.name))
            else:
                process.call(f"{module}.{self.name}")
        except InterpreterDied:
            self.parent.setup()  # a fresh process: the rest of the file is not to blame
            raise
        finally:
            if process.printed:
                self.add_report_section("call", "printed", "\n".join(process.printed))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        if isinstance(excinfo.value, RemoteError):
            return _with_source(excinfo.value.traceback)
        return f"{excinfo.typename}: {excinfo.value}"

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name


def _with_source(traceback: str) -> str:
    """A MicroPython traceback holds no source lines; add those that can be found."""
    lines = []
    for line in traceback.splitlines():
        lines.append(line)
        frame = re.match(r'  File "(.+)", line (\d+)', line)
        source = frame and linecache.getline(frame[1], int(frame[2])).strip()
        if source:
            lines.append(f"    {source}")
    return "\n".join(lines)
