"""A board's bluetooth.BLE with the cars directly behind it: service "ble" of the bridge.

The rules of ble_gap and ble_stack for a central: same errors, same events, same order.
"""

from __future__ import annotations

import asyncio
import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bumble.hci import Address

from host_tools.simulator.bridge import Bridge
from host_tools.simulator.radio import irq
from host_tools.simulator.radio.advertising import SLOT, ReportType
from host_tools.simulator.radio.air import address_of
from host_tools.simulator.radio.ble_client import DEFAULT_MTU_OFFER, Client, address_and_type
from host_tools.simulator.radio.ble_gap import (
    CONNECTION_RANGE,
    CONNECTION_UNIT_US,
    DEFAULT_CONNECTION_US,
    SCAN_RANGE,
    SLOT_US,
)
from host_tools.simulator.radio.ble_host import SERVICE
from host_tools.simulator.radio.ble_link import Link
from host_tools.simulator.radio.ble_stack import DEFAULT_NAME, LONGEST_NAME, MTU_RANGE
from host_tools.simulator.radio.direct_link import DirectLink
from host_tools.simulator.radio.gatt_database import stack_services
from host_tools.simulator.radio.gatt_server import GattServer

if TYPE_CHECKING:
    from host_tools.simulator.radio.direct import DirectRadio

_HIGHEST_HANDLE = 0xF00


@dataclass(frozen=True)
class Heard:
    """One advertising event."""

    radio: DirectRadio
    address: Address
    type: ReportType
    data: bytes
    scan_response: bytes


@dataclass(frozen=True)
class _Scan:
    """Seconds."""

    began: float
    interval: float
    window: float
    active: bool

    def listens(self, now: float) -> bool:
        return (now - self.began) % self.interval < self.window


@dataclass
class _Attempt:
    peer: Address
    interval: float
    end: asyncio.TimerHandle
    establishing: asyncio.TimerHandle | None = None

    def cancel(self) -> None:
        self.end.cancel()
        if self.establishing is not None:
            self.establishing.cancel()


