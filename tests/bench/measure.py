"""The CPython half of section crypto: the operations and who else does them, times and heap."""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from Crypto.Cipher import AES
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from host_tools.installation.compile import compile_module
from host_tools.installation.layout import among_compiled, layout_firmware
from tests.bench.sealing import Sealing
from tests.interpreter import Interpreter, InterpreterDied, RemoteError

OURS = "this firmware"
_CURVE = ec.SECP256R1()
_RESOLUTION = 256
"""Bytes to which the smallest heap is found."""

# Installed, functions have other names than in the sources.
_CALLS = b"""
from fob import gcm, p256
MEASURED = {
    "fob.p256.shared_secret": p256.shared_secret,
    "fob.p256.public_key": p256.public_key,
    "fob.gcm.seal": gcm.seal,
    "fob.gcm.open": gcm.open,
}
"""

Case = tuple[bytes, ...]


@dataclass(frozen=True)
class Operation:
    """One thing to measure: a function of the firmware, and who else does the same.

    rivals   on the same MicroPython: who, and the dotted name of the function.
    hosts    on CPython, in C: who, and the function; for scale, and to check the results.
    """

    name: str
    module: str
    function: str
    cases: list[Case]
    rivals: dict[str, str] = field(default_factory=dict)
    hosts: dict[str, Callable[..., object]] = field(default_factory=dict)

    @property
    def dotted(self) -> str:
        """The function's name, as its sources have it."""
        return f"{self.module}.{self.function}"


@dataclass(frozen=True)
class Speed:
    """One operation by one program; `of_ours`: its median time divided by the firmware's."""

    operation: str
    program: str
    interpreter: str
    runs: int
    median_us: float
    fastest_us: float
    of_ours: float


@dataclass(frozen=True)
class Heap:
    """Of one call: all that it asks for, and by how much it raises the smallest heap that will
    do."""

    operation: str
    allocated_bytes: int
    needed_bytes: int


def operations(runs: int, sealings: list[Sealing]) -> list[Operation]:
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
            {"cryptography": _agree},
        ),
        Operation(
            "P-256 public key",
            "fob.p256",
            "public_key",
            [(scalar,) for scalar in scalars],
            {"utinyec": "timing.public_key_with_utinyec"},
            {"cryptography": _public_key},
        ),
        *(_gcm(sealing, runs) for sealing in sealings),
    ]


def _gcm(sealing: Sealing, runs: int) -> Operation:
    cases: list[Case] = []
    for _ in range(runs):
        key, nonce, text, aad = (
            os.urandom(size) for size in (sealing.key, sealing.nonce, sealing.text, sealing.aad)
        )
        if sealing.function == "open":
            ciphertext, tag = _seal(key, nonce, text, aad)
            cases.append((key, nonce, ciphertext, tag, aad))
        else:
            cases.append((key, nonce, text, aad))
    # `cryptography` takes no nonce below 8 bytes.
    short = sealing.nonce < 8
    hosts: dict[str, Callable[..., object]]
    if sealing.function == "open":
        hosts = {"PyCryptodome": _open_short} if short else {"cryptography": _open}
    else:
        hosts = {"PyCryptodome": _seal} if short else {"cryptography": _seal_long}
    return Operation(sealing.name, "fob.gcm", sealing.function, cases, {}, hosts)


def _agree(private: bytes, peer: bytes) -> bytes:
    key = ec.derive_private_key(int.from_bytes(private, "big"), _CURVE)
    return key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, peer))


def _public_key(private: bytes) -> bytes:
    key = ec.derive_private_key(int.from_bytes(private, "big"), _CURVE).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _seal(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> tuple[bytes, bytes]:
    return AES.new(key, AES.MODE_GCM, nonce=nonce).update(aad).encrypt_and_digest(plaintext)


def _open_short(key: bytes, nonce: bytes, ciphertext: bytes, tag: bytes, aad: bytes) -> bytes:
    cipher = AES.new(key, AES.MODE_GCM, nonce=nonce).update(aad)
    return cipher.decrypt_and_verify(ciphertext, tag)


def _seal_long(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> tuple[bytes, bytes]:
    sealed = AESGCM(key).encrypt(nonce, plaintext, aad)
    return sealed[:-16], sealed[-16:]


def _open(key: bytes, nonce: bytes, ciphertext: bytes, tag: bytes, aad: bytes) -> bytes:
    return AESGCM(key).decrypt(nonce, ciphertext + tag, aad)


def measure_times(operation: Operation, interpreter: Interpreter) -> Iterator[Speed]:
    """Ours first. A wrong result is fast, too: they are compared before anything is timed."""
    contenders = {OURS: operation.dotted, **operation.rivals}
    case = operation.cases[0]
    results = [interpreter.call("timing.once", name, case) for name in contenders.values()]
    results += [function(*case) for function in operation.hosts.values()]
    if any(result != results[0] for result in results):
        raise AssertionError(f"{operation.name}: the contenders disagree")
    times = interpreter.call("timing.run", list(contenders.values()), operation.cases)
    ours = statistics.median(times[0])
    for program, taken in zip(contenders, times, strict=True):
        yield _speed(operation, program, "MicroPython", taken, ours)
    for program, function in operation.hosts.items():
        taken = [_once(function, case) for case in operation.cases]
        yield _speed(operation, program, "CPython, in C", taken, ours)


def _once(function: Callable[..., object], case: Case) -> float:
    start = time.perf_counter_ns()
    function(*case)
    return (time.perf_counter_ns() - start) / 1000


def _speed(
    operation: Operation, program: str, interpreter: str, taken: list[float], ours: float
) -> Speed:
    median = statistics.median(taken)
    return Speed(
        operation.name, program, interpreter, len(taken), median, min(taken), median / ours
    )


def measure_heap(operation: Operation, libraries: Path) -> Heap:
    """With the firmware compiled, as on a board: no compiler's memory is counted."""
    name = operation.dotted
    case = operation.cases[0]
    with _interpreter("8M", libraries) as roomy:
        allocated = roomy.call("timing.allocated", name, case)
    modules = "import calls"
    call = f"{modules}\ncalls.MEASURED[{name!r}]({', '.join(map(repr, case))})"
    needed = _smallest_heap(call, libraries) - _smallest_heap(modules, libraries)
    return Heap(operation.name, allocated, needed)


def _smallest_heap(source: str, libraries: Path) -> int:
    """Bytes of heap with which the source still runs, found by halving."""
    short, enough = 1 << 10, 1 << 18
    while enough - short > _RESOLUTION:
        middle = (short + enough) // 2
        try:
            with Interpreter(heap=str(middle), path=[libraries]) as interpreter:
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
    with tempfile.TemporaryDirectory() as name:
        libraries = Path(name)
        copy_package("utinyec", libraries)
        for path, contents in layout_firmware().items():
            target = libraries / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(contents)
        [calls] = among_compiled({"/calls.py": _CALLS}).values()
        (libraries / "calls.mpy").write_bytes(compile_module(calls, "calls"))
        with _interpreter(heap, libraries) as interpreter:
            yield interpreter, libraries


def copy_package(name: str, into: Path) -> None:
    """Copy a package that pip installed, to where MicroPython imports from."""
    package = find_spec(name)
    assert package and package.submodule_search_locations
    shutil.copytree(package.submodule_search_locations[0], into / name)
