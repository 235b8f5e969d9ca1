"""The watch over nonces and counters: no key may ever use one twice."""

from __future__ import annotations

import hashlib
import hmac
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from Crypto.Cipher import AES

TAG_LENGTH = 16

# Messages from unknown keys that are kept for the day their key is added.
_UNJUDGED_LIMIT = 256


@dataclass(frozen=True)
class Authenticated:
    """A message with a tag: whose it says it is, and its counter. epoch: of the signed-command
    protocol, empty in the older one."""

    key_id: bytes
    counter: int
    epoch: bytes

    def opens_with(self, key: bytes) -> bool:
        """Whether this was authenticated with the shared key `key`."""
        raise NotImplementedError


@dataclass(frozen=True)
class Sealed(Authenticated):
    """An AES-GCM message, and everything that a key needs to open it."""

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
        try:
            self.open(key)
        except ValueError:
            return False
        return True


@dataclass(frozen=True)
class Tagged(Authenticated):
    """A message in clear with an HMAC; metadata: what the tag covers before the payload."""

    metadata: bytes
    payload: bytes
    tag: bytes

    def opens_with(self, key: bytes) -> bool:
        command_key = hmac.digest(key, b"authenticated command", hashlib.sha256)
        tag = hmac.digest(command_key, self.metadata + self.payload, hashlib.sha256)
        return hmac.compare_digest(tag, self.tag)


class Reuse(Exception):
    """One key used something twice that it may use once, or the same message came twice."""

    def __init__(self, first: Authenticated, second: Authenticated, under: str) -> None:
        self.key_id = first.key_id
        self.identical = first == second
        what = "the same message again" if self.identical else "a second message"
        super().__init__(f"{what} from key {self.key_id.hex()} under {under}")


class NonceReuse(Reuse):
    """Two AES-GCM messages under one nonce."""

    def __init__(self, first: Sealed, second: Sealed) -> None:
        super().__init__(first, second, f"nonce {first.nonce.hex()}")
        self.nonce = first.nonce

    def __str__(self) -> str:
        return f"NONCE REUSED: {super().__str__()}"


class CounterReuse(Reuse):
    """Two messages under one counter: in one epoch, or in both protocols."""

    def __init__(self, first: Authenticated, second: Authenticated) -> None:
        both = bool(first.epoch) != bool(second.epoch)
        where = "of both protocols" if both else f"of epoch {first.epoch.hex()}"
        super().__init__(first, second, f"counter {first.counter} {where}")
        self.counter = first.counter

    def __str__(self) -> str:
        return f"COUNTER REUSED: {super().__str__()}"


class TokenReuse(Reuse):
    """One key answered one authenticationRequest token twice."""

    def __init__(self, key_id: bytes) -> None:
        Exception.__init__(self, f"TOKEN ANSWERED TWICE: by key {key_id.hex()}")
        self.key_id = key_id
        self.identical = False


class NonceRecord:
    """Every (key, nonce) and (key, counter) that ever came.

    Only a message that opens with a shared key proves that its holder used the nonce; a forgery
    proves nothing. Messages of keys not yet on the whitelist are judged when the key is added.
    """

    def __init__(self) -> None:
        self.seen: dict[tuple[bytes, bytes], Sealed] = {}
        """First message per (shared key, nonce)."""
        self.counters: dict[tuple[bytes, int], dict[bytes, Authenticated]] = {}
        """First message per (shared key, counter) and epoch."""
        self._unjudged: deque[Authenticated] = deque(maxlen=_UNJUDGED_LIMIT)

    def note(self, message: Authenticated, keys: Iterable[bytes]) -> Reuse | None:
        """Record a message; `keys` are the shared keys it may be sealed with."""
        for key in keys:
            if message.opens_with(key):
                nonce_reuse = self._note_nonce(message, key)
                # Recorded in any case: what comes next is compared with this one too.
                counter_reuse = self._note_counter(message, key)
                return nonce_reuse or counter_reuse
        return None

    def keep(self, message: Authenticated) -> None:
        """Keep a message of an unknown key for later."""
        self._unjudged.append(message)

    def key_added(self, key_id: bytes, keys: Iterable[bytes]) -> list[Reuse]:
        """Judge the messages that came from `key_id` before it was known."""
        kept = [message for message in self._unjudged if message.key_id == key_id]
        for message in kept:
            self._unjudged.remove(message)
        shared_keys = list(keys)
        return [reuse for message in kept if (reuse := self.note(message, shared_keys))]

    def _note_nonce(self, message: Authenticated, key: bytes) -> NonceReuse | None:
        if not isinstance(message, Sealed):
            return None
        first = self.seen.setdefault((key, message.nonce), message)
        return None if first is message else NonceReuse(first, message)

    def _note_counter(self, message: Authenticated, key: bytes) -> CounterReuse | None:
        epochs = self.counters.setdefault((key, message.counter), {})
        others = [
            first
            for epoch, first in epochs.items()
            if epoch == message.epoch or not epoch or not message.epoch
        ]
        epochs.setdefault(message.epoch, message)
        return CounterReuse(others[0], message) if others else None
