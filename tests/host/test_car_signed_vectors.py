"""The golden vectors: the simulated car takes the requests and answers byte for byte."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car import (
    Behaviour,
    Car,
    CarConnection,
    VehicleKey,
    WhitelistKey,
    vintage,
)
from host_tools.simulator.car.keyring import KeyRing
from host_tools.simulator.car.signed import SignedSession
from host_tools.simulator.car.whitelist import Whitelist
from tests.legacy_client import frame

VECTORS = json.loads(
    (Path(__file__).parents[2] / "proto" / "vectors" / "signed-command.json").read_text()
)
VEHICLE_KEY = VehicleKey(
    ec.derive_private_key(int(VECTORS["vehicle_private_key"], 16), ec.SECP256R1())
)
EPOCH = VECTORS["session_info"]["epoch"]
COMMANDS = {each["name"]: each for each in VECTORS["commands"] + VECTORS["hmac_commands"]}
FOR_THIS_DOMAIN = [name for name, each in COMMANDS.items() if each["domain"] == 2]
# An answer without the field for its ciphertext is nothing this car sends.
SEALED = [each for each in VECTORS["encrypted_responses"] if each["ciphertext"] is not None]
REQUESTS = {each["name"]: each for each in VECTORS["requests"]}


def of(kind: str, name: str) -> Any:
    """The vector of a kind with this name."""
    (found,) = (each for each in VECTORS[kind] if each["name"] == name)
    return found


class VectorCar:
    """The car of the vectors, in a given state of its session; its nonces are given too."""

    def __init__(
        self,
        *,
        epoch: str = EPOCH,
        counter: int = 6,
        clock_time: int = 2650,
        nonce: str = "00" * 12,
        known: bool = True,
        **rules: Any,
    ) -> None:
        self._now = 0.0
        given = {16: bytes.fromhex(epoch), 12: bytes.fromhex(nonce)}
        self.car = Car(
            VECTORS["vin"],
            clock=lambda: self._now,
            random=lambda size: given.get(size) or os.urandom(size),
            behaviour=vintage("2026", **{"encryption": "on-request", "untagged": 0, **rules}),
            vehicle_key=VEHICLE_KEY,
        )
        self._now = clock_time + 0.5
        if known:
            public_key = bytes.fromhex(VECTORS["public_key"])
            self.car.whitelist.add(WhitelistKey(public_key, role=vcsec.ROLE_OWNER, counter=counter))
        self.link: CarConnection = self.car.connect()
        self.link.take_frames()

    def answer(self, vector: dict[str, Any]) -> str:
        """Send the message of a vector; return the first answer without its length."""
        self.link.write(frame(bytes.fromhex(vector["message"])))
        return self.link.take_frames()[0][2:].hex()


@pytest.mark.parametrize("name", FOR_THIS_DOMAIN)
def test_every_command_to_this_domain_is_verified(name: str) -> None:
    vector = COMMANDS[name]
    car = VectorCar(counter=vector["counter"] - 1, clock_time=vector["expires_at"] - 5)
    car.answer(vector)
    events = [event.text for event in car.car.events if event.kind in ("accepted", "refused")]
    assert not any("signed-command message" in text for text in events)
    (key,) = [key for key in car.car.whitelist if key.key_id.hex() == VECTORS["key_id"]]
    assert key.counter == vector["counter"]


def test_the_published_command_is_for_another_domain() -> None:
    car = VectorCar()
    assert "62040802" + "1008" in car.answer(COMMANDS["infotainment hvac (published)"])


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("answer", {}),
        ("answer, nothing counted yet", {"counter": 0, "clock_time": 0}),
        ("answer, key not on the whitelist", {"known": False}),
        ("attached to INCORRECT_EPOCH", {}),
        ("attached to INVALID_TOKEN_OR_COUNTER", {}),
        (
            "attached to TIME_EXPIRED, request_uuid left empty",
            {"echo_uuid": "never"},
        ),
    ],
)
def test_session_info_is_told_byte_for_byte(name: str, state: dict[str, Any]) -> None:
    vector = of("session_infos", name)
    told = {key: vector[key] for key in ("epoch", "counter", "clock_time")}
    request = REQUESTS.get(vector["request"]) or COMMANDS[vector["request"]]
    assert VectorCar(**{**told, **state}).answer(request) == vector["message"]


def test_an_encrypted_answer_is_byte_for_byte_the_same() -> None:
    vector = of("encrypted_responses", "empty payload")
    car = VectorCar(nonce=vector["nonce"])
    assert car.answer(COMMANDS[vector["request"]]) == vector["message"]


@pytest.mark.parametrize("vector", SEALED, ids=lambda vector: vector["name"])
def test_answers_are_sealed_as_in_the_vectors(vector: dict[str, Any]) -> None:
    whitelist = Whitelist()
    key = whitelist.add(WhitelistKey(bytes.fromhex(VECTORS["public_key"])))
    session = SignedSession(
        VECTORS["vin"],
        whitelist,
        KeyRing(whitelist, VEHICLE_KEY, on_reuse=lambda reuse: None),
        Behaviour(),
        clock=lambda: 0.0,
        random=lambda size: bytes.fromhex(vector["nonce"]),
    )
    asked = bytes.fromhex(COMMANDS[vector["request"]]["message"])
    request = universal.RoutableMessage.FromString(asked)
    expected = universal.RoutableMessage.FromString(bytes.fromhex(vector["message"]))
    answer = universal.RoutableMessage.FromString(bytes.fromhex(vector["message"]))
    answer.ClearField("signature_data")
    answer.protobuf_message_as_bytes = bytes.fromhex(vector["plaintext"])
    session.seal(answer, request, key, vector["counter"])
    assert answer == expected


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("empty payload", {"encryption": "never"}),
        ("commandStatus WAIT", {"encryption": "never", "busy": 1}),
        (
            "operation status WAIT",
            {"encryption": "never", "busy": 1, "busy_as": "operation-status"},
        ),
        ("fault BUSY", {"encryption": "never", "busy": 1, "busy_as": "fault"}),
        ("fault UNKNOWN_KEY_ID", {"known": False, "unknown_key": "fault"}),
        ("fault REQUIRES_RESPONSE_ENCRYPTION", {"encryption": "required"}),
    ],
)
def test_answers_in_clear_are_byte_for_byte_the_same(name: str, rules: dict[str, Any]) -> None:
    vector = of("plain_responses", name)
    request = REQUESTS.get(vector["request"]) or COMMANDS[vector["request"]]
    counter, expires_at = request.get("counter", 7), request.get("expires_at", 2655)
    car = VectorCar(counter=counter - 1, clock_time=expires_at - 5, **rules)
    assert car.answer(request) == vector["message"]
