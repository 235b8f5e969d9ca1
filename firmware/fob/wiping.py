"""Removes what makes a fob somebody's, so that nothing of it can be read off the flash again.

littlefs erases nothing that it removes: the bytes stay until their block is used anew. So the logs
of the folders are made to be written anew, and all that is free is overwritten.
"""

import os
from errno import ENOENT

from micropython import const

from fob.errors import StoreError

# A small file lies in the log of its folder: so many later, both of its blocks were written anew.
_REWRITES = const(200)
_SMALL = const(100)
_BLOCK = const(4096)
_RTC = const(2048)
_BLOCKS_A_REPORT = const(8)
# A directory, in the mode of os.ilistdir.
_FOLDER = const(0x4000)

_SCRATCH = "/wipe.new"
_CARS = ("/car2", "/car3", "/car4")


def wipe(memory, report):
    """Remove key, configuration and state, and overwrite what they leave behind.

    memory(bytes) replaces what the RTC holds; report(done, of) is told how many of the flash's free
    blocks are overwritten. Broken off by a power cut it is to be called again, as /wipe.new tells:
    it is the first thing made and the last one removed.
    """
    try:
        open(_SCRATCH, "wb").close()
    except OSError:
        # A flash without room for it gets some by what follows.
        pass
    # First what opens a car by itself: the key, and the session keys that the RTC keeps.
    for folder in ("",) + _CARS:
        _remove(folder + "/key.bin")
    # Writing less leaves the rest of it.
    memory(bytes(_RTC))
    memory(b"")
    for name in ("fob.json", "light.json"):
        _remove("/" + name)
    for folder in ("", "/state") + _CARS:
        for name in _files(folder):
            path = folder + "/" + name
            if folder or (name.endswith(".new") and path != _SCRATCH):
                _remove(path)
        _renew_log(folder)
        if folder:
            _remove(folder + _SCRATCH)
    for folder in _CARS:
        _remove(folder)
    _fill(report)


def _renew_log(folder):
    path = folder + _SCRATCH
    try:
        for _ in range(_REWRITES):
            with open(path, "wb") as file:
                file.write(bytes(_SMALL))
    except OSError as error:
        if error.errno == ENOENT:
            return
        raise StoreError("the flash cannot be written: run `fob flash --erase`")


def _fill(report):
    space = os.statvfs("/")
    of = space[3] if 0 < space[3] <= space[2] else 0
    zeros = bytes(_BLOCK)
    try:
        with open(_SCRATCH, "wb") as file:
            # littlefs counts a folder twice: there is more room than it says.
            for done in range(space[2]):
                if not done % _BLOCKS_A_REPORT:
                    report(min(done, of), of)
                file.write(zeros)
    except OSError:
        # It is full: all is overwritten.
        pass
    _remove(_SCRATCH)


def _files(folder):
    """Return the names of the files in a folder; none where there is no such folder."""
    try:
        return [entry[0] for entry in os.ilistdir(folder or "/") if not entry[1] & _FOLDER]
    except OSError:
        return []


def _remove(path):
    try:
        os.remove(path)
    except OSError as error:
        if error.errno != ENOENT:
            raise StoreError("the flash cannot be written: run `fob flash --erase`")
