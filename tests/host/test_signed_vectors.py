"""The firmware's signed session against the golden vectors: what it sends, takes and refuses."""

import json
from pathlib import Path
from typing import Any

import pytest

from host_tools.protocol import vcsec_pb2
from tests.interpreter import Interpreter, RemoteError

Vector = dict[str, Any]

_VECTORS = Path(__file__).resolve().parents[2] / "proto" / "vectors" / "signed-command.json"
SIGNED: Vector = json.loads(_VECTORS.read_text("utf-8"))

PUBLIC_KEY = bytes.fromhex(SIGNED["public_key"])
PRIVATE_KEY = bytes.fromhex(SIGNED["private_key"])
VEHICLE_KEY = bytes.fromhex(SIGNED["vehicle_public_key"])
SHARED_KEY = bytes.fromhex(SIGNED["shared_key"])
EPOCH = bytes.fromhex(SIGNED["session_info"]["epoch"])

# The published session info, and the random numbers of the request that it answers.
PUBLISHED = {
    "session_info": bytes.fromhex(SIGNED["session_info"]["session_info"]),
    "signature_data": {"session_info_tag": {"tag": bytes.fromhex(SIGNED["session_info"]["tag"])}},
}
PUBLISHED_DRAWS = [
    bytes.fromhex(SIGNED["session_info_request"][name]) for name in ("routing_address", "uuid")
]

# What the firmware sends; it never asks for what the other vectors hold.
REQUESTS: dict[str, Vector] = {vector["name"]: vector for vector in SIGNED["requests"]}
COMMANDS: dict[str, Vector] = {
    vector["name"]: vector
    for vector in SIGNED["commands"]
    if vector["domain"] == 2 and vector["flags"] == 2
}

_FIRMWARE = f"""
from fob import protobuf, routable, signed

def session(draws, known=True):
    def random(n):
        drawn = draws.pop(0) if draws else bytes(range(n))
        assert len(drawn) == n
        return drawn
    keys = ({VEHICLE_KEY}, {SHARED_KEY}) if known else (None, None)
    epoch = {EPOCH} if known else None
    return signed.Session({PUBLIC_KEY}, {SIGNED["vin"]!r}, random, keys, epoch)

def read(message):
    envelope = routable.read(message)["envelope"]
    assert fob.answered_by(envelope)
    return envelope

def state():
    return fob.vehicle_key, fob.shared_key, fob.epoch
"""


@pytest.fixture
def firmware(interpreter: Interpreter) -> Interpreter:
    interpreter.exec(_FIRMWARE)
    return interpreter


def send(firmware: Interpreter, request: str, *, known: bool = True) -> bytes:
    """Let a new session, `fob` over there, send the request of a vector."""
    vector = {**REQUESTS, **COMMANDS}[request]
    draws = [
        bytes.fromhex(vector[name])
        for name in ("nonce", "routing_address", "uuid")
        if name in vector
    ]
    firmware.exec(f"fob = session({draws}, {known})")
    if "payload" in vector:
        message = firmware.eval(f"fob.plain({bytes.fromhex(vector['payload'])})")
    elif "plaintext" in vector:
        arguments = bytes.fromhex(vector["plaintext"]), vector["counter"], vector["expires_at"]
        message = firmware.eval(f"fob.seal{arguments}")
    else:
        message = firmware.eval("fob.request()")
    assert isinstance(message, bytes)
    return message


def ids(vector: Vector) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("name", [*REQUESTS, *COMMANDS])
def test_a_message_to_the_car(firmware: Interpreter, name: str) -> None:
    assert send(firmware, name).hex() == {**REQUESTS, **COMMANDS}[name]["message"]


def test_the_vectors_hold_every_kind_of_message_to_the_car() -> None:
    assert len(REQUESTS) == 3
    assert {127, 128, 4294967295} <= {vector["counter"] for vector in COMMANDS.values()}


def test_the_published_session_info_verifies(firmware: Interpreter) -> None:
    request, info = SIGNED["session_info_request"], SIGNED["session_info"]
    firmware.exec(f"fob = session({PUBLISHED_DRAWS}, known=False)")
    # The published request differs in nothing but the domain.
    message = firmware.eval("fob.request()").hex()
    assert message.replace("32020802", "32020803", 1) == request["message"]
    content = firmware.eval(f"fob.verify({PUBLISHED}, {PRIVATE_KEY})")
    assert (content["counter"], content["clock_time"]) == (info["counter"], info["clock_time"])
    assert firmware.eval("state()") == (VEHICLE_KEY, SHARED_KEY, EPOCH)


@pytest.mark.parametrize("vector", [v for v in SIGNED["session_infos"] if v["verifies"]], ids=ids)
def test_session_info_that_verifies(firmware: Interpreter, vector: Vector) -> None:
    # A fob that only just asks for session info knows nothing of its car.
    send(firmware, vector["request"], known=vector["request"] in COMMANDS)
    firmware.exec(f"envelope = read({bytes.fromhex(vector['message'])})")
    assert firmware.eval(f"fob.verify(envelope, {PRIVATE_KEY})") == {
        "counter": vector["counter"],
        "publicKey": bytes.fromhex(vector["public_key"]),
        "epoch": bytes.fromhex(vector["epoch"]),
        "clock_time": vector["clock_time"],
        "status": vector["status"],
    }
    assert firmware.eval("state()") == (VEHICLE_KEY, SHARED_KEY, bytes.fromhex(vector["epoch"]))
    assert firmware.eval("signed.fault(envelope)[1]") == vector["fault"]


