"""What a board runs for a laptop's file operations, as MicroPython source.

Every answer is a row: a line with a JSON list, whatever else may be printed between. Names begin
with "_": they are globals of the REPL, which the firmware's are, too.
"""

import base64
from collections.abc import Sequence

LIST = """
import os, json
def _walk(folder):
    for _e in os.ilistdir(folder):
        path = folder + _e[0]
        if _e[1] == 0x4000:
            _walk(path + "/")
        else:
            print(json.dumps([path, _e[3]]))
_walk("/")
"""
"""Rows [path, size]."""

FREE = """
import os, json
_s = os.statvfs("/")
print(json.dumps([_s[1] * _s[3], _s[1] * _s[2]]))
"""
"""One row [free bytes, bytes]."""

FORMAT = """
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

RELIEVE = """
import sys, gc
for _n in list(sys.modules):
    if _n.partition(".")[0] in ("fob", "hal", "life", "rescue", "laptop"):
        del sys.modules[_n]
globals().pop("life", None)
gc.collect()
"""
"""Unloads the firmware: it leaves an ESP32 little memory for anything else."""

_HASH = """
import hashlib
def _hash(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        while True:
            n = f.readinto(_b)
            if not n:
                break
            h.update(_b[:n])
    return "".join(["%02x" % c for c in h.digest()])
_b = memoryview(bytearray(1024))
"""


def read(path: str) -> str:
    """Rows [base64 of the next bytes], then [SHA-256]; none when there is no such file."""
    return f"""{_HASH}
import binascii, json
def _read(path):
    try:
        f = open(path, "rb")
    except OSError as e:
        if e.errno != 2:
            raise
        return
    with f:
        while True:
            n = f.readinto(_b)
            if not n:
                break
            print(json.dumps([binascii.b2a_base64(_b[:n]).decode()]))
    print(json.dumps([_hash(path)]))
_read({path!r})
"""


def hashes(paths: Sequence[str]) -> str:
    """One row for each path: [SHA-256], or [null] when there is no such file."""
    return f"""{_HASH}
import json
for _p in {list(paths)!r}:
    try:
        _d = _hash(_p)
    except OSError as _e:
        if _e.errno != 2:
            raise
        _d = None
    print(json.dumps([_d]))
"""


def begin(path: str) -> str:
    """Open a file for `write`, in folders that are made; close one that was broken off."""
    folders = [path[:at] for at in range(1, len(path)) if path[at] == "/"]
    return f"""
import os, gc, binascii
{_CLOSE}
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


def write(data: bytes) -> str:
    """Append to the file: in base64, which is half as long as what repr() makes of .mpy files."""
    return f"_w({base64.b64encode(data).decode()!r})"


END = "_f.close()"

# Never leave it to the garbage collector: that writes what is still to be written, at any time.
_CLOSE = """
try:
    _f.close()
except (NameError, OSError):
    pass
"""


def give_up(paths: Sequence[str]) -> str:
    """Close the file and remove what was written so far."""
    return f"{_CLOSE}\n{remove(paths)}"


def commit(paths: Sequence[str], removed: Sequence[str]) -> str:
    """Rename each PATH.new to PATH, in this order, then remove others."""
    return f"""
import os
for _p in {list(paths)!r}:
    os.rename(_p + ".new", _p)
{remove(removed)}
"""


def remove(paths: Sequence[str]) -> str:
    """Remove files or empty folders, those that there are."""
    return f"""
import os
for _p in {list(paths)!r}:
    try:
        os.remove(_p)
    except OSError as _e:
        if _e.errno != 2:
            raise
"""
