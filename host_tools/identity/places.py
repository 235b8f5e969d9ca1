"""Where the files of a fob's cars lie: those of car 1 where they ever were, those of 2 to 4 in
folders of their own.

/fob.json lists the cars. A folder that it does not list is nothing, for the firmware and for these
tools: what a run left there that was broken off. The journal is the fob's, and lies in /state.
"""

from dataclasses import dataclass

from host_tools.identity.counters import COUNTER_PATHS
from host_tools.identity.gestures import MOST_CARS

CONFIGURATION_PATH = "/fob.json"
LIGHT_PATH = "/light.json"
KEY_PATH = "/key.bin"

_STATE = "/state/"
_JOURNAL = "/state/journal"


@dataclass(frozen=True)
class Place:
    """Where one car has its files.

    configuration   what tells its VIN; that of car 1 tells the whole fob's settings, too.
    key             of this car alone, but for that of car 1, which others may share.
    """

    number: int

    @property
    def folder(self) -> str:
        """Empty for car 1."""
        return "" if self.number == 1 else f"/car{self.number}"

    @property
    def configuration(self) -> str:
        return f"{self.folder}/car.json" if self.folder else CONFIGURATION_PATH

    @property
    def key(self) -> str:
        return f"{self.folder}{KEY_PATH}"

    @property
    def counters(self) -> tuple[str, ...]:
        """The two slots of the message counter."""
        return tuple(path.replace("/state", self.folder or "/state") for path in COUNTER_PATHS)

    def holds(self, path: str) -> bool:
        """Whether a file is there for this car alone; of car 1 that is its state, the key not."""
        if self.folder:
            return path.startswith(f"{self.folder}/")
        return path.startswith(_STATE) and not path.startswith(_JOURNAL)


PLACES = tuple(Place(number) for number in range(1, MOST_CARS + 1))
