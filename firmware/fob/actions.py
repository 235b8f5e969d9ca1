"""What a button can do: the place to add an action.

A button does the action that bears its name in the board's definition. An action is the content
of an UnsignedMessage (see fob.messages) and the lock state it leads to, None where there is none:
such an action is not repeated when the car's answer is lost.
"""

from micropython import const

# By their names in proto/vcsec.proto.
_RKE_ACTION_UNLOCK = const(0)
_RKE_ACTION_LOCK = const(1)
_VEHICLELOCKSTATE_UNLOCKED = const(0)
_VEHICLELOCKSTATE_LOCKED = const(1)

ACTIONS = {
    "lock": ({"RKEAction": _RKE_ACTION_LOCK}, _VEHICLELOCKSTATE_LOCKED),
    "unlock": ({"RKEAction": _RKE_ACTION_UNLOCK}, _VEHICLELOCKSTATE_UNLOCKED),
}

# Held together, these start pairing on a fob that is not paired.
PAIRING_CHORD = ("lock", "unlock")
