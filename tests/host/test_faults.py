"""What an interference does to a conversation, the same on both radios of the car."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import Callable
from typing import Any

import pytest

from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator import faults
from host_tools.simulator.radio import irq
from tests.fob_radio import Fob, Place, play_air, play_direct
from tests.legacy_client import LegacyKey, answers, information, rke

Play = Callable[..., Any]

STATUS = information(vcsec.INFORMATION_REQUEST_TYPE_GET_STATUS)
LOST, TIMED_OUT, ATT_ERROR = 7, 13, 0x100
TRANSACTION_TIMEOUT = 30.0
AES = vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_AES_DECRYPT_AUTH


@pytest.fixture(params=[play_direct, play_air], ids=["direct", "bumble"])
def play(request: pytest.FixtureRequest) -> Play:
    return request.param  # type: ignore[no-any-return]


def now() -> float:
    return asyncio.get_running_loop().time()


class Session:
    """A fob with a key of the car's, subscribed and past the greeting; the MTU is exchanged."""

    def __init__(self, place: Place, fob: Fob, handles: tuple[int, int, int]) -> None:
        self.place = place
        self.fob = fob
        self.link, self.to_vehicle, self.from_vehicle = handles
        self.key = LegacyKey()

    @classmethod
    async def begin(cls, place: Place, name: str = "fob") -> Session:
        session = cls(place, fob := place.fob(name), await fob.subscribed())
        await fob.indication()
        await fob.until(irq.MTU_EXCHANGED, fob.ble.gattc_exchange_mtu, session.link)
        return session

    async def enrol(self) -> None:
        await self.write(self.key.whitelist_request())
        self.place.car.tap_card()
        self.key.agree(self.place.car.public_key)
        await asyncio.sleep(1)

    async def write(self, value: bytes) -> int:
        """The status of the write."""
        return int((await self.fob.write(self.link, self.to_vehicle, value))[3])

    async def says(self, value: bytes, seconds: float = 5.0) -> list[bytes]:
        """Write; the indications of the next seconds."""
        mark = len(self.fob.events)
        await self.write(value)
        await asyncio.sleep(seconds)
        kinds = irq.GATTC_INDICATE, irq.GATTC_NOTIFY
        return [event[3] for event in self.fob.events[mark:] if event[0] in kinds]

    def interfere(self, interference: faults.Interference) -> None:
        self.place.radio.interference = interference


def test_a_request_can_be_refused(play: Play) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        session.interfere(faults.AttErrorAt("write", 0x05))
        assert await session.write(STATUS) == ATT_ERROR + 5
        assert await session.write(STATUS) == 0

    play(scenario)


def test_a_refused_request_has_no_effect(play: Play) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        session.interfere(faults.AttErrorAt("write"))
        assert await session.says(STATUS) == []

    play(scenario)


@pytest.mark.parametrize(("after", "received"), [(False, 0), (True, 1)])
def test_the_link_can_go_down_before_or_after_the_effect(
    play: Play, after: bool, received: int
) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        session.interfere(faults.DisconnectAt("write", after=after))
        assert await session.write(STATUS) == LOST
        await session.fob.bridge.event(irq.PERIPHERAL_DISCONNECT)
        assert sum(event.kind == "received" for event in place.car.events) == received
        assert place.car.connections == []

    play(scenario)


@pytest.mark.parametrize("after", [False, True])
def test_a_silent_server_costs_the_link_after_30_s(play: Play, after: bool) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        session.interfere(faults.SilentAt("write", after=after))
        began = now()
        assert await session.write(STATUS) == TIMED_OUT
        assert now() - began == pytest.approx(TRANSACTION_TIMEOUT, abs=0.1)
        await session.fob.bridge.event(irq.PERIPHERAL_DISCONNECT)

    play(scenario)


def test_an_indication_can_come_before_the_response(play: Play) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        session.interfere(faults.LateAt("write", 2.0))
        mark, began = len(session.fob.events), now()
        assert await session.write(STATUS) == 0
        assert now() - began == pytest.approx(2, abs=0.1)
        kinds = [event[0] for event in session.fob.events[mark:]]
        assert kinds == [irq.GATTC_INDICATE, irq.GATTC_WRITE_DONE]

    play(scenario)


@pytest.mark.parametrize(
    "op",
    [
        "discover services",
        "discover characteristics",
        "discover descriptors",
        "cccd",
    ],
)
def test_every_kind_of_request_can_be_met(play: Play, op: Any) -> None:
    async def scenario(place: Place) -> None:
        place.radio.interference = struck = faults.DisconnectAt(op)
        fob = place.fob()
        # However far it comes.
        with contextlib.suppress(OSError, KeyError, AssertionError, TimeoutError):
            await fob.subscribed()
        assert struck.struck
        assert place.radio.requests[0][-1] == op

    play(scenario)


def test_a_request_can_be_met_by_its_position(play: Play) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        index = len(place.radio.requests[0]) + 1
        session.interfere(faults.AttErrorAt(index))
        statuses = [await session.write(STATUS) for _ in range(3)]
        assert statuses == [0, ATT_ERROR + faults.UNLIKELY_ERROR, 0]

    play(scenario)


