"""Frames cut and joined at will: what comes of them, and that what is sent comes back."""

from binascii import crc32

import virtual_time

from fob import framing
from fob.errors import DecodeError

GAP = 255
DROP = 254


def answer(data):
    """Return (CRC-32 of all that was told, how many messages, how often refused)."""
    digest, messages, refused = _received(data)
    _sent(data)
    return digest, messages, refused


def _received(data):
    """Feed the pieces: each is a byte of length and so many bytes; GAP: the next one comes a
    second and a millisecond later, DROP: what has come of a message is given up."""
    frames = framing.Reassembler()
    # The clock wraps around on the way.
    now = virtual_time.ticks_add(0, -1500)
    digest = messages = refused = at = 0
    while at < len(data):
        size = data[at]
        at += 1
        if size == GAP:
            now = virtual_time.ticks_add(now, framing.RX_GAP_MS + 1)
            continue
        if size == DROP:
            frames.drop()
            continue
        frames.feed(data[at : at + size], now)
        at += size
        try:
            while True:
                message = frames.next()
                if message is None:
                    break
                digest = crc32(repr((frames.began, message)), digest)
                messages += 1
        except DecodeError:
            digest = crc32("refused", digest)
            refused += 1
        digest = crc32(repr(frames.partial), digest)
        # As late as a piece may come.
        now = virtual_time.ticks_add(now, framing.RX_GAP_MS)
    return crc32(repr(frames.received), digest), messages, refused


def _sent(data):
    # The smallest ATT_MTU allows 20 bytes.
    size = 20 + (data[0] if data else 0)
    try:
        framed = framing.frame(data)
    except ValueError:
        assert len(data) > framing.MAX_MESSAGE
        return
    frames = framing.Reassembler()
    for chunk in framing.chunks(framed, size):
        assert 0 < len(chunk) <= size and frames.next() is None
        frames.feed(chunk, 0)
    assert frames.next() == data and not frames.partial
