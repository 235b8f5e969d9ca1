"""Whatever a laptop does to a fob, and in whatever order: its car sees no nonce twice."""

import json
import random
import sys
from pathlib import Path

import pytest

from host_tools.identity.provision import CONFIGURATION_PATH
from host_tools.simulator.bench import VIN
from host_tools.simulator.car.whitelist import WhitelistKey
from tests.desk import Desk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

PASSPHRASE = {"FOB_PASSPHRASE": "correct horse battery staple"}


class Owner:
    """Somebody who has a backup of the fob's key, and does what comes to mind."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self._desk = desk
        self._backup = str(folder / "fob.pem")
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

    def lose_the_counter(self) -> None:
        self._desk.power_off()
        for path in ("/state/counter.0", "/state/counter.1"):
            if path in self._desk.flash.list():
                self._desk.flash.remove(path)
        self._desk.power_on()
        self._do("provision", "--repair", "--yes")

    def switch(self) -> None:
        self._desk.power_cycle()

    def press(self) -> None:
        self._do("press", "unlock")

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


def test_no_order_of_flashing_wiping_and_restoring_repeats_a_nonce(tmp_path: Path) -> None:
    # The older protocol's nonce is the counter and nothing else.
    chance = random.Random(1)
    with Desk(vintage="2021") as desk:
        owner = Owner(desk, tmp_path)
        deeds = [owner.flash, owner.wipe, owner.lose_the_counter, owner.switch]
        chance.shuffle(deeds)
        owner.press()
        for deed in [*deeds, owner.erase]:
            deed()
            owner.press()
        assert not desk.violations
        assert sum("accepted" in moment.text for moment in desk.moments) >= 6
