"""What a laptop is told: one JSON object a line, whatever happens."""

import json
from binascii import crc32, hexlify

import virtual_time
from running_app import Journal, Light, Power, Vehicle
from test_config import KEY, fields

from fob import console, p256
from fob.cache import ENCRYPTS, SIGNED
from fob.config import load
from fob.errors import ConfigError, LinkError, NotFound, NotPaired, StoreError

VIN_NAMES = 5


class Radio:
    """Hears what it is told to: `error` is what its search ends with."""

    def __init__(self, error=None, rssi=None, heard=0):
        self.error = error
        self.rssi = rssi
        self.heard = heard
        self.names = None
        self.on = False
        self.draws = []

    def start(self):
        self.on = True

    def stop(self):
        self.on = False

    def random(self, n):
        assert self.on and n == 32
        return self.draws.pop(0)

    async def find(self, names, timeout_ms, peer=None):
        self.names = names
        if self.error:
            raise self.error


class Values:
    def __init__(self, **values):
        self.values = values

    def part(self, number):
        return self

    def get(self, name):
        return self.values.get(name)

    def put(self, name, data):
        self.values[name] = data


class Files:
    def __init__(self, **contents):
        self.contents = contents

    def read(self, name):
        return self.contents.get(name.replace(".", "_").replace("/", "_"))

    def write(self, name, data):
        self.contents[name] = data


class Cache:
    def __init__(self, sessions=(), traits=0):
        self.spoken = "signed" if traits & SIGNED else "legacy" if sessions else None
        self.sessions = list(sessions)
        self.traits = traits
        self.peer = (0, bytes((0x2C, 0xA7, 0x74, 0, 0, 1)))


class Counter:
    next, end = 7, 65


class Guard:
    unknown = False


class Parts:
    """Of a fob of two buttons; `made` is its vehicle, or the error that there is none."""

    def __init__(self, settings, retained, supply, made):
        self.settings = settings
        self.retained = retained
        self.supply = supply
        self.made = made
        self.lamp = Light()

    def light(self):
        return self.lamp

    def vehicles(self):
        if isinstance(self.made, Exception):
            raise self.made
        return self.made

    def vehicle(self, car):
        return self.vehicles()


class Board:
    def __init__(self, vehicle=None, radio=None, **files):
        files = files or {"fob_json": json.dumps(fields()).encode(), "key_bin": KEY}
        self.files = Files(**files)
        self.state = Files()
        self.values = Values()
        self.radio = radio or Radio()
        self.vehicle = vehicle or Vehicle()
        self.journal = Journal()
        self.made = None

    def parts(self):
        assert self.made is None
        self.made = Parts(load(self.files.read), self.values, Power(4000), self.vehicle)
        return self.made

    def cause(self):
        return "power-on"

    def now_ms(self):
        return 90000


def told(board, name, **arguments):
    """Call the console and return what it printed, decoded."""
    lines = []
    genuine = console._print
    console._print = lambda line: lines.append(json.loads(json.dumps(line)))
    try:
        console.serve(board, name, arguments)
    finally:
        console._print = genuine
    return lines


def paired(*more, traits=0):
    vehicle = Vehicle(*more)
    vehicle.cache = Cache([(b"", b"")], traits)
    vehicle.counter = Counter()
    vehicle.guard = Guard()
    return vehicle


def test_status_describes_a_paired_fob():
    board = Board(paired(traits=SIGNED | ENCRYPTS))
    board.values.put("said", b"unlock done in 300 ms")
    board.values.put("rssi", bytes((0x100 - 61,)))
    (line,) = told(board, "status")
    status = line["result"]
    assert status["vin"] == "5YJ3E1EA1KF000000"
    assert status["counter"] == {"next": 7, "end": 65}
    assert (status["paired"], status["speaks"], status["waits"]) == (True, "signed", False)
    assert (status["rssi"], status["peer"]) == (-61, "2c:a7:74:00:00:01")
    assert status["last"] == "unlock done in 300 ms"
    assert (status["battery_mv"], status["cause"], status["time_s"]) == (4000, "power-on", 90)
    assert status["configuration"] is None
    assert status["flash"]["total"] >= status["flash"]["free"]


def test_status_never_tells_the_private_key():
    text = json.dumps(told(Board(paired()), "status"))
    assert KEY[:32].hex() not in text and "private" not in text


def test_status_says_what_is_wrong_with_a_configuration():
    (line,) = told(Board(fob_json=b"{", key_bin=KEY), "status")
    assert "damaged" in line["result"]["configuration"]
    assert "vin" not in line["result"]


def test_status_of_a_fob_without_a_key_still_tells_whose_it_is():
    board = Board(fob_json=json.dumps(fields()).encode())
    (line,) = told(board, "status")
    assert "key.bin" in line["result"]["configuration"]
    assert line["result"]["vin"] == "5YJ3E1EA1KF000000"


def test_status_of_an_empty_fob_asks_for_provisioning():
    (line,) = told(Board(nothing=b""), "status")
    assert "no fob.json" in line["result"]["configuration"]


def test_status_tells_of_a_lost_counter():
    (line,) = told(Board(StoreError("the message counter is damaged")), "status")
    assert line["result"]["counter"] == {"wrong": "the message counter is damaged"}


def test_a_press_goes_through_the_app_and_tells_the_verdict():
    board = Board(paired(300))
    lines = told(board, "press", buttons=["unlock"])
    result = lines[-1]["result"]
    assert result["outcome"] == "done" and result["text"].startswith("unlock done in")
    assert {"event": "said", "text": result["text"]} in lines
    assert board.vehicle.done == [0]
    assert board.values.get("said").decode() == result["text"]
    assert not board.made.lamp.on and not board.radio.on


