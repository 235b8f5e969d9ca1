"""How keys get on the whitelist and off it: asked for, then approved by a card or another key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from host_tools.protocol import vcsec_pb2 as vcsec

from . import answers, keys
from .behaviour import Behaviour
from .connection import CarConnection
from .events import Log
from .whitelist import Whitelist, WhitelistKey, WhitelistRefusal

_ADDITIONS = ("addPublicKeyToWhitelist", "addKeyToWhitelistAndAddPermissions")
_NO_TAP = vcsec.WHITELISTOPERATION_INFORMATION_LOCAL_ENTITY_AUTH_FAILED_TIMED_OUT_WAITING_FOR_TAP


@dataclass(frozen=True)
class Pending:
    """A request that waits for the tap of a card until `deadline`."""

    operation: vcsec.WhitelistOperation
    connection: CarConnection
    deadline: float


class Enrolment:
    """The changes of one car's whitelist. At most one request waits for a card."""

    def __init__(
        self,
        whitelist: Whitelist,
        behaviour: Behaviour,
        log: Log,
        on_added: Callable[[WhitelistKey], None],
    ) -> None:
        self._whitelist = whitelist
        self._behaviour = behaviour
        self._log = log
        self._on_added = on_added
        self.pending: Pending | None = None

    def request(
        self, operation: vcsec.WhitelistOperation, connection: CarConnection, now: float
    ) -> None:
        """Take a request that a card must approve; a newer one replaces one that waits."""
        if not _role_given(operation) and self._behaviour.require_role == "ignore":
            self._log("ignored", "request to add a key without a role", connection)
            return
        try:
            self._check(operation)
        except WhitelistRefusal as refusal:
            self._refuse(connection, refusal)
            return
        self.pending = Pending(operation, connection, now + self._behaviour.tap_timeout)
        self._log("enrolment", "waiting for the tap of a card", connection)
        if self._behaviour.announce_enrolment:
            connection.send(answers.wait(), "commandStatus")

    def tap(self, card: WhitelistKey) -> bool:
        """A card is held to the reader; False if nothing waited for it."""
        pending, self.pending = self.pending, None
        if pending is None:
            self._log("enrolment", "card tapped, but nothing waits for it")
            return False
        self._log("enrolment", f"card {card.key_id.hex()} tapped", pending.connection)
        try:
            self.apply(pending.operation, card)
        except WhitelistRefusal as refusal:
            self._refuse(pending.connection, refusal)
            return True
        if self._behaviour.announce_enrolment:
            pending.connection.send(answers.whitelist_done(card.key_id), "commandStatus")
        return True

    @property
    def due(self) -> float | None:
        """When `tick` gives up."""
        return self.pending.deadline if self.pending else None

    def tick(self, now: float) -> None:
        """Give up on a request whose time is over."""
        if self.pending is None or now < self.pending.deadline:
            return
        connection = self.pending.connection
        self.pending = None
        self._refuse(connection, WhitelistRefusal(_NO_TAP))

    def apply(self, operation: vcsec.WhitelistOperation, signer: WhitelistKey) -> None:
        """Change the whitelist in the name of `signer`; raises WhitelistRefusal."""
        which = operation.WhichOneof("sub_message")
        if which in _ADDITIONS:
            self._check(operation)
            self._add(_new_key(operation), signer)
        elif which == "removePublicKeyFromWhitelist":
            self._remove(operation.removePublicKeyFromWhitelist.PublicKeyRaw, signer)
        elif which == "addPermissionsToPublicKey":
            change = operation.addPermissionsToPublicKey
            key = self._changeable(change, signer)
            _require_not_above(signer, frozenset(change.permission))
            key.permissions |= frozenset(change.permission)
        elif which == "removePermissionsFromPublicKey":
            change = operation.removePermissionsFromPublicKey
            key = self._changeable(change, signer)
            if key.key_id == signer.key_id:
                raise WhitelistRefusal(
                    vcsec.WHITELISTOPERATION_INFORMATION_ATTEMPTING_TO_REMOVE_OWN_PERMISSIONS
                )
            key.permissions -= frozenset(change.permission)
        else:
            raise WhitelistRefusal(vcsec.WHITELISTOPERATION_INFORMATION_UNDOCUMENTED_ERROR)

    def _check(self, operation: vcsec.WhitelistOperation) -> None:
        if operation.WhichOneof("sub_message") not in _ADDITIONS:
            return
        if not _role_given(operation) and self._behaviour.require_role:
            raise WhitelistRefusal(
                vcsec.WHITELISTOPERATION_INFORMATION_ATTEMPTING_TO_ADD_KEY_WITHOUT_ROLE
            )
        self._whitelist.check_addition(_new_key(operation))

    def _add(self, key: WhitelistKey, signer: WhitelistKey) -> None:
        if not signer.may(vcsec.WHITELISTKEYPERMISSION_ADD_TO_WHITELIST):
            raise WhitelistRefusal(vcsec.WHITELISTOPERATION_INFORMATION_NO_PERMISSION_TO_ADD)
        _require_not_above(signer, key.all_permissions)
        self._whitelist.add(key)
        self._log("enrolment", f"key {key.key_id.hex()} added in slot {key.slot}")
        self._on_added(key)

    def _remove(self, public_key: bytes, signer: WhitelistKey) -> None:
        key = self._whitelist.get(keys.key_id(public_key))
        if key.key_id == signer.key_id:
            if not signer.may(vcsec.WHITELISTKEYPERMISSION_REMOVE_SELF_FROM_WHITELIST):
                raise WhitelistRefusal(
                    vcsec.WHITELISTOPERATION_INFORMATION_NO_PERMISSION_TO_REMOVE_ONESELF
                )
        elif not signer.may(vcsec.WHITELISTKEYPERMISSION_REMOVE_FROM_WHITELIST):
            raise WhitelistRefusal(vcsec.WHITELISTOPERATION_INFORMATION_NO_PERMISSION_TO_REMOVE)
        self._whitelist.remove(key.key_id)
        self._log("enrolment", f"key {key.key_id.hex()} removed")

    def _changeable(self, change: vcsec.PermissionChange, signer: WhitelistKey) -> WhitelistKey:
        if not signer.may(vcsec.WHITELISTKEYPERMISSION_CHANGE_PERMISSIONS):
            raise WhitelistRefusal(
                vcsec.WHITELISTOPERATION_INFORMATION_NO_PERMISSION_TO_CHANGE_PERMISSIONS
            )
        return self._whitelist.get(keys.key_id(change.key.PublicKeyRaw))

    def _refuse(self, connection: CarConnection, refusal: WhitelistRefusal) -> None:
        self._log("refused", f"whitelist stays as it is: {refusal}", connection)
        connection.send(answers.whitelist_refused(refusal.information), "commandStatus")


def _role_given(operation: vcsec.WhitelistOperation) -> bool:
    return operation.addKeyToWhitelistAndAddPermissions.keyRole != vcsec.ROLE_NONE


def _new_key(operation: vcsec.WhitelistOperation) -> WhitelistKey:
    form_factor = operation.metadataForKey.keyFormFactor
    if operation.HasField("addPublicKeyToWhitelist"):
        return WhitelistKey(operation.addPublicKeyToWhitelist.PublicKeyRaw, form_factor=form_factor)
    change = operation.addKeyToWhitelistAndAddPermissions
    return WhitelistKey(
        change.key.PublicKeyRaw,
        permissions=frozenset(change.permission),
        role=change.keyRole,
        form_factor=form_factor,
    )


def _require_not_above(signer: WhitelistKey, permissions: frozenset[int]) -> None:
    if not permissions <= signer.all_permissions:
        raise WhitelistRefusal(
            vcsec.WHITELISTOPERATION_INFORMATION_ATTEMPTING_TO_ELEVATE_OTHER_ABOVE_ONESELF
        )
