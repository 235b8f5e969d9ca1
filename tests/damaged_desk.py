"""A virtual board whose flash is not as it should be when a command finds it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.desk import Desk


@contextmanager
def damaged_desk(files: Mapping[str, bytes | None], **options: object) -> Iterator[Desk]:
    """A Desk with these files on its flash, None for one that is gone.

    Unlike those of Desk(files=...) they come after the first start, and the board has only just
    started again: nobody waits for what its light has to say of them.
    """
    with Desk(**options) as desk:  # type: ignore[arg-type]
        desk.power_off()
        for path, data in files.items():
            if data is None:
                desk.flash.remove(path)
            else:
                desk.flash.write({path: data})
        desk.power_on()
        yield desk
