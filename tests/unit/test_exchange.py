"""Messages over a link: cut, matched, timed out."""

import gc

import scripted_car as car
import virtual_time
from expect import awaiting, raises
from virtual_time import elapsed

from fob import framing, messages, whitelist
from fob.errors import Disconnected, TimedOut
from fob.exchange import Exchange

PUBLIC_KEY = car.PUBLIC_KEY


class Listener(car.Car):
    """Takes messages of any content; says nothing about them but answers a status request."""

    def hear(self, message):
        return (car.status(car.LOCKED),) if message == messages.information_request({}) else ()


class Slowly(car.Link):
    """A link on a slow chip: taking one indication in costs 3 ms."""

    async def read(self, timeout_ms):
        data = await super().read(timeout_ms)
        virtual_time.advance(3)
        return data


async def connected(*steps, payload=20, link=car.Link):
    """Return (exchange, link) of a connection on which the car does `steps` by itself."""
    link = link(Listener(on_connect=[steps]), payload)
    await link.open()
    return Exchange(link), link


def fragments(message, size):
    return [bytes(chunk) for chunk in framing.chunks(car.framed(message), size)]


def _is_status(answer):
    return "vehicleStatus" in answer


async def test_a_message_is_written_as_one_frame_in_chunks_of_the_payload():
    exchange, link = await connected()
    await exchange.send(bytes(range(30)))
    assert [len(write) for write in link.writes] == [20, 12]
    assert b"".join(link.writes) == framing.frame(bytes(range(30)))


async def test_a_message_of_two_writes_does_without_a_longer_mtu():
    exchange, link = await connected()
    await exchange.send(bytes(38))
    assert "mtu" not in link.requests


async def test_a_longer_message_asks_for_a_longer_mtu_first():
    exchange, link = await connected()
    await exchange.send(whitelist.enrolment(PUBLIC_KEY))
    assert link.requests.count("mtu") == 1
    assert [len(write) for write in link.writes] == [88]


async def test_a_message_whose_pieces_would_come_too_far_apart_is_not_finished():
    exchange, link = await connected()
    write = link.write

    async def slowly(chunk):
        await write(chunk)
        virtual_time.advance(950)

    link.write = slowly
    await awaiting(Disconnected, exchange.send(bytes(30)))
    assert len(link.writes) == 1
    await exchange.send(bytes(10))


async def test_an_answer_is_decoded():
    exchange, _ = await connected(car.WAIT)
    assert await exchange.receive(1000) == car.WAIT


async def test_an_answer_may_come_in_pieces():
    pieces = fragments(car.session_info(car.VEHICLE_KEY), 20)
    steps = [step for piece in pieces for step in (90, piece)]
    exchange, _ = await connected(*steps)
    assert await exchange.receive(1000) == car.session_info(car.VEHICLE_KEY)


async def test_two_answers_in_one_indication_come_one_after_the_other():
    exchange, _ = await connected(car.framed(car.WAIT) + car.framed(car.OK))
    assert await exchange.receive(1000) == car.WAIT
    assert await exchange.receive(0) == car.OK


async def test_silence_times_out_when_it_was_said_to():
    exchange, _ = await connected()
    assert await elapsed(awaiting(TimedOut, exchange.receive(1500))) == 1500


async def test_an_answer_after_the_deadline_is_too_late():
    exchange, _ = await connected(1501, car.OK)
    await awaiting(TimedOut, exchange.receive(1500))
    assert await exchange.receive(10) == car.OK


async def test_an_answer_that_began_before_the_deadline_may_end_after_it():
    pieces = fragments(car.session_info(car.VEHICLE_KEY), 20)
    steps = [step for piece in pieces for step in (90, piece)]
    exchange, _ = await connected(*steps)
    await exchange.receive(200)


async def test_an_answer_that_never_ends_is_not_waited_for_long():
    pieces = [step for _ in range(50) for step in (150, b"\x03")]
    exchange, _ = await connected(b"\x03\x00", *pieces)
    assert await elapsed(awaiting(TimedOut, exchange.receive(200))) < 1000


async def test_a_lost_link_is_told():
    exchange, _ = await connected(100, car.HANG_UP)
    await awaiting(Disconnected, exchange.receive(1500))


async def test_a_frame_that_is_no_message_is_passed_over():
    exchange, _ = await connected(framing.frame(b"\xff\xff\xff"), car.OK)
    assert await exchange.receive(1000) == car.OK


async def test_a_frame_that_is_too_long_is_passed_over():
    exchange, _ = await connected(b"\xff\xff\x01\x02\x03", car.OK)
    assert await exchange.receive(1000) == car.OK


async def test_a_torn_frame_costs_one_second_and_not_the_next_answer():
    exchange, _ = await connected(b"\x00\x20\x22", 1100, car.OK)
    assert await exchange.receive(1500) == car.OK


async def test_garbage_without_end_does_not_move_the_deadline():
    garbage = [step for _ in range(100) for step in (100, framing.frame(b"\xff"))]
    exchange, _ = await connected(*garbage)
    assert await elapsed(awaiting(TimedOut, exchange.receive(1500))) == 1500


async def test_a_status_is_remembered_even_when_nobody_asked():
    exchange, _ = await connected(car.status(car.LOCKED), car.OK)
    assert exchange.lock_state is None
    await exchange.receive(100)
    assert exchange.lock_state == car.LOCKED
    await exchange.receive(100)
    assert exchange.lock_state == car.LOCKED


