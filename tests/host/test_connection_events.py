"""When what is handed to the link layer is with the other end."""

from __future__ import annotations

import pytest

from host_tools.simulator.radio.connection_events import ConnectionEvents, ll_pdus

BEGAN, INTERVAL = 5.0, 0.0075
LONG = 512


def event(arrival: float) -> int:
    return int((arrival - BEGAN) / INTERVAL)


def test_what_is_sent_waits_for_the_next_event() -> None:
    assert event(ConnectionEvents(BEGAN, INTERVAL).send(BEGAN, 7)) == 1
    assert event(ConnectionEvents(BEGAN, INTERVAL).send(BEGAN + 0.0074, 7)) == 1
    assert event(ConnectionEvents(BEGAN, INTERVAL).send(BEGAN + 3 * INTERVAL, 7)) == 4


def test_27_bytes_go_in_one_pdu() -> None:
    assert [ll_pdus(payload) for payload in (2, 27, 28, 54, 119)] == [1, 1, 2, 2, 5]


def test_a_long_one_takes_longer_in_the_same_event() -> None:
    short = ConnectionEvents(BEGAN, INTERVAL).send(BEGAN, 27)
    long = ConnectionEvents(BEGAN, INTERVAL).send(BEGAN, 119)
    assert event(short) == event(long) == 1
    # 47 bytes at 1 Mbit/s, both PDUs' frames among them, and two pauses of 150 us.
    assert short - BEGAN - INTERVAL == pytest.approx(676e-6)
    assert long - short > 3 * 676e-6


def test_what_does_not_fit_goes_on_in_the_next_event() -> None:
    # Of 676 us each, eleven fit into 7.5 ms.
    assert event(ConnectionEvents(BEGAN, INTERVAL).send(BEGAN, 11 * 27)) == 1
    assert event(ConnectionEvents(BEGAN, INTERVAL).send(BEGAN, LONG)) == 2


def test_nothing_overtakes() -> None:
    events = ConnectionEvents(BEGAN, INTERVAL)
    arrivals = [events.send(BEGAN, payload) for payload in (LONG, 7, 7)]
    assert arrivals == sorted(set(arrivals))
    assert events.send(BEGAN + 0.001, 7) > arrivals[-1]
