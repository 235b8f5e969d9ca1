"""Targets whose code runs on MicroPython: a long-lived process answers batches of inputs.

The far half of a target is a module of far/, which runs on MicroPython with the firmware, and with
the scripted cars of tests/unit, beside it: `answer(data)` returns the kind of the outcome, or what
`judge` makes one of, and raises where a property fails.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from tests.fuzz.target import Finding, Result, Run, Target
from tests.interpreter import Interpreter, InterpreterDied, RemoteError

FAR = Path(__file__).with_name("far")
UNIT = Path(__file__).resolve().parents[1] / "unit"

# What a single input may take of the clock on a busy machine; a batch may take twice as long.
_HANG_S = 20.0

Judge = Callable[[bytes, Any], Result]
"""Takes an input and what the far half answered."""
Prepare = Callable[[Interpreter], object]
"""Tells a fresh process what it has to know."""


class Device:
    """A MicroPython process that is started anew whenever an input ends it.

    module  of far/.
    heap    as for -X heapsize. It bounds what an input may take: MemoryError is a finding.
    """

    def __init__(self, module: str, heap: str, prepare: Prepare | None = None) -> None:
        self._module = module
        self._heap = heap
        self._prepare = prepare
        self._interpreter: Interpreter | None = None

    def answers(self, inputs: Sequence[bytes]) -> list[Any]:
        """What the far half answers to each input; a Finding where it raised, hung or died."""
        if not inputs:
            return []
        try:
            found = self._ask(inputs, 2 * _HANG_S if len(inputs) > 1 else _HANG_S)
        except (InterpreterDied, RemoteError) as died:
            # The batch itself found no memory any more: what it left behind goes with the process.
            self.close()
            return self._answers_apart(inputs, died)
        raised = [_raised(data, each) for data, each in zip(inputs, found, strict=True)]
        return [self._confirmed(each) if len(inputs) > 1 else each for each in raised]

    def close(self) -> None:
        if self._interpreter:
            self._interpreter.kill()
            self._interpreter = None

    def _confirmed(self, answer: Any) -> Any:
        """The answer; anew where memory failed, for the inputs before may have left it in pieces:
        what an input takes by itself, a fresh process tells."""
        if not (isinstance(answer, Finding) and answer.cause.startswith("MemoryError")):
            return answer
        self.close()
        return self.answers([answer.data])[0]

    def _answers_apart(self, inputs: Sequence[bytes], died: Exception) -> list[Any]:
        """Look for the input that ended the process, each half in a process of its own."""
        if len(inputs) == 1:
            return [Finding(inputs[0], "MicroPython hangs or ends", str(died))]
        middle = len(inputs) // 2
        found = []
        for half in (inputs[:middle], inputs[middle:]):
            self.close()
            found += self.answers(half)
        if not any(isinstance(each, Finding) for each in found):
            problem = "MicroPython hangs or ends after many inputs, and after none of them alone"
            found[-1] = Finding(inputs[-1], problem, str(died))
        return found

    def _ask(self, inputs: Sequence[bytes], seconds: float) -> list[Any]:
        if self._interpreter is None:
            self._interpreter = Interpreter(heap=self._heap, path=[FAR, UNIT], timeout=60.0)
            if self._prepare:
                self._prepare(self._interpreter)
            self._interpreter.call("batches.begin", self._module)
        interpreter = self._interpreter
        interpreter.printed.clear()
        interpreter.timeout = seconds
        framed = b"".join(len(data).to_bytes(2, "big") + data for data in inputs)
        answers: list[Any] = interpreter.eval(f"load('batches').answered({len(inputs)})", framed)
        return answers


def device_target(
    name: str,
    doc: str,
    seeds: Callable[[], Iterable[bytes]],
    *,
    far: str | None = None,
    judge: Judge | None = None,
    prepare: Prepare | None = None,
    heap: str = "192K",
    dictionary: Iterable[bytes] = (),
    largest: int = 1024,
    batch: int = 50,
) -> Target:
    """A target whose far half is far/fuzz_<name>.py, or the module `far`."""
    module = far or f"fuzz_{name}"

    def opened() -> AbstractContextManager[Run]:
        return _device(Device(module, heap, prepare), judge or _told)

    return Target(
        name=name,
        doc=doc,
        seeds=seeds,
        open=opened,
        dictionary=tuple(dictionary),
        largest=largest,
        batch=batch,
    )


@contextlib.contextmanager
def _device(device: Device, judge: Judge) -> Iterator[Run]:
    def run(batch: Sequence[bytes]) -> list[Result]:
        return [
            each if isinstance(each, Finding) else judge(data, each)
            for data, each in zip(batch, device.answers(batch), strict=True)
        ]

    try:
        yield run
    finally:
        device.close()


def _told(data: bytes, answer: Any) -> Result:
    return str(answer)


def _raised(data: bytes, answer: Any) -> Any:
    """The Finding where the answer is what the far half raised, as batches.py reports it."""
    if not (isinstance(answer, tuple) and answer[:1] == ("raised",)):
        return answer
    return Finding(data, answer[1], answer[2])
