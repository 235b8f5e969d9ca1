"""Legacy advertising as a real controller does it: types, interval, scan responses."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bumble import ll
from bumble.controller import LegacyAdvertiser
from bumble.hci import Address, HCI_LE_Advertising_Report_Event, OwnAddressType
from bumble.hci import HCI_LE_Set_Advertising_Parameters_Command as Parameters

if TYPE_CHECKING:
    from host_tools.simulator.radio.controller import AirController

SLOT = 0.000625
"""Seconds of one unit of the advertising and scan intervals (Vol 6, Part B, 4.4)."""

MAX_DELAY = 0.01
"""Seconds: each advertising event comes later than its interval says by up to this much."""

FIRST_EVENT = 0.02
"""Seconds at most from the command to the first event: a host has time to get ready."""

ReportType = HCI_LE_Advertising_Report_Event.EventType
_Type = Parameters.AdvertisingType

_REPORT_TYPES = {
    _Type.ADV_IND: ReportType.ADV_IND,
    _Type.ADV_DIRECT_IND: ReportType.ADV_DIRECT_IND,
    _Type.ADV_SCAN_IND: ReportType.ADV_SCAN_IND,
    _Type.ADV_NONCONN_IND: ReportType.ADV_NONCONN_IND,
    _Type.ADV_DIRECT_IND_LOW_DUTY: ReportType.ADV_DIRECT_IND,
}


@dataclass
class Advertisement(ll.AdvertisingPdu):
    """One advertising event. `target` is who a directed one is for."""

    advertiser: Advertiser
    address: Address
    type: ReportType
    data: bytes
    scan_response: bytes
    target: Address | None

    @property
    def is_scannable(self) -> bool:
        return self.type in (ReportType.ADV_IND, ReportType.ADV_SCAN_IND)


@dataclass
class Advertiser(LegacyAdvertiser):
    """Bumble's sends ADV_IND only, counts the interval in ms and has no scan response."""

    controller: AirController
    _delay: random.Random = field(default_factory=lambda: random.Random(0))

    @property
    def address(self) -> Address:
        if self.own_address_type in (OwnAddressType.PUBLIC, OwnAddressType.RESOLVABLE_OR_PUBLIC):
            return self.controller.public_address
        return self.controller.random_address

    def accepts(self, address: Address, initiator: Address) -> bool:
        """Whether a connection request to `address` from `initiator` is answered now."""
        if not self.enabled or address != self.address:
            return False
        if self._report_type is ReportType.ADV_DIRECT_IND:
            return initiator == self.peer_address
        return self._report_type is ReportType.ADV_IND

    def send_advertising_data(self) -> None:
        if not self.enabled:
            return
        directed = self._report_type is ReportType.ADV_DIRECT_IND
        self.controller.send_advertising_pdu(
            Advertisement(
                advertiser=self,
                address=self.address,
                type=self._report_type,
                data=b"" if directed else bytes(self.advertising_data),
                scan_response=bytes(self.scan_response_data),
                target=self.peer_address if directed else None,
            )
        )

    def start(self) -> None:
        self.stop()
        self.enabled = True
        pause = min(self._interval, FIRST_EVENT)
        self.timer_handle = asyncio.get_running_loop().call_later(pause, self._on_timer_fired)

    @property
    def _interval(self) -> float:
        return self.advertising_interval_min * SLOT

    @property
    def _report_type(self) -> ReportType:
        return _REPORT_TYPES[_Type(self.advertising_type)]

    def _on_timer_fired(self) -> None:
        self.send_advertising_data()
        pause = self._interval + self._delay.uniform(0, MAX_DELAY)
        self.timer_handle = asyncio.get_running_loop().call_later(pause, self._on_timer_fired)
