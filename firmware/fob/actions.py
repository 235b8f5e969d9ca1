"""What a button can do: the place to add an action.

A button does the action that bears its name in the board's definition. An action is the content
of an UnsignedMessage (see fob.messages) and the lock state it leads to, None where there is none:
such an action is not repeated when the car's answer is lost.
"""

from fob import codes

ACTIONS = {
    "lock": ({"RKEAction": codes.RKE_ACTION_LOCK}, codes.VEHICLELOCKSTATE_LOCKED),
    "unlock": ({"RKEAction": codes.RKE_ACTION_UNLOCK}, codes.VEHICLELOCKSTATE_UNLOCKED),
}

# Held together, these start pairing on a fob that is not paired.
PAIRING_CHORD = ("lock", "unlock")
