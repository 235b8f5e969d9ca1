"""Files on the board's littlefs.

littlefs commits a file when it is closed and replaces atomically on rename, so a whole new file
is verified before it takes the place of the old one.
"""

import os

from fob.errors import StoreError


class Flash:
    """Files of one folder; every write is durable and atomic when it returns."""

    def __init__(self, folder):
        self._folder = folder

    def read(self, name):
        """Return the file's bytes, or None when there is no such file."""
        try:
            with open(self._folder + "/" + name, "rb") as file:
                return file.read()
        except OSError:
            return None

    def write(self, name, data):
        """Replace the file; raises StoreError when the flash is full or does not hold the data."""
        path = self._folder + "/" + name
        fresh = path + ".new"
        try:
            with open(fresh, "wb") as file:
                file.write(data)
            with open(fresh, "rb") as file:
                if file.read() != data:
                    raise StoreError("the flash does not keep what is written")
            os.rename(fresh, path)
        except OSError as error:
            raise StoreError("the flash cannot be written (errno %d)" % error.args[0])
