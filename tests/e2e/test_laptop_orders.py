"""Whatever a laptop does to a fob, and in whatever order: its car sees no nonce twice.

FOB_ORDERS=N tries the first N seeds, in place of a few.
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from host_tools.board.catalogue import load_board
from host_tools.identity.plan import make_plan
from host_tools.identity.provision import CONFIGURATION_PATH
from host_tools.identity.settings import Car, Configuration, Settings, board_fields
from host_tools.installation.image import pack
from host_tools.simulator.bench import VIN
from host_tools.simulator.car.whitelist import WhitelistKey
from host_tools.simulator.fob_image import fob_program
from host_tools.simulator.hardware import HARD_RESET
from tests.desk import Desk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

PASSPHRASE = {"FOB_PASSPHRASE": "correct horse battery staple"}
SEEDS = range(int(os.environ["FOB_ORDERS"])) if "FOB_ORDERS" in os.environ else (1,)
LENGTH = 4


class Owner:
    """Somebody who has a backup of the fob's key and two laptops, and does what comes to mind."""

    def __init__(self, desk: Desk, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._desk = desk
        self._folder = folder
        self._patch = patch
        self._backup = str(folder / "fob.pem")
        self._take_laptop("first")
        # A fob that had to find out first which protocol the car speaks would take longer.
        self._do("provision", "--protocol", "legacy", "--yes")
        self._do("key", "backup", self._backup)
        known = self._public_key()
        desk.do(lambda: desk.car.whitelist.add(WhitelistKey(known, role=3)))

    def flash(self) -> None:
        self._do("flash", "--yes")

    def erase(self) -> None:
        self._do("flash", "--erase", "--yes")
        self._restore()

    def wipe(self) -> None:
        self._do("wipe", "--yes")
        self._restore()

    def re_image(self) -> None:
        """As esptool writes what `fob image` made, over all that there is."""
        settings = Settings(board=board_fields(load_board("virtual")))
        told = Configuration(settings, (1,), Car(VIN), b"").file()
        files = {**fob_program(), CONFIGURATION_PATH: told}
        size = self._desk.flash.path.stat().st_size
        self._write_flash(pack(files, size))
        self._restore()

    def roll_back(self) -> None:
        """As esptool writes a copy of the flash that it has read before the last press."""
        before = self._desk.flash.path.read_bytes()
        self.press()
        self._write_flash(before)

    def restore_again(self) -> None:
        """Within the same second, if the laptop is fast enough."""
        self._restore()
        self.press()
        self._restore()

    def set_the_clock_back(self) -> None:
        """On one laptop; the other goes by time alone."""
        self._take_laptop("first")
        defaults = make_plan.__kwdefaults__ or {}
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(defaults, "clock", lambda: time.time() - 30 * 86_400)
            self._restore()

    def take_the_other_laptop(self) -> None:
        self._take_laptop("second")
        self._restore()

    def lose_the_counter(self) -> None:
        self._desk.power_off()
        for path in ("/state/counter.0", "/state/counter.1"):
            if path in self._desk.flash.list():
                self._desk.flash.remove(path)
        self._desk.power_on()
        self._do("provision", "--repair", "--yes")

    def burn_leases(self) -> None:
        for _ in range(3):
            self._desk.power_cycle()
            self.press()

    def bite(self) -> None:
        """The watchdog restarts the fob, and the RTC's memory outlives that."""
        self._desk.do(lambda: self._desk.bench.board.hardware.watchdog.start(1))
        time.sleep(0.1)

    def press(self) -> None:
        self._do("press", "unlock")

    def _take_laptop(self, name: str) -> None:
        folder = self._folder / name
        self._patch.setattr("platformdirs.user_state_path", lambda *_, **__: folder)

    def _write_flash(self, content: bytes) -> None:
        """The chip is reset, and keeps its power and what the RTC holds."""
        board = self._desk.bench.board
        hardware = board.hardware

        async def write() -> None:
            await board.power_off()
            self._desk.flash.path.write_bytes(content)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(hardware, "cut_power", lambda: hardware.restart(HARD_RESET))
                await board.power_on()

        self._desk.do(write)

    def _restore(self) -> None:
        self._do(
            *("provision", "--vin", VIN, "--board", "virtual", "--key", self._backup),
            *("--protocol", "legacy", "--replace-key", "--yes"),
        )

    def _public_key(self) -> bytes:
        return bytes.fromhex(json.loads(self._desk.flash.read(CONFIGURATION_PATH))["public_key"])

    def _do(self, *arguments: str) -> None:
        result = self._desk.run(*arguments, env=PASSPHRASE)
        assert result.exit_code == 0, (arguments, result)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_order_of_flashing_wiping_and_restoring_repeats_a_nonce(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The older protocol's nonce is the counter and nothing else.
    chance = random.Random(seed)
    with Desk(vintage="2021") as desk:
        owner = Owner(desk, tmp_path, monkeypatch)
        deeds: list[Callable[[], None]] = [
            *(owner.flash, owner.erase, owner.wipe, owner.re_image, owner.roll_back),
            *(owner.restore_again, owner.set_the_clock_back, owner.take_the_other_laptop),
            *(owner.lose_the_counter, owner.burn_leases, owner.bite),
        ]
        chosen = chance.sample(deeds, LENGTH)
        owner.press()
        for deed in chosen:
            deed()
            owner.press()
        told = [deed.__name__ for deed in chosen]
        assert not desk.violations, told
        assert sum("accepted" in moment.text for moment in desk.moments) > LENGTH, told
