"""The simulated car as other people's client meets it: tesla-fleet-api opens it, and finds back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tesla_fleet_api.exceptions import (
    NotOnWhitelistFault,
    TeslaFleetMessageFaultInsufficientPrivileges,
    TeslaFleetMessageFaultRequiresResponseEncryption,
)
from tesla_fleet_api.tesla.vehicle.commands import Commands
from tesla_fleet_api.tesla.vehicle.proto.universal_message_pb2 import RoutableMessage

from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car import WhitelistKey
from tests.car_bench import VIN
from tests.legacy_client import frame
from tests.signed_bench import SignedBench


class Peer(Commands[Any]):
    """Their client, with a link of the bench for its radio."""

    def __init__(self, bench: SignedBench, method: str = "aes") -> None:
        super().__init__(
            SimpleNamespace(private_key=None), VIN, ec.derive_private_key(99, ec.SECP256R1())
        )
        self._auth_method = method
        self._bench = bench

    async def _send(self, msg: RoutableMessage, requires: str) -> RoutableMessage:
        self._bench.link.write(frame(msg.SerializeToString()))
        answers = [RoutableMessage.FromString(data[2:]) for data in self._bench.link.take_frames()]
        mine = [
            each
            for each in answers
            if each.to_destination.routing_address == self._from_destination
        ]
        for answer in mine:
            self.validate_msg(answer)
        return next((answer for answer in mine if answer.HasField(requires)), mine[-1])

    def ask(self, command: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        return asyncio.run(command())["response"]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> SignedBench:
    """A car of the year asked for, whose clock is everybody's."""
    made = SignedBench(request.param, lifetime=60)
    monkeypatch.setattr("time.time", lambda: 1e9 + made.now)
    return made


def known(bench: SignedBench, method: str = "aes", role: int = vcsec.ROLE_DRIVER) -> Peer:
    peer = Peer(bench, method)
    bench.car.whitelist.add(WhitelistKey(peer._public_key, role=role))
    return peer


both = pytest.mark.parametrize("bench", ["2023", "2026"], indirect=True)


@both
def test_it_unlocks_and_locks(bench: SignedBench) -> None:
    peer = known(bench)
    assert peer.ask(peer.door_unlock)["result"] and not bench.car.locked
    bench.now += 3600
    assert peer.ask(peer.door_lock)["result"] and bench.car.locked
    assert bench.car.violations == []


@pytest.mark.parametrize("bench", ["2023"], indirect=True)
def test_it_unlocks_and_locks_with_an_hmac(bench: SignedBench) -> None:
    peer = known(bench, "hmac")
    assert peer.ask(peer.door_unlock)["result"] and not bench.car.locked
    assert peer.ask(peer.door_lock)["result"] and bench.car.locked


@pytest.mark.parametrize("bench", ["2026"], indirect=True)
def test_its_hmac_asks_for_no_encryption(bench: SignedBench) -> None:
    peer = known(bench, "hmac")
    with pytest.raises(TeslaFleetMessageFaultRequiresResponseEncryption):
        peer.ask(peer.door_unlock)


@both
def test_it_finds_back_after_a_restart_of_the_car(bench: SignedBench) -> None:
    peer = known(bench)
    peer.ask(peer.door_unlock)
    bench.car.reboot()
    assert peer.ask(peer.door_lock)["result"] and bench.car.locked
    assert any("INCORRECT_EPOCH" in text for text in bench.said("refused"))


@both
def test_it_finds_back_to_the_counter(bench: SignedBench) -> None:
    peer = known(bench)
    peer.ask(peer.door_unlock)
    bench.car.whitelist.get(list(bench.car.whitelist)[-1].key_id).counter = 1000
    assert peer.ask(peer.door_lock)["result"] and bench.car.locked
    assert any("INVALID_TOKEN_OR_COUNTER" in text for text in bench.said("refused"))


@both
def test_it_reads_what_the_answer_says(bench: SignedBench) -> None:
    bench.car.behaviour.success = ("vehicle-status",)
    peer = known(bench)
    status = peer.ask(peer.door_unlock)
    assert status.vehicleLockState == vcsec.VEHICLELOCKSTATE_UNLOCKED


@both
def test_it_is_told_what_it_may_not_do(bench: SignedBench) -> None:
    peer = known(bench, role=vcsec.ROLE_CHARGING_MANAGER)
    with pytest.raises(TeslaFleetMessageFaultInsufficientPrivileges):
        peer.ask(peer.door_unlock)


@pytest.mark.parametrize("bench", ["2026"], indirect=True)
def test_it_is_told_that_it_is_not_on_the_whitelist(bench: SignedBench) -> None:
    peer = Peer(bench)
    with pytest.raises(NotOnWhitelistFault):
        peer.ask(peer.door_unlock)
