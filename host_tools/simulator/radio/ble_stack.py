"""A board's Bluetooth host: power, configuration and links, as NimBLE has them on an ESP32."""

from __future__ import annotations

import asyncio
import errno
import secrets
from abc import abstractmethod

from bumble import hci
from bumble.att import ATT_CID
from bumble.core import PhysicalTransport
from bumble.host import Host
from bumble.l2cap import (
    L2CAP_LE_SIGNALING_CID,
    L2CAP_Command_Reject,
    L2CAP_Connection_Parameter_Update_Request,
    L2CAP_Connection_Parameter_Update_Response,
    L2CAP_Control_Frame,
)
from bumble.smp import (
    SMP_CID,
    SMP_PAIRING_NOT_SUPPORTED_ERROR,
    SMP_Command,
    SMP_Pairing_Failed_Command,
    SMP_Pairing_Request_Command,
)
from bumble.transport.common import AsyncPipeSink

from host_tools.simulator.radio import irq
from host_tools.simulator.radio.air import Air
from host_tools.simulator.radio.ble_client import DEFAULT_MTU_OFFER, Client, address_and_type
from host_tools.simulator.radio.ble_link import Link
from host_tools.simulator.radio.gatt_database import Attribute, Database, stack_services
from host_tools.simulator.radio.gatt_server import GattServer

MTU_RANGE = range(23, 528)
DEFAULT_NAME = b"MPY ESP32"
LONGEST_NAME = 31
_ACCEPTED = 0


