"""The watch over nonces: no key may ever seal two messages under one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from Crypto.Cipher import AES

TAG_LENGTH = 16

# Messages from unknown keys that are kept for the day their key is added.
_UNJUDGED_LIMIT = 256


@dataclass(frozen=True)
class Sealed:
    """An AES-GCM message: whose it says it is, and everything a key needs to open it."""

    key_id: bytes
    nonce: bytes
    ciphertext: bytes
    tag: bytes
    aad: bytes = b""

    def open(self, key: bytes) -> bytes:
        """Return the plaintext; raises ValueError unless all 16 bytes of the tag are right."""
        if len(self.tag) != TAG_LENGTH:
            raise ValueError(f"tag of {len(self.tag)} bytes")
        cipher = AES.new(key, AES.MODE_GCM, nonce=self.nonce, mac_len=TAG_LENGTH)
        cipher.update(self.aad)
        return cipher.decrypt_and_verify(self.ciphertext, self.tag)

    def opens_with(self, key: bytes) -> bool:
        """Whether this was sealed with `key`."""
        try:
            self.open(key)
        except ValueError:
            return False
        return True


class NonceReuse(Exception):
    """One key sealed two messages under one nonce, or the same message came twice."""

    def __init__(self, first: Sealed, second: Sealed) -> None:
        self.key_id = first.key_id
        self.nonce = first.nonce
        self.identical = first == second
        what = "the same message again" if self.identical else "a second message"
        super().__init__(
            f"NONCE REUSED: {what} from key {self.key_id.hex()} under nonce {self.nonce.hex()}"
        )


class NonceRecord:
    """Every (key, nonce) that ever came.

    Only a message that opens with a shared key proves that its holder used the nonce; a forgery
    proves nothing. Messages of keys not yet on the whitelist are judged when the key is added.
    """

    def __init__(self) -> None:
        self.seen: dict[tuple[bytes, bytes], Sealed] = {}
        """First message per (shared key, nonce)."""
        self._unjudged: deque[Sealed] = deque(maxlen=_UNJUDGED_LIMIT)

    def note(self, sealed: Sealed, keys: Iterable[bytes]) -> NonceReuse | None:
        """Record a message; `keys` are the shared keys it may be sealed with."""
        for key in keys:
            if sealed.opens_with(key):
                first = self.seen.setdefault((key, sealed.nonce), sealed)
                return None if first is sealed else NonceReuse(first, sealed)
        return None

    def keep(self, sealed: Sealed) -> None:
        """Keep a message of an unknown key for later."""
        self._unjudged.append(sealed)

    def key_added(self, key_id: bytes, keys: Iterable[bytes]) -> list[NonceReuse]:
        """Judge the messages that came from `key_id` before it was known."""
        kept = [sealed for sealed in self._unjudged if sealed.key_id == key_id]
        for sealed in kept:
            self._unjudged.remove(sealed)
        shared_keys = list(keys)
        return [reuse for sealed in kept if (reuse := self.note(sealed, shared_keys))]
