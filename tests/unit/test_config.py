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
        "version": 2,
        "vin": "5YJ3E1EA1KF000000",
        "public_key": PUBLIC_KEY,
        "role": 3,
        "form_factor": 7,
        "enrol": "role",
        "light": "dim",
        "press_guard_ms": 150,
        "board": {
            "buttons": {"lock": 32, "unlock": 33},
            "active_low": True,
            "wake": {"ext0": 32, "ext1": [33], "gpio": []},
            "light": {"kind": "pin", "pin": 22, "inverted": True},
            "battery": {"pin": 35, "ratio": 2.0, "low_mv": 3400},
            "usb": None,
        },
    }
    content.update(changes)
    return content


def load(content):
    return config.load(json.dumps(content).encode(), KEY)


def test_a_configuration_is_read():
    settings = load(fields())
    assert settings.vin == "5YJ3E1EA1KF000000"
    assert settings.private_key == SCALAR
    assert settings.public_key == unhexlify(PUBLIC_KEY)
    assert (settings.role, settings.form_factor, settings.enrol) == (3, 7, "role")
    assert settings.buttons == {"lock": 32, "unlock": 33}
    assert settings.active_low is True
    assert settings.light == {"kind": "pin", "pin": 22, "inverted": True}
    assert (settings.brightness, settings.press_guard_ms) == ("dim", 150)
    assert settings.wake == {"ext0": 32, "ext1": [33], "gpio": []}
    assert settings.battery == {"pin": 35, "ratio": 2.0, "low_mv": 3400}
    assert settings.usb is None


def with_board(**changes):
    board = fields()["board"]
    board.update(changes)
    return fields(board=board)


def test_a_board_may_have_no_battery_and_a_usb_pin_to_look_at():
    settings = load(with_board(battery=None, usb=5))
    assert settings.battery is None and settings.usb == 5


def test_a_chip_may_wake_by_gpio_alone():
    wake = {"ext0": None, "ext1": [], "gpio": [32, 33]}
    assert load(with_board(wake=wake)).wake == wake


def test_the_protocol_is_found_out_where_nothing_else_is_said():
    assert load(fields()).protocol == "auto"


def test_the_protocol_may_be_set():
    for protocol in ("auto", "signed", "legacy"):
        assert load(fields(protocol=protocol)).protocol == protocol


def test_another_protocol_is_an_error():
    for protocol in ("", "Signed", "both", None, 1, ["signed"]):
        raises(ConfigError, load, fields(protocol=protocol))


def test_a_later_laptop_may_add_fields():
    assert load(fields(nickname="blue one")).role == 3


def test_a_missing_configuration_asks_for_the_laptop():
    assert raises(ConfigError, config.load, None, KEY).needs_laptop


def test_a_missing_key_is_an_error():
    raises(ConfigError, config.load, json.dumps(fields()).encode(), None)


def test_a_key_of_another_length_is_an_error():
    text = json.dumps(fields()).encode()
    for key in (b"", SCALAR, KEY[:-1], KEY + b"\0"):
        raises(ConfigError, config.load, text, key)


def test_a_damaged_key_is_an_error():
    text = json.dumps(fields()).encode()
    for at in range(len(KEY)):
        damaged = KEY[:at] + bytes((KEY[at] ^ 1,)) + KEY[at + 1 :]
        raises(ConfigError, config.load, text, damaged)


def test_a_key_that_does_not_belong_to_the_public_key_is_an_error():
    error = raises(ConfigError, load, fields(public_key="04" + "fedcba9876543210" * 8))
    assert error.needs_laptop and "key.bin" in str(error)


def test_damaged_json_is_an_error():
    text = json.dumps(fields()).encode()
    for length in range(0, len(text) - 1, 7):
        raises(ConfigError, config.load, text[:length], KEY)


def test_bytes_that_are_no_text_are_an_error():
    raises(ConfigError, config.load, b"\xff\xfe\x00", KEY)


def test_json_that_is_no_object_is_an_error():
    for text in (b"[]", b"1", b'"text"', b"null"):
        raises(ConfigError, config.load, text, KEY)


def test_another_version_is_an_error():
    for version in (0, 1, 3, None, "2"):
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
    text = str(raises(ConfigError, config.load, b"{}", KEY))
    assert "0001020304" not in text and "\\x" not in text
