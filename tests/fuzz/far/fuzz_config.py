"""Files of the laptop with anything in them: a ConfigError that names the remedy, or one of use.

An input has four files in turn, NUL between them: fob.json, car2/car.json, light.json and key.bin;
without a key.bin, that one is right.
"""

import json
from binascii import crc32, unhexlify

import virtual_time  # noqa: F401 - the clock of the firmware

from fob import actions, config, names, whitelist
from fob.errors import ConfigError

_SCALAR = bytes(range(32))
_NAMES = "fob.json", "car2/car.json", "light.json"
_LIGHT = {"kind", "pin", "inverted"}


class Power:
    """Measures nothing."""

    def battery_mv(self):
        return None

    temperature_c = battery_mv


def answer(data):
    """Return the ConfigError without its number, or what there is of use."""
    parts = data.split(b"\0", 3)
    files = {}
    for name, text in zip(_NAMES, parts):
        if text:
            files[name] = text
    files["key.bin"] = parts[3] if len(parts) > 3 else _key(files.get("fob.json"))
    _light(config.light(files.get("light.json")))
    try:
        settings = config.load(files.get)
    except ConfigError as error:
        return _sound(str(error))
    for text in settings.broken.values():
        _sound(text)
    _use(settings)
    return "%d cars, %d broken" % (min(len(settings.cars), 4), min(len(settings.broken), 4))


def _key(text):
    try:
        public_key = unhexlify(json.loads(text)["public_key"])
    except Exception:  # noqa: BLE001 - then no key.bin is right
        return None
    return _SCALAR + crc32(_SCALAR + public_key).to_bytes(4, "big")


def _sound(text):
    assert "\n" not in text and text.endswith(": run `fob provision`"), text
    return text


def _light(light):
    """What hal.light.build takes."""
    if light is not None:
        assert set(light) >= _LIGHT and isinstance(light["pin"], int)


def _use(settings):
    """What the firmware does with it where no error is looked for."""
    board = settings.board
    _light(board["light"])
    _light(board["buzzer"])
    assert board["vibration"] is None or isinstance(board["vibration"]["pin"], int)
    for gpio in list(board["buttons"].values()) + list(board["wake"]["ext1"]):
        assert isinstance(gpio, int)
    assert isinstance(settings.press_guard_ms, int)
    if settings.passive:
        assert isinstance(settings.passive["minutes"], int)
    for button in ("lock", "unlock", "both", "no button"):
        mapped = settings.gestures.get(button, {})
        for gesture, meaning in mapped.items():
            assert isinstance(gesture, str)
            name, number = actions.parted(meaning)
            assert number in (None, 1, 2, 3, 4)
            content = settings.actions[name]
            actions.locks(content)
            if content:
                _encode(content)
    assert len(settings.owner) == 4
    for car in settings.cars:
        assert len(names.of(car.vin)) == 5 and len(car.private_key) == 32
        assert whitelist.enrolment(car.public_key, car.role, car.form_factor)
        assert settings.car(car.number).number == car.number


def _encode(content):
    try:
        assert actions.unsigned(content, Power())
    except (AttributeError, LookupError, TypeError, ValueError):
        # A press says so; nothing worse comes of it.
        pass
