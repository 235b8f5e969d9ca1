"""Everything the car says: one builder per kind of FromVCSECMessage, and the broadcast."""

from __future__ import annotations

from collections.abc import Sequence

from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec

from .whitelist import Whitelist, WhitelistKey


def wait() -> vcsec.FromVCSECMessage:
    """The car waits for something to happen, such as the tap of a card."""
    return vcsec.FromVCSECMessage(
        commandStatus=vcsec.CommandStatus(operationStatus=vcsec.OPERATIONSTATUS_WAIT)
    )


def ok(counter: int | None = None) -> vcsec.FromVCSECMessage:
    """A signed message was accepted; with `counter`, which one."""
    status = vcsec.CommandStatus()
    if counter is not None:
        status.signedMessageStatus.counter = counter
    return vcsec.FromVCSECMessage(commandStatus=status)


def error() -> vcsec.FromVCSECMessage:
    """Refused without detail."""
    return vcsec.FromVCSECMessage(
        commandStatus=vcsec.CommandStatus(operationStatus=vcsec.OPERATIONSTATUS_ERROR)
    )


def nominal_error(code: vcsec.GenericError_E) -> vcsec.FromVCSECMessage:
    """Why a well-formed command does not happen."""
    return vcsec.FromVCSECMessage(nominalError=vcsec.NominalError(genericError=code))


def signed_fault(information: int, counter: int = 0) -> vcsec.FromVCSECMessage:
    """A signed message was refused; `counter` is the last one accepted from its key."""
    answer = error()
    status = answer.commandStatus.signedMessageStatus
    status.signedMessageInformation = information  # type: ignore[assignment]
    status.counter = counter
    return answer


def whitelist_done(signer: bytes) -> vcsec.FromVCSECMessage:
    """The whitelist was changed, approved by the key with the identifier `signer`."""
    answer = vcsec.FromVCSECMessage()
    answer.commandStatus.whitelistOperationStatus.signerOfOperation.publicKeySHA1 = signer
    return answer


def whitelist_refused(information: int) -> vcsec.FromVCSECMessage:
    """The whitelist stays as it is."""
    answer = error()
    status = answer.commandStatus.whitelistOperationStatus
    status.whitelistOperationInformation = information  # type: ignore[assignment]
    status.operationStatus = vcsec.OPERATIONSTATUS_ERROR
    return answer


def session_info(public_key: bytes) -> vcsec.FromVCSECMessage:
    """The vehicle's public key."""
    return vcsec.FromVCSECMessage(sessionInfo=vcsec.SessionInfo(publicKey=public_key))


def vehicle_status(status: vcsec.VehicleStatus) -> vcsec.FromVCSECMessage:
    return vcsec.FromVCSECMessage(vehicleStatus=status)


def broadcast(message: vcsec.FromVCSECMessage) -> universal.RoutableMessage:
    """A message to everybody, in the envelope of the signed-command protocol."""
    envelope = universal.RoutableMessage(protobuf_message_as_bytes=message.SerializeToString())
    envelope.to_destination.domain = universal.DOMAIN_BROADCAST
    envelope.from_destination.domain = universal.DOMAIN_VEHICLE_SECURITY
    return envelope


def authentication_request(
    token: bytes,
    level: vcsec.AuthenticationLevel_E,
    reasons: Sequence[vcsec.AuthenticationReason_E],
) -> vcsec.FromVCSECMessage:
    """The car asks a key to permit `level`; whoever answers may bind the answer to `token`."""
    request = vcsec.AuthenticationRequest(requestedLevel=level, reasonsForAuth=reasons)
    request.sessionInfo.token = token
    return vcsec.FromVCSECMessage(authenticationRequest=request)


def handle_pulled_without_auth(
    handle: vcsec.HandlePulled_E, connections: int, *, unknown_device: bool
) -> vcsec.FromVCSECMessage:
    """Somebody pulled a handle, and no key that was asked permitted to open."""
    alert = vcsec.AlertHandlePulledWithoutAuth(
        handlePulled=handle,
        connectionCount=connections,
        unknownDevicePresent=unknown_device,
        authRequested=True,
    )
    return vcsec.FromVCSECMessage(alert=vcsec.Alert(alertHandlePulledWithoutAuth=alert))


def vehicle_info(vin: str) -> vcsec.FromVCSECMessage:
    return vcsec.FromVCSECMessage(vehicleInfo=vcsec.VehicleInfo(VIN=vin))


def active_key(key_id: bytes | None) -> vcsec.FromVCSECMessage:
    """The key that is active on this link, if any."""
    answer = vcsec.FromVCSECMessage(activeKey=vcsec.ActiveKey())
    if key_id is not None:
        answer.activeKey.activeKey.publicKeySHA1 = key_id
    return answer


def whitelist_info(whitelist: Whitelist) -> vcsec.FromVCSECMessage:
    """How many keys there are, their identifiers, and a bit for each slot in use."""
    info = vcsec.WhitelistInfo(numberOfEntries=len(whitelist))
    for key in whitelist:
        info.whitelistEntries.add(publicKeySHA1=key.key_id)
        info.slotMask |= 1 << key.slot
    return vcsec.FromVCSECMessage(whitelistInfo=info)


def whitelist_entry(key: WhitelistKey) -> vcsec.FromVCSECMessage:
    """Everything about one key."""
    entry = vcsec.WhitelistEntryInfo(slot=key.slot)
    entry.keyId.publicKeySHA1 = key.key_id
    entry.publicKey.PublicKeyRaw = key.public_key
    entry.permissions.extend(sorted(key.permissions))  # type: ignore[arg-type]
    entry.metadataForKey.keyFormFactor = key.form_factor  # type: ignore[assignment]
    entry.keyRole = key.role  # type: ignore[assignment]
    return vcsec.FromVCSECMessage(whitelistEntryInfo=entry)
