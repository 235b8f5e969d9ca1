"""Provisioning: what lands on a fob, and what is refused before anything does."""

import json
import zlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from host_tools.board.catalogue import Battery, load_board
from host_tools.failure import InputError
from host_tools.identity.counters import (
    RELEASED,
    counter_record,
    read_counter_record,
    restart_counter,
    unused_from,
)
from host_tools.identity.keys import new_key, public_key
from host_tools.identity.provision import PRESS_GUARD_MOST_MS, PROTOCOLS, provision
from host_tools.identity.settings import Configuration
from tests.interpreter import Interpreter

VIN = "5YJ3E1EA0KF000316"
BOARD = load_board("lolin32-lite")
NOW = 1_800_000_000


def clock() -> float:
    return NOW + 0.5


# The generator of P-256 (FIPS 186-5): the public point of the scalar 1.
GENERATOR = (
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)


def test_the_configuration_is_format_3_with_the_pins_of_the_board() -> None:
    key = (1).to_bytes(32, "big")
    assert json.loads(provision(VIN, BOARD, key=key)["/fob.json"]) == {
        "version": 3,
        "vin": VIN,
        "public_key": GENERATOR,
        "role": 3,
        "form_factor": 7,
        "enrol": "role",
        "protocol": "auto",
        "light": "normal",
        "press_guard_ms": 0,
        "cars": [1],
        "gestures": {
            "lock": {"single": "lock", "hold": "auto-secure"},
            "unlock": {"single": "unlock", "double": "trunk"},
        },
        "actions": {
            "auto-secure": {"RKEAction": 29},
            "lock": {"RKEAction": 1},
            "trunk": {"closureMoveRequest": {"rearTrunk": 1}},
            "unlock": {"RKEAction": 0},
        },
        "warn_open": False,
        "passive": None,
        "buzzer": "on",
        "vibration": "on",
        "board": {
            "name": "lolin32-lite",
            "buttons": {"lock": 32, "unlock": 33},
            "active_low": True,
            "wake": {"ext0": 32, "ext1": [33], "gpio": []},
            "light": {"kind": "pin", "pin": 22, "inverted": True},
            "battery": None,
            "usb": None,
            "buzzer": None,
            "vibration": None,
        },
    }


def test_a_battery_divider_and_the_usb_pin_reach_the_configuration() -> None:
    board = replace(BOARD, battery=Battery(35, 2.0, 3300), usb=34)
    configuration = json.loads(provision(VIN, board)["/fob.json"])
    assert configuration["board"]["battery"] == {"pin": 35, "ratio": 2.0, "low_mv": 3300}
    assert configuration["board"]["usb"] == 34


def test_the_light_and_the_press_guard_can_be_chosen() -> None:
    configuration = json.loads(provision(VIN, BOARD, light="dim", press_guard_ms=300)["/fob.json"])
    assert (configuration["light"], configuration["press_guard_ms"]) == ("dim", 300)


def test_the_seeds_way_of_enrolling_can_be_chosen() -> None:
    files = provision(VIN, BOARD, role=2, form_factor=6, enrol="permissions")
    configuration = json.loads(files["/fob.json"])
    assert (configuration["role"], configuration["form_factor"]) == (2, 6)
    assert configuration["enrol"] == "permissions"


def loaded(files: dict[str, bytes]) -> str:
    """What gives the firmware's Config of these files."""
    return f"load('fob.config').load({ {path[1:]: data for path, data in files.items()}!r}.get)"


@pytest.mark.parametrize("guard", [0, PRESS_GUARD_MOST_MS])
def test_every_press_guard_that_is_written_is_read(guard: int, interpreter: Interpreter) -> None:
    files = provision(VIN, BOARD, press_guard_ms=guard)
    assert interpreter.eval(f"{loaded(files)}.press_guard_ms") == guard


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_protocol_can_be_prescribed(protocol: str, interpreter: Interpreter) -> None:
    files = provision(VIN, BOARD, protocol=protocol)
    assert interpreter.eval(f"{loaded(files)}.cars[0].protocol") == protocol


def test_each_fob_gets_a_valid_key_of_its_own() -> None:
    keys = {provision(VIN, BOARD)["/key.bin"] for _ in range(8)}
    assert len(keys) == 8
    for key in keys:
        assert len(key) == 36
        ec.derive_private_key(int.from_bytes(key[:32], "big"), ec.SECP256R1())


def test_an_existing_key_is_kept() -> None:
    key = new_key()
    assert provision(VIN, BOARD, key=key)["/key.bin"][:32] == key


def test_the_firmware_reads_the_configuration(interpreter: Interpreter) -> None:
    files = provision(VIN, BOARD)
    read = interpreter.eval(
        "(lambda f, c: (c.vin, c.public_key, c.private_key, c.role, c.form_factor, c.enrol,"
        " f.board['buttons'], f.board['active_low'], f.board['light']))"
        f"(*[(f, f.cars[0]) for f in [{loaded(files)}]][0])"
    )
    key = files["/key.bin"][:32]
    buttons = {"lock": 32, "unlock": 33}
    light = {"kind": "pin", "pin": 22, "inverted": True}
    assert read == (VIN, public_key(key), key, 3, 7, "role", buttons, True, light)