class Stack(Client):
    """What a board's calls rest on. They raise OSError(errno) as MicroPython's NimBLE port does:
    ENODEV while inactive, EALREADY, EBUSY, ENOTCONN, EIO for what the controller finds invalid.
    """

    def __init__(self, air: Air, name: str, address: str | None) -> None:
        super().__init__()
        self.controller = air.controller(name, address)
        self._own_address_type = hci.OwnAddressType.PUBLIC
        self._device_name = DEFAULT_NAME
        self._is_scanning = False
        self._is_connecting = False
        self._scan_end: asyncio.TimerHandle | None = None
        self._connect_end: asyncio.TimerHandle | None = None
        self._host: Host
        self._server: GattServer
        self._name_row: Attribute

    @abstractmethod
    def make_server(self, database: Database) -> GattServer:
        """The attribute server for a database."""

    async def active(self, on: bool | None = None) -> bool:
        """Switch the radio on or off; whether it is on."""
        if on and not self._is_active:
            await self._power_on()
        elif on is not None and not on and self._is_active:
            await self._power_off()
        return self._is_active

    async def _power_on(self) -> None:
        host = Host(self.controller, AsyncPipeSink(self.controller))
        host.on("le_connection", self._on_connection)
        host.on("connection_failure", self._on_connection_failure)
        host.on("disconnection", self._on_disconnection)
        host.on("connection_parameters_update", self._on_parameters_update)
        host.on("l2cap_pdu", self._on_l2cap_pdu)
        await host.reset()
        self._host = host
        self._own_address_type = hci.OwnAddressType.PUBLIC
        self.preferred_mtu = DEFAULT_MTU_OFFER
        self._install_services()
        self._is_active = True

    async def _power_off(self) -> None:
        self._is_active = False
        self._forget_timers()
        for handle in list(self._links):
            await self._terminate(handle)
        await self._host.send_sync_command(hci.HCI_Reset_Command())
        await self._drop_links()

    def _forget_timers(self) -> None:
        for timer in (self._scan_end, self._connect_end):
            if timer is not None:
                timer.cancel()
        self._is_scanning = self._is_connecting = False

    def _install_services(self) -> Database:
        database, self._name_row = stack_services(self._device_name)
        self._server = self.make_server(database)
        return database

    async def query(self, name: str) -> object:
        """BLE.config("name"). Raises ValueError for unknown names."""
        if name == "gap_name":
            return self._device_name
        if name == "mtu":
            self._require_active()
            return self.preferred_mtu
        if name == "mac":
            self._require_active()
            if self._own_address_type == hci.OwnAddressType.PUBLIC:
                return 0, bytes(self.controller.public_address)[::-1]
            if self._own_address_type == hci.OwnAddressType.RANDOM:
                return 1, bytes(self.controller.random_address)[::-1]
            raise OSError(errno.EINVAL, "a changing address")
        raise ValueError("unknown config param")

    async def configure(self, name: str, value: object) -> None:
        """BLE.config(name=value). Raises ValueError for unknown names."""
        if name == "gap_name":
            assert isinstance(value, bytes)
            if len(value) > LONGEST_NAME:
                raise OSError(errno.EINVAL, "the name is too long")
            self._device_name = value
            if self._is_active:
                self._name_row.value = value
        elif name == "mtu":
            self._require_active()
            if value not in MTU_RANGE:
                raise OSError(errno.EINVAL, "no such MTU")
            self.preferred_mtu = int(str(value))
        elif name == "addr_mode":
            self._require_active()
            await self._set_address_mode(value)
        elif name not in ("bond", "mitm", "io", "le_secure"):
            raise ValueError("unknown config param")

    async def _set_address_mode(self, mode: object) -> None:
        if mode == 0:
            self._own_address_type = hci.OwnAddressType.PUBLIC
            return
        if mode not in (1, 2, 3):
            return  # the port ignores modes it does not know
        # Static addresses begin with the bits 11, resolvable ones 01, others 00 (Vol 6, Part B).
        kind = {1: 0xC0, 2: 0x40, 3: 0x00}[int(str(mode))]
        made_up = bytearray(secrets.token_bytes(6))
        made_up[5] = made_up[5] & 0x3F | kind
        address = hci.Address(bytes(made_up), hci.Address.RANDOM_DEVICE_ADDRESS)
        await self._host.send_sync_command(
            hci.HCI_LE_Set_Random_Address_Command(random_address=address)
        )
        self._own_address_type = (
            hci.OwnAddressType.RESOLVABLE_OR_RANDOM if mode == 2 else hci.OwnAddressType.RANDOM
        )

    async def _terminate(self, handle: int) -> None:
        self._links[handle].is_terminating = True
        await self._host.send_async_command(
            hci.HCI_Disconnect_Command(
                connection_handle=handle,
                reason=hci.HCI_ErrorCode.REMOTE_USER_TERMINATED_CONNECTION_ERROR,
            )
        )

    def _on_connection(
        self,
        handle: int,
        peer: hci.Address,
        _own_resolvable: hci.Address | None,
        _peer_resolvable: hci.Address | None,
        role: hci.Role,
        *_parameters: int,
    ) -> None:
        is_central = role == hci.Role.CENTRAL
        host = self._host

        def send(channel: int, pdu: bytes) -> None:
            if handle in self._links:
                host.send_l2cap_pdu(handle, channel, pdu)

        self._links[handle] = Link(handle, is_central, peer, send, self._server, self)
        if is_central:
            self._stop_connecting()
        event = irq.PERIPHERAL_CONNECT if is_central else irq.CENTRAL_CONNECT
        self.emit(event, handle, *address_and_type(peer))

    def _stop_connecting(self) -> None:
        self._is_connecting = False
        if self._connect_end is not None:
            self._connect_end.cancel()
            self._connect_end = None

    def _on_connection_failure(
        self, _transport: PhysicalTransport, _peer: hci.Address, _status: int
    ) -> None:
        self._stop_connecting()
        self._connect_failed()

    def _on_parameters_update(self, handle: int, interval: int, latency: int, timeout: int) -> None:
        self.emit(irq.CONNECTION_UPDATE, handle, interval, latency, timeout, 0)

    def _on_l2cap_pdu(self, handle: int, channel: int, pdu: bytes) -> None:
        link = self._links.get(handle)
        if link is None:
            return
        if channel == ATT_CID:
            link.on_att_pdu(pdu)
        elif channel == SMP_CID:
            if isinstance(SMP_Command.from_bytes(pdu), SMP_Pairing_Request_Command):
                refusal = SMP_Pairing_Failed_Command(reason=SMP_PAIRING_NOT_SUPPORTED_ERROR)
                self._host.send_l2cap_pdu(handle, channel, bytes(refusal))
        elif channel == L2CAP_LE_SIGNALING_CID:
            self._on_signal(link, L2CAP_Control_Frame.from_bytes(pdu))

    def _on_signal(self, link: Link, frame: L2CAP_Control_Frame) -> None:
        answer: L2CAP_Control_Frame
        if isinstance(frame, L2CAP_Connection_Parameter_Update_Request) and link.is_central:
            answer = L2CAP_Connection_Parameter_Update_Response(
                identifier=frame.identifier,
                result=_ACCEPTED,
            )
            self._spawn(self._update_parameters(link, frame))
        elif frame.code % 2 == 0 or isinstance(frame, L2CAP_Connection_Parameter_Update_Request):
            # Requests have even codes.
            answer = L2CAP_Command_Reject(
                identifier=frame.identifier,
                reason=L2CAP_Command_Reject.Reason.COMMAND_NOT_UNDERSTOOD,
                data=b"",
            )
        else:
            return
        self._host.send_l2cap_pdu(link.handle, L2CAP_LE_SIGNALING_CID, bytes(answer))

    async def _update_parameters(
        self, link: Link, wanted: L2CAP_Connection_Parameter_Update_Request
    ) -> None:
        await self._host.send_async_command(
            hci.HCI_LE_Connection_Update_Command(
                connection_handle=link.handle,
                connection_interval_min=wanted.interval_min,
                connection_interval_max=wanted.interval_max,
                max_latency=wanted.latency,
                supervision_timeout=wanted.timeout,
                min_ce_length=0,
                max_ce_length=0,
            )
        )
