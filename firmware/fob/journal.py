"""A short log in flash of what went wrong last, for the laptop to read.

The file is a record (see store.py): crashes in a row (1 byte), then the lines.
"""

from micropython import const

from fob.errors import StoreError
from fob.store import pack, unpack

_FILE = "journal"
_LINES = const(16)
_LINE = const(100)
# The whole record: 1 KiB, of which 6 bytes are not text.
_TEXT = const(1024 - 6)


class Journal:
    """The last lines and how often the firmware crashed in a row; a damaged one starts empty.

    Lines are printable ASCII. Never hand it anything secret: it is read out and shown.
    """

    def __init__(self, flash):
        self._flash = flash
        payload = unpack(flash.read(_FILE) or b"") or b"\0"
        self.crashes = payload[0]
        self._text = payload[1:].decode()

    def lines(self):
        """Return the lines as a list of str, oldest first."""
        return self._text.split("\n") if self._text else []

    def note(self, text):
        """Append a line; the oldest go when there are too many.

        A flash that fails is passed over: a log must not stop a key.
        """
        line = "".join([c if " " <= c <= "~" else "?" for c in text[:_LINE]])
        lines = self.lines()[1 - _LINES :] + [line]
        while len("\n".join(lines)) > _TEXT:
            lines.pop(0)
        self._text = "\n".join(lines)
        self._write()

    def crash(self, text):
        """Append a line and count one more crash in a row."""
        self.crashes = min(self.crashes + 1, 255)
        self.note(text)

    def well(self):
        """The firmware ran as it should: no crash in a row any more."""
        if self.crashes:
            self.crashes = 0
            self._write()

    def _write(self):
        try:
            self._flash.write(_FILE, pack(bytes((self.crashes,)) + self._text.encode()))
        except StoreError:
            pass
