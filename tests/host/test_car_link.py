"""The simulated car's framing and its links."""

import pytest

from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car import ConnectionLimitReached
from tests.car_bench import CarBench
from tests.legacy_client import answers, information

GET_STATUS = information(vcsec.INFORMATION_REQUEST_TYPE_GET_STATUS)


def test_a_status_is_pushed_on_connect() -> None:
    bench = CarBench()
    (status,) = answers(bench.car.connect().take_frames())
    assert status.vehicleStatus.vehicleLockState == vcsec.VEHICLELOCKSTATE_LOCKED
    assert status.vehicleStatus.vehicleSleepStatus == vcsec.VEHICLE_SLEEP_STATUS_AWAKE


def test_a_fourth_link_is_refused_until_one_closes() -> None:
    bench = CarBench()
    others = [bench.car.connect(), bench.car.connect()]
    assert not bench.car.connectable
    with pytest.raises(ConnectionLimitReached):
        bench.car.connect()
    others[0].disconnect()
    assert bench.car.connectable
    bench.car.connect()


def test_a_frame_may_come_byte_by_byte() -> None:
    bench = CarBench()
    for byte in GET_STATUS[:-1]:
        bench.link.write(bytes([byte]))
        assert bench.link.take_frames() == []
    assert len(bench.ask(GET_STATUS[-1:])) == 1


def test_one_write_may_hold_several_frames_and_the_start_of_another() -> None:
    bench = CarBench()
    assert len(bench.ask(GET_STATUS * 2 + GET_STATUS[:3])) == 2
    assert len(bench.ask(GET_STATUS[3:])) == 1


def test_a_gap_over_a_second_drops_the_partial_frame() -> None:
    bench = CarBench()
    bench.link.write(GET_STATUS[:4])
    bench.now += 1.01
    assert len(bench.ask(GET_STATUS)) == 1
    assert bench.said("ignored") == ["rest of the frame did not come within 1 s"]


def test_a_gap_of_a_second_does_not() -> None:
    bench = CarBench()
    bench.link.write(GET_STATUS[:4])
    bench.now += 1.0
    assert len(bench.ask(GET_STATUS[4:])) == 1


@pytest.mark.parametrize("length", [0, 1025, 0xFFFF])
def test_an_impossible_length_drops_what_was_written_with_it(length: int) -> None:
    bench = CarBench()
    assert bench.ask(length.to_bytes(2, "big") + GET_STATUS) == []
    assert len(bench.ask(GET_STATUS)) == 1


def test_a_frame_of_1024_bytes_is_taken() -> None:
    bench = CarBench()
    # An unknown field of 1,016 bytes fills the message up.
    filled = GET_STATUS[2:] + b"\x7a" + b"\xf9\x07" + bytes(1017)
    assert len(filled) == 1024
    assert len(bench.ask(b"\x04\x00" + filled)) == 1


def test_links_do_not_mix_their_fragments() -> None:
    bench = CarBench()
    other = bench.car.connect()
    other.take_frames()
    bench.link.write(GET_STATUS[:3])
    other.write(GET_STATUS)
    assert len(other.take_frames()) == 1
    assert len(bench.ask(GET_STATUS[3:])) == 1


def test_a_closed_link_takes_and_gives_nothing() -> None:
    bench = CarBench()
    bench.link.disconnect()
    assert bench.ask(GET_STATUS) == []
    bench.link.disconnect()
    assert bench.said("disconnected") == [""]


def test_the_radio_is_told_of_each_frame() -> None:
    bench = CarBench()
    calls: list[int] = []
    bench.link.on_frame = lambda: calls.append(1)
    bench.link.write(GET_STATUS)
    assert calls == [1]


def test_a_change_is_pushed_to_every_link() -> None:
    bench = CarBench()
    other = bench.car.connect()
    other.take_frames()
    bench.enrol()
    bench.ask(bench.key.signed(b"\x10\x00"))
    (pushed,) = answers(other.take_frames())
    assert pushed.vehicleStatus.vehicleLockState == vcsec.VEHICLELOCKSTATE_UNLOCKED