@pytest.mark.parametrize(
    ("fault", "changed"),
    [
        (faults.Duplicate(), lambda answer: [answer, answer]),
        (faults.Drop(), lambda answer: []),
        (faults.Truncate(keep=3), lambda answer: [answer[:3]]),
        (faults.Oversize(), lambda answer: [b"\x04\x01" + answer[2:]]),
    ],
    ids=["duplicate", "drop", "truncate", "oversize"],
)
def test_an_indication_can_be_spoiled(
    play: Play, fault: faults.Interference, changed: Callable[[bytes], list[bytes]]
) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        (answer,) = await session.says(STATUS)
        session.interfere(copy.deepcopy(fault))
        assert await session.says(STATUS) == changed(answer)
        assert await session.says(STATUS) == [answer]

    play(scenario)


def test_garbage_is_as_long_and_the_same_each_time(play: Play) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        (answer,) = await session.says(STATUS)
        spoiled = []
        for _ in range(2):
            session.interfere(faults.Garbage(seed=1))
            spoiled += await session.says(STATUS)
        assert spoiled[0] == spoiled[1] != answer
        assert len(spoiled[0]) == len(answer)

    play(scenario)


def test_two_indications_can_change_places(play: Play) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        await session.enrol()
        straight = await session.says(session.key.signed(rke(vcsec.RKE_ACTION_UNLOCK)))
        session.interfere(faults.Reorder())
        swapped = await session.says(session.key.signed(rke(vcsec.RKE_ACTION_LOCK)))
        kinds = [answers([each])[0].WhichOneof("sub_message") for each in straight]
        assert kinds == ["commandStatus", "vehicleStatus"]
        assert [answers([each])[0].WhichOneof("sub_message") for each in swapped] == kinds[::-1]

    play(scenario)


def test_a_late_indication_lets_others_pass(play: Play) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        await session.enrol()
        session.interfere(faults.Late(delay=2.0))
        said = await session.says(session.key.signed(rke(vcsec.RKE_ACTION_UNLOCK)))
        kinds = [answers([each])[0].WhichOneof("sub_message") for each in said]
        assert kinds == ["vehicleStatus", "commandStatus"]
        assert session.fob.bridge.times[-1] - session.fob.bridge.times[-2] > 1.5

    play(scenario)


def test_a_silent_car_obeys(play: Play) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        await session.enrol()
        session.interfere(faults.CarSilent())
        assert await session.says(session.key.signed(rke(vcsec.RKE_ACTION_UNLOCK))) == []
        assert not place.car.locked

    play(scenario)


def test_a_car_that_refuses_does_not_obey(play: Play) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        await session.enrol()
        session.interfere(faults.FaultReply(AES, 77))
        (said,) = await session.says(session.key.signed(rke(vcsec.RKE_ACTION_UNLOCK)))
        status = answers([said])[0].commandStatus.signedMessageStatus
        assert (status.signedMessageInformation, status.counter) == (AES, 77)
        assert place.car.locked
        await session.says(session.key.signed(rke(vcsec.RKE_ACTION_UNLOCK)))
        assert not place.car.locked

    play(scenario)


def test_a_busy_car_says_wait_as_often_as_told(play: Play) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        await session.enrol()
        session.interfere(faults.Wait(2))
        for _ in range(2):
            (said,) = await session.says(session.key.signed(rke(vcsec.RKE_ACTION_UNLOCK)))
            assert answers([said])[0].commandStatus.operationStatus == vcsec.OPERATIONSTATUS_WAIT
            assert place.car.locked
        await session.says(session.key.signed(rke(vcsec.RKE_ACTION_UNLOCK)))
        assert not place.car.locked

    play(scenario)


def test_pairing_can_be_refused(play: Play) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        full = vcsec.WHITELISTOPERATION_INFORMATION_WHITELIST_FULL
        session.interfere(faults.PairingReply(full))
        (said,) = await session.says(session.key.whitelist_request())
        status = answers([said])[0].commandStatus.whitelistOperationStatus
        assert status.whitelistOperationInformation == full
        assert not place.car.waits_for_card

    play(scenario)


def test_a_forged_fault_comes_first_though_the_car_obeyed(play: Play) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        await session.enrol()
        session.interfere(faults.Spoof([faults.signed_fault(AES)]))
        said = answers(await session.says(session.key.signed(rke(vcsec.RKE_ACTION_UNLOCK))))
        assert said[0].commandStatus.signedMessageStatus.signedMessageInformation == AES
        assert said[1].HasField("commandStatus") and not place.car.locked

    play(scenario)


@pytest.mark.parametrize(
    "fault",
    [faults.FaultReply(AES), faults.AttErrorAt("write"), faults.Wait()],
    ids=["answered by others", "refused by ATT", "busy"],
)
def test_the_nonce_of_a_message_that_never_came_to_the_car_counts(
    play: Play, fault: faults.Interference
) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        await session.enrol()
        session.interfere(copy.deepcopy(fault))
        await session.says(session.key.signed(rke(vcsec.RKE_ACTION_UNLOCK), counter=5))
        assert place.car.violations == [] and place.car.locked
        await session.says(session.key.signed(rke(vcsec.RKE_ACTION_LOCK), counter=5))
        assert len(place.car.violations) == 1

    play(scenario)


def test_several_faults_add_up(play: Play) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        (answer,) = await session.says(STATUS)
        session.interfere(
            faults.Together(faults.Duplicate(), faults.Drop(first=1), faults.LateAt("write", 2.0))
        )
        began = now()
        assert await session.says(STATUS, seconds=0) == [answer]
        assert now() - began == pytest.approx(2, abs=0.1)

    play(scenario)
