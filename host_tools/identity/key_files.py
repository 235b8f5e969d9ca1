"""P-256 keys in PEM files on this computer.

A key file is PEM: PKCS#8 or the traditional EC form ("BEGIN EC PRIVATE KEY"), with or without a
passphrase. What this project writes is PKCS#8, mode 0600. A backup is encrypted and tells, in lines
before BEGIN which other tools skip, what a restore has to know:

    Key-Identifier: 4fdd3c4b
    VIN: 5YJ3E1EA0KF000316
    Counter: 1800000064
    Check: 1b2c3d4e

Counter is the first value of the message counter that the key had not used when the backup was
made. Check is the CRC-32 of "identifier,VIN,counter": a digit that fell over must neither send a
counter back nor use it up.

No text or error of this module holds a private key.
"""

import base64
import contextlib
import errno
import os
import re
import shlex
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from host_tools.failure import InputError
from host_tools.identity.keys import ONE_FOB, Key, private_key, scalar_of
from host_tools.identity.vin import parse_vin
from host_tools.output_file import unwritable

LONGEST_PASSPHRASE = 1023
"""Bytes of UTF-8; OpenSSL takes no more."""

_LARGEST_FILE = 65_536
# The initialization vector of the traditional form, and its length by the cipher (RFC 1421).
_VECTOR = re.compile(rb"^DEK-Info: *(?P<cipher>[^,\s]*) *,? *(?P<hex>[0-9A-Fa-f]*)", re.MULTILINE)
_VECTOR_DIGITS = {b"AES": 32, b"DES": 16}
_MOST_HASHING = 1 << 24
# What makes a key of a passphrase, and how many of the numbers behind its salt are its work: PBKDF2
# and PKCS #12 have iterations (RFC 8018, 7292), scrypt N, r and p (RFC 7914).
_DERIVATIONS = {
    bytes.fromhex("06092a864886f70d01050c"): 1,
    bytes.fromhex("060a2a864886f70d010c0103"): 1,
    bytes.fromhex("06092b06010401da47040b"): 3,
}
_PRIVATE = re.compile(
    rb"-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL
)
_OTHER = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_NOTE = re.compile(r"^(Key-Identifier|VIN|Counter|Check): *(\S*) *\r?$", re.MULTILINE)


@dataclass(frozen=True)
class KeyFile:
    """What a key file holds. vin, counter: only a backup tells them."""

    key: Key
    encrypted: bool
    vin: str | None = None
    counter: int | None = None


def read_key(path: Path, passphrase: Callable[[], str]) -> KeyFile:
    """The key in a file; `passphrase` is asked only when the file is encrypted.

    Raises InputError, with what to do, for everything that is no P-256 private key.
    """
    data = _read(path)
    block = _PRIVATE.search(data)
    if block is None:
        raise _no_private_key(path, data)
    pem = block.group() + b"\n"
    encrypted = b"ENCRYPTED" in pem
    secret = passphrase().encode() if encrypted else None
    if encrypted and not secret:
        raise InputError(f"{path} is encrypted", "Give the passphrase it was written with.")
    vector = _VECTOR.search(pem)
    digits = len(vector["hex"]) if vector else 0
    if vector and digits != _VECTOR_DIGITS.get(vector["cipher"][:3], digits):
        # What would read it panics where there is too little.
        raise _damaged(path)
    if encrypted and _hashing(pem) > _MOST_HASHING:
        raise InputError(
            f"{path} is damaged: to open it would take hours", "Take another copy of it."
        )
    try:
        private = load_pem_private_key(pem, secret)
    except UnsupportedAlgorithm:
        raise _conversion(path, "is encrypted or coded in a way unknown here") from None
    # OpenSSL's own complaints, and its want of memory, are about parameters that nobody writes.
    except (InternalError, MemoryError, TypeError, ValueError) as error:
        if "password" in str(error).lower():
            raise InputError(
                f"the passphrase does not open {path}",
                "Try again; if it is the right one, the file is damaged: take another copy of it.",
            ) from None
        if b"OPENSSH" in block.group(1):
            raise InputError(
                f"{path} is in OpenSSH's own form",
                "Convert a copy of it: `ssh-keygen -p -m PKCS8 -f COPY`.",
            ) from None
        raise _damaged(path) from None
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise _other_kind(path, f"of another kind ({type(private).__name__.strip('_')})")
    if not isinstance(private.curve, ec.SECP256R1):
        raise _other_kind(path, f"of another curve ({private.curve.name})")
    key = Key.of(scalar_of(private))
    vin, counter = _notes(path, data[: block.start()], key)
    return KeyFile(key, encrypted, vin, counter)


def write_key(path: Path, key: Key, passphrase: str | None) -> None:
    """Write a new file, readable by its owner alone; encrypted with a passphrase.

    Raises InputError where the file exists or cannot be written, Failure where there is no room;
    then nothing is left of it.
    """
    _write(path, _pem(key, passphrase))


