"""What is known of the car: proven sessions, where it was met, which handles it answers on.

Two copies: the file "session", and "car" in retained memory, so that a wake reads no file. Both
hold the same bytes, the file with the owner before them: traits, address type and address, handles
and flags, then per session a shared key and a vehicle key.
"""

from struct import pack as pack_numbers
from struct import unpack as unpack_numbers

from micropython import const

from fob.errors import StoreError
from fob.store import pack, unpack

# Traits of the car: it wants authenticationResponse NONE at the start of a session of the older
# protocol; it was proven in the signed-command protocol; it encrypts its answers there.
NEEDS_NONE = const(1)
SIGNED = const(2)
ENCRYPTS = const(4)

_FILE = "session"
_RETAINED = "car"
_OWNER = const(4)
_HEAD = ">BB6sHHHB"
_HEAD_SIZE = const(15)
_SHARED_KEY = const(16)
_KEYS = const(16 + 65)
_NOWHERE = (0xFF, bytes(6))
# Zero is no handle in ATT.
_NO_HANDLES = (0, 0, 0, 0)


class SessionCache:
    """`sessions` as (vehicle key, shared key), `traits`, `peer` and `handles`.

    The last session is the one that pairing proved: nothing that comes over the air replaces it,
    only another pairing or the owner's confirmation. Before it stands the one that a press
    confirmed last, where the car's key has changed since, or somebody pretended so. `traits` are
    the bits named above. `peer` is (address type, 6 bytes) or None; `handles` is (to vehicle, from
    vehicle, CCCD, flags) or None, with bit 0 of the flags: write with response, bit 1: indicate
    (else notify).

    `owner` is 4 bytes that tell this key and car from others: what was kept for an earlier key is
    nothing. Whatever is missing, damaged, foreign, stale or could not be written costs one more
    handshake or discovery, nothing else.
    """

    def __init__(self, flash, retained, owner):
        self._flash = flash
        self._retained = retained
        self._owner = owner
        self.sessions = []
        self.traits = 0
        self.peer = None
        self.handles = None
        if not self._parse(retained.get(_RETAINED) or b""):
            payload = unpack(flash.read(_FILE) or b"") or b""
            if payload[:_OWNER] == owner and self._parse(payload[_OWNER:]):
                self._retained.put(_RETAINED, payload[_OWNER:])

    @property
    def spoken(self):
        """The protocol that was proven, "signed" or "legacy"; None before any was."""
        if not self.sessions:
            return None
        return "signed" if self.traits & SIGNED else "legacy"

    def keep(self, session, traits, paired=False):
        """Make a session durable that a press confirmed, or that pairing proved.

        Writes nothing when nothing changed.
        """
        anchor = session if paired or not self.sessions else self.sessions[-1]
        sessions = [session] if session == anchor else [session, anchor]
        if sessions == self.sessions and traits == self.traits:
            return
        self.sessions, self.traits = sessions, traits
        self._save()

    def adopt(self):
        """The owner confirms the session that a press confirmed last: the other one goes, and with
        it what it proved of the answers."""
        if len(self.sessions) > 1:
            self.sessions = self.sessions[:1]
            self.traits &= ~ENCRYPTS
            self._save()

    def meet(self, peer, handles):
        """Remember where the car was met and by which handles; either may be None.

        An address alone is retained only: a car may take a new one every quarter of an hour.
        """
        durable = handles != self.handles and self.sessions
        self.peer, self.handles = peer, handles
        if durable:
            self._save()
        else:
            self._retained.put(_RETAINED, self._payload())

    def _save(self):
        payload = self._payload()
        # A reset on the way finds the file, whole, and no retained copy that is older.
        self._retained.put(_RETAINED, b"")
        try:
            self._flash.write(_FILE, pack(self._owner + payload))
        except StoreError:
            pass
        self._retained.put(_RETAINED, payload)

    def _payload(self):
        peer = self.peer or _NOWHERE
        payload = pack_numbers(_HEAD, self.traits, *peer, *(self.handles or _NO_HANDLES))
        for vehicle_key, shared_key in self.sessions:
            payload += shared_key + vehicle_key
        return payload

    def _parse(self, payload):
        """Take over a payload; False, and nothing taken, when it is none."""
        if len(payload) not in (_HEAD_SIZE, _HEAD_SIZE + _KEYS, _HEAD_SIZE + 2 * _KEYS):
            return False
        head = unpack_numbers(_HEAD, payload[:_HEAD_SIZE])
        self.traits = head[0]
        self.peer = None if head[1:3] == _NOWHERE else head[1:3]
        self.handles = None if head[3:] == _NO_HANDLES else head[3:]
        for at in range(_HEAD_SIZE, len(payload), _KEYS):
            vehicle_key = at + _SHARED_KEY
            self.sessions.append((payload[vehicle_key : at + _KEYS], payload[at:vehicle_key]))
        return True
