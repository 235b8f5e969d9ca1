"""A flash chip in memory, as MicroPython's littlefs sees the partition of an ESP32.

It counts erases per block, and its power can be cut at any program or erase.
"""

import os
import random
from errno import EIO

import vfs
from micropython import const

BLOCK = const(4096)
BLOCKS = const(512)
"""The stock partition table leaves 2 MiB of a 4 MiB flash for files."""

_BLOCK_COUNT, _BLOCK_SIZE, _ERASE = 4, 5, 6
_ERASED = b"\xff" * BLOCK


class NorFlash:
    """A block device; `erases` lists the count of each block, `operations` counts all.

    `cut` is the number of the program or erase, counted from 1, that a power cut prevents; with a
    `torn` seed it happens in part. From then on nothing works until a power cycle, which makes a
    new device of the same contents: a file system that was mounted before never reaches them.
    `on` tells whether there is power.
    """

    def __init__(self, contents):
        self._contents = contents
        self.erases = [0] * len(contents)
        self.operations = 0
        self.on = True
        self._cut = 0
        self._torn = None

    def cut_at(self, cut, torn=None):
        self._cut = self.operations + cut
        self._torn = torn

    def power_cycle(self):
        self.on = False
        return NorFlash(self._contents)

    # Errors are returned, not raised: the garbage collector closes what a power cut left open, and
    # nothing can be allocated then.

    def readblocks(self, block, buffer, offset=0):
        if not self.on:
            return -EIO
        buffer[:] = memoryview(self._contents[block])[offset : offset + len(buffer)]
        return 0

    def writeblocks(self, block, data, offset=0):
        return self._operate(block, offset, data)

    def ioctl(self, request, argument):
        if request == _BLOCK_COUNT:
            return len(self._contents)
        if request == _BLOCK_SIZE:
            return BLOCK
        if request == _ERASE:
            return self._operate(argument, 0, _ERASED)
        return 0

    def _operate(self, block, offset, data):
        if not self.on:
            return -EIO
        self.operations += 1
        if data is _ERASED:
            self.erases[block] += 1
        if self.operations != self._cut:
            self._put(block, offset, data)
            return 0
        self.on = False
        if self._torn is not None:
            random.seed(self._torn)
            done = random.randrange(len(data))
            self._put(block, offset, bytes(data[:done]) + bytes((random.getrandbits(8),)))
        return -EIO

    def _put(self, block, offset, data):
        # A block gets memory of its own when it is programmed for the first time.
        if type(self._contents[block]) is bytes:
            self._contents[block] = bytearray(_ERASED)
        self._contents[block][offset : offset + len(data)] = data


def formatted(path, blocks=BLOCKS):
    """Return a NorFlash with an empty littlefs, mounted at `path` with a folder "state" in it."""
    flash = NorFlash([_ERASED] * blocks)
    vfs.VfsLfs2.mkfs(flash)
    mount(flash, path)
    os.mkdir(path + "/state")
    return flash


def mount(flash, path):
    vfs.mount(vfs.VfsLfs2(flash), path)
