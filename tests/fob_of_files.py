"""A Device whose board is a dict of files, and whose power may go at any change of them; what is
read off such a board, and planned for it."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from host_tools.failure import InputError
from host_tools.identity.keys import Key
from host_tools.identity.plan import Plan, make_plan
from host_tools.identity.provision import key_file
from host_tools.identity.request import Request
from host_tools.identity.stored import Identity, read_identity

NOW = 1_800_000_000
"""When plans are made."""
MADE = Key.of(b"\x03" * 32)
"""The key that such a fob makes."""


class PowerCut(Exception):
    """The board is dark from here on."""


class FobOfFiles:
    """Its power goes before change number `cut_at`; `asked_for` is what was read off it."""

    def __init__(self, files: dict[str, bytes], cut_at: int | None = None) -> None:
        self.board = dict(files)
        self.asked_for: set[str] = set()
        self._left = cut_at

    def files(self) -> dict[str, int]:
        return {path: len(data) for path, data in self.board.items()}

    def read(self, path: str) -> bytes | None:
        self.asked_for.add(path)
        return self.board.get(path)

    def hashes(self, paths: Iterable[str]) -> dict[str, str | None]:
        return {
            path: hashlib.sha256(self.board[path]).hexdigest() if path in self.board else None
            for path in paths
        }

    def stage(self, path: str, data: bytes) -> None:
        self._change(path + ".new", data)

    def commit(self, paths: Sequence[str], remove: Sequence[str] = ()) -> None:
        for path in paths:
            self._change(path, self.board[path + ".new"])
            del self.board[path + ".new"]
        self.remove(remove)

    def remove(self, paths: Sequence[str]) -> None:
        for path in paths:
            assert not [each for each in self.board if each.startswith(f"{path}/")], "not empty"
            self._change(path, None)

    def call(self, name: str, car: int = 1, **_: Any) -> dict[str, Any]:
        folder = "" if car == 1 else f"/car{car}"
        if name == "whose_key":
            return {"public_key": self._whose_key(f"{folder}/key.bin")}
        assert name == "new_key"
        assert not folder or [path for path in self.board if path.startswith(f"{folder}/")]
        self._change(f"{folder}/key.bin.new", key_file(MADE))
        return {"public_key": MADE.public.hex()}

    def _whose_key(self, path: str) -> str | None:
        data = self.board[path]
        try:
            key = Key.of(data[:32])
        except InputError:
            return None
        return key.public.hex() if data == key_file(key) else None

    def _change(self, path: str, data: bytes | None) -> None:
        if self._left is not None:
            if self._left == 0:
                raise PowerCut
            self._left -= 1
        if data is None:
            self.board.pop(path, None)
        else:
            self.board[path] = data


def without(files: dict[str, bytes], *paths: str) -> dict[str, bytes]:
    return {path: data for path, data in files.items() if path not in paths}


def identity_of(files: dict[str, bytes]) -> Identity:
    return read_identity(FobOfFiles(files))  # type: ignore[arg-type]


def plan_for(files: dict[str, bytes], now: float = NOW, floor: int = 0, **request: Any) -> Plan:
    """What the request means; floor: what the laptop knows of each counter."""
    return make_plan(
        identity_of(files),
        Request(**request),
        chip="esp32",
        clock=lambda: now,
        floor=lambda _: floor,
    )
