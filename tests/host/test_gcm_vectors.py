"""The firmware's AES-GCM against NIST's CAVP vectors: nonces of 1, 12 and 128 bytes."""

from typing import Any

import cryptography_vectors
import pytest

from tests.interpreter import Interpreter, RemoteError


def records(name: str) -> list[dict[str, Any]]:
    """Records with a 16-byte tag of a CAVP response file; PT is None where it must be refused."""
    with cryptography_vectors.open_vector_file(f"ciphers/AES/GCM/{name}", "r") as file:
        blocks = file.read().split("\n\n")
    found = []
    tag_bits = 0
    for block in blocks:
        lines = block.strip().splitlines()
        if f"[Taglen = {tag_bits}]" not in lines and any("Taglen" in line for line in lines):
            tag_bits = next(int(line[10:-1]) for line in lines if line.startswith("[Taglen"))
        elif lines and lines[0].startswith("Count") and tag_bits == 128:
            record: dict[str, Any] = {"PT": None}
            for line in lines[1:]:
                field, separator, value = line.partition(" =")
                if separator:
                    record[field] = bytes.fromhex(value)
            found.append(record)
    return found


@pytest.mark.parametrize("name", ["gcmEncryptExtIV128.rsp", "gcmEncryptExtIV256.rsp"])
def test_sealing_gives_nists_ciphertexts_and_tags(interpreter: Interpreter, name: str) -> None:
    vectors = records(name)
    assert {len(v["IV"]) for v in vectors} == {1, 12, 128}
    for v in vectors:
        sealed = interpreter.call("fob.gcm.seal", v["Key"], v["IV"], v["PT"], v["AAD"])
        assert sealed == (v["CT"], v["Tag"]), v


@pytest.mark.parametrize("name", ["gcmDecrypt128.rsp", "gcmDecrypt256.rsp"])
def test_opening_gives_nists_plaintexts_and_refusals(interpreter: Interpreter, name: str) -> None:
    vectors = records(name)
    assert {v["PT"] is None for v in vectors} == {True, False}
    for v in vectors:
        arguments = v["Key"], v["IV"], v["CT"], v["Tag"], v["AAD"]
        if v["PT"] is not None:
            assert interpreter.call("fob.gcm.open", *arguments) == v["PT"], v
        else:
            with pytest.raises(RemoteError) as refusal:
                interpreter.call("fob.gcm.open", *arguments)
            assert refusal.value.name == "AuthenticationFailed", v


def test_keys_of_192_bits_are_refused(interpreter: Interpreter) -> None:
    v = records("gcmEncryptExtIV192.rsp")[0]
    with pytest.raises(RemoteError) as refusal:
        interpreter.call("fob.gcm.seal", v["Key"], v["IV"], v["PT"], v["AAD"])
    assert refusal.value.name == "ValueError"
