"""What goes wrong on a fob's side and its car's: one line that names the remedy, the right exit
code, and a fob that is as it was. What the laptop's side brings is in test_mistakes.py."""

import contextlib
import secrets
import shlex
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import serial

from host_tools.board.catalogue import load_board
from host_tools.cable import ports
from host_tools.identity.counters import COUNTER_PATHS
from host_tools.identity.keys import new_key, public_key
from host_tools.identity.provision import ROLES, provision
from host_tools.simulator.bench import VIN
from host_tools.simulator.car import WhitelistKey
from host_tools.simulator.car.behaviour import vintage
from host_tools.simulator.flash import FlashError
from tests.command_line import fob
from tests.damaged_desk import damaged_desk
from tests.desk import Desk
from tests.one_line import everything, says_one_line

OTHER_VIN = "5YJ3E1EA0KF000316"

Damage = dict[str, bytes | None]
Plug = Callable[..., None]

ANOTHER_CONSOLE: Damage = {
    "/laptop.mpy": None,
    "/laptop.py": b"""
import json
def call(name, arguments):
    print(json.dumps({"result": {"protocol": 9}}))
""",
}
ANOTHER_VERSION = "of another version than these tools. `fob flash` writes theirs"
NO_KEY = "Restore a backup with `fob provision --key BACKUP`"
NO_COUNTER: Damage = dict.fromkeys(COUNTER_PATHS)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_, **__: tmp_path / "state")
    monkeypatch.setenv("FOB_PASSPHRASE", secrets.token_hex())


@pytest.mark.parametrize(
    ("damage", "lines", "code", "words"),
    [
        ({"/laptop.mpy": None}, ("press unlock", "pair", "logs"), 1, "`fob flash` installs it"),
        (ANOTHER_CONSOLE, ("press unlock", "pair", "logs", "status"), 1, ANOTHER_VERSION),
        ({"/key.bin": None}, ("press unlock", "pair", "status --car"), 1, NO_KEY),
        ({"/key.bin": bytes(36)}, ("press unlock", "pair"), 1, NO_KEY),
        ({"/key.bin": bytes(36)}, ("provision --light off --yes",), 1, "by --key BACKUP"),
        ({"/fob.json": None}, ("press unlock", "pair"), 1, "Run `fob provision --vin VIN"),
        ({"/fob.json": b"{"}, ("provision --light off --yes",), 2, "Name its --vin VIN and"),
        ({"/fob.json": b'{"version": 99}'}, ("pair",), 1, "another version. Run `fob provision"),
        (NO_COUNTER, ("pair", "key backup {}/b.pem"), 1, "`fob provision --repair`"),
    ],
)
def test_a_fob_that_is_not_whole_names_the_command_that_mends_it(
    tmp_path: Path, damage: Damage, lines: tuple[str, ...], code: int, words: str
) -> None:
    with damaged_desk(damage) as desk:
        before = everything(desk.flash.files())
        for line in lines:
            arguments = [word.replace("{}", str(tmp_path)) for word in shlex.split(line)]
            says_one_line(desk.run(*arguments), code, words)
        assert everything(desk.flash.files()) == before
    assert not list(tmp_path.iterdir())


def test_a_micropython_that_is_too_old_keeps_what_it_has() -> None:
    with Desk(micropython=(1, 20, 0)) as desk:
        before = everything(desk.flash.files())
        words = "needs 1.21.0. Download the newest from https://micropython.org/download/"
        says_one_line(desk.run("flash"), 2, "MicroPython 1.20.0 is too old", words)
        assert everything(desk.flash.files()) == before


def test_a_full_flash_names_what_can_go_and_how() -> None:
    with Desk() as desk:
        desk.power_off()
        for size in (1_790_000, 40_960, 40_960, *[4_096] * 12):
            with contextlib.suppress(FlashError):
                desk.flash.write({f"/music{size}{secrets.token_hex(2)}": bytes(size)})
        desk.power_on()
        before = everything(desk.flash.files())
        result = desk.run("provision", "--yes", "--replace-key")
        says_one_line(result, 1, "is full. Delete by `mpremote resume rm :FILE`", "/music")
        assert everything(desk.flash.files()) == before
        assert " 0 of 2,048 KiB free" in desk.run("status").stdout


