"""The watch over nonces, counters and answered tokens: no key may ever use one twice."""

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
    """One key used something twice that it may use once; `identical`: in the same message."""

    def __init__(self, key_id: bytes, text: str, *, identical: bool = False) -> None:
        super().__init__(text)
        self.key_id = key_id
        self.identical = identical


class NonceReuse(Reuse):
    """Two AES-GCM messages under one nonce."""

    def __init__(self, first: Sealed, second: Sealed) -> None:
        self.nonce = first.nonce
        text = f"NONCE REUSED: {_told(first, second)} under nonce {first.nonce.hex()}"
        super().__init__(first.key_id, text, identical=first == second)


class CounterReuse(Reuse):
    """Two messages under one counter: in one epoch, or in both protocols."""

    def __init__(self, first: Authenticated, second: Authenticated) -> None:
        self.counter = first.counter
        both = bool(first.epoch) != bool(second.epoch)
        where = "of both protocols" if both else f"of epoch {first.epoch.hex()}"
        text = f"COUNTER REUSED: {_told(first, second)} under counter {first.counter} {where}"
        super().__init__(first.key_id, text, identical=first == second)


class TokenReuse(Reuse):
    """Two answers to the token of one authenticationRequest."""

    def __init__(self, key_id: bytes) -> None:
        super().__init__(key_id, f"TOKEN ANSWERED TWICE: by key {key_id.hex()}")


def _told(first: Authenticated, second: Authenticated) -> str:
    what = "the same message again" if first == second else "a second message"
    return f"{what} from key {first.key_id.hex()}"


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
