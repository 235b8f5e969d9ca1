"""Bumble's attribute server, made strict, with somebody who decides what becomes of requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from bumble import att
from bumble.device import Connection, Device
from bumble.gatt import Characteristic
from bumble.gatt_server import Server

from host_tools.simulator.faults import Verdict
from host_tools.simulator.radio.gatt_database import CCCD

Judge = Callable[[Connection, att.ATT_PDU, bool], tuple[Verdict, int, float]]
"""A request, and whether it is about a CCCD: its verdict, ATT error code, seconds of delay."""


class InterferedServer(Server):
    """Bumble's takes no notice of permissions and properties, and a stale handle must not pass.

    judge: asked once for each PDU of a client. end: takes a connection down.
    """

    def __init__(self, device: Device, judge: Judge, end: Callable[[Connection], None]) -> None:
        super().__init__(device)
        self._judge = judge
        self._end = end
        self._fates: dict[att.Bearer, tuple[Verdict, float]] = {}

    def on_gatt_pdu(self, bearer: att.Bearer, att_pdu: att.ATT_PDU) -> None:
        assert isinstance(bearer, Connection)
        attribute = self.get_attribute(getattr(att_pdu, "attribute_handle", 0))
        is_cccd = attribute is not None and attribute.type.to_bytes() == CCCD
        verdict, code, delay = self._judge(bearer, att_pdu, is_cccd)
        refusal = None
        if isinstance(att_pdu, att.ATT_Write_Request) and is_cccd:
            refusal = self._cccd_refusal(att_pdu)
        elif attribute is not None:
            refusal = _refusal(attribute, att_pdu)
        if verdict is None and refusal is not None:
            verdict, code = "error", refusal
        if verdict == "disconnect":
            self._end(bearer)
        elif verdict == "error":
            response = att.ATT_Error_Response(
                request_opcode_in_error=att_pdu.op_code,
                attribute_handle_in_error=getattr(att_pdu, "attribute_handle", 0),
                error_code=code,
            )
            self.send_response(bearer, response)
        elif verdict != "silent":
            if verdict is not None:
                self._fates[bearer] = verdict, delay
            super().on_gatt_pdu(bearer, att_pdu)

    def send_response(self, bearer: att.Bearer, response: att.ATT_PDU) -> None:
        verdict, delay = self._fates.pop(bearer, (None, 0.0))
        if verdict is None:
            super().send_response(bearer, response)
        elif verdict == "late":
            asyncio.get_running_loop().call_later(delay, self._send_late, bearer, response)
        elif verdict == "disconnect after":
            assert isinstance(bearer, Connection)
            self._end(bearer)

    def on_disconnection(self, bearer: att.Bearer) -> None:
        self._fates.pop(bearer, None)
        super().on_disconnection(bearer)

    def _cccd_refusal(self, request: att.ATT_Write_Request) -> int | None:
        """The ATT error code where the characteristic does not offer what is asked for."""
        if len(request.attribute_value) != 2:
            return att.ErrorCode.INVALID_ATTRIBUTE_LENGTH
        before = self.attributes[: request.attribute_handle - 1]
        owner = next(each for each in reversed(before) if isinstance(each, Characteristic))
        offered = 0
        if owner.properties & Characteristic.Properties.NOTIFY:
            offered |= 1
        if owner.properties & Characteristic.Properties.INDICATE:
            offered |= 2
        asked = int.from_bytes(request.attribute_value, "little")
        return att.ErrorCode.WRITE_NOT_PERMITTED if asked & ~offered else None

    def _send_late(self, bearer: att.Bearer, response: att.ATT_PDU) -> None:
        assert isinstance(bearer, Connection)
        if bearer.handle in self.device.connections:
            super().send_response(bearer, response)


def _refusal(attribute: att.Attribute[Any], att_pdu: att.ATT_PDU) -> int | None:
    """The ATT error code where the permissions say no."""
    permissions = attribute.permissions
    if att_pdu.op_code == att.Opcode.ATT_WRITE_REQUEST and not permissions & attribute.WRITEABLE:
        return att.ErrorCode.WRITE_NOT_PERMITTED
    if att_pdu.op_code == att.Opcode.ATT_READ_REQUEST and not permissions & attribute.READABLE:
        return att.ErrorCode.READ_NOT_PERMITTED
    return None
