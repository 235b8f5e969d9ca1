"""What the firmware takes of a heap whose words are of 32 bits, beside one of 64.

MicroPython's port to WebAssembly is a genuine build with words of 32 bits. It collects garbage only
between calls from outside, so it cannot be held to a heap; what is alive then, it tells truly.
"""

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from host_tools.installation.layout import layout_firmware
from tests.interpreter import Interpreter

PACKAGE = "@micropython/micropython-webassembly-pyscript"
MISSING = (
    "words of 32 bits: not compared. With Node.js:"
    f" npm install --prefix DIR {PACKAGE}, then FOB_WASM=DIR make bench"
)
_SCRIPT = Path(__file__).with_name("words.mjs")

# A chip has these in ROM; here they need only be there.
_STUBS = {
    "bluetooth.py": "BLE = UUID = lambda *_: None\nFLAG_WRITE = FLAG_NOTIFY = FLAG_INDICATE = 0\n",
    "cryptolib.py": "aes = None\n",
    "esp32.py": "",
    "machine.py": "Pin = PWM = ADC = RTC = WDT = None\n",
    "neopixel.py": "NeoPixel = None\n",
}
_SETS = {
    "of a press": [
        *("life", "fob.config", "fob.retained", "hal.buttons", "hal.flash", "hal.light"),
        *("fob.app", "hal.radio", "fob.guard", "fob.cache", "fob.store", "fob.vehicle"),
    ],
    "of the older protocol": ["fob.legacy_dialogue", "fob.legacy", "fob.gcm"],
    "of the newer protocol": ["fob.signed_dialogue", "fob.handshake", "fob.signed"],
    "of pairing": ["fob.pairing", "fob.p256"],
    "of passive entry": ["fob.arming", "fob.presence"],
}


@dataclass(frozen=True)
class Word:
    """What a set of modules, compiled, adds to the heap in use; each set after those above it."""

    what: str
    bytes_32: int
    bytes_64: int


def compare_words() -> tuple[list[Word], str]:
    """(the sets in order and their sum, ""), or (nothing, why)."""
    node = shutil.which("node")
    package = Path(os.environ.get("FOB_WASM", ""), "node_modules", PACKAGE)
    if node is None or not package.is_dir():
        return [], MISSING
    with tempfile.TemporaryDirectory() as name:
        files = {path.lstrip("/"): data for path, data in layout_firmware().items()}
        files |= {path: source.encode() for path, source in _STUBS.items()}
        for path, data in files.items():
            target = Path(name, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        steps = [f"import {', '.join(modules)}" for modules in _SETS.values()]
        try:
            narrow = _grown_in_node(node, package, Path(name), steps)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            return [], f"words of 32 bits: {PACKAGE} does not run it: {error!r}"
        wide = _grown_here(Path(name), steps)
    both = list(zip(_SETS, narrow, wide, strict=True))
    whole = Word("all of these", sum(narrow), sum(wide))
    return [*(Word(what, *sizes) for what, *sizes in both), whole], ""


def _grown_in_node(node: str, package: Path, folder: Path, steps: list[str]) -> list[int]:
    told = subprocess.run(
        [node, str(_SCRIPT), str(package), str(folder), *steps, ""],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    ).stdout
    return _growth(json.loads(told))


def _grown_here(folder: Path, steps: list[str]) -> list[int]:
    in_use = []
    with Interpreter(heap="2M", path=[folder]) as interpreter:
        for step in ["", *steps]:
            interpreter.exec(step)
            interpreter.exec("import gc; gc.collect()")
            in_use.append(interpreter.eval("gc.mem_alloc()"))
    return _growth(in_use)


def _growth(in_use: list[int]) -> list[int]:
    return [after - before for before, after in pairwise(in_use)]
