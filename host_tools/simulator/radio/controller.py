"""A Bluetooth LE controller on the air, for Bumble's host as for a foreign one.

Section numbers are those of the Core Specification 5.4, Vol 4, Part E (HCI).
"""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, BinaryIO

from bumble import hci, ll
from bumble.controller import Connection, Controller
from bumble.snoop import BtSnooper, Snooper

from host_tools.simulator.radio.advertising import SLOT, Advertisement, Advertiser, ReportType
from host_tools.simulator.radio.commands import DATA_LENGTH, CommandSet
from host_tools.simulator.radio.connection import AirConnection, LinkParameters, connect

if TYPE_CHECKING:
    from host_tools.simulator.radio.air import Air

_DEFAULT_LE_EVENTS = 0x1F  # 7.8.1

# Bumble claims these without having them in the form a foreign host would use.
_MISSING_FEATURES = (
    hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
    | hci.LeFeatureMask.LE_PERIODIC_ADVERTISING
    | hci.LeFeatureMask.LL_PRIVACY
)

_Status = hci.HCI_StatusReturnParameters
_Error = hci.HCI_ErrorCode


def _listens(since: float, interval: int, window: int, now: float) -> bool:
    """Whether a receiver that opens `window` of every `interval` (slots) is open at `now`."""
    return (now - since) % (interval * SLOT) < window * SLOT


