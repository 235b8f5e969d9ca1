"""Puts the fob's program on a board that runs MicroPython: only what changed, and all at once.

New files lie beside the old ones until all of them have arrived whole; then one program on the
board renames them. What a pulled cable leaves is either the old program, beside staged files that
the next run keeps, or a commit that broke off, which the next run completes.

/manifest.json comes last: {"version": the tools' version, "micropython": "1.29.0",
"files": {path: SHA-256 in hexadecimal}}.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from host_tools import __version__
from host_tools.cable.device import Device
from host_tools.cable.fob_files import STAGED, kibibytes, making_room
from host_tools.failure import Failure
from host_tools.installation.layout import imported_modules, layout_firmware
from host_tools.installation.micropython import check_compiled, check_micropython, dotted

MANIFEST_PATH = "/manifest.json"

State = Literal["missing", "incomplete", "outdated", "current"]

_START_SCRIPTS = ("/boot.py", "/main.py")
_FOLDERS = ("/fob/", "/hal/")
_BLOCK = 4096
# The folders grow, and littlefs moves them now and then.
_SPARE_BLOCKS = 8


@dataclass(frozen=True)
class Plan:
    """What is to be done to a board."""

    files: dict[str, bytes]
    """The whole program by path, and the manifest as the last of them."""
    changed: list[str]
    """What of the program the board lacks or has otherwise."""
    remove: list[str]
    """What is left of older programs, or would be imported in place of this one."""
    replaced: list[str]
    """Start scripts of somebody else that this program's take the place of."""
    up_to_date: bool
    """Nothing to write, not even the manifest, and nothing to remove."""


@lru_cache
def program(march: str | None) -> Mapping[str, bytes]:
    """The program's files by path, compiled for an architecture; see `layout_firmware`."""
    return layout_firmware(march)


def manifest(files: Mapping[str, bytes], micropython: str) -> bytes:
    """The contents of MANIFEST_PATH for a program and the version of MicroPython below it."""
    digests = {path: _sha256(data) for path, data in files.items()}
    told = {"version": __version__, "micropython": micropython, "files": digests}
    return json.dumps(told, indent=1).encode()


def make_plan(device: Device) -> Plan:
    """Find out what a board lacks; changes nothing there. Raises Unfit for one that cannot run it,
    DeviceError."""
    check_micropython(device.facts)
    device.require_files()
    files = dict(program(device.facts.march))
    check_compiled((data for path, data in files.items() if path.endswith(".mpy")), device.facts)
    files[MANIFEST_PATH] = manifest(files, dotted(device.facts.version))
    present = device.files()
    on_board = device.hashes(files)
    different = [path for path, data in files.items() if on_board[path] != _sha256(data)]
    remove = _left_over(present, files, _listed(device, present))
    foreign = [path for path in different if path in _START_SCRIPTS and path in present]
    return Plan(
        files=files,
        changed=[path for path in different if path != MANIFEST_PATH],
        remove=remove,
        replaced=[]
        if _ours(present, files)
        else [p for p in foreign if _does_something(device, p)],
        up_to_date=not different and not remove,
    )


def install(
    device: Device, plan: Plan, on_progress: Callable[[int, int], None] | None = None
) -> None:
    """Carry out a plan that was made in this session.

    on_progress     gets the bytes done and their total.

    Raises Failure where the flash has not the space for it, DeviceError.
    """
    if plan.up_to_date:
        return
    writes = [*plan.changed, MANIFEST_PATH]
    _check_space(device, plan, writes)
    total = sum(len(plan.files[path]) for path in writes)
    done = 0

    def report(written: int, _: int) -> None:
        if on_progress:
            on_progress(done + written, total)

    for path in writes:
        device.stage(path, plan.files[path], report)
        done += len(plan.files[path])
    device.commit(writes, plan.remove)


