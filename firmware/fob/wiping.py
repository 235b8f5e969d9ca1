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
        _surely(os.remove, folder + "/key.bin")
    # Writing less leaves the rest of it.
    memory(bytes(_RTC))
    memory(b"")
    for name in ("/fob.json", "/light.json"):
        _surely(os.remove, name)
    for folder in ("", "/state") + _CARS:
        _surely(_empty, folder)
    for folder in _CARS:
        _surely(os.remove, folder)
    _fill(report)


def _empty(folder):
    """Remove the files of a folder, of the root what was being written, and renew its log."""
    for entry in list(os.ilistdir(folder or "/")):
        name, kind = entry[:2]
        path = folder + "/" + name
        if not kind & _FOLDER and (folder or (name.endswith(".new") and path != _SCRATCH)):
            _surely(os.remove, path)
    path = folder + _SCRATCH
    for _ in range(_REWRITES):
        with open(path, "wb") as file:
            file.write(bytes(_SMALL))
    if folder:
        os.remove(path)


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
    _surely(os.remove, _SCRATCH)


def _surely(change, path):
    """Call change(path); what is not there needs none."""
    try:
        change(path)
    except OSError as error:
        if error.errno != ENOENT:
            raise StoreError("the flash cannot be written: run `fob flash --erase`")
