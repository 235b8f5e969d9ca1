"""How large the firmware is on a board, by module, by kind of byte and by what it is for."""

from dataclasses import dataclass

from rich.table import Table

TITLE = "Size of the firmware"

METHOD = (
    "What `fob flash` installs, compiled by mpy-cross for each architecture and taken apart by the"
    " rules of the .mpy format: bytecode with its line and variable tables, names (the table of"
    " interned strings), constants, and the file's header. Compiled plainly: the same sources and"
    " options without what the installation does to shorten them."
)


@dataclass(frozen=True)
class Bytes:
    """The bytes of one .mpy, or the sum of several; they add up to `total`."""

    bytecode: int
    names: int
    constants: int
    header: int

    @property
    def total(self) -> int:
        return self.bytecode + self.names + self.constants + self.header

    def __add__(self, other: "Bytes") -> "Bytes":
        return Bytes(
            self.bytecode + other.bytecode,
            self.names + other.names,
            self.constants + other.constants,
            self.header + other.header,
        )


@dataclass(frozen=True)
class Module:
    """One file of the firmware.

    module      as imported: "fob.vehicle".
    source      bytes of the .py.
    installed   architecture to what is installed, `plain` to what it would be without shortening;
                a start script, which stays source, has neither.
    functions   in it, the module's own code included.
    """

    module: str
    source: int
    functions: int
    installed: dict[str, Bytes]
    plain: dict[str, Bytes]


@dataclass(frozen=True)
class Room:
    """What has to be on the board for one thing that a fob does: its modules, with all that they
    import, and their bytes on each architecture. Rooms overlap."""

    room: str
    modules: list[str]
    installed: dict[str, int]


@dataclass(frozen=True)
class Results:
    """installed, plain: all .mpy, by architecture; scripts: the start scripts, which are source."""

    modules: list[Module]
    rooms: list[Room]
    installed: dict[str, Bytes]
    plain: dict[str, Bytes]
    scripts: int


def measure(quick: bool) -> Results:
    """Compile the firmware as it is installed, and plainly."""
    raise NotImplementedError


def tables(results: Results) -> list[Table]:
    """The totals, the modules, and the rooms."""
    return []
