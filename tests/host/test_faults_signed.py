"""What an interference does to the signed-command protocol, the same on both radios of the car."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator import faults
from host_tools.simulator.car import vintage
from host_tools.simulator.radio import irq
from tests.car_bench import VIN
from tests.fob_radio import Fob, Place, play_air, play_direct
from tests.legacy_client import frame
from tests.signed_client import Answer, SignedKey

Play = Callable[..., Any]

LOCK, UNLOCK = b"\x10\x01", b"\x10\x00"
# Of a value in one write at an MTU of 115.
PAYLOAD = 112


@pytest.fixture(params=[play_direct, play_air], ids=["direct", "bumble"])
def play(request: pytest.FixtureRequest) -> Play:
    return request.param  # type: ignore[no-any-return]


class Session:
    """A fob with a key that a car of 2023 knows, in session."""

    def __init__(self, place: Place, fob: Fob, handles: tuple[int, int, int]) -> None:
        self.place = place
        self.fob = fob
        self.link, self.to_vehicle, _ = handles
        self.key = SignedKey(vin=VIN)

    @classmethod
    async def begin(cls, place: Place) -> Session:
        vars(place.car.behaviour).update(vars(vintage("2023")))
        session = cls(place, fob := place.fob("fob"), await fob.subscribed())
        await fob.until(irq.MTU_EXCHANGED, fob.ble.gattc_exchange_mtu, session.link)
        await session.write(session.key.whitelist_request())
        place.car.tap_card()
        (answer,) = await session.says(session.key.request())
        session.key.take(answer)
        return session

    async def write(self, data: bytes) -> None:
        for at in range(0, len(data), PAYLOAD):
            piece = data[at : at + PAYLOAD]
            assert (await self.fob.write(self.link, self.to_vehicle, piece))[3] == 0

    async def says(self, message: Any, seconds: float = 3.0) -> list[Answer]:
        """Write a message; the answers to it within so many seconds."""
        await asyncio.sleep(1)
        mark = len(self.fob.events)
        await self.write(frame(message))
        await asyncio.sleep(seconds)
        self.key.clock_time = self.place.car.clock_time
        kinds = irq.GATTC_INDICATE, irq.GATTC_NOTIFY
        heard = b"".join(event[3] for event in self.fob.events[mark:] if event[0] in kinds)
        answers = []
        while heard:
            end = 2 + int.from_bytes(heard[:2], "big")
            answers.append(self.key.read(heard[:end]))
            heard = heard[end:]
        return [answer for answer in answers if answer]

    def interfere(self, interference: faults.Interference) -> None:
        self.place.radio.interference = interference


def refused(request: faults.Envelope) -> list[faults.Envelope]:
    answer = faults.answer_to(request)
    answer.signedMessageStatus.signed_message_fault = 7
    return [answer]


def twice(answer: faults.Envelope, request: faults.Envelope) -> list[faults.Envelope]:
    return [answer, answer]


def test_somebody_may_answer_while_the_car_only_overhears(play: Play) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        session.interfere(faults.AnswerInstead(refused, "sealed"))
        (answer,) = await session.says(session.key.command(UNLOCK, counter=5))
        assert answer.fault == 7 and place.car.locked
        await session.says(session.key.command(UNLOCK, counter=5))
        assert len(place.car.violations) == 1

    play(scenario)


def test_only_requests_of_a_kind_are_met_from_a_number_on(play: Play) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        fault = faults.AnswerInstead(refused, "session info", first=1)
        session.interfere(fault)
        seen = []
        for message in ("request", "command", "request", "request"):
            made = getattr(session.key, message)(*([LOCK] if message == "command" else []))
            seen += [answer.fault for answer in await session.says(made)]
        assert seen == [0, 0, 7, 0] and fault.struck

    play(scenario)


def test_the_cars_answers_can_be_changed_but_not_what_it_pushes(play: Play) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        session.interfere(faults.ChangeAnswers(twice, "sealed"))
        mark = len(session.fob.events)
        assert len(await session.says(session.key.command(UNLOCK))) == 2
        pushed = [event for event in session.fob.events[mark:] if event[0] == irq.GATTC_INDICATE]
        assert len(pushed) == 3 and not place.car.locked
        assert len(await session.says(session.key.command(LOCK))) == 1

    play(scenario)


def test_something_can_happen_before_the_car_acts(play: Play) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        session.interfere(faults.AtMessage(place.car.reboot, "sealed"))
        (answer,) = await session.says(session.key.command(UNLOCK))
        assert answer.fault == 15 and place.car.locked

    play(scenario)


def test_an_answer_can_come_late(play: Play) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        session.interfere(faults.LateAnswers(2.0, "session info"))
        assert await session.says(session.key.request(), seconds=1.5) == []
        await asyncio.sleep(1)
        assert await session.says(session.key.request())

    play(scenario)


def test_an_impostor_is_right_in_everything_but_the_key(play: Play) -> None:
    async def scenario(place: Place) -> None:
        session = await Session.begin(place)
        impostor = faults.Impostor(VIN)
        session.interfere(faults.AnswerInstead(lambda request: [impostor.session_info(request)]))
        (answer,) = await session.says(session.key.request())
        assert answer.info.publicKey != place.car.public_key
        assert not session.key.verifies(answer)
        own = session.key.shared_key
        session.key.take(answer)

        def succeed(request: faults.Envelope) -> list[faults.Envelope]:
            return [impostor.encrypted(request, vcsec.FromVCSECMessage())]

        session.interfere(faults.AnswerInstead(succeed))
        (answer,) = await session.says(session.key.command(UNLOCK))
        assert answer.encrypted and answer.payload is not None and place.car.locked
        session.key.shared_key = own
        with pytest.raises(InvalidTag):
            session.interfere(faults.AnswerInstead(succeed))
            await session.says(session.key.command(UNLOCK))

    play(scenario)
