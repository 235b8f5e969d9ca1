"""A board's Bluetooth host: advertising, scanning and connecting, as NimBLE on an ESP32."""

from __future__ import annotations

import asyncio
import errno

from bumble import hci

from host_tools.simulator.radio import irq
from host_tools.simulator.radio.ble_client import address_and_type
from host_tools.simulator.radio.ble_stack import Stack

SLOT_US = 625
CONNECTION_UNIT_US = 1250
SCAN_RANGE = range(0x0004, 0x4001)  # slots
_ADVERTISING_RANGE = range(0x0020, 0x4001)  # slots
CONNECTION_RANGE = range(0x0006, 0x0C81)  # units of 1.25 ms
DEFAULT_CONNECTION_US = (30_000, 50_000)
_SUPERVISION_TIMEOUT = 256  # 2.56 s
_INITIATING_SLOTS = 16  # interval and window: it listens all the time
_LEGACY_DATA = 31

_CONNECTABLE = hci.HCI_LE_Set_Advertising_Parameters_Command.AdvertisingType.ADV_IND
_SCANNABLE = hci.HCI_LE_Set_Advertising_Parameters_Command.AdvertisingType.ADV_SCAN_IND


class Gap(Stack):
    """The calls whose names begin with gap_."""

    async def _power_on(self) -> None:
        await super()._power_on()
        self._host.on("advertising_report", self._on_advertising_report)

    @property
    def is_advertising(self) -> bool:
        """Whether adverts are being sent: a connection ends them."""
        return self.controller.is_advertising

    async def gap_advertise(
        self,
        interval_us: int | None,
        adv_data: bytes | None,
        resp_data: bytes | None,
        connectable: bool,
    ) -> None:
        """None stops; data of None stays as it was."""
        self._require_active()
        enable = hci.HCI_LE_Set_Advertising_Enable_Command
        await self._host.send_sync_command(enable(advertising_enable=0))
        if interval_us is None:
            return
        slots = interval_us // SLOT_US
        if slots not in _ADVERTISING_RANGE or max(len(adv_data or b""), len(resp_data or b"")) > (
            _LEGACY_DATA
        ):
            raise OSError(errno.EIO, "interval or data out of range")
        if adv_data is not None:
            await self._host.send_sync_command(
                hci.HCI_LE_Set_Advertising_Data_Command(advertising_data=adv_data)
            )
        if resp_data is not None:
            await self._host.send_sync_command(
                hci.HCI_LE_Set_Scan_Response_Data_Command(scan_response_data=resp_data)
            )
        await self._host.send_sync_command(
            hci.HCI_LE_Set_Advertising_Parameters_Command(
                advertising_interval_min=slots,
                advertising_interval_max=slots,
                # NimBLE: general discoverable and not connectable is still scannable.
                advertising_type=_CONNECTABLE if connectable else _SCANNABLE,
                own_address_type=self._own_address_type,
                peer_address_type=0,
                peer_address=hci.Address.ANY,
                advertising_channel_map=7,
                advertising_filter_policy=0,
            )
        )
        await self._host.send_sync_command(enable(advertising_enable=1))

    async def gap_scan(
        self, duration_ms: int | None, interval_us: int, window_us: int, active: bool
    ) -> None:
        """None stops, 0 goes on until stopped."""
        self._require_active()
        if duration_ms is None:
            await self._stop_scanning()
            return
        if self._is_scanning:
            raise OSError(errno.EALREADY, "scanning already")
        if self._is_connecting:
            raise OSError(errno.EBUSY, "connecting")
        interval, window = (
            min(max(us // SLOT_US, SCAN_RANGE.start), SCAN_RANGE.stop - 1)
            for us in (interval_us, window_us)
        )
        if window > interval:
            raise OSError(errno.EIO, "the window is longer than the interval")
        self._is_scanning = True
        await self._host.send_sync_command(
            hci.HCI_LE_Set_Scan_Parameters_Command(
                le_scan_type=int(active),
                le_scan_interval=interval,
                le_scan_window=window,
                own_address_type=self._own_address_type,
                scanning_filter_policy=0,
            )
        )
        await self._enable_scan(True)
        if duration_ms:
            loop = asyncio.get_running_loop()
            self._scan_end = loop.call_later(duration_ms / 1000, self._scan_over)

    async def _enable_scan(self, on: bool) -> None:
        await self._host.send_sync_command(
            hci.HCI_LE_Set_Scan_Enable_Command(le_scan_enable=int(on), filter_duplicates=0)
        )

    async def _stop_scanning(self) -> None:
        if not self._is_scanning:
            return
        self._is_scanning = False
        if self._scan_end is not None:
            self._scan_end.cancel()
            self._scan_end = None
        self.emit(irq.SCAN_DONE)
        await self._enable_scan(False)

    def _scan_over(self) -> None:
        self._spawn(self._stop_scanning())

    def _on_advertising_report(self, report: hci.HCI_LE_Advertising_Report_Event.Report) -> None:
        if self._is_scanning:
            self.emit(
                irq.SCAN_RESULT,
                *address_and_type(report.address),
                int(report.event_type),
                report.rssi,
                report.data,
            )

    async def gap_connect(
        self,
        addr_type: int | None,
        addr: bytes,
        scan_duration_ms: int,
        min_conn_interval_us: int | None,
        max_conn_interval_us: int | None,
    ) -> None:
        """An address type of None cancels. Stops a scan."""
        self._require_active()
        if addr_type is None:
            if not self._is_connecting:
                raise OSError(errno.EALREADY, "not connecting")
            await self._cancel_connect()
            return
        if self._is_connecting:
            raise OSError(errno.EALREADY, "connecting already")
        peer = self._new_peer(addr_type, addr)
        default_min, default_max = DEFAULT_CONNECTION_US
        interval_min = (min_conn_interval_us or default_min) // CONNECTION_UNIT_US
        interval_max = (max_conn_interval_us or default_max) // CONNECTION_UNIT_US
        if interval_min > interval_max or not {interval_min, interval_max} <= set(CONNECTION_RANGE):
            raise OSError(errno.EIO, "connection interval out of range")
        self._is_connecting = True
        await self._stop_scanning()
        await self._host.send_async_command(
            hci.HCI_LE_Create_Connection_Command(
                le_scan_interval=_INITIATING_SLOTS,
                le_scan_window=_INITIATING_SLOTS,
                initiator_filter_policy=0,
                peer_address_type=peer.address_type,
                peer_address=peer,
                own_address_type=self._own_address_type,
                connection_interval_min=interval_min,
                connection_interval_max=interval_max,
                max_latency=0,
                supervision_timeout=_SUPERVISION_TIMEOUT,
                min_ce_length=0,
                max_ce_length=0,
            )
        )
        loop = asyncio.get_running_loop()
        self._connect_end = loop.call_later(scan_duration_ms / 1000, self._connect_over)

    def _connect_over(self) -> None:
        self._spawn(self._cancel_connect())

    async def _cancel_connect(self) -> None:
        # Raw: it is no error if the connection was there first.
        await self._host.send_sync_command_raw(hci.HCI_LE_Create_Connection_Cancel_Command())