class DirectHost(Client):
    """One board's radio, for one run of its process."""

    def __init__(self, radios: list[DirectRadio], bridge: Bridge, name: str) -> None:
        """`radios` of the cars it may hear."""
        super().__init__()
        self._radios = radios
        self._bridge = bridge
        self._address = Address(address_of(name), Address.PUBLIC_DEVICE_ADDRESS)
        self._device_name = DEFAULT_NAME
        self._scan: _Scan | None = None
        self._scan_end: asyncio.TimerHandle | None = None
        self._attempt: _Attempt | None = None
        self._connections: dict[int, DirectLink] = {}
        # The car asks nothing of a fob, so it is never asked.
        self._server = GattServer(stack_services(DEFAULT_NAME)[0], self._refuse, self._ignore)
        bridge.serve(SERVICE, self)
        bridge.on_closed(self._leave)

    async def _refuse(self, _link: int, _handle: int) -> int:
        return 0

    async def _ignore(self, _link: int, _handle: int) -> None:
        pass

    def emit(self, event: int, *args: object) -> None:
        if self._is_active:
            self._bridge.emit(SERVICE, "irq", event, *args)

    async def active(self, on: bool | None = None) -> bool:
        """Switch the radio on or off; whether it is on."""
        if on and not self._is_active:
            self.preferred_mtu = DEFAULT_MTU_OFFER
            self._is_active = True
        elif on is not None and not on and self._is_active:
            self._is_active = False
            self._stop_listening()
            for connection in self._connections.values():
                connection.switch_off()
            self._connections.clear()
            await self._drop_links()
        return self._is_active

    def query(self, name: str) -> object:
        """BLE.config("name"). Raises ValueError for unknown names."""
        if name == "gap_name":
            return self._device_name
        if name == "mtu":
            self._require_active()
            return self.preferred_mtu
        if name == "mac":
            self._require_active()
            return address_and_type(self._address)
        raise ValueError("unknown config param")

    def configure(self, name: str, value: object) -> None:
        """BLE.config(name=value). Raises ValueError for unknown names."""
        if name == "gap_name":
            assert isinstance(value, bytes)
            if len(value) > LONGEST_NAME:
                raise OSError(errno.EINVAL, "the name is too long")
            self._device_name = value
        elif name == "mtu":
            self._require_active()
            if value not in MTU_RANGE:
                raise OSError(errno.EINVAL, "no such MTU")
            self.preferred_mtu = int(str(value))
        elif name == "addr_mode":
            # A car does not look at a fob's address.
            self._require_active()
        elif name not in ("bond", "mitm", "io", "le_secure"):
            raise ValueError("unknown config param")

    def gap_scan(
        self, duration_ms: int | None, interval_us: int, window_us: int, active: bool
    ) -> None:
        """None stops, 0 goes on until stopped."""
        self._require_active()
        if duration_ms is None:
            self._stop_scanning()
            return
        if self._scan is not None:
            raise OSError(errno.EALREADY, "scanning already")
        if self._attempt is not None:
            raise OSError(errno.EBUSY, "connecting")
        interval, window = (
            min(max(us // SLOT_US, SCAN_RANGE.start), SCAN_RANGE.stop - 1)
            for us in (interval_us, window_us)
        )
        if window > interval:
            raise OSError(errno.EIO, "the window is longer than the interval")
        loop = asyncio.get_running_loop()
        self._scan = _Scan(loop.time(), interval * SLOT, window * SLOT, active)
        self._listen("scan")
        if duration_ms:
            self._scan_end = loop.call_later(duration_ms / 1000, self._stop_scanning)

    def _stop_scanning(self) -> None:
        if self._scan is None:
            return
        self._scan = None
        if self._scan_end is not None:
            self._scan_end.cancel()
            self._scan_end = None
        self._unlisten()
        self.emit(irq.SCAN_DONE)

    def heard(self, heard: Heard) -> None:
        """An advertisement, with the scan response it would be answered with."""
        now = asyncio.get_running_loop().time()
        if self._scan is not None and self._scan.listens(now):
            self._report(heard, heard.type, heard.data)
            if self._scan.active:
                self._report(heard, ReportType.SCAN_RSP, heard.scan_response)
        attempt = self._attempt
        if (
            attempt is not None
            and attempt.establishing is None
            and heard.type == ReportType.ADV_IND
            and heard.address == attempt.peer
        ):
            heard.radio.tell("connecting")
            attempt.establishing = asyncio.get_running_loop().call_later(
                heard.radio.latency(attempt.interval), self._establish, attempt, heard.radio
            )

    def _report(self, heard: Heard, kind: ReportType, data: bytes) -> None:
        self.emit(
            irq.SCAN_RESULT, *address_and_type(heard.address), int(kind), heard.radio.rssi, data
        )

    def gap_connect(
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
            if self._attempt is None:
                raise OSError(errno.EALREADY, "not connecting")
            self._give_up()
            return
        if self._attempt is not None:
            raise OSError(errno.EALREADY, "connecting already")
        peer = self._new_peer(addr_type, addr)
        default_min, default_max = DEFAULT_CONNECTION_US
        interval_min = (min_conn_interval_us or default_min) // CONNECTION_UNIT_US
        interval_max = (max_conn_interval_us or default_max) // CONNECTION_UNIT_US
        if interval_min > interval_max or not {interval_min, interval_max} <= set(CONNECTION_RANGE):
            raise OSError(errno.EIO, "connection interval out of range")
        unit = CONNECTION_UNIT_US / 1e6
        interval = self._radios[0].interval(interval_min * unit, interval_max * unit)
        self._stop_scanning()
        end = asyncio.get_running_loop().call_later(scan_duration_ms / 1000, self._give_up)
        self._attempt = _Attempt(peer, interval, end)
        self._listen("dial")

    def _give_up(self) -> None:
        self._end_attempt()
        self._connect_failed()

    def _end_attempt(self) -> None:
        if self._attempt is not None:
            self._attempt.cancel()
            self._attempt = None
            self._unlisten()

    def _establish(self, attempt: _Attempt, radio: DirectRadio) -> None:
        attempt.establishing = None
        if not radio.accepts(attempt.peer):
            return
        self._end_attempt()
        handle = next(number for number in range(_HIGHEST_HANDLE) if number not in self._links)

        def on_end() -> None:
            del self._connections[handle]
            self._on_disconnection(handle)

        connection = radio.connect(
            str(self._address), attempt.interval, lambda pdu: link.on_att_pdu(pdu), on_end
        )
        link = Link(handle, True, attempt.peer, connection.send, self._server, self)
        self._links[handle], self._connections[handle] = link, connection
        self.emit(irq.PERIPHERAL_CONNECT, handle, *address_and_type(attempt.peer))

    async def _terminate(self, handle: int) -> None:
        self._links[handle].is_terminating = True
        self._connections[handle].leave()

    def _stop_listening(self) -> None:
        if self._scan_end is not None:
            self._scan_end.cancel()
            self._scan_end = None
        self._scan = None
        self._end_attempt()
        self._unlisten()

    def _listen(self, kind: Literal["scan", "dial"]) -> None:
        for radio in self._radios:
            radio.tell(kind)
            radio.listen(self)

    def _unlisten(self) -> None:
        for radio in self._radios:
            radio.unlisten(self)

    def _leave(self) -> None:
        self._is_active = False
        self._stop_listening()
        for connection in self._connections.values():
            connection.abandon()
        self._connections.clear()
        self._abandon_links()