class AirController(CommandSet):
    """Public: in_range, rssi (dBm, as others hear it), connections, capture()."""

    le_features = Controller.le_features & ~_MISSING_FEATURES
    le_acl_data_packet_length = DATA_LENGTH
    acl_data_packet_length = DATA_LENGTH
    total_num_le_acl_data_packets = 16
    supported_max_tx_octets = DATA_LENGTH
    supported_max_rx_octets = DATA_LENGTH
    supported_max_tx_time = 2120
    supported_max_rx_time = 2120

    def __init__(self, name: str, air: Air, address: hci.Address) -> None:
        super().__init__(name, air, address)
        self.air = air
        self.in_range = True
        self.rssi = -50
        self._snooper: BtSnooper | None = None
        self._forget()

    @property
    def connections(self) -> list[AirConnection]:
        return [link for link in self.le_connections.values() if isinstance(link, AirConnection)]

    def capture(self, output: BinaryIO) -> None:
        """Write the HCI traffic from now on to `output`, as a btsnoop file for Wireshark."""
        self._snooper = BtSnooper(output)

    def fall_silent(self) -> None:
        """Stop everything as when the power fails; the other ends notice by their time-outs."""
        for connection in self.connections:
            del self.le_connections[connection.peer_address]
            connection.is_open = False
            self.air.break_link(connection.peer)
        self.le_legacy_advertiser.stop()
        self._forget()

    def _forget(self) -> None:
        self.le_legacy_advertiser = Advertiser(self)
        self.le_scan_enable = False
        self.pending_le_connection = None
        self.le_event_mask = _DEFAULT_LE_EVENTS
        self.suggested_max_tx_octets = 27
        self.random_address = hci.Address.ANY_RANDOM
        self._scan_began = 0.0
        self._initiating_since = 0.0
        self._reported: set[tuple[hci.Address, ReportType]] = set()
        self.accept_list.clear()

    def allocate_connection_handle(self) -> int:
        """From 0, as an ESP32 does."""
        taken = {connection.handle for connection in self.connections}
        return next(handle for handle in range(0xF00) if handle not in taken)

    def on_acl_pdu(self, connection: AirConnection, pdu: bytes) -> None:
        """An L2CAP frame arrived; the host gets it in pieces of the data length."""
        for start in range(0, len(pdu), DATA_LENGTH):
            piece = pdu[start : start + DATA_LENGTH]
            flag = 1 if start else 2  # continuing fragment, first fragment (5.4.2)
            self.send_hci_packet(
                hci.HCI_AclDataPacket(connection.handle, flag, 0, len(piece), piece)
            )

    def on_le_disconnected(self, connection: Connection, reason: int) -> None:
        if self.le_connections.get(connection.peer_address) is connection:
            assert isinstance(connection, AirConnection)
            connection.is_open = False
            super().on_le_disconnected(connection, reason)

    def on_ll_advertising_pdu(self, packet: ll.AdvertisingPdu) -> None:
        # Connections are made directly, so nothing else is on the advertising channels.
        if isinstance(packet, Advertisement):
            self._report(packet)
            self._initiate(packet)

    def _report(self, heard: Advertisement) -> None:
        now = asyncio.get_running_loop().time()
        if not self.le_scan_enable or not _listens(
            self._scan_began, self.le_scan_interval, self.le_scan_window, now
        ):
            return
        if self.le_scanning_filter_policy & 1 and heard.address not in self.accept_list:
            return
        if heard.target not in (None, self.public_address, self.random_address):
            return
        self._report_once(heard, heard.type, heard.data)
        if self.le_scan_type == 1 and heard.is_scannable:
            self._report_once(heard, ReportType.SCAN_RSP, heard.scan_response)

    def _report_once(self, heard: Advertisement, kind: ReportType, data: bytes) -> None:
        if self.filter_duplicates:
            if (heard.address, kind) in self._reported:
                return
            self._reported.add((heard.address, kind))
        report = hci.HCI_LE_Advertising_Report_Event.Report(
            event_type=kind,
            address_type=heard.address.address_type,
            address=heard.address,
            data=data,
            rssi=heard.advertiser.controller.rssi,
        )
        self.send_hci_packet(hci.HCI_LE_Advertising_Report_Event([report]))

    def _initiate(self, heard: Advertisement) -> None:
        wanted = self.pending_le_connection
        if not isinstance(wanted, hci.HCI_LE_Create_Connection_Command):
            return
        now = asyncio.get_running_loop().time()
        if wanted.initiator_filter_policy == 1:
            matches = heard.address in self.accept_list
        else:
            matches = heard.address == wanted.peer_address
        own = self._own_address(wanted.own_address_type)
        parameters = LinkParameters.wanted(wanted)
        if (
            not matches
            or not parameters
            or heard.address in self.le_connections
            or not _listens(
                self._initiating_since, wanted.le_scan_interval, wanted.le_scan_window, now
            )
            or not heard.advertiser.accepts(heard.address, own)
            or own in heard.advertiser.controller.le_connections
        ):
            return
        self.pending_le_connection = None
        heard.advertiser.stop()
        connect(self, own, heard.advertiser.controller, heard.address, parameters)

    def _own_address(self, kind: int) -> hci.Address:
        public = kind in (hci.OwnAddressType.PUBLIC, hci.OwnAddressType.RESOLVABLE_OR_PUBLIC)
        return self.public_address if public else self.random_address

    def on_packet(self, packet: bytes) -> None:
        if self._snooper:
            self._snooper.snoop(packet, Snooper.Direction.HOST_TO_CONTROLLER)
        try:
            command = hci.HCI_Packet.from_bytes(packet)
        except (struct.error, ValueError, IndexError):
            if packet[0] != hci.HCI_COMMAND_PACKET:
                raise
            opcode = int.from_bytes(packet[1:3], "little")
            self._send_hci_command_status(_Error.INVALID_COMMAND_PARAMETERS_ERROR, opcode)
            return
        self.on_hci_packet(command)

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        if isinstance(packet, hci.HCI_LE_Meta_Event) and self._is_masked(packet):
            return
        if self._snooper:
            self._snooper.snoop(bytes(packet), Snooper.Direction.CONTROLLER_TO_HOST)
        super().send_hci_packet(packet)

    def _is_masked(self, event: hci.HCI_LE_Meta_Event) -> bool:
        return not self.le_event_mask >> (event.subevent_code - 1) & 1

    def on_hci_reset_command(self, _command: hci.HCI_Reset_Command) -> _Status:
        """7.3.2. The other ends of its links find out by their supervision time-outs."""
        self.fall_silent()
        return _Status(_Error.SUCCESS)

    def on_hci_disconnect_command(self, command: hci.HCI_Disconnect_Command) -> None:
        """7.1.6."""
        connection = self.find_le_connection_by_handle(command.connection_handle)
        if connection is None:
            self._send_hci_command_status(
                _Error.UNKNOWN_CONNECTION_IDENTIFIER_ERROR, command.op_code
            )
            return
        self._send_hci_command_status(hci.HCI_COMMAND_STATUS_PENDING, command.op_code)
        connection.send_ll_control_pdu(ll.TerminateInd(command.reason))
        self.on_le_disconnected(connection, _Error.CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR)

    def on_hci_le_set_scan_enable_command(
        self, command: hci.HCI_LE_Set_Scan_Enable_Command
    ) -> _Status:
        """7.8.11."""
        self._scan_began = asyncio.get_running_loop().time()
        self._reported.clear()
        return super().on_hci_le_set_scan_enable_command(command)

    def on_hci_le_set_advertising_parameters_command(
        self, command: hci.HCI_LE_Set_Advertising_Parameters_Command
    ) -> _Status:
        """7.8.5."""
        if self.le_legacy_advertiser.enabled:
            return _Status(_Error.COMMAND_DISALLOWED_ERROR)
        return super().on_hci_le_set_advertising_parameters_command(command)

    def on_hci_le_create_connection_command(
        self, command: hci.HCI_LE_Create_Connection_Command
    ) -> None:
        """7.8.12."""
        if LinkParameters.wanted(command) is None:
            self._send_hci_command_status(_Error.INVALID_COMMAND_PARAMETERS_ERROR, command.op_code)
            return
        known = command.initiator_filter_policy == 0
        if known and command.peer_address in self.le_connections:
            self._send_hci_command_status(_Error.CONNECTION_ALREADY_EXISTS_ERROR, command.op_code)
            return
        if self.pending_le_connection is None:
            self._initiating_since = asyncio.get_running_loop().time()
        super().on_hci_le_create_connection_command(command)

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> _Status:
        """7.8.13."""
        wanted = self.pending_le_connection
        if not isinstance(wanted, hci.HCI_LE_Create_Connection_Command):
            return _Status(_Error.COMMAND_DISALLOWED_ERROR)
        self.pending_le_connection = None
        self.send_afterwards(
            hci.HCI_LE_Connection_Complete_Event(
                status=_Error.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=wanted.peer_address.address_type,
                peer_address=wanted.peer_address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            )
        )
        return _Status(_Error.SUCCESS)
