"""Frames: cut, joined, dropped."""

import random
from time import ticks_add

from expect import raises

from fob import framing
from fob.errors import DecodeError
from fob.framing import Reassembler


def feed(frames, fragment, now_ms=0):
    """Feed one fragment; return all messages that are whole by then."""
    frames.feed(fragment, now_ms)
    messages = []
    while True:
        message = frames.next()
        if message is None:
            return messages
        messages.append(message)


def test_a_frame_is_the_length_in_two_bytes_and_the_message():
    assert framing.frame(b"\x01\x02") == b"\x00\x02\x01\x02"


def test_the_longest_message_has_1024_bytes():
    assert framing.frame(bytes(1024))[:2] == b"\x04\x00"
    raises(ValueError, framing.frame, bytes(1025))


def test_a_frame_is_cut_into_chunks_of_an_att_payload():
    framed = bytes(range(115))
    assert [bytes(chunk) for chunk in framing.chunks(framed, 112)] == [framed[:112], framed[112:]]
    assert [len(chunk) for chunk in framing.chunks(framed, 20)] == [20, 20, 20, 20, 20, 15]
    assert b"".join([bytes(chunk) for chunk in framing.chunks(framed, 20)]) == framed


def test_a_frame_of_exactly_one_payload_is_one_chunk():
    assert len(list(framing.chunks(bytes(20), 20))) == 1


def test_a_frame_in_one_fragment_is_a_message():
    assert feed(Reassembler(), b"\x00\x04\x22\x02\x08\x01") == [b"\x22\x02\x08\x01"]


def test_a_frame_may_come_byte_by_byte():
    frames = Reassembler()
    for byte in b"\x00\x02\x08":
        assert feed(frames, bytes((byte,))) == []
    assert feed(frames, b"\x01") == [b"\x08\x01"]


def test_one_fragment_may_hold_several_frames_and_a_part():
    frames = Reassembler()
    assert feed(frames, b"\x00\x01a\x00\x02bc\x00\x03de") == [b"a", b"bc"]
    assert feed(frames, b"f") == [b"def"]


def test_every_way_to_cut_two_frames_in_three_gives_the_same_messages():
    stream = framing.frame(b"first") + framing.frame(b"second one")
    for one in range(len(stream) + 1):
        for two in range(one, len(stream) + 1):
            frames = Reassembler()
            messages = feed(frames, stream[:one])
            messages += feed(frames, stream[one:two])
            messages += feed(frames, stream[two:])
            assert messages == [b"first", b"second one"]


def test_random_messages_survive_random_fragments():
    for seed in range(300):
        random.seed(seed)
        sent = [bytes(random.randrange(60)) for _ in range(random.randrange(8))]
        sent = [bytes([random.getrandbits(8) for _ in message]) for message in sent]
        stream = b"".join([framing.frame(message) for message in sent])
        frames, received, now_ms = Reassembler(), [], random.getrandbits(20)
        while stream:
            size = 1 + random.randrange(random.choice((2, 20, 112, 300)))
            now_ms += random.randrange(framing.RX_GAP_MS + 1)
            received += feed(frames, stream[:size], now_ms)
            stream = stream[size:]
        assert received == sent


def test_an_empty_frame_is_an_empty_message():
    assert feed(Reassembler(), b"\x00\x00\x00\x01a") == [b"", b"a"]


def test_an_empty_fragment_changes_nothing():
    frames = Reassembler()
    assert feed(frames, b"\x00\x02a") == []
    assert feed(frames, b"") == []
    assert feed(frames, b"b") == [b"ab"]


def test_a_gap_of_one_second_keeps_a_part():
    frames = Reassembler()
    feed(frames, b"\x00\x02a", 5)
    assert feed(frames, b"b", 1005) == [b"ab"]


def test_a_longer_gap_drops_a_part():
    frames = Reassembler()
    feed(frames, b"\x00\x02a", 5)
    assert feed(frames, b"\x00\x01b", 1006) == [b"b"]


def test_the_gap_counts_from_the_last_fragment():
    frames = Reassembler()
    feed(frames, b"\x00\x03a", 0)
    feed(frames, b"b", 900)
    assert feed(frames, b"c", 1800) == [b"abc"]


def test_a_gap_is_measured_across_the_wrap_of_the_clock():
    before = ticks_add(0, -400)
    frames = Reassembler()
    feed(frames, b"\x00\x02a", before)
    assert feed(frames, b"b", ticks_add(before, 900)) == [b"ab"]
    feed(frames, b"\x00\x02a", before)
    assert feed(frames, b"\x00\x01b", ticks_add(before, 1001)) == [b"b"]


def test_the_longest_message_is_taken():
    assert feed(Reassembler(), framing.frame(bytes(1024))) == [bytes(1024)]


def test_a_longer_frame_is_refused_as_soon_as_its_length_is_known():
    frames = Reassembler()
    frames.feed(b"\x04\x01", 0)
    raises(DecodeError, frames.next)


def test_after_a_frame_that_is_too_long_the_next_fragment_starts_anew():
    frames = Reassembler()
    frames.feed(b"\xff\xff and whatever follows", 0)
    raises(DecodeError, frames.next)
    assert frames.next() is None
    assert feed(frames, b"\x00\x01a") == [b"a"]


def test_whole_frames_before_one_that_is_too_long_are_kept():
    frames = Reassembler()
    frames.feed(b"\x00\x01a\xff\xff", 0)
    assert frames.next() == b"a"
    raises(DecodeError, frames.next)