def installed(device: Device) -> State:
    """How the program on a board compares with the one that these tools would install.

    "missing"      there is nothing of it.
    "incomplete"   an upload broke off, or files are damaged: `fob flash` mends it.
    "outdated"     whole, but of another version: `fob flash` renews it.
    "current"      whole, and the same.
    """
    if not device.facts.mounted:
        return "missing"
    files = program(device.facts.march)
    present = device.files()
    if not _ours(present, files):
        return "missing"
    listed = _listed(device, present)
    on_board = device.hashes({**files, **listed})
    if any(p not in listed and not p.endswith(STAGED) for p in _left_over(present, files, listed)):
        return "incomplete"
    if all(on_board[path] == _sha256(data) for path, data in files.items()):
        return "current"
    if listed and all(on_board[path] == digest for path, digest in listed.items()):
        return "outdated"
    return "incomplete"


def installed_version(device: Device) -> str | None:
    """The version that the board's manifest tells; None without a manifest."""
    version = _parsed(device.read(MANIFEST_PATH)).get("version")
    return version if isinstance(version, str) else None


def shadows(present: Iterable[str]) -> list[str]:
    """Files among `present` that are imported in place of MicroPython's own modules, which the
    firmware needs: the root comes first."""
    built_in = imported_modules()
    found = []
    for path in present:
        name, _, inside = path[1:].partition("/")
        module, dot, suffix = (inside or name).rpartition(".")
        if not dot or suffix not in ("py", "mpy"):
            continue
        if (module if not inside else name if module == "__init__" else "") in built_in:
            found.append(path)
    return found


def _check_space(device: Device, plan: Plan, writes: list[str]) -> None:
    present = device.files()
    staged = [path for path in writes if present.get(path + STAGED) == len(plan.files[path])]
    needed = _SPARE_BLOCKS * _BLOCK + sum(
        -(-len(plan.files[path]) // _BLOCK) * _BLOCK for path in writes if path not in staged
    )
    free, _ = device.free()
    if free >= needed:
        return
    raise Failure(
        f"the program needs {kibibytes(needed)} of flash and {kibibytes(free)} are free",
        making_room(present),
    )


def _left_over(
    present: Iterable[str], files: Mapping[str, bytes], listed: Mapping[str, str]
) -> list[str]:
    """What must go: of older programs, of uploads that broke off, and sources that would be
    imported in place of what is compiled."""
    sources = {path.removesuffix(".mpy") + ".py" for path in files if path.endswith(".mpy")}
    compiled = {path.removesuffix(".py") + ".mpy" for path in files if path.endswith(".py")}
    remove = []
    for path in present:
        final = path.removesuffix(STAGED)
        # Whatever a damaged manifest lists: it cannot name the fob's data for removal.
        stale = final in listed and final.count("/") == 1 and final.endswith((".py", ".mpy"))
        if final not in files and (
            stale or final in sources | compiled or final.startswith(_FOLDERS)
        ):
            remove.append(path)
    return remove


def _ours(present: Iterable[str], files: Mapping[str, bytes]) -> bool:
    # The scripts have names that anybody's have, but for those that were staged.
    known = {path for path in files if path not in _START_SCRIPTS} | {MANIFEST_PATH}
    staged = {path + STAGED for path in (*files, MANIFEST_PATH)}
    return any(path in known or path in staged for path in present)


def _does_something(device: Device, script: str) -> bool:
    lines = (device.read(script) or b"").decode(errors="replace").splitlines()
    return any(line.strip() and not line.strip().startswith("#") for line in lines)


def _listed(device: Device, present: Mapping[str, int]) -> dict[str, str]:
    files = _parsed(device.read(MANIFEST_PATH) if MANIFEST_PATH in present else None).get("files")
    if not isinstance(files, dict):
        return {}
    return {str(path): str(digest) for path, digest in files.items()}


def _parsed(told: bytes | None) -> dict[str, object]:
    try:
        parsed = json.loads(told or b"{}")
    except (RecursionError, ValueError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
