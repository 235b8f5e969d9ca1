"""The keys a car knows, and the rules by which they come, change and go."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from host_tools.protocol import vcsec_pb2 as vcsec

from . import keys

MAX_KEYS = 19
MAX_KEY_FOBS = 4

_KEY_FOBS = frozenset(
    (
        vcsec.KEY_FORM_FACTOR_3_BUTTON_BLE_CAR_KEYFOB,
        vcsec.KEY_FORM_FACTOR_3_BUTTON_BLE_CAR_KEYFOB_P60,
        vcsec.KEY_FORM_FACTOR_3_BUTTON_GEN2_CAR_KEYFOB_P60,
        vcsec.KEY_FORM_FACTOR_5_BUTTON_GEN2_CAR_KEYFOB_P60,
        vcsec.KEY_FORM_FACTOR_3_BUTTON_GEN2_CAR_KEYFOB_P60_V2,
        vcsec.KEY_FORM_FACTOR_3_BUTTON_GEN2_CAR_KEYFOB_P60_V3,
    )
)

_USE = frozenset(
    (
        vcsec.WHITELISTKEYPERMISSION_LOCAL_UNLOCK,
        vcsec.WHITELISTKEYPERMISSION_LOCAL_DRIVE,
        vcsec.WHITELISTKEYPERMISSION_REMOTE_UNLOCK,
        vcsec.WHITELISTKEYPERMISSION_REMOTE_DRIVE,
    )
)
_MANAGE = frozenset(
    (
        vcsec.WHITELISTKEYPERMISSION_ADD_TO_WHITELIST,
        vcsec.WHITELISTKEYPERMISSION_CHANGE_PERMISSIONS,
        vcsec.WHITELISTKEYPERMISSION_REMOVE_FROM_WHITELIST,
    )
)
_ROLE_PERMISSIONS: dict[int, frozenset[int]] = {
    vcsec.ROLE_SERVICE: frozenset(_USE),
    vcsec.ROLE_OWNER: frozenset(_USE | _MANAGE),
    vcsec.ROLE_DRIVER: frozenset(_USE),
    vcsec.ROLE_FM: frozenset(_USE),
    vcsec.ROLE_GUEST: frozenset(_USE),
}


@dataclass
class WhitelistKey:
    """One entry. `counter` is the last one accepted from this key."""

    public_key: bytes
    permissions: frozenset[int] = frozenset()
    role: int = vcsec.ROLE_NONE
    form_factor: int = vcsec.KEY_FORM_FACTOR_UNKNOWN
    slot: int = -1
    counter: int = 0
    keyfob_info: vcsec.KeyfobInfo | None = None
    key_id: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.key_id = keys.key_id(self.public_key)

    @property
    def all_permissions(self) -> frozenset[int]:
        """Those that were given, and those that come with the role."""
        return self.permissions | _ROLE_PERMISSIONS.get(self.role, frozenset())

    def may(self, permission: int) -> bool:
        return permission in self.all_permissions

    @property
    def is_key_fob(self) -> bool:
        return self.form_factor in _KEY_FOBS


def _nobodys_key(number: int) -> bytes:
    """A valid public key, another one for each number."""
    seed = hashlib.sha512(f"nobody's key {number}".encode()).digest()
    return keys.VehicleKey.generate(lambda length: seed[:length]).public_key


class WhitelistRefusal(Exception):
    """A change was refused; `information` is the WhitelistOperation_information_E."""

    def __init__(self, information: int) -> None:
        name = vcsec.WhitelistOperation_information_E.Name(information)
        super().__init__(name.removeprefix("WHITELISTOPERATION_INFORMATION_"))
        self.information = information


class Whitelist:
    """Up to 19 keys in numbered slots, at most 4 of them key fobs."""

    def __init__(self) -> None:
        self._slots: dict[int, WhitelistKey] = {}

    def __iter__(self) -> Iterator[WhitelistKey]:
        return iter([self._slots[slot] for slot in sorted(self._slots)])

    def __len__(self) -> int:
        return len(self._slots)

    def find(self, key_id: bytes) -> WhitelistKey | None:
        return next((key for key in self if key.key_id == key_id), None)

    def find_public(self, public_key: bytes) -> WhitelistKey | None:
        """Like `find`, by the whole key."""
        return next((key for key in self if key.public_key == public_key), None)

    def at(self, slot: int) -> WhitelistKey | None:
        return self._slots.get(slot)

    def check_addition(self, key: WhitelistKey) -> None:
        """Raises WhitelistRefusal if `key` cannot be added."""
        if not keys.is_public_key(key.public_key):
            raise WhitelistRefusal(vcsec.WHITELISTOPERATION_INFORMATION_INVALID_PUBLIC_KEY)
        if self.find(key.key_id):
            raise WhitelistRefusal(
                vcsec.WHITELISTOPERATION_INFORMATION_ATTEMPTING_TO_ADD_KEY_THAT_IS_ALREADY_ON_THE_WHITELIST
            )
        if len(self) >= MAX_KEYS:
            raise WhitelistRefusal(vcsec.WHITELISTOPERATION_INFORMATION_WHITELIST_FULL)
        if key.is_key_fob and sum(other.is_key_fob for other in self) >= MAX_KEY_FOBS:
            raise WhitelistRefusal(vcsec.WHITELISTOPERATION_INFORMATION_KEYFOB_SLOTS_FULL)

    def add(self, key: WhitelistKey) -> WhitelistKey:
        """Put a key into the first free slot; raises WhitelistRefusal."""
        self.check_addition(key)
        key.slot = next(slot for slot in range(MAX_KEYS) if slot not in self._slots)
        self._slots[key.slot] = key
        return key

    def fill(self, *, key_fobs: bool = False) -> int:
        """Add keys that nobody has until the list is full, or with `key_fobs` only key fobs until
        all their places are taken. Returns how many were added."""
        before = len(self)
        limit, form_factor = MAX_KEYS, vcsec.KEY_FORM_FACTOR_ANDROID_DEVICE
        if key_fobs:
            fobs = sum(key.is_key_fob for key in self)
            limit = min(MAX_KEYS, before + MAX_KEY_FOBS - fobs)
            form_factor = vcsec.KEY_FORM_FACTOR_3_BUTTON_BLE_CAR_KEYFOB
        candidates = (_nobodys_key(number) for number in itertools.count())
        while len(self) < limit:
            public_key = next(candidates)
            if not self.find_public(public_key):
                self.add(WhitelistKey(public_key, role=vcsec.ROLE_DRIVER, form_factor=form_factor))
        return len(self) - before

    def remove(self, key_id: bytes) -> WhitelistKey:
        """Take a key off; raises WhitelistRefusal."""
        return self._slots.pop(self.get(key_id).slot)

    def get(self, key_id: bytes) -> WhitelistKey:
        """Like `find`, but raises WhitelistRefusal."""
        key = self.find(key_id)
        if key is None:
            raise WhitelistRefusal(vcsec.WHITELISTOPERATION_INFORMATION_PUBLIC_KEY_NOT_ON_WHITELIST)
        return key
