"""An input as a list of packets, so that several things with a kind each fit into one.

A packet: its kind (1 byte), the length of its contents (2 bytes, big-endian), its contents. What is
cut off counts as far as it goes: every input is a list of packets.
"""

from collections.abc import Iterable

Packet = tuple[int, bytes]
CUT = 6
"""The kind of a patch that cuts the file off."""
_PLACE = 3


def pack(packets: Iterable[Packet]) -> bytes:
    """The input that holds these packets."""
    return b"".join(bytes((kind,)) + len(data).to_bytes(2, "big") + data for kind, data in packets)


def unpack(data: bytes | bytearray) -> list[Packet]:
    """The packets of an input."""
    packets = []
    at = 0
    while at + 3 <= len(data):
        length = int.from_bytes(data[at + 1 : at + 3], "big")
        packets.append((data[at], bytes(data[at + 3 : at + 3 + length])))
        at += 3 + length
    return packets


def patched(base: bytes, packets: Iterable[Packet]) -> bytes:
    """A large file with some of its bytes replaced; it may become shorter.

    Of a packet's contents the first 3 bytes are the place. CUT ends the file there, all other kinds
    write the rest there.
    """
    file = bytearray(base)
    for kind, told in packets:
        place = int.from_bytes(told[:_PLACE], "big") % (len(base) + 1)
        written = told[_PLACE:]
        if kind == CUT:
            del file[place:]
        else:
            file[place : place + len(written)] = written[: len(base) - place]
    return bytes(file)
