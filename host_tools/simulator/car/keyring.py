"""The vehicle's key pair, what it shares with other keys, and the watch over their messages.

Both protocols of the car use one of these.
"""

from __future__ import annotations

from collections.abc import Callable

from .keys import Agreement, Random, VehicleKey
from .nonces import Authenticated, NonceRecord, Reuse
from .whitelist import Whitelist, WhitelistKey

# Former vehicle keys with which an old message is still recognised in the nonce record.
_FORMER_KEYS = 8


class KeyRing:
    """Shared keys are cached per key pair."""

    def __init__(
        self, whitelist: Whitelist, vehicle_key: Agreement, on_reuse: Callable[[Reuse], None]
    ) -> None:
        self._whitelist = whitelist
        self._vehicle_keys: list[Agreement] = [vehicle_key]
        self._shared_keys: dict[tuple[bytes, bytes], bytes] = {}
        self._on_reuse = on_reuse
        self.nonces = NonceRecord()

    @property
    def vehicle_key(self) -> Agreement:
        return self._vehicle_keys[0]

    def rotate(self, random: Random) -> None:
        """Replace the vehicle's key pair; messages sealed for the old one no longer open."""
        self._vehicle_keys = [VehicleKey.generate(random), *self._vehicle_keys[: _FORMER_KEYS - 1]]

    def shared_key(self, public_key: bytes) -> bytes:
        """The 16-byte key shared with a valid public key."""
        return self._shared_key(public_key, self.vehicle_key)

    def note(self, message: Authenticated) -> None:
        """Watch a message, whether or not the car acts on it."""
        key = self._whitelist.find(message.key_id)
        if key is None:
            self.nonces.keep(message)
        elif reuse := self.nonces.note(message, self._all_shared_keys(key)):
            self._on_reuse(reuse)

    def key_added(self, key: WhitelistKey) -> None:
        """Look again at what came from this key before it was known."""
        for reuse in self.nonces.key_added(key.key_id, self._all_shared_keys(key)):
            self._on_reuse(reuse)

    def _all_shared_keys(self, key: WhitelistKey) -> list[bytes]:
        return [self._shared_key(key.public_key, own) for own in self._vehicle_keys]

    def _shared_key(self, public_key: bytes, vehicle_key: Agreement) -> bytes:
        pair = (vehicle_key.public_key, public_key)
        if pair not in self._shared_keys:
            self._shared_keys[pair] = vehicle_key.agree(public_key)
        return self._shared_keys[pair]