@pytest.fixture
def plug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plug:
    """Plugs in so many boards that nobody looks at."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("FOB_PORT", raising=False)

    def plug(*names: str) -> None:
        found = [
            SimpleNamespace(
                device=f"/dev/{name}", description="CP2104", vid=0x10C4, pid=1, serial_number=name
            )
            for name in names
        ]
        monkeypatch.setattr(ports.serial_ports, "comports", lambda: found)

    return plug


@pytest.mark.parametrize("line", ["press unlock", "provision --light off --yes", "wipe --yes"])
def test_two_fobs_have_to_be_told_apart(plug: Plug, line: str) -> None:
    plug("fob", "spare")
    result = fob(*shlex.split(line))
    says_one_line(result, 3, "several boards", "/dev/fob", "/dev/spare", "Name one by --port")


def test_where_nothing_is_plugged_in_the_cable_is_named(plug: Plug) -> None:
    plug()
    says_one_line(fob("status"), 3, "no serial port is there. Plug the fob in with a cable that")


def test_a_port_that_another_program_holds_is_told() -> None:
    with Desk() as desk, serial.Serial(desk.port, exclusive=True):
        result = desk.run("press", "unlock")
    says_one_line(result, 3, "another program uses", "Close it (a serial monitor")


def test_the_cars_full_list_of_keys_is_told() -> None:
    with Desk(tap_after=0.1) as desk:
        for _ in range(18):
            desk.car.whitelist.add(WhitelistKey(public_key(new_key()), role=ROLES["driver"]))
        before = everything(desk.flash.files())
        result = desk.run("pair")
        says_one_line(result, 1, "list of keys is full. Delete a key that nobody uses")
        assert everything(desk.flash.files()) == before


def test_a_card_that_never_came_is_told() -> None:
    behaviour = vintage("2026", tap_timeout=0.2)
    with Desk(vintage=None, behaviour=behaviour) as desk:  # type: ignore[arg-type]
        before = everything(desk.flash.files())
        result = desk.run("pair", "--tries", "1")
        says_one_line(result, 1, "no card came", "only after the fob has asked")
        assert everything(desk.flash.files()) == before


def test_a_car_that_serves_three_others_is_told_from_one_that_is_away() -> None:
    with Desk(enrolled=True) as desk:
        for _ in range(3):
            desk.do(desk.car.connect)
        before = everything(desk.flash.files())
        result = desk.run("press", "unlock")
        says_one_line(result, 1, "takes no more connections", "switch Bluetooth off on a phone")
        assert everything(desk.flash.files()) == before


def test_a_role_that_may_not_unlock_is_told() -> None:
    with Desk(enrolled=True) as desk:
        (key,) = (key for key in desk.car.whitelist if key is not desk.car.card)
        key.role = ROLES["charging-manager"]
        result = desk.run("press", "unlock")
        says_one_line(result, 1, "this key may not do that", "`fob provision --role driver`")
        assert desk.car.locked


def test_a_fob_of_two_cars_without_their_key_does_not_say_that_all_is_well() -> None:
    cars = provision(VIN, load_board("virtual"), more_cars=[{"vin": OTHER_VIN}])
    with Desk(files={**cars, "/key.bin": None}) as desk:
        before = everything(desk.flash.files())
        result = desk.run("provision", "--yes")
        assert result.exit_code == 0 and "Car 2 has no key" in result.stdout
        assert "Nothing to do until a car is named by --vin." in result.stdout
        says_one_line(desk.run("provision", "--yes", "--vin", "7SAYGDEE7PF000316"), 1, "Mend it")
        assert everything(desk.flash.files()) == before


def test_of_a_fob_that_lost_its_list_of_cars_none_is_forgotten() -> None:
    cars = provision(VIN, load_board("virtual"), more_cars=[{"vin": OTHER_VIN}])
    with Desk(files={**cars, "/fob.json": b"{"}) as desk:
        before = everything(desk.flash.files())
        says_one_line(desk.run("cars", "forget", "2"), 1, "`fob provision` mends it first")
        assert everything(desk.flash.files()) == before
