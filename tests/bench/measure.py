"""The CPython half of the benchmark: prepares the cases, drives MicroPython, collects figures."""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from Crypto.Cipher import AES
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from host_tools.installation.layout import layout_firmware
from tests.interpreter import Interpreter, InterpreterDied, RemoteError

OURS = "this firmware"
_CURVE = ec.SECP256R1()

Case = tuple[bytes, ...]


@dataclass(frozen=True)
class Operation:
    """One thing to measure: a function of the firmware, and who else does the same."""

    name: str
    module: str
    function: str
    cases: list[Case]
    rivals: dict[str, str]
    """On the same MicroPython: who, and the dotted name of the function."""
    hosts: dict[str, Callable[..., object]]
    """On CPython, in C: for scale, and to check the results."""


@dataclass(frozen=True)
class Timing:
    operation: str
    program: str
    runs: int
    median_us: float
    fastest_us: float


@dataclass(frozen=True)
class Heap:
    operation: str
    allocated_bytes: int
    """All that one call asks for, garbage included."""
    needed_kib: int
    """By how much the smallest heap that suffices exceeds the smallest that holds the modules."""


def operations(runs: int) -> list[Operation]:
    """Fresh random keys, the same for every contender: no lucky scalar decides."""
    peer = ec.generate_private_key(_CURVE).public_key()
    point = peer.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    keys = [ec.generate_private_key(_CURVE).private_numbers().private_value for _ in range(runs)]
    scalars = [key.to_bytes(32, "big") for key in keys]
    return [
        Operation(
            "P-256 key agreement",
            "fob.p256",
            "shared_secret",
            [(scalar, point) for scalar in scalars],
            {"utinyec": "timing.agree_with_utinyec"},
            {"cryptography (CPython, C)": _agree},
        ),
        Operation("P-256 public key", "fob.p256", "public_key", [(s,) for s in scalars], {}, {}),
        Operation(
            "AES-GCM, sealing 16 bytes under a 4-byte nonce",
            "fob.gcm",
            "seal",
            [(os.urandom(16), os.urandom(4), os.urandom(16)) for _ in scalars],
            {},
            {"PyCryptodome (CPython, C)": _seal},
        ),
    ]


def _agree(private: bytes, peer: bytes) -> bytes:
    key = ec.derive_private_key(int.from_bytes(private, "big"), _CURVE)
    return key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, peer))


def _seal(key: bytes, nonce: bytes, plaintext: bytes) -> tuple[bytes, bytes]:
    return AES.new(key, AES.MODE_GCM, nonce=nonce).encrypt_and_digest(plaintext)


def measure_times(operation: Operation, interpreter: Interpreter) -> Iterator[Timing]:
    """Ours first. A wrong result is fast, too: they are compared before anything is timed."""
    contenders = {OURS: f"{operation.module}.{operation.function}", **operation.rivals}
    case = operation.cases[0]
    results = [interpreter.call(name, *case) for name in contenders.values()]
    results += [function(*case) for function in operation.hosts.values()]
    if any(result != results[0] for result in results):
        raise AssertionError(f"{operation.name}: the contenders disagree")
    times = interpreter.call("timing.run", list(contenders.values()), operation.cases)
    for program, taken in zip(contenders, times, strict=True):
        yield _timing(operation, program, taken)
    for program, function in operation.hosts.items():
        yield _timing(operation, program, [_once(function, case) for case in operation.cases])


def _once(function: Callable[..., object], case: Case) -> float:
    start = time.perf_counter_ns()
    function(*case)
    return (time.perf_counter_ns() - start) / 1000


def _timing(operation: Operation, program: str, taken: list[float]) -> Timing:
    return Timing(operation.name, program, len(taken), statistics.median(taken), min(taken))


def measure_heap(operation: Operation, libraries: Path) -> Heap:
    """With the firmware compiled, as on a board: no compiler's memory is counted."""
    name = f"{operation.module}.{operation.function}"
    case = operation.cases[0]
    with _interpreter("8M", libraries) as roomy:
        allocated = roomy.call("timing.allocated", name, case)
    modules = f"import {operation.module}"
    call = f"{modules}\n{name}({', '.join(map(repr, case))})"
    needed = _smallest_heap(call, libraries) - _smallest_heap(modules, libraries)
    return Heap(operation.name, allocated, needed)


def _smallest_heap(source: str, libraries: Path) -> int:
    """KiB of heap with which the source still runs, found by halving."""
    short, enough = 1, 1024
    while enough - short > 1:
        middle = (short + enough) // 2
        try:
            with Interpreter(heap=f"{middle}K", path=[libraries]) as interpreter:
                interpreter.exec(source)
            enough = middle
        except (RemoteError, InterpreterDied):
            short = middle
    return enough


def _interpreter(heap: str, libraries: Path) -> Interpreter:
    running = Interpreter(heap=heap, path=[libraries, Path(__file__).parent])
    running.exec("import timing")
    return running


@contextmanager
def prepared(heap: str) -> Iterator[tuple[Interpreter, Path]]:
    """(MicroPython with everything that will be timed, the folder it imports from)."""
    utinyec = find_spec("utinyec")
    assert utinyec and utinyec.submodule_search_locations
    with tempfile.TemporaryDirectory() as name:
        libraries = Path(name)
        shutil.copytree(utinyec.submodule_search_locations[0], libraries / "utinyec")
        for path, contents in layout_firmware().items():
            target = libraries / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(contents)
        with _interpreter(heap, libraries) as interpreter:
            yield interpreter, libraries
