"""What the car tells anybody who asks: InformationRequest and its answers."""

from __future__ import annotations

from host_tools.protocol import vcsec_pb2 as vcsec

from . import answers, keys
from .body import Body
from .connection import CarConnection
from .keyring import KeyRing
from .whitelist import Whitelist, WhitelistKey


class Information:
    """Answers requests for information, signed or not."""

    def __init__(self, vin: str, whitelist: Whitelist, ring: KeyRing, body: Body) -> None:
        self._vin = vin
        self._whitelist = whitelist
        self._ring = ring
        self._body = body

    def answer(
        self, request: vcsec.InformationRequest, connection: CarConnection
    ) -> vcsec.FromVCSECMessage | None:
        """Return the answer; None for what real cars do not answer either."""
        match request.informationRequestType:
            case vcsec.INFORMATION_REQUEST_TYPE_GET_STATUS:
                return answers.vehicle_status(self._body.status())
            case vcsec.INFORMATION_REQUEST_TYPE_GET_EPHEMERAL_PUBLIC_KEY:
                return self._public_key(request)
            case vcsec.INFORMATION_REQUEST_TYPE_GET_WHITELIST_INFO:
                return answers.whitelist_info(self._whitelist)
            case vcsec.INFORMATION_REQUEST_TYPE_GET_WHITELIST_ENTRY_INFO:
                return self._entry(request)
            case vcsec.INFORMATION_REQUEST_TYPE_GET_VEHICLE_INFO:
                return answers.vehicle_info(self._vin)
            case vcsec.INFORMATION_REQUEST_TYPE_GET_ACTIVE_KEY:
                key = connection.active_key
                return answers.active_key(key.key_id if key else None)
        return None

    def _public_key(self, request: vcsec.InformationRequest) -> vcsec.FromVCSECMessage:
        if self._named_key(request) is None:
            return answers.signed_fault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST)
        return answers.session_info(self._ring.vehicle_key.public_key)

    def _entry(self, request: vcsec.InformationRequest) -> vcsec.FromVCSECMessage:
        key = self._named_key(request)
        if key is None:
            return answers.whitelist_refused(
                vcsec.WHITELISTOPERATION_INFORMATION_PUBLIC_KEY_NOT_ON_WHITELIST
            )
        return answers.whitelist_entry(key)

    def _named_key(self, request: vcsec.InformationRequest) -> WhitelistKey | None:
        match request.WhichOneof("sub_message"):
            case "keyId":
                return self._whitelist.find(request.keyId.publicKeySHA1)
            case "publicKey":
                return self._whitelist.find(keys.key_id(request.publicKey))
            case "slot":
                return self._whitelist.at(request.slot)
        return None
