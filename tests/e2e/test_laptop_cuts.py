"""The cable pulled or the power cut at any point of what a laptop does to a fob.

Each trial breaks one command off, lets the fob live, runs the command again and presses: the fob
heals, its car sees no nonce twice, and a key is gone only where its owner gave it up. FOB_CUTS=N
tries the first N seeds, in place of a few.
"""

import contextlib
import json
import os
import random
import sys
from pathlib import Path

import pytest

from host_tools.identity.key_files import write_key
from host_tools.identity.keys import Key, new_key
from host_tools.identity.provision import CONFIGURATION_PATH, KEY_PATH
from host_tools.simulator.bench import VIN
from host_tools.simulator.board import BoardStopped
from host_tools.simulator.car.whitelist import WhitelistKey
from tests.desk import Desk, Result

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

PASSPHRASE = {"FOB_PASSPHRASE": "correct horse battery staple"}
OTHER_VIN = "7SAYGDEE7PF000316"
THIRD_VIN = "5YJ3E1EA0KF000316"
SEEDS = range(int(os.environ["FOB_CUTS"])) if "FOB_CUTS" in os.environ else (4, 5)
COUNTER = ("/state/counter.0", "/state/counter.1")


class Trial:
    """One command, broken off somewhere. `told` says what was tried."""

    def __init__(self, desk: Desk, folder: Path, seed: int) -> None:
        self._desk = desk
        self._chance = random.Random(seed)
        self._backup, self._other = folder / "fob.pem", folder / "other.pem"
        write_key(self._other, Key.of(new_key()), None)
        self._again = folder / "again.pem"
        self._commands = {
            "settings": ("provision", "--light", "off"),
            "car": ("provision", "--change-vin", OTHER_VIN),
            "restore": ("provision", "--key", str(self._backup)),
            "import": ("provision", "--key", str(self._other), "--replace-key"),
            "replace": ("provision", "--replace-key"),
            "made by the fob": ("provision", "--replace-key", "--on-device"),
            "repair": ("provision", "--repair"),
            "backup": ("key", "backup", str(self._again)),
            "wipe": ("wipe",),
            "erase": ("flash", "--erase"),
            "flash": ("flash",),
            "add": ("provision", "--vin", THIRD_VIN),
        }
        self.name = list(self._commands)[seed % len(self._commands)]
        self.told: list[object] = [seed, self.name]

    def run(self) -> None:
        desk = self._desk
        assert self._do("provision", "--protocol", "legacy").exit_code == 0
        assert self._do("key", "backup", str(self._backup)).exit_code == 0
        before = self._key()
        self._press_in_its_car()
        self._prepare()
        self._break_off()
        self._command()
        self._heal()
        desk.press("unlock")
        self._again.unlink(missing_ok=True)
        again = self._command()
        assert again.exit_code == 0, self.told
        left = [path for path in desk.flash.files() if path.endswith(".new")]
        assert not left, (self.told, left)
        if self.name in ("settings", "car", "add", "restore", "repair", "backup", "flash"):
            assert self._key() == before, self.told
        if self.name in ("wipe", "erase"):
            assert self._key() is None, self.told
        if self._key() is not None:
            self._press_in_its_car()
        if self.name == "car":
            assert self._do("provision", "--change-vin", VIN).exit_code == 0
        end = self._do(
            *("provision", "--vin", VIN, "--board", "virtual", "--key", str(self._backup)),
            *("--protocol", "legacy", "--replace-key"),
        )
        assert end.exit_code == 0, (self.told, end)
        assert self._key() == before
        self._press_in_its_car()
        assert not desk.violations, (self.told, desk.violations)

    def _prepare(self) -> None:
        if self.name not in ("repair", "flash"):
            return
        self._desk.power_off()
        if self.name == "repair":
            for path in COUNTER:
                self._desk.flash.remove(path)
        else:
            self._desk.flash.write({"/fob/app.mpy": b"of another version", "/fob/old.mpy": b"old"})
        self._desk.power_on()

    def _break_off(self) -> None:
        chance, desk = self._chance, self._desk
        many = self.name in ("wipe", "erase", "flash")
        operations = chance.randrange(1, 1500 if many else 25)
        kind = chance.choice(("cable", "cable", "clean", "torn"))
        if kind == "cable" and chance.random() < 0.5:
            typed = chance.randrange(1, 30_000 if self.name == "flash" else 9_000)
            self.told.append(f"cable after {typed} bytes")
            desk.unplug_after(typed=typed)
        elif kind == "cable":
            self.told.append(f"cable after {operations} operations")
            desk.unplug_after(flash_operations=operations)
        else:
            cut = f"{operations}:{kind}" + (f":{chance.randrange(1000)}" if kind == "torn" else "")
            self.told.append(f"power {cut}")
            with contextlib.suppress(BoardStopped):
                desk.power_cycle(cut)

    def _heal(self) -> None:
        desk, chance = self._desk, self._chance
        desk.plug()
        if chance.random() < 0.5 or "power" in str(self.told[2]):
            desk.power_cycle()
        # Whatever has not come yet would hit the second run.
        desk.unplug_after(flash_operations=1 << 30, typed=1 << 30)

    def _command(self) -> Result:
        result = self._do(*self._commands[self.name])
        self.told.append(result)
        assert result.exit_code in (0, 1, 3), self.told
        assert "should not happen" not in result.stderr, self.told
        return result

    def _press_in_its_car(self) -> None:
        told = json.loads(self._desk.flash.read(CONFIGURATION_PATH))
        known = WhitelistKey(bytes.fromhex(told["public_key"]), role=3)
        car = self._desk.car
        self._desk.do(
            lambda: car.whitelist.find_public(known.public_key) or car.whitelist.add(known)
        )
        if told["vin"] == VIN:
            pressed = self._do("press", "unlock")
            assert pressed.exit_code == 0, (self.told, pressed)

    def _key(self) -> bytes | None:
        files = self._desk.flash.files()
        return files.get(KEY_PATH)

    def _do(self, *arguments: str) -> Result:
        yes = () if arguments[0] in ("key", "press") else ("--yes",)
        return self._desk.run(*arguments, *yes, env=PASSPHRASE)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_broken_off_is_done_again_and_harms_nothing(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_, **__: tmp_path / "state")
    with Desk(vintage="2021") as desk:
        Trial(desk, tmp_path, seed).run()