@pytest.mark.parametrize(("kept", "first"), [(False, 1), (True, NOW)])
def test_a_counter_starts_beyond_what_its_key_can_have_used(
    kept: bool, first: int, interpreter: Interpreter
) -> None:
    key = new_key() if kept else None
    files = provision(VIN, BOARD, key=key, clock=clock)
    assert files["/state/counter.0"] == files["/state/counter.1"]
    state = {f"counter.{slot}": files[f"/state/counter.{slot}"] for slot in (0, 1)}
    interpreter.exec(
        "class MemoryFlash:\n"
        "    def __init__(self, files): self.files = files\n"
        "    def read(self, name): return self.files.get(name)\n"
        "    def write(self, name, data): self.files[name] = data\n"
        "class NoMemory:\n"
        "    def get(self, name): return None\n"
        "    def put(self, name, data): pass\n"
    )
    counter = f"load('fob.store').Counter(MemoryFlash({state!r}), NoMemory())"
    assert interpreter.eval(f"{counter}.take()") == first


def test_a_counter_record_is_version_value_and_checksum() -> None:
    body = bytes.fromhex("02 0000000000000041")
    assert counter_record(65) == body + zlib.crc32(body).to_bytes(4, "big")
    assert read_counter_record(counter_record(65)) == 65


@pytest.mark.parametrize(
    "record",
    [
        None,
        b"",
        counter_record(65)[:-1],
        counter_record(65) + b"\0",
        b"\x01" + counter_record(65)[1:],
        counter_record(65)[:-1] + bytes([counter_record(65)[-1] ^ 1]),
    ],
)
def test_a_damaged_counter_record_is_none(record: bytes | None) -> None:
    assert read_counter_record(record) is None


AHEAD = counter_record(NOW + 1000)


@pytest.mark.parametrize(
    ("records", "backed_up", "first"),
    [
        ((), None, NOW),
        ((counter_record(65), counter_record(129)), 77, NOW),
        ((counter_record(65), AHEAD), None, NOW + 1000),
        ((counter_record(65), counter_record(129)), NOW + 5, NOW + 5),
        # What is damaged may have leased one block more than what is whole.
        ((AHEAD, None), None, NOW + 1064),
        ((b"damaged", AHEAD), NOW + 1010, NOW + 1064),
        ((b"damaged", None), None, NOW),
    ],
)
def test_a_counter_restarts_at_the_largest_of_stored_backed_up_and_unix_time(
    records: tuple[bytes | None, ...], backed_up: int | None, first: int
) -> None:
    assert restart_counter(*records, backed_up=backed_up, clock=clock) == first


@pytest.mark.parametrize("now", [0, 946_684_800, RELEASED - 1])
def test_a_clock_that_is_behind_is_refused(now: int) -> None:
    with pytest.raises(InputError, match=r"clock says (19|20)\d\d-") as refusal:
        restart_counter(AHEAD, clock=lambda: now)
    assert "Set it right" in refusal.value.remedy
    with pytest.raises(InputError, match="clock says"):
        provision(VIN, BOARD, key=new_key(), clock=lambda: now)


def test_a_counter_that_would_wrap_is_refused() -> None:
    last = counter_record(0xFFFFFFFF)
    assert restart_counter(last, last, clock=clock) == 0xFFFFFFFF
    with pytest.raises(InputError, match="new key"):
        restart_counter(last, None, clock=clock)
    with pytest.raises(InputError, match="new key"):
        restart_counter(backed_up=0x100000000, clock=clock)


def test_what_a_fob_cannot_have_used_lies_past_all_that_it_leased() -> None:
    assert unused_from(counter_record(65), counter_record(129)) == 129
    assert unused_from(counter_record(65), b"damaged") == 129
    assert unused_from(None, None) is None


def test_the_key_is_written_last() -> None:
    assert list(provision(VIN, BOARD)) == [
        "/fob.json",
        "/light.json",
        "/state/counter.0",
        "/state/counter.1",
        "/key.bin",
    ]


def test_settings_are_read_as_they_were_written() -> None:
    files = provision(VIN, BOARD, role=2, light="dim", press_guard_ms=300)
    assert Configuration.read(files["/fob.json"]).file() == files["/fob.json"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"version": 1}',
        provision(VIN, BOARD)["/fob.json"].replace(b'"driver"', b'"x"').replace(b"3,", b"999,"),
        provision(VIN, BOARD)["/fob.json"].replace(b'"buttons"', b'"bottoms"'),
        provision(VIN, BOARD)["/fob.json"].replace(b'"public_key": "04', b'"public_key": "'),
    ],
)
def test_a_configuration_of_no_use_is_refused(text: bytes) -> None:
    with pytest.raises(InputError, match="of no use"):
        Configuration.read(text)


@pytest.mark.parametrize(
    "options",
    [
        {"role": 0},
        {"role": 256},
        {"form_factor": -1},
        {"enrol": "owner"},
        {"protocol": "newest"},
        {"light": "bright"},
        {"press_guard_ms": -1},
        {"press_guard_ms": 1001},
    ],
)
def test_an_option_that_cannot_be_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(InputError) as refusal:
        provision(VIN, BOARD, **options)  # type: ignore[arg-type]
    assert refusal.value.remedy


@pytest.mark.parametrize("key", [b"", bytes(32), b"\xff" * 32, bytes(31) + b"\x01\x01"])
def test_an_unusable_key_is_refused_without_showing_it(key: bytes) -> None:
    with pytest.raises(InputError) as refusal:
        provision(VIN, BOARD, key=key)
    assert not key or key.hex() not in str(refusal.value)
