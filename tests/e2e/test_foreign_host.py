"""Another Bluetooth host, over a borrowed controller, against `fob car` in its own process."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from host_tools.protocol import vcsec_pb2 as vcsec
from tests.foreign_host import (
    HASH_NAME,
    VIN,
    FobCar,
    ForeignHost,
    fob_car,
    foreign_host,
    free_port,
    play,
)
from tests.legacy_client import DOCUMENTED_PERMISSIONS, frame, level, rke
from tests.signed_client import Answer, SignedKey


async def pairs_and_unlocks(car: FobCar, host: ForeignHost) -> None:
    report = await host.find(HASH_NAME)
    assert report.is_connectable
    await host.connect(report.address)
    pushed = await host.message()
    assert pushed.vehicleStatus.vehicleLockState == vcsec.VEHICLELOCKSTATE_LOCKED
    await host.pair(car)
    none = await host.ask(host.key.signed(level(vcsec.AUTHENTICATION_LEVEL_NONE)))
    assert none.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_OK
    unlocked = await host.ask(host.key.signed(rke(vcsec.RKE_ACTION_UNLOCK)))
    assert unlocked.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_OK
    status = await host.message()
    assert status.vehicleStatus.vehicleLockState == vcsec.VEHICLELOCKSTATE_UNLOCKED
    await car.event("state", "unlocked")
    car.type("q")
    assert await car.exit_code() == 0


@pytest.mark.parametrize("mtu", [115, 23])
def test_a_foreign_host_pairs_and_unlocks(mtu: int) -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        await pairs_and_unlocks(car, host)
        assert host.mtu == mtu

    play(scenario, "--mtu", str(mtu))


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_foreign_host_does_so_over_a_pseudo_terminal(tmp_path: Path) -> None:
    async def run() -> None:
        path = tmp_path / "hci"
        async with (
            fob_car("--host-transport", f"pty:{path}") as car,
            foreign_host(f"serial:{path}") as host,
        ):
            await pairs_and_unlocks(car, host)

    asyncio.run(run())


def test_the_name_may_be_the_newer_one() -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        report = await host.find("Tesla 130307")
        await host.connect(report.address)
        assert (await host.message()).HasField("vehicleStatus")

    play(scenario, "--name", "vin")


def test_the_card_may_tap_itself() -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        await host.connect((await host.find(HASH_NAME)).address)
        await host.message()
        await host.ask(host.key.whitelist_request())
        done = await host.message()
        assert done.commandStatus.whitelistOperationStatus.HasField("signerOfOperation")

    play(scenario, "--tap-after", "0")


def test_a_car_that_requires_none_refuses_until_it_comes() -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        await host.connect((await host.find(HASH_NAME)).address)
        await host.message()
        await host.pair(car)
        refused = await host.ask(host.key.signed(rke(vcsec.RKE_ACTION_UNLOCK)))
        assert refused.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_ERROR
        await host.ask(host.key.signed(level(vcsec.AUTHENTICATION_LEVEL_NONE)))
        done = await host.ask(host.key.signed(rke(vcsec.RKE_ACTION_UNLOCK)))
        assert done.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_OK

    play(scenario, "--require-none")


@pytest.mark.parametrize(("arguments", "accepted"), [((), False), (("--plaintext-b",), True)])
def test_the_older_plaintext_is_accepted_when_asked_for(
    arguments: tuple[str, ...], accepted: bool
) -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        await host.connect((await host.find(HASH_NAME)).address)
        await host.message()
        await host.pair(car)
        wrapped = vcsec.ToVCSECMessage(unsignedMessage=rke(vcsec.RKE_ACTION_UNLOCK))
        answer = await host.ask(host.key.signed(wrapped.SerializeToString()))
        ok = answer.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_OK
        assert ok is accepted

    play(scenario, *arguments)


async def answer(host: ForeignHost, key: SignedKey) -> Answer:
    """The vehicle's next answer to the message that `key` made last; what it pushes is left out."""
    while (found := key.read(await host.frame())) is None:
        pass
    return found


def test_a_foreign_host_speaks_the_signed_command_protocol_with_a_car_of_2026() -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        await host.connect((await host.find(HASH_NAME)).address)
        key = SignedKey(vin=VIN)
        await host.write(key.whitelist_request())
        await car.event("enrolment", "waiting for the tap")
        car.type("t")
        await car.event("enrolment", "added")
        car.type("b")
        await car.event("key", "restarted")
        await host.write(frame(key.request()))
        untagged = await answer(host, key)
        assert not untagged.envelope.HasField("signature_data")
        await host.write(frame(key.request()))
        key.take(await answer(host, key))
        await host.write(frame(key.command(rke(vcsec.RKE_ACTION_UNLOCK))))
        done = await answer(host, key)
        assert done.encrypted and not done.fault
        await car.event("accepted", "RKE_ACTION_UNLOCK")

    play(scenario, "--vintage", "2026")


@pytest.mark.parametrize(("arguments", "enrolled"), [((), True), (("--vintage", "2023"), False)])
def test_a_key_without_a_role_is_enrolled_where_no_vintage_is_named(
    arguments: tuple[str, ...], enrolled: bool
) -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        await host.connect((await host.find(HASH_NAME)).address)
        await host.message()
        request = host.key.whitelist_request(role=0, permissions=DOCUMENTED_PERMISSIONS)
        answer = await host.ask(request)
        waits = answer.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_WAIT
        assert waits == enrolled

    play(scenario, *arguments)


def test_a_repeated_nonce_is_answered_then_ends_the_car_with_exit_code_1() -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        await host.connect((await host.find(HASH_NAME)).address)
        await host.message()
        await host.pair(car)
        lock = rke(vcsec.RKE_ACTION_LOCK)
        await host.ask(host.key.signed(lock, counter=7))
        fault = await host.ask(host.key.signed(rke(vcsec.RKE_ACTION_UNLOCK), counter=7))
        assert fault.commandStatus.signedMessageStatus.signedMessageInformation == 3
        assert "NONCE REUSED" in (await car.event("violation"))["text"]
        assert await car.exit_code() == 1

    play(scenario)


def test_the_answering_characteristic_cannot_be_read() -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        await host.connect((await host.find(HASH_NAME)).address)
        with pytest.raises(Exception, match="READ_NOT_PERMITTED"):
            await host.characteristic("13").read_value()
        assert await host.characteristic("14").read_value()

    play(scenario)


def test_the_link_can_be_opened_again() -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        for _ in range(4):
            await host.connect((await host.find(HASH_NAME)).address)
            assert (await host.message()).HasField("vehicleStatus")
            await host.disconnect()

    play(scenario)


def test_a_host_that_vanished_makes_room_for_the_next() -> None:
    async def run() -> None:
        port = free_port()
        spec = f"tcp-client:127.0.0.1:{port}"
        async with fob_car("--host-transport", f"tcp-server:127.0.0.1:{port}") as car:
            for _ in range(4):
                async with foreign_host(spec) as host:
                    await host.connect((await host.find(HASH_NAME)).address)
                    assert (await host.message()).HasField("vehicleStatus")
            await car.event("disconnected")

    asyncio.run(run())


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_car_in_order(number: int) -> None:
    async def run() -> None:
        async with fob_car("--host-transport", "pty") as car:
            car.signal(number)
            assert await car.exit_code() == 0

    asyncio.run(run())


def test_the_end_of_standard_input_does_not_end_the_car() -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        car.close_input()
        await host.connect((await host.find(HASH_NAME)).address)
        assert (await host.message()).HasField("vehicleStatus")

    play(scenario)
