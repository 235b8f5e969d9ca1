"""A fob at the other end of a cable: its files, and what it does when asked.

    with Device(port) as device:
        device.stage("/fob.json", data)
        device.commit(["/fob.json"])
        device.call("status")

Paths are absolute. Errors: DeviceError (no fob reached), ConsoleError (the fob says no).
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from host_tools.failure import Failure
from host_tools.session import BoardRaised, DeviceError, Session

__all__ = ["ConsoleError", "Device", "DeviceError", "Facts", "NoConsole"]

_ARCHITECTURES = (
    *(None, "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp"),
    *("xtensa", "xtensawin", "rv32imc", "rv64imc"),
)
_CHUNKS = (2048, 512, 128)
_FORMATTING = 120.0

_FACTS = """
import sys, gc, os, json
try:
    import esp32, machine
    machine.WDT(timeout=600000)
    _id = machine.unique_id()
    _esp32 = True
except ImportError:
    _id = b""
    _esp32 = False
gc.collect()
try:
    os.statvfs("/")
    _mounted = True
except OSError:
    _mounted = False
_i = sys.implementation
_m = os.uname().machine if hasattr(os, "uname") else getattr(_i, "_machine", "")
_id = "".join(["%02x" % b for b in _id])
_told = [list(_i.version)[:3], _m, getattr(_i, "_mpy", 0), _id, sys.platform, _esp32, _mounted]
print(json.dumps(_told))
"""


class ConsoleError(Failure):
    """The fob did what it was asked to and reports an error; see firmware/fob/console.py."""

    def __init__(
        self, code: str, text: str, reason: int | None = None, needs_laptop: bool = False
    ) -> None:
        super().__init__(text or code)
        self.code = code
        self.text = text
        self.reason = reason
        self.needs_laptop = needs_laptop


class NoConsole(Failure):
    """The board has no firmware that can be asked, or one that does not fit its MicroPython."""


@dataclass(frozen=True)
class Facts:
    """What runs on the board."""

    version: tuple[int, int, int]
    machine: str
    chip: str | None
    """ "esp32", "esp32c3", ...; None when it is no ESP32."""
    mpy: int
    """Version of the .mpy format that it loads."""
    march: str | None
    """Architecture of native code, as mpy-cross calls it."""
    unique_id: str
    platform: str
    mounted: bool
    """Whether there is a file system."""


class Device:
    """A board with MicroPython, as a context manager.

    Leaving it restarts the board, whatever happened, so that the fob lives on; not with
    `keep_repl`. `on_wait` is told what a person can do while the board does not answer; after
    `patience` seconds that is a DeviceError.
    """

    def __init__(
        self,
        port: str,
        *,
        on_wait: Callable[[str], None] | None = None,
        patience: float = 20.0,
        keep_repl: bool = False,
    ) -> None:
        self.port = port
        self._session = Session(port, on_wait, patience)
        self._keep_repl = keep_repl
        self._facts: Facts | None = None
        self._staged: list[str] = []

    def __enter__(self) -> Self:
        self._connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._session.leave(reset=not self._keep_repl)

    @property
    def facts(self) -> Facts:
        """What runs on the board, asked when the session began."""
        assert self._facts is not None
        return self._facts

    def call(
        self,
        name: str,
        /,
        *,
        on_event: Callable[[dict[str, Any]], None] | None = None,
        timeout: float = 30.0,
        **arguments: Any,
    ) -> dict[str, Any]:
        """Have the firmware's console do something; its result.

        on_event    gets each event as it comes.
        timeout     seconds of silence that mean that it hangs.
        """
        ended: list[dict[str, Any]] = []

        def hear(line: str) -> None:
            said = _message(line)
            if "event" in said:
                if on_event:
                    on_event(said)
            elif "result" in said or "error" in said:
                ended.append(said)

        program = f"import laptop\nlaptop.call({name!r}, {json.dumps(arguments)!r})"
        try:
            self._run(program, silence=timeout, on_line=hear)
        except BoardRaised as error:
            raise _no_console(error) from error
        if not ended:
            raise DeviceError("board", f"the fob did not say how `{name}` ended")
        end = ended[-1]
        if "error" in end:
            raise ConsoleError(
                end["error"], end.get("text", ""), end.get("reason"), bool(end.get("needs_laptop"))
            )
        result: dict[str, Any] = end["result"]
        return result

    def files(self) -> dict[str, int]:
        """Every file's size in bytes, by path."""
        program = """
import os, json
def _walk(folder):
    for entry in os.ilistdir(folder):
        path = folder + entry[0]
        if entry[1] == 0x4000:
            _walk(path + "/")
        else:
            print(json.dumps([path, entry[3] if len(entry) > 3 else os.stat(path)[6]]))
_walk("/")
"""
        listed = [json.loads(line) for line in self._do(program).splitlines()]
        return dict(sorted((path, size) for path, size in listed))

    def read(self, path: str) -> bytes | None:
        """A file's contents; None where there is none."""
        program = f"""
import binascii
try:
    with open({path!r}, "rb") as _f:
        while True:
            _b = _f.read(384)
            if not _b:
                break
            print(binascii.b2a_base64(_b).decode().strip())
except OSError as _e:
    if _e.errno != 2:
        raise
    print("-")
"""
        lines = self._do(program).splitlines()
        if lines == ["-"]:
            return None
        return b"".join(base64.b64decode(line) for line in lines)

    def hashes(self, paths: Iterable[str]) -> dict[str, str | None]:
        """SHA-256 of each file in hexadecimal; None where there is none."""
        wanted = list(paths)
        if not wanted:
            return {}
        program = f"""
import hashlib
_b = memoryview(bytearray(1024))
for _p in {wanted!r}:
    _h = hashlib.sha256()
    try:
        with open(_p, "rb") as _f:
            while True:
                _n = _f.readinto(_b)
                if not _n:
                    break
                _h.update(_b[:_n])
        print("".join(["%02x" % _c for _c in _h.digest()]))
    except OSError as _e:
        if _e.errno != 2:
            raise
        print("-")
"""
        lines = self._do(program).splitlines()
        return {
            path: None if line == "-" else line for path, line in zip(wanted, lines, strict=True)
        }

    def free(self) -> tuple[int, int]:
        """Bytes of the file system: free, total."""
        size, blocks, free = json.loads(
            self._do(
                "import os, json\n_s = os.statvfs('/')\nprint(json.dumps([_s[1], _s[2], _s[3]]))"
            )
        )
        return free * size, blocks * size

    def stage(
        self, path: str, data: bytes, on_progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Write what shall become `path` beside it; `commit` puts it there.

        on_progress     gets the bytes written so far and their total.
        """
        new, digest = f"{path}.new", hashlib.sha256(data).hexdigest()
        if self.hashes([new])[new] != digest:
            self._staged.append(new)
            self._write(new, data, on_progress)
            if self.hashes([new])[new] != digest:
                raise DeviceError("board", f"{path} does not arrive whole on the board")
        if on_progress:
            on_progress(len(data), len(data))

    def commit(self, paths: Sequence[str], remove: Sequence[str] = ()) -> None:
        """Put staged files in their places, in this order, then remove others.

        One program on the board: a pulled cable cannot come between.
        """
        self._do(
            f"import os\nfor _p in {list(paths)!r}:\n    os.rename(_p + '.new', _p)\n"
            + _removal(remove)
        )
        self._staged = [new for new in self._staged if new.removesuffix(".new") not in paths]

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files; those that are not there do not matter."""
        self._do("import os\n" + _removal(paths))

    def format(self) -> None:
        """Make a new, empty file system: everything on it is lost."""
        program = """
import os, esp32, vfs
try:
    vfs.umount("/")
except OSError:
    pass
_p = esp32.Partition.find(esp32.Partition.TYPE_DATA, label="vfs")[0]
vfs.VfsLfs2.mkfs(_p)
vfs.mount(_p, "/")
os.chdir("/")
"""
        self._do(program, silence=_FORMATTING)
        self._facts = None
        self._ask()

    def reset(self) -> None:
        """Restart the board; whatever is asked next interrupts it again."""
        self._session.leave(reset=True)

    def _connect(self) -> None:
        self._session.open()
        try:
            self._ask()
        except BaseException:
            self._session.leave(reset=True)
            raise

    def _ask(self) -> None:
        version, machine, mpy, unique_id, platform, esp32, mounted = json.loads(
            self._do(_FACTS).splitlines()[-1]
        )
        chip = machine.rpartition(" with ")[2].lower().replace("-", "") if esp32 else None
        self._facts = Facts(
            version=tuple(version),
            machine=machine,
            chip=chip if chip and chip.startswith("esp32") else "esp32" if esp32 else None,
            mpy=mpy & 0xFF,
            march=_ARCHITECTURES[mpy >> 10 & 0xF],
            unique_id=unique_id,
            platform=platform,
            mounted=mounted,
        )

    def _write(
        self, path: str, data: bytes, on_progress: Callable[[int, int], None] | None
    ) -> None:
        folders = [path[:at] for at in range(1, len(path)) if path[at] == "/"]
        self._do(
            f"""
import os, gc, binascii
for _p in {folders!r}:
    try:
        os.mkdir(_p)
    except OSError as _e:
        if _e.errno != 17:
            raise
gc.collect()
_f = open({path!r}, "wb")
def _w(text):
    _f.write(binascii.a2b_base64(text))
"""
        )
        size = _CHUNKS[0]
        for at in range(0, len(data), size):
            if on_progress:
                on_progress(at, len(data))
            self._do(f"_w({base64.b64encode(data[at : at + size]).decode()!r})")
        self._do("_f.close()")

    def _do(self, program: str, *, silence: float = 10.0) -> str:
        try:
            return self._run(program, silence=silence)
        except BoardRaised as error:
            raise DeviceError("board", f"the board says {error.last}") from error

    def _run(
        self,
        program: str,
        *,
        silence: float = 10.0,
        on_line: Callable[[str], None] | None = None,
    ) -> str:
        if not self._session.is_open:
            self._connect()
        self._session.regain()
        return self._session.run(program, silence=silence, on_line=on_line)


def _message(line: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _no_console(error: BoardRaised) -> Failure:
    if "laptop" in error.last or "incompatible" in error.last:
        return NoConsole("the board has no firmware that fits", "`fob flash` installs it.")
    return ConsoleError("internal", f"the fob says {error.last}")


def _removal(paths: Sequence[str]) -> str:
    return f"""
for _p in {list(paths)!r}:
    try:
        os.remove(_p)
    except OSError as _e:
        if _e.errno != 2:
            raise
"""
