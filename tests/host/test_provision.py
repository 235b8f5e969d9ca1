"""Provisioning: what lands on a fob, and what is refused before anything does."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from host_tools.boards import load_board
from host_tools.provision import (
    ProvisionError,
    new_key,
    parse_vin,
    provision,
    public_key,
    vin_warning,
)
from tests.interpreter import Interpreter

VIN = "5YJ3E1EA0KF000316"
BOARD = load_board("lolin32-lite")
# The generator of P-256 (FIPS 186-5): the public point of the scalar 1.
GENERATOR = (
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)


def test_the_configuration_is_format_1_with_the_pins_of_the_board() -> None:
    key = (1).to_bytes(32, "big")
    assert json.loads(provision(VIN, BOARD, key=key)["/fob.json"]) == {
        "version": 1,
        "vin": VIN,
        "public_key": GENERATOR,
        "role": 3,
        "form_factor": 7,
        "enrol": "role",
        "board": {
            "buttons": {"lock": 32, "unlock": 33},
            "active_low": True,
            "light": {"kind": "pin", "pin": 22, "inverted": True},
        },
    }


def test_the_seeds_way_of_enrolling_can_be_chosen() -> None:
    files = provision(VIN, BOARD, role=2, form_factor=6, enrol="permissions")
    configuration = json.loads(files["/fob.json"])
    assert (configuration["role"], configuration["form_factor"]) == (2, 6)
    assert configuration["enrol"] == "permissions"


def test_each_fob_gets_a_valid_key_of_its_own() -> None:
    keys = {provision(VIN, BOARD)["/key.bin"] for _ in range(8)}
    assert len(keys) == 8
    for key in keys:
        assert len(key) == 32
        ec.derive_private_key(int.from_bytes(key, "big"), ec.SECP256R1())


def test_an_existing_key_is_kept() -> None:
    key = new_key()
    assert provision(VIN, BOARD, key=key)["/key.bin"] == key


def test_the_firmware_reads_the_configuration(interpreter: Interpreter) -> None:
    files = provision(VIN, BOARD)
    read = interpreter.eval(
        "(lambda c: (c.vin, c.public_key, c.private_key, c.role, c.form_factor, c.enrol,"
        " c.buttons, c.active_low, c.light))"
        f"(load('fob.config').load({files['/fob.json']!r}, {files['/key.bin']!r}))"
    )
    key = files["/key.bin"]
    buttons = {"lock": 32, "unlock": 33}
    light = {"kind": "pin", "pin": 22, "inverted": True}
    assert read == (VIN, public_key(key), key, 3, 7, "role", buttons, True, light)


@pytest.mark.parametrize(("kept", "first"), [(False, 1), (True, 1_750_000_000)])
def test_a_counter_starts_beyond_what_its_key_can_have_used(
    kept: bool, first: int, interpreter: Interpreter
) -> None:
    key = new_key() if kept else None
    files = provision(VIN, BOARD, key=key, clock=lambda: 1_750_000_000.5)
    state = {f"counter.{slot}": files[f"/state/counter.{slot}"] for slot in (0, 1)}
    interpreter.exec(
        "class MemoryFlash:\n"
        "    def __init__(self, files): self.files = files\n"
        "    def read(self, name): return self.files.get(name)\n"
        "    def write(self, name, data): self.files[name] = data\n"
    )
    counter = f"load('fob.store').Counter(MemoryFlash({state!r}))"
    assert interpreter.eval(f"{counter}.take()") == first


def test_a_vin_is_taken_as_people_type_it() -> None:
    assert parse_vin(" 5yj3e1ea0kf 000316\n") == VIN


@pytest.mark.parametrize(
    ("vin", "complaint"),
    [
        ("5YJ3E1EA0KF00031", "this one has 16"),
        ("5YJ3E1EA0KF0003166", "this one has 18"),
        ("", "this one has 0"),
        ("5YJ3E1EA0KFO00316", "O is probably 0"),
        ("5YJ3E1EA0KF00I3Q6", "I is probably 1, Q is probably 0"),
        ("5YJ3E1EA0KF-00316", "capitals and digits only"),
        ("5YJ3E1EA0KF00031é", "capitals and digits only"),
    ],
)
def test_a_vin_that_cannot_be_is_refused_with_a_remedy(vin: str, complaint: str) -> None:
    with pytest.raises(ProvisionError, match=complaint) as refusal:
        provision(vin, BOARD)
    assert refusal.value.remedy


def test_a_wrong_check_digit_is_only_a_warning() -> None:
    assert vin_warning(VIN) is None
    doubtful = VIN.replace("EA0", "EA7")
    assert "would be 0" in (vin_warning(doubtful) or "")
    assert provision(doubtful, BOARD)


def test_a_check_digit_of_ten_is_an_x() -> None:
    assert vin_warning("1M8GDM9AXKP042788") is None  # the example of ISO 3779's North American use


@pytest.mark.parametrize(
    "options", [{"role": 0}, {"role": 256}, {"form_factor": -1}, {"enrol": "owner"}]
)
def test_what_the_car_would_not_know_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ProvisionError) as refusal:
        provision(VIN, BOARD, **options)  # type: ignore[arg-type]
    assert refusal.value.remedy


@pytest.mark.parametrize("key", [b"", bytes(32), b"\xff" * 32, bytes(31) + b"\x01\x01"])
def test_an_unusable_key_is_refused_without_showing_it(key: bytes) -> None:
    with pytest.raises(ProvisionError) as refusal:
        provision(VIN, BOARD, key=key)
    assert not key or key.hex() not in str(refusal.value)
