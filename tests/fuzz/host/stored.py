"""What lies on a fob: damaged, half written, or made by somebody else.

An input is a list of packets (packets.py). The kind says which file, in the order of _PATHS. The
first kind has a multiple of their number added: what is asked for, in the order of _REQUESTS.
"""

from collections.abc import Iterator
from types import SimpleNamespace
from unittest.mock import patch

from host_tools.advice import setup_state
from host_tools.board.catalogue import load_board
from host_tools.failure import Failure
from host_tools.identity.keys import KEY_LENGTH
from host_tools.identity.places import CONFIGURATION_PATH, LIGHT_PATH, PLACES
from host_tools.identity.plan import carry_out, make_plan
from host_tools.identity.plan_report import changes, notes, warnings
from host_tools.identity.provision import provision
from host_tools.identity.request import Request
from host_tools.identity.settings import Configuration, is_outdated
from host_tools.identity.stored import Identity, named_in, read_identity
from host_tools.installation import install
from tests.fob_of_files import FobOfFiles
from tests.fuzz.one_line import one_line
from tests.fuzz.packets import pack, unpack
from tests.fuzz.target import host_target

_VIN, _SECOND = "5YJ3E1EA0KF000316", "LRW3E7FA1MC123456"
_NOW = 1_800_000_000
_FILES = [CONFIGURATION_PATH, LIGHT_PATH]
_FILES += [path for place in PLACES[:2] for path in (*place.counters, place.key)]
_FILES += [PLACES[1].configuration, PLACES[3].configuration, PLACES[3].key]
_PATHS = (
    *_FILES,
    *(f"{path}.new" for path in _FILES),
    "/wipe.new",
    "/state/journal",
    "/fob/app.mpy",
)
_BOARD = load_board("virtual")
_REQUESTS = (
    Request(),
    Request(vin=_VIN, board=_BOARD),
    Request(vin=_VIN, board=_BOARD, repair=True),
    Request(vin="2", replace_key=True),
    Request(vin=_SECOND, own_key=True, gestures=("lock double=trunk@2",)),
)


def seeds() -> Iterator[bytes]:
    scalar = (1234567).to_bytes(KEY_LENGTH, "big")
    one = provision(_VIN, _BOARD, key=scalar, clock=lambda: _NOW)
    cars = [{"vin": _SECOND, "role": 2, "protocol": "legacy"}]
    settings = {"passive": {"level": 1, "minutes": 5, "form": "auto", "secure_at_end": False}}
    two = provision(_VIN, _BOARD, key=scalar, clock=lambda: _NOW, more_cars=cars, **settings)
    for files in (one, two):
        for request in range(len(_REQUESTS)):
            yield _packed(files, request)
        for path in files:
            yield _packed({each: data for each, data in files.items() if each != path})
    yield _packed({**one, "/fob.json.new": one["/fob.json"], "/state/counter.0.new": b"\2"})


def check(data: bytes) -> str:
    """Whatever lies there is read; what is asked for is refused in one line, or makes it whole."""
    packets = unpack(data)
    files = {_PATHS[kind % len(_PATHS)]: told for kind, told in packets}
    request = packets[0][0] // len(_PATHS) % len(_REQUESTS) if packets else 0
    there = _described(read_identity(FobOfFiles(dict(files)), with_key=True))  # type: ignore[arg-type]
    try:
        return f"{there}; {request}: {_provisioned(files, _REQUESTS[request])}"
    except Failure as failure:
        return f"{there}; {request}: {one_line(failure)}"


def _described(identity: Identity) -> str:
    told = [*identity.strays, *notes(identity, Request())]
    for held in identity.cars.values():
        told += [held.title, held.key_state, str(held.reached), str(held.counter)]
    for path in (CONFIGURATION_PATH, *(place.configuration for place in PLACES[1:])):
        named_in(identity.files.get(path, b""))
    assert all(each.isprintable() for each in told), told
    configuration = identity.files.get(CONFIGURATION_PATH, b"")
    if identity.configuration and not is_outdated(configuration):
        again = identity.configuration.file()
        assert Configuration.read(again) == identity.configuration, "another when written again"
    setup_state._told(_MountedFob({CONFIGURATION_PATH: configuration}))  # type: ignore[arg-type]
    install._parsed(configuration)
    states = sorted({held.key_state for held in identity.cars.values()})
    return f"{identity.configuration is not None} {'+'.join(states)}"


def _provisioned(files: dict[str, bytes], request: Request) -> str:
    board = FobOfFiles(dict(files))
    before = read_identity(board)  # type: ignore[arg-type]
    plan = make_plan(before, request, chip=None, clock=lambda: _NOW, floor=lambda _: 0)
    told = [str(each) for each in changes(before, plan)] + warnings(before, request, plan)
    assert all(each.isprintable() for each in told), told
    with patch("host_tools.identity.plan.note_counter"):
        carry_out(board, before, plan)  # type: ignore[arg-type]
    after = read_identity(board)  # type: ignore[arg-type]
    assert after.configuration, "fob.json is of no use afterwards"
    for number, held in after.cars.items():
        earlier = before.cars.get(number)
        if earlier and earlier.car and held.car and held.car.vin == earlier.car.vin:
            same = earlier.public is not None and earlier.public == held.public
            if same and earlier.counter is not None and held.counter is not None:
                assert held.counter >= earlier.counter, "a counter goes back"
    again = make_plan(after, Request(), chip=None, clock=lambda: _NOW, floor=lambda _: 0)
    assert not changes(after, again), "a second run would change something"
    return f"made, {len(after.cars)} cars"


class _MountedFob(FobOfFiles):
    facts = SimpleNamespace(mounted=True)


def _packed(files: dict[str, bytes], request: int = 0) -> bytes:
    asked = request * len(_PATHS)
    return pack((asked + _PATHS.index(path), data) for path, data in files.items())


TARGET = host_target(
    "stored",
    "whatever lies on a fob is read, and provisioned or refused in one line; no counter goes back",
    check,
    seeds,
    dictionary=[
        *(b"null", b"true", b"{}", b"[]", b"[1, 2]", b'""', b"NaN", b"Infinity", b"1e400"),
        *(b'"lock"', b'"single"', b'"trunk@2"', b'"\\ud800"', b"[" * 2000, b'{"a":' * 500),
        *(f'"{name}": '.encode() for name in ("version", "cars", "vin", "public_key", "board")),
        *(f'"{name}": '.encode() for name in ("gestures", "passive", "buzzer", "buttons", "light")),
    ],
    largest=8192,
)