@pytest.mark.parametrize(
    "vector", [v for v in SIGNED["session_infos"] if not v["verifies"]], ids=ids
)
def test_session_info_that_does_not_verify(firmware: Interpreter, vector: Vector) -> None:
    send(firmware, vector["request"])
    firmware.exec(f"envelope = read({bytes.fromhex(vector['message'])})")
    before = firmware.eval("state()")
    with pytest.raises(RemoteError) as refusal:
        firmware.eval(f"fob.verify(envelope, {PRIVATE_KEY})")
    assert refusal.value.name == "AuthenticationFailed"
    assert firmware.eval("state()") == before


@pytest.mark.parametrize(
    "vector", [v for v in SIGNED["encrypted_responses"] if v["request"] in COMMANDS], ids=ids
)
def test_an_encrypted_response(firmware: Interpreter, vector: Vector) -> None:
    send(firmware, vector["request"])
    firmware.exec(f"envelope = read({bytes.fromhex(vector['message'])})")
    assert firmware.eval("fob.open(envelope)") == (bytes.fromhex(vector["plaintext"]), True)
    status = vector["operation_status"], vector["fault"]
    assert firmware.eval("signed.fault(envelope)") == status


def test_all_encrypted_responses_to_one_message(firmware: Interpreter) -> None:
    responses = [v for v in SIGNED["encrypted_responses"] if v["request"] == "vcsec lock"]
    send(firmware, "vcsec lock")
    seen = set()
    for vector in responses:
        opening = f"fob.open(read({bytes.fromhex(vector['message'])}))"
        if vector["counter"] not in seen:
            assert firmware.eval(opening) == (bytes.fromhex(vector["plaintext"]), True)
            seen.add(vector["counter"])
        with pytest.raises(RemoteError) as refusal:
            firmware.eval(opening)
        assert refusal.value.name == "AuthenticationFailed"
    assert len(seen) > 5


def test_an_encrypted_response_to_another_message_is_refused(firmware: Interpreter) -> None:
    vector = SIGNED["encrypted_responses"][0]
    send(firmware, "vcsec unlock")
    with pytest.raises(RemoteError) as refusal:
        firmware.eval(f"fob.open(read({bytes.fromhex(vector['message'])}))")
    assert refusal.value.name == "AuthenticationFailed"


@pytest.mark.parametrize(
    "vector",
    [v for v in SIGNED["plain_responses"] if v["request"] in {**REQUESTS, **COMMANDS}],
    ids=ids,
)
def test_a_plain_response(firmware: Interpreter, vector: Vector) -> None:
    send(firmware, vector["request"])
    firmware.exec(f"envelope = read({bytes.fromhex(vector['message'])})")
    payload = bytes.fromhex(vector["payload"] or "")
    assert firmware.eval("fob.open(envelope)") == (payload, False)
    status = vector["operation_status"], vector["fault"]
    assert firmware.eval("signed.fault(envelope)") == status


@pytest.mark.parametrize("vector", SIGNED["broadcasts"], ids=ids)
def test_a_broadcast(firmware: Interpreter, vector: Vector) -> None:
    answer = firmware.call("fob.routable.read", bytes.fromhex(vector["message"]))
    official = vcsec_pb2.FromVCSECMessage.FromString(bytes.fromhex(vector["payload"]))
    assert [*answer] == [official.WhichOneof("sub_message")]


_WARM_PRESS = """
send = fob.seal(b"\\x10\\x01", 7, 2655)
answer = fob.open(read({response}))
info = fob.verify(read({attached}), None)
import sys
loaded = [name for name in sys.modules if name.startswith("fob.")]
"""


def test_a_warm_press_loads_neither_p256_nor_the_older_session() -> None:
    by_name = {v["name"]: v for v in SIGNED["session_infos"] + SIGNED["encrypted_responses"]}
    lock = COMMANDS["vcsec lock"]
    draws = [bytes.fromhex(lock[name]) for name in ("nonce", "routing_address", "uuid")]
    with Interpreter() as fresh:
        fresh.exec(_FIRMWARE)
        fresh.exec(f"fob = session({draws})")
        response, attached = (
            bytes.fromhex(by_name[name]["message"])
            for name in ("vehicleStatus", "attached to INCORRECT_EPOCH")
        )
        fresh.exec(_WARM_PRESS.format(response=response, attached=attached))
        loaded = fresh.eval("loaded")
    assert {"fob.signed", "fob.gcm"} <= {*loaded}
    assert not {"fob.p256", "fob.legacy"} & {*loaded}


def test_the_memory_of_a_board_is_enough_for_a_cold_press() -> None:
    with Interpreter(heap="160K") as board:
        board.exec(_FIRMWARE)
        board.exec(f"fob = session({PUBLISHED_DRAWS}, known=False)\nfob.request()")
        board.exec(f"fob.verify({PUBLISHED}, {PRIVATE_KEY})")
        board.exec("message = fob.seal(b'\\x10\\x01', 7, 2655)")
        assert len(board.eval("message")) == 181
        assert board.eval("fob.shared_key") == SHARED_KEY