def write_backup(
    path: Path, key: Key, passphrase: str, vin: str | None, counter: int | None
) -> None:
    """Write a new encrypted file that also tells a restore the VIN and where the counter was."""
    if not passphrase:
        raise InputError("a backup needs a passphrase", "Choose one that you will remember.")
    noted = {
        "Key-Identifier": key.identifier,
        "VIN": vin or "-",
        "Counter": "-" if counter is None else str(counter),
    }
    noted["Check"] = _check(noted)
    notes = "".join(f"{name}: {value}\n" for name, value in noted.items())
    text = f"Private key of an open key fob, encrypted.\n{ONE_FOB}\n{notes}"
    _write(path, text.encode() + _pem(key, passphrase))


def check_absent(path: Path) -> None:
    """Raises InputError where something is at `path` already: a key file is never overwritten."""
    try:
        path.lstat()
    except OSError as error:
        if error.errno == errno.ENOENT and path.absolute().parent.is_dir():
            return
        raise unwritable(path, error) from None
    raise InputError(
        f"{path} exists already, and it may hold the only copy of a key",
        "Name another file, or move that one away.",
    )


def _pem(key: Key, passphrase: str | None) -> bytes:
    secret = (passphrase or "").encode()
    if len(secret) > LONGEST_PASSPHRASE:
        raise InputError("the passphrase is too long", f"Take {LONGEST_PASSPHRASE} bytes at most.")
    form: KeySerializationEncryption = BestAvailableEncryption(secret) if secret else NoEncryption()
    return private_key(key.scalar).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, form)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except FileNotFoundError:
        raise InputError(f"there is no file {path}", "Look at its name again.") from None
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror})", "Name a PEM file that you may read."
        ) from None
    if len(data) > _LARGEST_FILE:
        raise InputError(f"{path} is too large for a key", "Name the PEM file of the key.")
    return data


def _write(path: Path, data: bytes) -> None:
    check_absent(path)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise unwritable(path, error) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise unwritable(path, error) from None
        raise


def _check(noted: dict[str, str]) -> str:
    text = ",".join(noted[name] for name in ("Key-Identifier", "VIN", "Counter"))
    return f"{zlib.crc32(text.encode()):08x}"


def _hashing(pem: bytes) -> int:
    """How often a passphrase is hashed before it opens the file; 0 where that cannot be seen."""
    lines = [line for line in pem.splitlines() if not line.startswith(b"-----")]
    with contextlib.suppress(IndexError, ValueError):
        der = base64.b64decode(b"".join(lines))
        for derivation, count in _DERIVATIONS.items():
            if derivation not in der:
                continue
            salt = der.index(derivation) + len(derivation) + 2
            at, work = salt + 2 + der[salt + 1], 1
            for _ in range(count):
                end = at + 2 + der[at + 1]
                work *= int.from_bytes(der[at + 2 : end], "big")
                at = end
            return work
    return 0


def _notes(path: Path, head: bytes, key: Key) -> tuple[str | None, int | None]:
    noted = dict(_NOTE.findall(head.decode(errors="replace")))
    if not noted:
        return None, None
    try:
        if noted["Check"] != _check(noted) or noted["Key-Identifier"] != key.identifier:
            raise ValueError
        vin = None if noted["VIN"] == "-" else parse_vin(noted["VIN"])
        counter = None if noted["Counter"] == "-" else int(noted["Counter"])
    except (KeyError, ValueError):
        raise InputError(
            f"what {path} tells of its key's counter was changed or damaged",
            "Take another copy; without one, delete the lines before BEGIN: the counter then goes"
            " on at this computer's time.",
        ) from None
    return vin, counter


def _no_private_key(path: Path, data: bytes) -> InputError:
    labels = [label.decode() for label in _OTHER.findall(data)]
    if not labels:
        if data[:1] == b"\x30":
            return _conversion(path, "is in binary form (DER)")
        problem = "is no PEM file" if data.strip() else "is empty"
        return InputError(f"{path} {problem}", "Name the file of a private key.")
    # openssl puts the curve before the key.
    if any("PRIVATE KEY" in label or label == "EC PARAMETERS" for label in labels):
        return InputError(f"{path} is cut off: its key does not end", "Take another copy of it.")
    if any("PUBLIC KEY" in label for label in labels):
        return InputError(
            f"{path} holds a public key only", "Name the file of the private key it belongs to."
        )
    return InputError(
        f"{path} holds no private key but {labels[0]}", "Name the file of a private key."
    )


def _damaged(path: Path) -> InputError:
    return InputError(f"{path} is damaged: no key can be read from it", "Take another copy of it.")


def _conversion(path: Path, how: str) -> InputError:
    return InputError(
        f"{path} {how}",
        f"Convert it: `openssl pkey -in {shlex.quote(str(path))} -out key.pem`; if that fails, take"
        " another copy.",
    )


def _other_kind(path: Path, kind: str) -> InputError:
    return InputError(
        f"{path} holds a key {kind}",
        "A car takes P-256 (prime256v1) only; `fob key generate FILE` makes one.",
    )
