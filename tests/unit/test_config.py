"""The configuration as a laptop wrote it, and everything that may be wrong with it."""

import json
from binascii import crc32, unhexlify

from expect import raises

from fob import config
from fob.errors import ConfigError

SCALAR = bytes(range(32))
PUBLIC_KEY = "04" + "0123456789abcdef" * 8
KEY = SCALAR + crc32(SCALAR + unhexlify(PUBLIC_KEY)).to_bytes(4, "big")


def fields(**changes):
    content = {
        "version": 3,
        "cars": [1],
        "vin": "5YJ3E1EA1KF000000",
        "public_key": PUBLIC_KEY,
        "role": 3,
        "form_factor": 7,
        "enrol": "role",
        "protocol": "auto",
        "light": "dim",
        "press_guard_ms": 150,
        "gestures": {"lock": {"single": "lock"}, "unlock": {"single": "unlock"}},
        "actions": {"lock": {"RKEAction": 1}, "unlock": {"RKEAction": 0}},
        "warn_open": False,
        "passive": None,
        "board": {
            "buttons": {"lock": 32, "unlock": 33},
            "active_low": True,
            "wake": {"ext0": 32, "ext1": [33], "gpio": []},
            "light": {"kind": "pin", "pin": 22, "inverted": True},
            "battery": {"pin": 35, "ratio": 2.0, "low_mv": 3400},
            "usb": None,
            "buzzer": None,
            "vibration": None,
        },
    }
    content.update(changes)
    return content


def car_fields(**changes):
    content = {
        "version": 3,
        "vin": "5YJ3E1EA1KF000002",
        "public_key": None,
        "role": 2,
        "form_factor": 7,
        "enrol": "role",
        "protocol": "auto",
    }
    content.update(changes)
    return content


def read(**files):
    """Load from files by name, with _ in place of dot and slash."""
    return config.load(lambda path: files.get(path.replace(".", "_").replace("/", "_")))


def load_files(text, key):
    return read(fob_json=text, key_bin=key)


def load(content):
    return load_files(json.dumps(content).encode(), KEY)


def cars(*numbers, **files):
    """Load cars of these numbers, of files besides those of car 1."""
    text = json.dumps(fields(cars=list(numbers))).encode()
    return read(**dict({"fob_json": text, "key_bin": KEY}, **files))


def test_a_configuration_is_read():
    settings = load(fields())
    (car,) = settings.cars
    assert car.vin == "5YJ3E1EA1KF000000"
    assert car.private_key == SCALAR
    assert car.public_key == unhexlify(PUBLIC_KEY)
    assert (car.number, car.role, car.form_factor, car.enrol) == (1, 3, 7, "role")
    assert settings.board == fields()["board"]
    assert (settings.brightness, settings.press_guard_ms) == ("dim", 150)
    assert settings.battery == {"pin": 35, "ratio": 2.0, "low_mv": 3400}


def with_board(**changes):
    board = fields()["board"]
    board.update(changes)
    return fields(board=board)


def test_a_board_may_have_no_battery_and_a_usb_pin_to_look_at():
    settings = load(with_board(battery=None, usb=5))
    assert settings.battery is None and settings.board["usb"] == 5


def test_a_chip_may_wake_by_gpio_alone():
    wake = {"ext0": None, "ext1": [], "gpio": [32, 33]}
    assert load(with_board(wake=wake)).board["wake"] == wake


def test_the_protocol_may_be_set():
    for protocol in ("auto", "signed", "legacy"):
        assert load(fields(protocol=protocol)).cars[0].protocol == protocol


def test_another_protocol_is_an_error():
    for protocol in ("", "Signed", "both", None, 1, ["signed"]):
        raises(ConfigError, load, fields(protocol=protocol))


def test_a_later_laptop_may_add_fields():
    assert load(fields(nickname="blue one")).cars[0].role == 3


def test_a_missing_configuration_asks_for_the_laptop():
    assert raises(ConfigError, load_files, None, KEY).needs_laptop


def test_a_missing_key_is_an_error():
    raises(ConfigError, load_files, json.dumps(fields()).encode(), None)


def test_a_key_of_another_length_is_an_error():
    text = json.dumps(fields()).encode()
    for key in (b"", SCALAR, KEY[:-1], KEY + b"\0"):
        raises(ConfigError, load_files, text, key)


def test_a_damaged_key_is_an_error():
    text = json.dumps(fields()).encode()
    for at in range(len(KEY)):
        damaged = KEY[:at] + bytes((KEY[at] ^ 1,)) + KEY[at + 1 :]
        raises(ConfigError, load_files, text, damaged)


