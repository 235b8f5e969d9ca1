"""What a button can do: the content of an UnsignedMessage (see fob.messages), by its name in
fob.json; empty where nothing is sent.
"""

from micropython import const

from fob import messages

# By their names in proto/vcsec.proto.
_RKE_ACTION_UNLOCK = const(0)
_RKE_ACTION_LOCK = const(1)
_RKE_ACTION_AUTO_SECURE_VEHICLE = const(29)
_VEHICLELOCKSTATE_UNLOCKED = const(0)
_VEHICLELOCKSTATE_LOCKED = const(1)

_LOCK_STATES = {
    _RKE_ACTION_UNLOCK: _VEHICLELOCKSTATE_UNLOCKED,
    _RKE_ACTION_LOCK: _VEHICLELOCKSTATE_LOCKED,
    _RKE_ACTION_AUTO_SECURE_VEHICLE: _VEHICLELOCKSTATE_LOCKED,
}


def parted(action):
    """Return name and car (None for whichever is near) of "NAME" or "NAME@CAR"."""
    name, _, number = action.partition("@")
    return name, int(number) if number else None


def unsigned(content, power):
    """Encode a content; an empty keyfobInfo is filled with what `power` measures, a
    hal.power.Power."""
    if content.get("keyfobInfo") == {}:
        known = {}
        for name, value in (
            ("batteryVoltage_mV", power.battery_mv()),
            ("temperature_degreesC", power.temperature_c()),
        ):
            if value is not None:
                known[name] = value
        content = {"keyfobInfo": known}
    return messages.unsigned(content)


def lock_state(content):
    """Return the VEHICLELOCKSTATE that a content leads to, None where there is none: such a command
    is not repeated when the car's answer is lost."""
    return _LOCK_STATES.get(content.get("RKEAction"))


def locks(content):
    """Whether it locks the car: who does so wants it to stay locked."""
    return lock_state(content) == _VEHICLELOCKSTATE_LOCKED
