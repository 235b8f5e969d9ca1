"""The published frames: the simulated car takes them as they are."""

import json
from pathlib import Path
from typing import Any

import pytest

from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car import Car
from tests.legacy_client import DOCUMENTED_PERMISSIONS, LegacyKey, answers

VECTORS = json.loads(
    (Path(__file__).parents[2] / "proto" / "vectors" / "vcsec-legacy.json").read_text()
)
KEY = LegacyKey(int(VECTORS["private_key"], 16))


class VectorVehicleKey:
    """The vehicle key of the vectors: its private half is not known, what it agrees on is."""

    public_key = bytes.fromhex(VECTORS["vehicle_public_key"])

    def agree(self, peer: bytes) -> bytes:
        assert peer == KEY.public_key
        return bytes.fromhex(VECTORS["shared_key"])


def paired_car() -> tuple[Car, Any]:
    car = Car("5YJ3E1EA1KF000000", vehicle_key=VectorVehicleKey())
    link = car.connect()
    link.write(bytes.fromhex(VECTORS["whitelist_request_role"]["frame"]))
    assert car.tap_card()
    link.take_frames()
    return car, link


def test_the_clients_side_of_the_vectors_agrees() -> None:
    assert KEY.key_id.hex() == VECTORS["key_id"]
    KEY.agree(VectorVehicleKey.public_key)
    assert KEY.shared_key.hex() == VECTORS["shared_key"]


def test_the_role_request_adds_a_driver() -> None:
    car, _ = paired_car()
    key = car.whitelist.find(KEY.key_id)
    assert key and (key.role, key.form_factor) == (3, 7)


def test_the_permissions_request_adds_the_seeds_permissions() -> None:
    car = Car("5YJ3E1EA1KF000000")
    car.connect().write(bytes.fromhex(VECTORS["whitelist_request_permissions"]["frame"]))
    assert car.tap_card()
    key = car.whitelist.find(KEY.key_id)
    assert key and key.permissions == set(DOCUMENTED_PERMISSIONS)


def test_the_key_request_is_answered_with_the_seeds_frame() -> None:
    _, link = paired_car()
    link.write(bytes.fromhex(VECTORS["ephemeral_key_request"]["frame"]))
    (frame,) = [r["frame"] for r in VECTORS["responses"] if "sessionInfo.publicKey" in r["note"]]
    assert link.take_frames() == [bytes.fromhex(frame)]


def test_every_signed_message_is_accepted_in_turn() -> None:
    car, link = paired_car()
    locked = []
    for vector in VECTORS["signed_messages"]:
        link.write(bytes.fromhex(vector["frame"]))
        answer = answers(link.take_frames())[0]
        assert answer.HasField("commandStatus"), vector["name"]
        assert answer.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_OK, vector["name"]
        locked.append(car.locked)
    assert locked == [True, True, False, True, False]
    assert car.violations == []


@pytest.mark.parametrize("vector", VECTORS["signed_messages"], ids=lambda each: each["name"])
def test_sealing_gives_the_frames_of_the_vectors(vector: dict[str, Any]) -> None:
    KEY.agree(VectorVehicleKey.public_key)
    frame = KEY.signed(bytes.fromhex(vector["plaintext"]), counter=vector["counter"])
    assert frame.hex() == vector["frame"]