def test_a_key_that_does_not_belong_to_the_public_key_is_an_error():
    error = raises(ConfigError, load, fields(public_key="04" + "fedcba9876543210" * 8))
    assert error.needs_laptop and "key.bin" in str(error)


def test_damaged_json_is_an_error():
    text = json.dumps(fields()).encode()
    for length in range(0, len(text) - 1, 7):
        raises(ConfigError, load_files, text[:length], KEY)


def test_bytes_that_are_no_text_are_an_error():
    raises(ConfigError, load_files, b"\xff\xfe\x00", KEY)


def test_json_that_is_no_object_is_an_error():
    for text in (b"[]", b"1", b'"text"', b"null"):
        raises(ConfigError, load_files, text, KEY)


def test_another_version_is_an_error():
    for version in (0, 1, 2, 4, None, "3"):
        raises(ConfigError, load, fields(version=version))


def test_every_missing_field_is_an_error():
    for name in fields():
        content = fields()
        del content[name]
        raises(ConfigError, load, content)


def test_every_missing_part_of_the_board_is_an_error():
    for name in fields()["board"]:
        content = fields()
        del content["board"][name]
        raises(ConfigError, load, content)


def test_a_vin_of_another_length_is_an_error():
    raises(ConfigError, load, fields(vin="5YJ3E1EA1KF00000"))


def test_a_public_key_that_is_no_point_in_hex_is_an_error():
    for text in ("", "04", PUBLIC_KEY[:-2], PUBLIC_KEY[:-1], "zz" + PUBLIC_KEY[2:]):
        raises(ConfigError, load, fields(public_key=text))


def test_fields_of_another_type_are_errors():
    for name, value in (
        ("vin", 17),
        ("public_key", 4),
        ("role", "driver"),
        ("form_factor", None),
        ("board", None),
        ("board", []),
    ):
        raises(ConfigError, load, fields(**{name: value}))


def test_numbers_out_of_bounds_are_errors():
    for name, value in (
        ("role", 0),
        ("role", 256),
        ("form_factor", -1),
        ("press_guard_ms", -1),
        ("press_guard_ms", 1001),
        ("press_guard_ms", None),
        ("press_guard_ms", True),
    ):
        raises(ConfigError, load, fields(**{name: value}))


def test_a_board_out_of_bounds_is_an_error():
    battery = {"pin": 35, "ratio": 2, "low_mv": 3400}
    wake = {"ext0": None, "ext1": [], "gpio": []}
    for change in (
        {"buttons": {"lock": 32, "unlock": 49}},
        {"buttons": {"lock": -1, "unlock": 33}},
        {"buttons": {"button%d" % pin: pin for pin in range(9)}},
        {"light": {"kind": "lamp", "pin": 22, "inverted": False}},
        {"light": {"kind": "pin", "pin": 99, "inverted": False}},
        {"wake": dict(wake, ext0=4)},
        {"wake": dict(wake, ext1=[32, 4])},
        {"wake": dict(wake, gpio=[4])},
        {"wake": dict(wake, gpio=32)},
        {"battery": dict(battery, pin=99)},
        {"battery": dict(battery, ratio=0)},
        {"battery": dict(battery, ratio=21)},
        {"battery": dict(battery, low_mv=0)},
        {"battery": dict(battery, low_mv="3400")},
        {"wake": dict(wake, ext0=32.0)},
        {"usb": 5.0},
        {"usb": 99},
        {"usb": "5"},
    ):
        raises(ConfigError, load, with_board(**change))


def test_a_brightness_that_does_not_exist_is_an_error():
    raises(ConfigError, load, fields(light="bright"))


def test_the_light_is_known_without_a_configuration():
    text = json.dumps(fields()["board"]["light"])
    assert config.light(text.encode()) == {"kind": "pin", "pin": 22, "inverted": True}


def test_no_light_is_known_from_what_describes_none():
    for text in (None, b"", b"\xff", b"[]", b"{}", b'{"kind": "pin", "pin": 99, "inverted": 0}'):
        assert config.light(text) is None


def test_an_enrol_form_that_does_not_exist_is_an_error():
    raises(ConfigError, load, fields(enrol="card"))


def test_no_error_tells_the_key():
    text = str(raises(ConfigError, load_files, b"{}", KEY))
    assert "0001020304" not in text and "\\x" not in text


def with_gestures(gestures, actions):
    return fields(gestures=gestures, actions=actions)


def test_gestures_name_actions_and_may_name_a_car():
    content = with_gestures({"lock": {"hold": "wake@4"}, "both": {}}, {"wake": {"RKEAction": 30}})
    settings = load(content)
    assert settings.gestures == content["gestures"] and settings.actions == content["actions"]


