"""The simulated car, told anything in any state.

An input is a list of packets (packets.py); the first one's kind chooses the car's year, too. Kinds:
0 a value written as it is; 1 a message behind its length; 2 what the enrolled key seals for the
older protocol, 3 for the signed-command one, 4 the same in clear with an HMAC; 5 time passes, as
many milliseconds; 6 the link is lost and made again; 7 a card is tapped.
"""

from collections.abc import Iterator

from google.protobuf.message import Message

from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car import Vintage, vintage
from tests.car_bench import VIN, CarBench
from tests.fuzz.packets import pack, unpack
from tests.fuzz.target import host_target
from tests.fuzz.vectors import frames, messages
from tests.legacy_client import frame
from tests.signed_bench import SignedBench
from tests.signed_client import SignedKey

_YEARS: tuple[Vintage, ...] = ("2021", "2023", "2026")
_RAW, _MESSAGE, _SEALED, _SIGNED, _PLAIN, _TIME, _RECONNECT, _CARD = range(8)
_OF_A_KEY = {_SEALED, _SIGNED, _PLAIN, _CARD}
_MOST_STEPS = 12
_KINDS = 8


def seeds() -> Iterator[bytes]:
    for number in range(len(_YEARS)):
        year = _KINDS * number
        yield pack([(year + _RAW, frames()[number]), (_TIME, b"\x07\xd0"), (_RAW, b"\0")])
        for kind in (_SEALED, _SIGNED, _PLAIN):
            yield pack([(year + kind, b"\x10\x00"), (kind, b"\x10\x01")])
            yield pack([(year + kind, vcsec.UnsignedMessage().SerializeToString())])
    for message in messages():
        yield pack([(_KINDS + _MESSAGE, message), (_CARD, b""), (_MESSAGE, message)])
    yield pack([(_MESSAGE, frames()[0][2:]), (_RECONNECT, b""), (_SEALED, b"\x1a\x02\x08\x02")])


def check(data: bytes) -> str:
    """Nothing is raised, nothing opens without a key, and all that the car says can be read."""
    packets = unpack(data)[:_MOST_STEPS]
    if not packets:
        return "nothing"
    bench, key = _bench(_YEARS[packets[0][0] // _KINDS % len(_YEARS)])
    listed = len(bench.car.whitelist)
    said = 0
    for kind, told in packets:
        _step(bench, key, kind % _KINDS, told)
        for each in bench.link.take_frames():
            assert int.from_bytes(each[:2], "big") == len(each) - 2
            _read(each[2:])
            said += 1
    if not {kind % _KINDS for kind, _ in packets} & _OF_A_KEY:
        assert bench.car.locked and len(bench.car.whitelist) == listed, "it opened"
    assert not bench.car.violations, bench.car.violations
    kinds = sorted({event.kind for event in bench.car.events})
    return f"{','.join(kinds)}; {min(said, 3)} frames, {bench.car.locked}"


def _bench(year: Vintage) -> tuple[CarBench, SignedKey]:
    if year != "2021":
        bench = SignedBench(year)
        return bench, bench.key
    older = CarBench(**vars(vintage(year)))
    key = SignedKey(vin=VIN)
    older.enrol(key)
    return older, key


def _step(bench: CarBench, key: SignedKey, kind: int, told: bytes) -> None:
    match kind:
        case 0:
            bench.link.write(told)
        case 1:
            bench.link.write(frame(told))
        case 2:
            bench.link.write(key.signed(told))
        case 3 | 4 if not key.epoch:
            bench.link.write(told)
        case 3:
            bench.link.write(frame(key.command(told)))
        case 4:
            bench.link.write(frame(key.authenticated(told)))
        case 5:
            bench.now += int.from_bytes(told[:4], "big") / 1000
            bench.car.tick()
        case 6:
            bench.reconnect()
        case _:
            bench.car.tap_card()


def _read(message: bytes) -> Message:
    answer = vcsec.FromVCSECMessage.FromString(message)
    return answer if answer.ListFields() else universal.RoutableMessage.FromString(message)


TARGET = host_target(
    "car",
    "the simulated car takes or refuses whatever comes, and opens to nobody but a key",
    check,
    seeds,
    dictionary=messages()[:80],
    largest=2048,
)
