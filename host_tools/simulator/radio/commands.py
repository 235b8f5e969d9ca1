"""HCI commands that Bumble's virtual controller leaves unanswered or answers with nothing done.

A foreign host (NimBLE, BTstack, BlueZ) sends them at start-up and around connections, and waits.
Section numbers are those of the Core Specification 5.4, Vol 4, Part E.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable

from bumble import hci
from bumble.controller import Controller
from bumble.link import LocalLink
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from host_tools.simulator.radio.connection import AirConnection, LinkParameters

DATA_LENGTH = 251
"""The longest payload of a data packet, offered and used (data length extension)."""

# Opcode groups.
_LINK_CONTROL = 1
_LE_CONTROLLER = 8

_LE_LINK_CONTROL = (
    hci.HCI_DISCONNECT_COMMAND,
    hci.HCI_READ_REMOTE_VERSION_INFORMATION_COMMAND,
)

_Status = hci.HCI_StatusReturnParameters
_HandleStatus = hci.HCI_StatusAndConnectionHandleReturnParameters
_Error = hci.HCI_ErrorCode


class CommandSet(Controller):
    """The part of a controller that needs nothing from the air."""

    def __init__(self, name: str, link: LocalLink, public_address: hci.Address) -> None:
        super().__init__(name, link=link, public_address=public_address)
        self.accept_list: set[hci.Address] = set()
        # Bumble lists commands that it does not handle.
        self.supported_commands = {
            code for code in Controller.supported_commands if self._has_handler(code)
        } | {hci.HCI_LE_ENCRYPT_COMMAND}

    def _has_handler(self, code: int) -> bool:
        name = hci.HCI_Command.command_name(code).lower()
        return hasattr(self, f"on_{name}")

    def send_afterwards(self, event: hci.HCI_Event) -> None:
        """Send an event behind the answer to the command being handled."""
        asyncio.get_running_loop().call_soon(self.send_hci_packet, event)

    def on_hci_command_packet(self, command: hci.HCI_Command) -> None:
        if self._offers(command.op_code):
            super().on_hci_command_packet(command)
        else:
            self._send_hci_command_status(_Error.UNKNOWN_HCI_COMMAND_ERROR, command.op_code)

    def _offers(self, code: int) -> bool:
        group = code >> 10
        if group == _LINK_CONTROL:
            # The rest is BR/EDR, which this controller does not have and Bumble's would try.
            return code in _LE_LINK_CONTROL
        # Bumble's half does what it does not list, as extended scans and connections.
        return group != _LE_CONTROLLER or code in self.supported_commands

    def on_hci_command(self, command: hci.HCI_Command) -> _Status | None:  # type: ignore[override]
        if isinstance(command, hci.HCI_SyncCommand):
            return _Status(_Error.UNKNOWN_HCI_COMMAND_ERROR)
        if command.op_code == hci.HCI_LE_ENCRYPT_COMMAND:
            self._encrypt(command)
        elif command.op_code != hci.HCI_HOST_NUMBER_OF_COMPLETED_PACKETS_COMMAND:
            # That one is never answered (7.3.40).
            self._send_hci_command_status(_Error.UNKNOWN_HCI_COMMAND_ERROR, command.op_code)
        return None

    def _encrypt(self, command: hci.HCI_Command) -> None:
        # 7.8.22, which Bumble has no class for: AES-128, everything least significant octet first.
        key, plaintext = command.parameters[15::-1], command.parameters[:15:-1]
        aes = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        self.send_hci_packet(
            hci.HCI_Command_Complete_Event(
                num_hci_command_packets=1,
                command_opcode=command.op_code,
                return_parameters=hci.HCI_GenericReturnParameters(
                    bytes([_Error.SUCCESS]) + aes.update(plaintext)[::-1]
                ),
            )
        )

    def on_hci_le_clear_filter_accept_list_command(
        self, _command: hci.HCI_LE_Clear_Filter_Accept_List_Command
    ) -> _Status:
        """7.8.15."""
        self.accept_list.clear()
        return _Status(_Error.SUCCESS)

    def on_hci_le_add_device_to_filter_accept_list_command(
        self, command: hci.HCI_LE_Add_Device_To_Filter_Accept_List_Command
    ) -> _Status:
        """7.8.16."""
        self.accept_list.add(command.address)
        return _Status(_Error.SUCCESS)

    def on_hci_le_remove_device_from_filter_accept_list_command(
        self, command: hci.HCI_LE_Remove_Device_From_Filter_Accept_List_Command
    ) -> _Status:
        """7.8.17."""
        self.accept_list.discard(command.address)
        return _Status(_Error.SUCCESS)

    def on_hci_read_remote_version_information_command(
        self, command: hci.HCI_Read_Remote_Version_Information_Command
    ) -> None:
        """7.1.23."""
        self._answer_about_link(
            command,
            command.connection_handle,
            lambda link: hci.HCI_Read_Remote_Version_Information_Complete_Event(
                status=_Error.SUCCESS,
                connection_handle=link.handle,
                version=link.peer.controller.lmp_version,
                manufacturer_name=link.peer.controller.manufacturer_company_identifier,
                subversion=link.peer.controller.lmp_subversion,
            ),
        )

    def on_hci_le_set_phy_command(self, command: hci.HCI_LE_Set_PHY_Command) -> None:
        """7.8.49: this air has one physical layer."""
        self._answer_about_link(
            command,
            command.connection_handle,
            lambda link: hci.HCI_LE_PHY_Update_Complete_Event(
                status=_Error.SUCCESS,
                connection_handle=link.handle,
                tx_phy=hci.Phy.LE_1M,
                rx_phy=hci.Phy.LE_1M,
            ),
        )

    def _answer_about_link(
        self,
        command: hci.HCI_Command,
        handle: int,
        answer: Callable[[AirConnection], hci.HCI_Event],
    ) -> None:
        link = self.find_le_connection_by_handle(handle)
        if not isinstance(link, AirConnection):
            self._send_hci_command_status(
                _Error.UNKNOWN_CONNECTION_IDENTIFIER_ERROR, command.op_code
            )
            return
        self._send_hci_command_status(hci.HCI_COMMAND_STATUS_PENDING, command.op_code)
        self.send_afterwards(answer(link))

    def on_hci_le_connection_update_command(
        self, command: hci.HCI_LE_Connection_Update_Command
    ) -> None:
        """7.8.18: from now on for both ends."""
        link = self.find_le_connection_by_handle(command.connection_handle)
        if isinstance(link, AirConnection):
            parameters = LinkParameters.wanted(command)
            if parameters is None:
                self._send_hci_command_status(
                    _Error.INVALID_COMMAND_PARAMETERS_ERROR, command.op_code
                )
                return
            link.parameters = link.peer.parameters = parameters
        super().on_hci_le_connection_update_command(command)

    def on_hci_le_set_data_length_command(
        self, command: hci.HCI_LE_Set_Data_Length_Command
    ) -> _HandleStatus:
        """7.8.33: both ends hear of the change."""
        link = self.find_le_connection_by_handle(command.connection_handle)
        if not isinstance(link, AirConnection):
            status = _Error.UNKNOWN_CONNECTION_IDENTIFIER_ERROR
        else:
            status = _Error.SUCCESS
            octets = min(command.tx_octets, DATA_LENGTH)
            for end, tx, rx in ((link, octets, DATA_LENGTH), (link.peer, DATA_LENGTH, octets)):
                end.controller.send_afterwards(
                    hci.HCI_LE_Data_Length_Change_Event(
                        connection_handle=end.handle,
                        max_tx_octets=tx,
                        max_tx_time=(tx + 14) * 8,
                        max_rx_octets=rx,
                        max_rx_time=(rx + 14) * 8,
                    )
                )
        return _HandleStatus(status=status, connection_handle=command.connection_handle)

    def on_hci_read_rssi_command(
        self, command: hci.HCI_Read_RSSI_Command
    ) -> hci.HCI_Read_RSSI_ReturnParameters:
        """7.5.4."""
        link = self.find_le_connection_by_handle(command.handle)
        known = isinstance(link, AirConnection)
        return hci.HCI_Read_RSSI_ReturnParameters(
            status=_Error.SUCCESS if known else _Error.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
            handle=command.handle,
            rssi=link.peer.controller.rssi if isinstance(link, AirConnection) else 127,
        )

    def on_hci_le_read_local_p_256_public_key_command(  # type: ignore[override]
        self, command: hci.HCI_LE_Read_Local_P_256_Public_Key_Command
    ) -> None:
        """7.8.36: not offered; hosts bring their own curve."""
        self._send_hci_command_status(_Error.UNKNOWN_HCI_COMMAND_ERROR, command.op_code)

    def on_hci_le_rand_command(
        self, _command: hci.HCI_LE_Rand_Command
    ) -> hci.HCI_LE_Rand_ReturnParameters:
        """7.8.23."""
        return hci.HCI_LE_Rand_ReturnParameters(
            status=_Error.SUCCESS, random_number=secrets.token_bytes(8)
        )
