"""Files of private keys, and backups: of any program, damaged, of another kind.

An input that begins with 0x30 is DER; it gets the lines around it that PEM has, of a kind that the
last byte chooses.
"""

import base64
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from host_tools.failure import InputError
from host_tools.identity.key_files import KeyFile, read_key, write_key
from host_tools.identity.keys import KEY_LENGTH, Key, private_key
from tests.fuzz.one_line import one_line
from tests.fuzz.target import host_target

_LABELS = (b"PRIVATE KEY", b"EC PRIVATE KEY", b"ENCRYPTED PRIVATE KEY", b"RSA PRIVATE KEY")
_DER = 0x30
_SCALAR = (1234567).to_bytes(KEY_LENGTH, "big")
PASSPHRASE = "correct horse"


def seeds() -> Iterator[bytes]:
    key = private_key(_SCALAR)
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        yield key.private_bytes(Encoding.PEM, form, NoEncryption())
        yield key.private_bytes(Encoding.DER, form, NoEncryption()) + bytes(
            (form is PrivateFormat.TraditionalOpenSSL,)
        )
    other = ec.derive_private_key(7, ec.SECP384R1())
    yield other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    edwards = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    yield edwards.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def check(data: bytes) -> str:
    """A P-256 key that is the same when written again, or an error in one line without a secret."""
    with tempfile.TemporaryDirectory(prefix="fob-fuzz-") as folder:
        path = Path(folder, "key.pem")
        path.write_bytes(_pem(data))
        try:
            found = read_key(path, lambda: PASSPHRASE)
        except InputError as error:
            assert _SCALAR.hex() not in str(error)
            return one_line(error)
        _check(found)
        again = Path(folder, "again.pem")
        write_key(again, found.key, None)
        assert read_key(again, lambda: "").key == found.key, "another key when written again"
    told = found.vin is not None, found.counter is not None
    return f"a key, encrypted {found.encrypted}, tells {told}"


def _check(found: KeyFile) -> None:
    assert Key.of(found.key.scalar) == found.key
    assert found.vin is None or len(found.vin) == 17
    assert found.counter is None or found.counter >= 0, "a counter below 0"


def _pem(data: bytes) -> bytes:
    if data[:1] != bytes((_DER,)):
        return data
    label = _LABELS[data[-1] % len(_LABELS)]
    body = base64.encodebytes(data[:-1])
    return b"-----BEGIN %s-----\n%s-----END %s-----\n" % (label, body, label)


TARGET = host_target(
    "key-file",
    "any file is a P-256 key, or an error in one line",
    check,
    seeds,
    dictionary=(
        *(b"-----BEGIN ", b"-----END ", b"-----", *_LABELS, b"OPENSSH PRIVATE KEY", b"PUBLIC KEY"),
        *(b"Key-Identifier: ", b"VIN: ", b"Counter: ", b"Check: ", b"Proc-Type: 4,ENCRYPTED\n"),
        *(b"DEK-Info: AES-256-CBC,", b"\x30\x80", b"\x02\x01", b"\x04\x20", b"\x30\x84\xff\xff"),
        bytes.fromhex("06082a8648ce3d030107"),
        bytes.fromhex("06092a864886f70d01050c"),
        bytes.fromhex("06092b06010401da470411"[:22]),
    ),
    largest=2048,
)
