"""Key files: what is written, what is read, and what each mistake is told."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from host_tools.failure import InputError
from host_tools.identity.key_files import read_key, write_backup, write_key
from host_tools.identity.keys import Key, key_identifier, new_key

PRIVATE = ec.derive_private_key(7, ec.SECP256R1())
KEY = Key.of((7).to_bytes(32, "big"))
VIN = "5YJ3E1EA0KF000316"
# SHA-1 of the generator of P-256 (FIPS 186-5), computed with sha1sum.
GENERATOR = bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)


def unasked() -> str:
    raise AssertionError("nobody has to be asked")


def pem(form: PrivateFormat, passphrase: bytes | None = None) -> bytes:
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return PRIVATE.private_bytes(Encoding.PEM, form, encryption)


def put(folder: Path, data: bytes) -> Path:
    path = folder / "some.pem"
    path.write_bytes(data)
    return path


def test_the_public_key_of_the_scalar_one_is_the_generator() -> None:
    assert Key.of((1).to_bytes(32, "big")).public == GENERATOR


def test_the_identifier_is_the_beginning_of_the_sha_1_of_the_public_key() -> None:
    # From the teslabtapi documentation's own way of computing it, with sha1sum.
    assert len(key_identifier(GENERATOR)) == 8
    assert KEY.identifier == key_identifier(KEY.public)


def test_a_key_does_not_show_its_scalar() -> None:
    assert KEY.scalar.hex() not in repr(KEY)
    assert repr(KEY.scalar) not in repr(KEY)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("passphrase", [None, "correct horse"])
def test_both_forms_are_read(tmp_path: Path, form: PrivateFormat, passphrase: str | None) -> None:
    path = put(tmp_path, pem(form, passphrase.encode() if passphrase else None))
    found = read_key(path, (lambda: passphrase) if passphrase else unasked)
    assert (found.key, found.encrypted) == (KEY, passphrase is not None)
    assert (found.vin, found.counter) == (None, None)


def test_a_key_after_its_curves_parameters_is_read(tmp_path: Path) -> None:
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    path = put(tmp_path, parameters + pem(PrivateFormat.TraditionalOpenSSL))
    assert read_key(path, unasked).key == KEY


@pytest.mark.parametrize("passphrase", ["", "correct horse"])
def test_a_written_key_is_pkcs8_of_its_owner_alone(tmp_path: Path, passphrase: str) -> None:
    path = tmp_path / "new.pem"
    write_key(path, KEY, passphrase)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    loaded = load_pem_private_key(path.read_bytes(), passphrase.encode() or None)
    assert loaded.private_numbers() == PRIVATE.private_numbers()  # type: ignore[union-attr]
    assert read_key(path, lambda: passphrase).key == KEY


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = put(tmp_path, b"the only copy")
    for write in (
        lambda: write_key(path, KEY, None),
        lambda: write_backup(path, KEY, "x", VIN, 1),
    ):
        with pytest.raises(InputError, match="exists already"):
            write()
    assert path.read_bytes() == b"the only copy"


def test_a_backup_tells_vin_and_counter_and_other_tools_read_it(tmp_path: Path) -> None:
    path = tmp_path / "backup.pem"
    write_backup(path, KEY, "correct horse", VIN, 1_800_000_064)
    found = read_key(path, lambda: "correct horse")
    assert (found.key, found.vin, found.counter) == (KEY, VIN, 1_800_000_064)
    assert load_pem_private_key(path.read_bytes(), b"correct horse")
    assert "ONE fob" in path.read_text()


def test_a_backup_without_a_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs a passphrase"):
        write_backup(tmp_path / "backup.pem", KEY, "", VIN, 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Counter: 1800000064", "Counter: 1800000063"),
        ("Counter: 1800000064", "Counter: many"),
        ("Counter: 1800000064\n", ""),
        (VIN, "5YJ3E1EA0KF000317"),
        ("Check: ", "Check: 0"),
    ],
)
def test_a_backup_whose_counter_was_changed_is_refused(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "backup.pem"
    write_backup(path, KEY, "x", VIN, 1_800_000_064)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(InputError, match="changed or damaged"):
        read_key(path, lambda: "x")


def _damaged() -> bytes:
    whole = pem(PrivateFormat.PKCS8, b"x")
    return whole[:60] + b"AAAA" + whole[64:]


_PUBLIC = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
_P384 = ec.derive_private_key(7, ec.SECP384R1())
_RSA = rsa.generate_private_key(65537, 1024)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is empty"),
        (b"hello", "no PEM file"),
        (bytes(70_000), "too large"),
        (_PUBLIC, "public key only"),
        (pem(PrivateFormat.PKCS8)[:100], "cut off"),
        (_damaged(), "damaged"),
        (pem(PrivateFormat.PKCS8, b"y"), "passphrase does not open"),
        (pem(PrivateFormat.TraditionalOpenSSL, b"y"), "passphrase does not open"),
        (pem(PrivateFormat.OpenSSH), "OpenSSH"),
        (
            PRIVATE.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
            "binary form",
        ),
        (
            _P384.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            "another curve .secp384r1",
        ),
        (_RSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "another kind"),
        (b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "but CERTIFICATE"),
    ],
)
def test_what_is_no_key_is_named_with_a_remedy(tmp_path: Path, data: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as refusal:
        read_key(put(tmp_path, data), lambda: "x")
    assert refusal.value.remedy
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        read_key(tmp_path / "none.pem", unasked)


def test_an_encrypted_key_wants_a_passphrase(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is encrypted"):
        read_key(put(tmp_path, pem(PrivateFormat.PKCS8, b"x")), lambda: "")


def test_a_passphrase_that_is_too_long_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too long"):
        write_key(tmp_path / "new.pem", KEY, "x" * 1024)
    assert not list(tmp_path.iterdir())


def test_every_new_key_is_another() -> None:
    assert len({new_key() for _ in range(8)}) == 8
