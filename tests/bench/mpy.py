"""Takes a compiled module apart: how many of its bytes are code, names and constants.

Format: MicroPython, py/persistentcode.c and docs/reference/mpyfiles.rst, version 6 of it. A file
holds a header, the table of its names, the table of its constants, and its functions, each within
the one that defines it.
"""

from dataclasses import dataclass

VERSION = 6

_ARCHITECTURE_FLAGS = 0x40
_BYTECODE, _NATIVE, _VIPER, _ASSEMBLER = range(4)
# Kinds of constants without a length of their own; tuples; texts, which end with a zero.
_SINGLES = frozenset(range(5))
_TUPLE = 10
_TEXTS = frozenset({5, 6})
_KINDS = range(11)


class MpyError(ValueError):
    """Not a compiled module of this version."""


@dataclass(frozen=True)
class Mpy:
    """Bytes by kind, which add up to the file's; names: those that it brings along itself, not the
    ones that MicroPython has and it only numbers; functions: the module's own code included."""

    header: int
    names: int
    constants: int
    bytecode: int
    own_names: list[str]
    functions: int


def parse(data: bytes) -> Mpy:
    """Raises MpyError."""
    reader = _Reader(data)
    if reader.byte() != ord("M"):
        raise MpyError("it does not begin as a compiled module does")
    version, flags = reader.byte(), reader.byte()
    if version != VERSION:
        raise MpyError(f"it is of version {version}, not {VERSION}")
    reader.byte()
    if flags & _ARCHITECTURE_FLAGS:
        reader.number()
    names, constants = reader.number(), reader.number()
    header = reader.at
    own = [name for name in (reader.name() for _ in range(names)) if name is not None]
    after_names = reader.at
    for _ in range(constants):
        reader.constant()
    after_constants = reader.at
    functions = reader.function()
    if reader.at != len(data):
        raise MpyError(f"{len(data) - reader.at} bytes follow its code")
    return Mpy(
        header=header,
        names=after_names - header,
        constants=after_constants - after_names,
        bytecode=len(data) - after_constants,
        own_names=own,
        functions=functions,
    )


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        if self.at + count > len(self._data):
            raise MpyError("it ends too early")
        self.at += count
        return self._data[self.at - count : self.at]

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        """Seven bits in each byte, the highest first."""
        value = 0
        while True:
            byte = self.byte()
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                return value

    def name(self) -> str | None:
        """None for a number of one that MicroPython has."""
        length = self.number()
        if length & 1:
            return None
        return self._text(length >> 1).decode()

    def constant(self) -> None:
        kind = self.byte()
        if kind not in _KINDS:
            raise MpyError(f"a constant of kind {kind}")
        if kind in _SINGLES:
            return
        size = self.number()
        if kind == _TUPLE:
            for _ in range(size):
                self.constant()
        elif kind in _TEXTS:
            self._text(size)
        else:
            self.take(size)

    def function(self) -> int:
        """How many functions it is, with those inside."""
        told = self.number()
        kind, has_inner = told & 3, told & 4
        self.take(told >> 3)
        if kind != _BYTECODE:
            # Offset of its prelude, or flags; of assembler the arguments besides.
            for _ in range(3 if kind == _ASSEMBLER else 1):
                self.number()
        inner = self.number() if has_inner else 0
        return 1 + sum(self.function() for _ in range(inner))

    def _text(self, size: int) -> bytes:
        text = self.take(size + 1)
        if text[-1]:
            raise MpyError("a text has no end")
        return text[:-1]
