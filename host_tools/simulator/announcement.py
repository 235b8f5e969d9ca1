"""How the `fob` commands find a virtual board: by a file that list_ports() reads."""

import contextlib
import json
import os
from pathlib import Path
from typing import Self

from host_tools.cable.virtual_boards import virtual_boards_folder


class Announcement:
    """Use as a context manager: inside, `port` is where the board may link its serial port, and
    `tell` says whether one is there.

    Raises Failure where the folder is not the user's own.
    """

    def __init__(self, name: str) -> None:
        """`name` tells several boards apart; it is for people."""
        self._name = name
        folder = virtual_boards_folder()
        self.port = folder / str(os.getpid())
        self._file = folder / f"{os.getpid()}-{name}.json"
        _remove_links_of_the_dead(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.tell(False)

    def tell(self, plugged: bool) -> None:
        """Announce the port, or take the announcement back."""
        if not plugged:
            self._file.unlink(missing_ok=True)
            return
        # Whoever reads at this moment finds all of it or nothing.
        whole = self._file.with_suffix(".new")
        whole.write_text(json.dumps({"port": str(self.port), "name": self._name}))
        whole.replace(self._file)


def _remove_links_of_the_dead(folder: Path) -> None:
    for link in folder.iterdir():
        if link.is_symlink() and not link.exists():
            with contextlib.suppress(OSError):
                link.unlink()