async def test_what_is_open_and_whether_the_car_sleeps_is_remembered():
    sleepy = {"closureStatuses": {"rearTrunk": 1}, "vehicleSleepStatus": 2}
    awake = {"vehicleSleepStatus": 1}
    statuses = [{"vehicleStatus": told} for told in (sleepy, awake, {})]
    exchange, _ = await connected(*statuses)
    assert exchange.status is None and exchange.asleep is None
    for status, asleep in ((sleepy, True), (awake, False), ({}, None)):
        await exchange.receive(100)
        assert (exchange.status, exchange.asleep) == (status, asleep)


async def test_the_last_request_and_the_word_on_the_whitelist_are_remembered():
    requests = [{"authenticationRequest": {"requestedLevel": level}} for level in (1, 2)]
    exchange, _ = await connected(*(requests + [car.enrolment(7), car.OK]))
    assert exchange.request is None and exchange.operation is None
    for _ in range(4):
        await exchange.receive(100)
    assert exchange.request == {"requestedLevel": 2}
    assert exchange.operation["whitelistOperationInformation"] == 7


async def test_an_answer_that_began_before_the_last_write_is_told_by_its_place():
    early = car.framed(car.WAIT)
    exchange, link = await connected(early[:3])
    await exchange.send(bytes(10))
    link.due.append((virtual_time.ticks_ms(), early[3:] + car.framed(car.OK)))
    assert await exchange.receive(100) == car.WAIT
    assert exchange.began < exchange.sent
    assert await exchange.receive(100) == car.OK
    assert exchange.began >= exchange.answered


async def test_an_answer_that_came_before_the_last_write_was_answered_is_told_by_its_place():
    exchange, _ = await connected(5, car.OK)
    await exchange.send(bytes(10))
    assert await exchange.receive(100) == car.OK
    assert exchange.sent <= exchange.began < exchange.answered


async def test_garbage_that_came_during_a_write_does_not_cost_the_answers_behind_it():
    exchange, _ = await connected(b"\xff\xff\xff", car.OK)
    await exchange.send(bytes(10))
    assert await exchange.receive(100) == car.OK


async def test_frames_of_nothing_without_end_take_no_memory_and_hide_no_answer():
    exchange, _ = await connected(*[bytes(240)] * 60, car.status(car.LOCKED))
    gc.collect()
    before = gc.mem_alloc()
    await exchange.send(b"x")
    gc.collect()
    assert gc.mem_alloc() - before < 20000
    while not _is_status(await exchange.receive(100)):
        pass


async def test_the_state_before_the_last_status_is_known():
    exchange, _ = await connected(car.status(car.LOCKED), car.status(car.UNLOCKED))
    await exchange.receive(100)
    await exchange.receive(100)
    assert (exchange.earlier_state, exchange.lock_state) == (car.LOCKED, car.UNLOCKED)


async def test_sending_on_a_slow_chip_takes_every_piece_that_has_arrived():
    pieces = fragments(car.session_info(car.VEHICLE_KEY), 20) + fragments(car.WAIT, 3)
    exchange, link = await connected(*pieces, link=Slowly)
    await exchange.send(bytes(10))
    assert link.due == []


async def test_what_came_through_stale_handles_does_not_hide_what_comes_after_them():
    link = car.Link(Listener(on_connect=[(b"\x00\x20\x22",)]), 20)
    await link.open(car.HANDLES)
    exchange = Exchange(link)
    await exchange.send(bytes(10))
    assert exchange.unheard
    link.car.handles = (0x21, 0x23, 0x24, 3)
    assert await exchange.rediscover()
    link.due.append((virtual_time.ticks_ms(), car.framed(car.OK)))
    assert await exchange.receive(100) == car.OK


async def test_handles_that_were_discovered_are_not_discovered_again():
    exchange, link = await connected()
    assert not await exchange.rediscover() and link.requests.count("discover") == 1


async def test_asking_returns_what_the_first_wanted_answer_tells():
    exchange, link = await connected()
    link.due.append((virtual_time.ticks_ms(), car.framed(car.OK)))
    wanted = await exchange.ask(
        lambda: messages.information_request({}), lambda answer: answer.get("vehicleStatus"), 1500
    )
    assert wanted == car.status(car.LOCKED)["vehicleStatus"]


async def test_unwanted_answers_do_not_move_the_deadline_of_a_question():
    pushes = [step for _ in range(100) for step in (400, car.OK)]
    exchange, _ = await connected(*pushes)
    question = exchange.ask(lambda: b"", lambda answer: answer.get("sessionInfo"), 1500)
    # Asked twice, 1500 ms each.
    assert 3000 <= await elapsed(awaiting(TimedOut, question)) <= 3040


async def test_a_torn_answer_does_not_cost_the_one_to_the_question_asked_again():
    answer = car.session_info(car.VEHICLE_KEY)
    torn = (1200, car.framed(answer)[:20])
    link = car.Link(car.Car(on_session=[torn, (answer,)]), 20)
    await link.open()
    question = messages.ephemeral_key_request(bytes(4))
    told = await Exchange(link).ask(lambda: question, lambda said: said.get("sessionInfo"), 1500)
    assert told == answer["sessionInfo"]


async def test_a_message_that_is_too_long_is_not_sent():
    exchange, link = await connected()
    error = await awaiting(ValueError, exchange.send(bytes(1025)))
    assert "long" in str(error) and link.writes == []
    raises(ValueError, framing.frame, bytes(1025))


async def test_a_car_that_talks_without_end_does_not_keep_anybody():
    exchange, link = await connected()
    flood = car.framed(car.OK)

    async def read(timeout_ms):
        virtual_time.advance(1)
        return flood

    link.read = read
    question = exchange.ask(lambda: b"", lambda answer: answer.get("sessionInfo"), 1500)
    await awaiting(TimedOut, question)
