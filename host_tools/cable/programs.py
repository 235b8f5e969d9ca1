"""What a board runs for a laptop's file operations, as MicroPython source.

LIBRARY comes first, once in a session; every other program is a call of it. Answers are rows: lines
with a JSON list, whatever else may be printed between. Names begin with "_": they are globals of
the REPL, which has the firmware's besides.
"""

import base64
from collections.abc import Sequence

# A file object that is left to the garbage collector is written by it, at any time: closed first.
LIBRARY = """
import os, json, hashlib, binascii
_f = None
_b = memoryview(bytearray(1024))
def _row(*row):
    print(json.dumps(row))
def _there(act, path):
    try:
        return act(path)
    except OSError as e:
        if e.errno != 2:
            raise
def _parts(path):
    with open(path, "rb") as f:
        while True:
            n = f.readinto(_b)
            if not n:
                break
            yield _b[:n]
def _digest(path):
    h = hashlib.sha256()
    for part in _parts(path):
        h.update(part)
    return "".join(["%02x" % c for c in h.digest()])
def _hash(*paths):
    for path in paths:
        _row(_there(_digest, path))
def _read(path):
    if _there(os.stat, path):
        for part in _parts(path):
            _row(binascii.b2a_base64(part).decode())
        _hash(path)
def _list(folder):
    for entry in os.ilistdir(folder):
        path = folder + entry[0]
        if entry[1] == 0x4000:
            _list(path + "/")
        else:
            _row(path, entry[3])
def _free():
    s = os.statvfs("/")
    _row(s[1] * s[3] if 0 < s[3] <= s[2] else 0, s[1] * s[2])
def _close():
    global _f
    f, _f = _f, None
    if f:
        f.close()
def _begin(path, *folders):
    global _f
    _close()
    for folder in folders:
        try:
            os.mkdir(folder)
        except OSError as e:
            if e.errno != 17:
                raise
    _f = open(path, "wb")
def _write(text):
    _f.write(binascii.a2b_base64(text))
def _end(path):
    _close()
    _hash(path)
def _give_up(*paths):
    try:
        _close()
    except OSError:
        pass
    _remove(*paths)
def _commit(*paths):
    for path in paths:
        os.rename(path + ".new", path)
def _remove(*paths):
    for path in paths:
        _there(os.remove, path)
"""

CLOSE = """
try:
    _close()
except (NameError, OSError):
    pass
"""
"""Before LIBRARY: ends what an interrupted upload left open."""

LIST = "_list('/')"
"""Rows [path, size]."""

FREE = "_free()"
"""One row [free bytes, bytes]."""

FORMAT = """
import os, json, esp32, machine, vfs
for _n in ("key.bin", "car2/key.bin", "car3/key.bin", "car4/key.bin", "fob.json"):
    try:
        os.remove("/" + _n)
    except OSError:
        pass
for _k in (bytes(2048), b""):
    machine.RTC().memory(_k)
try:
    vfs.umount("/")
except OSError:
    pass
_p = esp32.Partition.find(esp32.Partition.TYPE_DATA, label="vfs")[0]
_n = _p.ioctl(4, 0)
_w = machine.WDT(timeout=600000)
for _k in range(_n):
    if not _k % 8:
        _w.feed()
        print(json.dumps([_k, _n]))
    _p.ioctl(6, _n - 1 - _k)
vfs.VfsLfs2.mkfs(_p)
vfs.mount(_p, "/")
os.chdir("/")
"""
"""Rows [blocks erased, blocks], as it goes on. A new file system alone would leave the old one's
bytes where they are: all is erased, and what the RTC keeps. Broken off, it leaves neither a key to
be used with an older counter nor a board that takes itself for new: the keys go first, by the file
system, and the blocks that MicroPython knows that by last."""

RELIEVE = """
import sys, gc
for _n in list(sys.modules):
    if _n.partition(".")[0] in ("fob", "hal", "life", "rescue", "laptop"):
        del sys.modules[_n]
globals().pop("life", None)
gc.collect()
"""
"""Unloads the firmware: it leaves an ESP32 little memory for anything else."""


def read(path: str) -> str:
    """Rows [base64 of the next bytes], then [SHA-256]; none when there is no such file."""
    return _call("_read", path)


def hashes(paths: Sequence[str]) -> str:
    """One row for each path: [SHA-256], or [null] when there is no such file."""
    return _call("_hash", *paths)


def begin(path: str) -> str:
    """Open a file for `write`, in folders that are made."""
    return _call("_begin", path, *(path[:at] for at in range(1, len(path)) if path[at] == "/"))


def write(data: bytes) -> str:
    """Append to the file: in base64, which is half as long as what repr() makes of .mpy files."""
    return _call("_write", base64.b64encode(data).decode())


def end(path: str) -> str:
    """Close the file; a row [SHA-256] of what has arrived."""
    return _call("_end", path)


def give_up(paths: Sequence[str]) -> str:
    """Close the file, and remove these."""
    return _call("_give_up", *paths)


def commit(paths: Sequence[str], removed: Sequence[str]) -> str:
    """Rename each PATH.new to PATH, in this order, then remove others."""
    return f"{_call('_commit', *paths)}\n{remove(removed)}"


def remove(paths: Sequence[str]) -> str:
    """Remove files or empty folders, those that there are."""
    return _call("_remove", *paths)


def _call(name: str, *arguments: str) -> str:
    return f"{name}({', '.join(map(repr, arguments))})"
