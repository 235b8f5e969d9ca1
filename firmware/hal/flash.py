"""Files on the board's littlefs.

littlefs commits a file when it is closed and replaces atomically on rename, so a whole new file
is verified before it takes the place of the old one.

Wear: such a write of a small file costs the folder's two blocks less than 0.06 erases each, and
littlefs moves the folder to other blocks after 100 of them: 80,000 writes left no block with more
than 101 erases (measured on 512 blocks of 4 KiB, 32 of them full; see tests/unit/test_flash.py).
"""

import os
from errno import ENOENT

from micropython import const

from fob.errors import StoreError

_ENOSPC = const(28)  # MicroPython's errno does not name it.

# Why littlefs and not esp32.NVS for the key and its counter: one way of writing, with the same
# rename and check, serves all state; an image of it carries key and counter together; a laptop
# can read and back up its files; and the virtual board runs the genuine littlefs, so that a test
# can cut the power at every program and erase. NVS has 6 pages in the stock partition table, and
# the radio keeps its calibration there too.


class Flash:
    """Files of one folder; every write is durable and atomic when it returns."""

    def __init__(self, folder):
        self._folder = folder

    def read(self, name):
        """Return the file's bytes: None when there is no such file, b"" when it is unreadable."""
        try:
            with open(self._folder + "/" + name, "rb") as file:
                return file.read()
        except OSError as error:
            return None if error.errno == ENOENT else b""

    def write(self, name, data):
        """Replace the file; raises StoreError when the flash is full or does not hold the data."""
        path = self._folder + "/" + name
        # What a power cut leaves there is overwritten the next time.
        fresh = path + ".new"
        try:
            with open(fresh, "wb") as file:
                file.write(data)
            if self.read(name + ".new") == data:
                os.rename(fresh, path)
                return
            reason = "does not keep what is written: replace the board"
        except OSError as error:
            if error.errno == _ENOSPC:
                reason = "is full: delete files that are not the fob's"
            elif error.errno == ENOENT:
                reason = "has no folder %s: run `fob provision --repair`" % self._folder
            else:
                reason = "cannot be written (errno %s): run `fob flash --erase`" % error.errno
        try:
            os.remove(fresh)
        except OSError:
            pass  # It was never made, or can no more be removed than written.
        raise StoreError("the flash " + reason)
