"""Makes inputs of other inputs; every choice comes from one seeded generator."""

import re
from collections.abc import Callable, Sequence
from random import Random

from tests.fuzz.packets import pack, unpack

_BYTES = (0, 1, 2, 10, 32, 34, 39, 44, 45, 61, 91, 93, 123, 125, 127, 128, 192, 254, 255)
_NUMBERS = (
    *(0, 1, 2, 127, 128, 255, 256, 1023, 1024, 1025, 16_383, 16_384, 65_535, 65_536),
    *(2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 2**70),
)
_WORDS = (b"-1", b"0", b"1", b"1e308", b"1e999", b"-0.0", b"nan", b"4" * 400, b"\xd9\xa3", b"0x1")
_DIGITS = re.compile(rb"[0-9]+")
_MOST_STEPS = 6
_LENGTH_DELIMITED = 2


class Mutator:
    """Draws inputs of at most `largest` bytes; the same generator state gives the same inputs."""

    def __init__(self, random: Random, dictionary: Sequence[bytes], largest: int) -> None:
        self._random = random
        self._dictionary = dictionary
        self._largest = largest
        self._others: Sequence[bytes] = (b"",)
        self._steps: list[Callable[[bytearray], None]] = [
            self._flip_bit,
            self._set_byte,
            self._insert,
            self._delete,
            self._copy,
            self._truncate,
            self._grow,
            self._splice,
            self._change_varint,
            self._change_length,
            self._change_packet,
            self._change_number,
        ]
        if dictionary:
            self._steps += [self._token, self._token]
        self._inner = [step for step in self._steps if step != self._change_packet]

    def draw(self, pool: Sequence[bytes]) -> bytes:
        """One input, of one of the pool's and a few changes, most often one or two."""
        random = self._random
        self._others = pool
        data = bytearray(random.choice(pool))
        steps = 1
        while steps < _MOST_STEPS and random.random() < 0.5:
            steps += 1
        for _ in range(steps):
            random.choice(self._steps)(data)
        return bytes(data[: self._largest])

    def _at(self, data: bytearray) -> int:
        return int(self._random.random() * (len(data) + 1))

    def _range(self, data: bytearray) -> tuple[int, int]:
        start = self._at(data)
        longest = self._random.choice((1, 2, 4, 16, 64, len(data)))
        return start, min(len(data), start + self._random.randint(1, max(1, longest)))

    def _flip_bit(self, data: bytearray) -> None:
        if data:
            data[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)

    def _set_byte(self, data: bytearray) -> None:
        if data:
            byte = self._random.choice((*_BYTES, self._random.randrange(256)))
            data[self._random.randrange(len(data))] = byte

    def _insert(self, data: bytearray) -> None:
        at = self._at(data)
        data[at:at] = self._random.randbytes(self._random.choice((1, 1, 2, 4, 8, 32)))

    def _delete(self, data: bytearray) -> None:
        start, end = self._range(data)
        del data[start:end]

    def _copy(self, data: bytearray) -> None:
        start, end = self._range(data)
        at = self._at(data)
        data[at:at] = data[start:end]

    def _truncate(self, data: bytearray) -> None:
        del data[self._at(data) :]

    def _grow(self, data: bytearray) -> None:
        start, end = self._range(data)
        times = self._random.choice((2, 8, 64, 512))
        data[start:start] = (data[start:end] * times)[: self._largest]

    def _splice(self, data: bytearray) -> None:
        other = self._random.choice(self._others)
        start, end = self._range(data)
        cut = int(self._random.random() * (len(other) + 1))
        if self._random.random() < 0.5:
            data[start:] = other[cut:]
        else:
            data[start:end] = other[cut : cut + self._random.choice((1, 4, 16, 64))]

    def _token(self, data: bytearray) -> None:
        token = self._random.choice(self._dictionary)
        at = self._at(data)
        replaced = self._random.choice((0, 0, len(token)))
        data[at : at + replaced] = token

    def _number(self) -> int:
        return max(0, self._random.choice(_NUMBERS) + self._random.choice((0, 0, -1, 1)))

    def _change_varint(self, data: bytearray) -> None:
        start = self._at(data)
        end = start
        while end < len(data) and data[end] & 0x80:
            end += 1
        encoded = varint(self._number())
        if self._random.random() < 0.2:  # longer than it has to be, or without an end
            encoded[-1] |= 0x80
            encoded += self._random.choice((b"\0", b"\x80\0", b"\x80" * 9 + b"\0", b"\xff" * 9))
        data[start : end + 1] = encoded

    def _change_length(self, data: bytearray) -> None:
        """Find a length-delimited field, and change what is in it with its length or without."""
        found = [
            at
            for at in range(len(data) - 2)
            if data[at] & 7 == _LENGTH_DELIMITED and data[at + 1] <= min(0x7F, len(data) - at - 2)
        ]
        if not found:
            return
        at = self._random.choice(found)
        end = at + 2 + data[at + 1]
        inside = data[at + 2 : end]
        self._random.choice((self._delete, self._insert, self._copy, self._splice))(inside)
        told = varint(len(inside)) if self._random.random() < 0.8 else data[at + 1 : at + 2]
        data[at + 1 : end] = told + inside

    def _change_packet(self, data: bytearray) -> None:
        """Of an input that is packets (packets.py): change what is in one, or their order."""
        packets = unpack(data)
        if len(data) > self._largest or pack(packets) != data:
            return
        at = self._random.randrange(len(packets)) if packets else 0
        match self._random.randrange(4 if packets else 1):
            case 0:
                kind = self._random.choice((0, 1, 2, 3, 4, 5, 6, 7, self._random.randrange(256)))
                packets.insert(at, (kind, self._random.choice(self._others)[:64]))
            case 1:
                del packets[at]
            case 2:
                packets.append(packets[at])
            case _:
                kind, told = packets[at]
                inside = bytearray(told)
                self._random.choice(self._inner)(inside)
                packets[at] = kind, bytes(inside[:0xFFFF])
        data[:] = pack(packets)

    def _change_number(self, data: bytearray) -> None:
        found = list(_DIGITS.finditer(data))
        if found:
            number = self._random.choice(found)
            words = (*_WORDS, str(self._number()).encode())
            data[number.start() : number.end()] = self._random.choice(words)


def varint(number: int) -> bytearray:
    """As protobuf writes it, of any size."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return encoded