def test_a_press_that_fails_tells_why_and_is_kept_in_the_journal():
    board = Board(paired(NotFound("the car is not in reach")))
    result = told(board, "press", buttons=["lock"])[-1]["result"]
    assert result["outcome"] == "not-found"
    assert "not in reach" in result["text"]
    assert board.journal.notes == ["lock not-found: the car is not in reach"]


def test_a_hold_that_means_nothing_has_no_outcome():
    result = told(Board(paired()), "press", buttons=["lock", "unlock"], hold_ms=500)[-1]["result"]
    assert result["outcome"] is None and result["text"] is None


def test_two_presses_are_two_presses():
    board = Board(paired(1000, 1000))
    told(board, "press", buttons=["unlock"], times=2)
    assert board.vehicle.done == [0, 0]


def test_a_finger_holds_as_long_as_it_is_told():
    began = virtual_time.ticks_ms()
    told(Board(paired()), "press", buttons=["lock", "unlock"], hold_ms=2000)
    assert 2000 < virtual_time.ticks_diff(virtual_time.ticks_ms(), began) < 2500


def test_a_press_is_longer_than_the_guard_against_short_ones():
    content = fields(press_guard_ms=900)
    board = Board(paired(10), fob_json=json.dumps(content).encode(), key_bin=KEY)
    assert told(board, "press", buttons=["lock"])[-1]["result"]["outcome"] == "done"


def test_an_error_is_told_with_its_code():
    (line,) = told(Board(StoreError("gone")), "press", buttons=["lock"])
    assert line == {"error": "state", "text": "gone", "needs_laptop": True}


def test_a_refusal_is_told_with_its_reason():
    (line,) = told(Board(NotPaired("unknown key", 3)), "pair")
    assert (line["error"], line["reason"]) == ("not-paired", 3)


def test_an_unexpected_error_tells_its_kind_and_nothing_else():
    (line,) = told(Board(ValueError("a secret")), "pair")
    assert line == {"error": "internal", "text": "ValueError", "needs_laptop": False}


def test_a_function_that_is_not_there_is_an_error():
    (line,) = told(Board(), "unheard_of")
    assert line["error"] == "internal"


def test_a_scan_tells_whether_the_car_was_heard():
    radio = Radio(rssi=-70, heard=3)
    (line,) = told(Board(radio=radio), "scan")
    assert line["result"] == {"heard": 3, "car": True, "rssi": -70}
    assert len(radio.names) == VIN_NAMES and not radio.on


def test_a_scan_without_the_car_is_no_error():
    radio = Radio(NotFound("the car is not in reach"), heard=2)
    (line,) = told(Board(radio=radio), "scan")
    assert line["result"] == {"heard": 2, "car": False, "rssi": None}


def test_a_scan_needs_no_configuration():
    radio = Radio(NotFound("nothing"), heard=1)
    (line,) = told(Board(radio=radio, nothing=b""), "scan")
    assert line["result"]["heard"] == 1 and not radio.names


def test_a_radio_that_fails_is_an_error():
    radio = Radio(LinkError("the radio refuses"))
    (line,) = told(Board(radio=radio), "scan")
    assert line["error"] == "link" and not radio.on


def test_a_new_key_stays_on_the_fob():
    radio = Radio()
    # Zero is no scalar: another one is drawn.
    radio.draws = [bytes(32), bytes(31) + b"\1"]
    board = Board(radio=radio)
    (line,) = told(board, "new_key")
    public = line["result"]["public_key"]
    # The base point of P-256 (FIPS 186-4, D.1.2.3).
    assert public.startswith("046b17d1f2e12c4247f8bce6e563a440f2")
    kept = board.files.contents["key.bin.new"]
    assert kept[:32] == bytes(31) + b"\1"
    assert list(line["result"]) == ["public_key"] and not radio.on


def test_a_new_key_belongs_to_its_public_key():
    radio = Radio()
    radio.draws = [bytes(31) + b"\2"]
    board = Board(radio=radio)
    (line,) = told(board, "new_key")
    text = json.dumps(fields(public_key=line["result"]["public_key"])).encode()
    files = {"fob.json": text, "key.bin": board.files.contents["key.bin.new"]}
    assert load(files.get).car().private_key[-1] == 2


def of_scalar(number):
    """Return the public key of a small scalar, in hex, and the contents of its key.bin."""
    private = bytes(31) + bytes((number,))
    public = p256.public_key(private)
    check = crc32(private + public).to_bytes(4, "big")
    return hexlify(public).decode(), private + check


def whose(**files):
    (line,) = told(Board(**files), "whose_key")
    return line["result"]


def test_whose_key_it_is_says_the_public_one_only():
    public, key = of_scalar(1)
    other, _ = of_scalar(2)
    for named in (fields(public_key=public), fields(public_key=other), fields(public_key=5), []):
        assert whose(fob_json=json.dumps(named).encode(), key_bin=key) == {"public_key": public}
    assert whose(key_bin=key) == {"public_key": public}


def test_a_damaged_key_is_nobodys():
    public, key = of_scalar(1)
    text = json.dumps(fields(public_key=public)).encode()
    for damaged in (b"", key[:20], key[:32], bytes(36), key[:-1] + b"?", key + b"?"):
        assert whose(fob_json=text, key_bin=damaged) == {"public_key": None}
    assert whose(fob_json=text) == {"public_key": None}


def test_a_configuration_error_names_its_remedy():
    (line,) = told(Board(nothing=b""), "pair")
    assert line["error"] == ConfigError.code and "fob provision" in line["text"]
