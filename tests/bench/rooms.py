"""Which modules a fob loads for what: observed while it does it, in virtual time."""

from collections.abc import Awaitable, Callable
from typing import Any

from host_tools.simulator import virtual_time
from host_tools.simulator.bench import Bench

# In place of main.py: it tells which modules are there, the rest is the firmware's own. Looked at
# around every import, for some are unloaded again.
_MAIN = b"""
import builtins, sys
imported = builtins.__import__
told = set()
def look():
    for name in list(sys.modules):
        if name not in told:
            told.add(name)
            print("LOADED", name)
def watched(*args):
    look()
    module = imported(*args)
    look()
    return module
builtins.__import__ = watched
import life
life.main()
"""
_PASSIVE = {"level": 1, "minutes": 5, "secure_at_end": False, "form": "auto"}

Life = Callable[[Bench], Awaitable[None]]


def observe() -> dict[str, set[str]]:
    """What a fob does to the modules that it loads for it, from a wake on; `pairing` from the time
    when the power comes."""
    return {
        "a press, older protocol": _loaded(_pressed, after=_known, vintage="2021", enrolled=True),
        "a press, newer protocol": _loaded(_pressed, after=_known, vintage="2026", enrolled=True),
        "pairing": _loaded(_paired, vintage="2026"),
        "passive entry": _loaded(
            _pressed, after=_known, vintage="2026", enrolled=True, settings={"passive": _PASSIVE}
        ),
    }


async def _known(bench: Bench) -> None:
    # Twice: the first may still find out what the second knows.
    for button in ("unlock", "lock"):
        await bench.press(button)
        await bench.asleep(timeout=600)


async def _pressed(bench: Bench) -> None:
    await bench.press("unlock")
    await bench.asleep(timeout=600)


async def _paired(bench: Bench) -> None:
    await bench.pair()


def _loaded(life: Life, after: Life | None = None, **options: Any) -> set[str]:
    async def observed() -> set[str]:
        bench = Bench(radio="direct", heap="2M", seed=1, files={"/main.py": _MAIN}, **options)
        async with bench:
            if after is not None:
                await after(bench)
            heard = len(bench.board.console) if after is not None else 0
            await life(bench)
            lines = bench.board.console[heard:]
        return {line.partition(" ")[2] for line in lines if line.startswith("LOADED ")}

    return virtual_time.run(observed())
