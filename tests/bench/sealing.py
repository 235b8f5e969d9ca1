"""What a press seals and opens, as found in presses of virtual fobs."""

from dataclasses import dataclass

from host_tools.simulator import virtual_time
from host_tools.simulator.bench import Bench
from host_tools.simulator.car import Vintage

# In place of main.py.
_MAIN = b"""
from fob import gcm
def told(function, word):
    def tell(key, nonce, text, *rest):
        print(word, len(key), len(nonce), len(text), len(rest[-1]) if rest else 0)
        return function(key, nonce, text, *rest)
    return tell
gcm.seal = told(gcm.seal, "seal")
gcm.open = told(gcm.open, "open")
import life
life.main()
"""
_PROTOCOLS: dict[Vintage, str] = {"2021": "older", "2026": "newer"}


@dataclass(frozen=True)
class Sealing:
    """A call of fob.gcm: "seal" or "open", and bytes of its arguments."""

    name: str
    function: str
    key: int
    nonce: int
    text: int
    aad: int


def presses_seal() -> list[Sealing]:
    """What pressing `unlock` seals and opens, with a car of either protocol that is known."""
    return [
        sealing for vintage in _PROTOCOLS for sealing in virtual_time.run(_press_seals(vintage))
    ]


async def _press_seals(vintage: Vintage) -> list[Sealing]:
    files = {"/main.py": _MAIN}
    # Let go of and loaded anew, the module would be its own again: there is one press, in a life
    # that begins with it.
    async with Bench(
        vintage=vintage, radio="direct", enrolled=True, heap="2M", seed=1, files=files
    ) as bench:
        await bench.press("unlock")
        await bench.asleep()
        heard = len(bench.board.console)
        await bench.press("lock")
        lines = [line.split() for line in bench.board.console[heard:]]
    found = []
    for word, *sizes in lines:
        if word in ("seal", "open"):
            key, nonce, text, aad = (int(size) for size in sizes)
            name = f"AES-GCM, {_PROTOCOLS[vintage]} protocol: {word} {text} + {aad} bytes"
            found.append(Sealing(name, word, key, nonce, text, aad))
    return list(dict.fromkeys(found))