def test_gestures_of_no_use_are_errors():
    for gestures, actions in (
        (None, {}),
        ({"lock": None}, {}),
        ({"lock": {"single": "lock"}}, {}),
        ({"lock": {"single": 1}}, {}),
        ({"lock": {"single": "lock@5"}}, {"lock": {}}),
        ({"lock": {"single": "lock@x"}}, {"lock": {}}),
        ({}, {"lock": None}),
        ({}, []),
        ({}, {"lock": {"RKEAction": []}}),
    ):
        raises(ConfigError, load, with_gestures(gestures, actions))


def test_passive_entry_is_off_or_has_its_bounds():
    passive = {"level": 2, "minutes": 10, "form": "auto", "secure_at_end": False}
    assert load(fields()).passive is None
    assert load(fields(passive=passive)).passive == passive
    for name, value in (
        ("level", 0),
        ("level", 3),
        ("level", None),
        ("minutes", 0),
        ("minutes", 61),
        ("form", "bare"),
    ):
        raises(ConfigError, load, fields(passive=dict(passive, **{name: value})))
    for name in passive:
        less = dict(passive)
        del less[name]
        raises(ConfigError, load, fields(passive=less))


def test_buzzer_and_motor_are_read():
    settings = load(
        with_board(
            buzzer={"kind": "tone", "pin": 4, "inverted": False},
            vibration={"pin": 5, "inverted": True},
        )
    )
    assert settings.board["buzzer"] == {"kind": "tone", "pin": 4, "inverted": False}
    assert settings.board["vibration"] == {"pin": 5, "inverted": True}


def test_buzzers_and_motors_out_of_bounds_are_errors():
    for change in (
        {"buzzer": {"kind": "horn", "pin": 4, "inverted": False}},
        {"buzzer": {"kind": "tone", "pin": 99, "inverted": False}},
        {"buzzer": {"kind": "tone"}},
        {"vibration": {"pin": 99, "inverted": False}},
        {"vibration": []},
    ):
        raises(ConfigError, load, with_board(**change))


def test_another_car_may_know_the_same_key():
    other = cars(1, 2, car2_car_json=json.dumps(car_fields()).encode()).cars[1]
    assert (other.number, other.vin, other.role) == (2, "5YJ3E1EA1KF000002", 2)
    assert other.private_key == SCALAR


def test_another_car_may_have_a_key_of_its_own():
    scalar, public = bytes(range(1, 33)), "04" + "fedcba9876543210" * 8
    key = scalar + crc32(scalar + unhexlify(public)).to_bytes(4, "big")
    text = json.dumps(car_fields(public_key=public)).encode()
    settings = cars(1, 3, car3_car_json=text, car3_key_bin=key)
    assert settings.car(3).private_key == scalar and settings.car(1).private_key == SCALAR
    assert settings.broken == {}


def test_a_car_of_no_use_leaves_the_others_alone():
    good = json.dumps(car_fields()).encode()
    old = json.dumps(car_fields(version=2)).encode()
    own = json.dumps(car_fields(public_key=PUBLIC_KEY)).encode()
    for text in (None, b"{", b"[]", b"{}", old, own, good.replace(b"5YJ", b"")):
        settings = cars(1, 2, car2_car_json=text)
        assert [car.number for car in settings.cars] == [1]
        assert "fob provision" in settings.broken[2] and "car2/" in settings.broken[2]
    raises(ConfigError, lambda: cars(1, 2, car2_car_json=good, key_bin=b""))


def test_a_car_whose_own_key_is_whole_outlives_the_loss_of_the_first_one():
    text = json.dumps(car_fields(public_key=PUBLIC_KEY)).encode()
    settings = cars(1, 2, car2_car_json=text, car2_key_bin=KEY, key_bin=None)
    assert [car.number for car in settings.cars] == [2] and 1 in settings.broken


def test_car_1_may_be_gone():
    settings = cars(2, car2_car_json=json.dumps(car_fields()).encode())
    assert settings.car().number == 2
    raises(ConfigError, settings.car, 1)


def test_a_list_of_cars_of_no_use_is_an_error():
    for numbers in (None, [], [0], [5], ["1"], 1):
        raises(ConfigError, load, fields(cars=numbers))


def test_an_owner_changes_with_every_key_and_car():
    text = json.dumps(car_fields()).encode()
    one, other, both = load(fields()), cars(2, car2_car_json=text), cars(1, 2, car2_car_json=text)
    owners = {one.owner, other.owner, both.owner}
    assert len(owners) == 3 and all(len(owner) == 4 for owner in owners)
    # With one car it is that of the car.
    assert one.owner == one.cars[0].owner == both.cars[0].owner
