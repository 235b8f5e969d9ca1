"""The firmware's P-256 against NIST's key agreement vectors (CAVP, ECC static unified, Z only)."""

import re

import cryptography_vectors
import pytest

from tests.interpreter import Interpreter, RemoteError

FILES = [
    "KASValidityTest_ECCStaticUnified_NOKC_ZZOnly_init.fax",
    "KASValidityTest_ECCStaticUnified_NOKC_ZZOnly_resp.fax",
]


def records(name: str) -> list[dict[str, str]]:
    """The P-256 records of a response file: fields as hexadecimal, Result as its number."""
    with cryptography_vectors.open_vector_file(f"asymmetric/ECDH/{name}", "r") as file:
        text = file.read()
    section = re.search(r"\[EC - SHA256\](.*?)\n\[E", text, re.DOTALL)
    assert section
    found = []
    for block in re.split(r"COUNT = \d+", section[1])[1:]:
        record = dict(re.findall(r"^(\w+) = ([0-9a-f]+)$", block, re.MULTILINE))
        result = re.search(r"Result = \w \((\d+)", block)
        assert result
        found.append({**record, "Result": result[1]})
    return found


CORRECT, PEER_X_INVALID, PEER_Y_INVALID, LEADING_ZERO = "0", "1", "2", "13"


@pytest.mark.parametrize("name", FILES)
def test_agreements_of_nist_come_out(interpreter: Interpreter, name: str) -> None:
    valid = [v for v in records(name) if v["Result"] in (CORRECT, LEADING_ZERO)]
    assert len(valid) == 18
    for v in valid:
        peer = bytes.fromhex("04" + v["QsCAVSx"] + v["QsCAVSy"])
        private = bytes.fromhex(v["dsIUT"])
        assert interpreter.call("fob.p256.shared_secret", private, peer).hex() == v["Z"]
        public = bytes.fromhex("04" + v["QsIUTx"] + v["QsIUTy"])
        assert interpreter.call("fob.p256.public_key", private) == public


@pytest.mark.parametrize("name", FILES)
def test_invalid_points_of_nist_are_refused(interpreter: Interpreter, name: str) -> None:
    invalid = [v for v in records(name) if v["Result"] in (PEER_X_INVALID, PEER_Y_INVALID)]
    assert len(invalid) == 4
    for v in invalid:
        peer = bytes.fromhex("04" + v["QsCAVSx"] + v["QsCAVSy"])
        with pytest.raises(RemoteError) as refusal:
            interpreter.call("fob.p256.shared_secret", bytes.fromhex(v["dsIUT"]), peer)
        assert refusal.value.name == "InvalidKey"
