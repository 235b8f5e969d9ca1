"""A connection to a car: GATT client operations, one at a time.

UUIDs: SDK pkg/connector/ble/ble.go. Which CCCD bit and which kind of write the characteristics
want is read from their properties, since cars differ.
"""

from collections import deque
from time import ticks_add, ticks_ms

from bluetooth import FLAG_INDICATE, FLAG_NOTIFY, FLAG_WRITE, UUID
from micropython import const

from fob.errors import Disconnected, LinkError

_IRQ_PERIPHERAL_DISCONNECT = const(8)
_IRQ_GATTC_SERVICE_RESULT = const(9)
_IRQ_GATTC_SERVICE_DONE = const(10)
_IRQ_GATTC_CHARACTERISTIC_RESULT = const(11)
_IRQ_GATTC_CHARACTERISTIC_DONE = const(12)
_IRQ_GATTC_DESCRIPTOR_RESULT = const(13)
_IRQ_GATTC_DESCRIPTOR_DONE = const(14)
_IRQ_GATTC_WRITE_DONE = const(17)
_IRQ_GATTC_NOTIFY = const(18)
_IRQ_GATTC_INDICATE = const(19)
_IRQ_MTU_EXCHANGED = const(21)

_STATUS_LINK_LOST = const(7)

_SERVICE = UUID("00000211-b2d1-43f0-9b88-960cebf8b91e")
_TO_VEHICLE = UUID("00000212-b2d1-43f0-9b88-960cebf8b91e")
_FROM_VEHICLE = UUID("00000213-b2d1-43f0-9b88-960cebf8b91e")
_CCCD = UUID(0x2902)

_DEFAULT_MTU = const(23)
_ATT_HEADER = const(3)
_PROCEDURE_MS = const(5000)
_MTU_MS = const(1000)
_DISCONNECT_MS = const(1000)
# A car's service has three characteristics and a handful of descriptors.
_RESULTS = const(32)
_INBOX = const(64)


class Link:
    """What fob.exchange needs; a wait ends done, refused, timed out, disconnected or cancelled."""

    def __init__(self, radio, handle):
        self._radio = radio
        self._ble = radio.ble
        self._handle = handle
        self._connected = True
        self._inbox: deque = deque((), _INBOX)
        self._to_vehicle = self._from_vehicle = 0
        self._with_response = True
        self._mtu_asked = False
        self.payload = _DEFAULT_MTU - _ATT_HEADER

    async def open(self):
        """Discover the vehicle's service and subscribe to its answers."""
        services = await self._discover(
            self._ble.gattc_discover_services,
            (_SERVICE,),
            _IRQ_GATTC_SERVICE_RESULT,
            _IRQ_GATTC_SERVICE_DONE,
        )
        if not services:
            raise LinkError("the peer does not offer the vehicle's service")
        _, start, end, _ = services[0]
        characteristics = {}
        for _, last, value, properties, uuid in await self._discover(
            self._ble.gattc_discover_characteristics,
            (start, end),
            _IRQ_GATTC_CHARACTERISTIC_RESULT,
            _IRQ_GATTC_CHARACTERISTIC_DONE,
        ):
            characteristics[uuid] = value, last, properties
        try:
            self._to_vehicle, _, writable = characteristics[_TO_VEHICLE]
            self._from_vehicle, last, readable = characteristics[_FROM_VEHICLE]
        except KeyError:
            raise LinkError("the vehicle's service lacks a characteristic")
        self._with_response = bool(writable & FLAG_WRITE)
        await self._subscribe(last, readable)

    async def exchange_mtu(self):
        """Ask for a longer ATT_MTU, once; where that fails, the present one stays."""
        if self._mtu_asked:
            return
        self._mtu_asked = True
        deadline = ticks_add(ticks_ms(), _MTU_MS)
        try:
            # Refused where the car has begun an exchange itself: there is one to a connection.
            self._radio.call(self._ble.gattc_exchange_mtu, self._handle)
            while (await self._next(deadline))[0] != _IRQ_MTU_EXCHANGED:
                pass
        except Disconnected:
            raise
        except LinkError:
            pass

    async def write(self, chunk):
        """Write one chunk of at most `payload` bytes to the car."""
        await self._write(self._to_vehicle, chunk, self._with_response)

    async def read(self, timeout_ms):
        """Return the next indication's bytes; with 0, only one that is here already."""
        deadline = ticks_add(ticks_ms(), timeout_ms)
        while not self._inbox:
            await self._next(deadline)
        return self._inbox.popleft()

    async def disconnect(self):
        """Take the link down and wait until it is; quiet when it is down already."""
        try:
            if self._connected and self._radio.call(self._ble.gap_disconnect, self._handle):
                deadline = ticks_add(ticks_ms(), _DISCONNECT_MS)
                while True:
                    await self._next(deadline)
        except LinkError:
            self._connected = False

    async def _subscribe(self, last, properties):
        descriptors = await self._discover(
            self._ble.gattc_discover_descriptors,
            (self._from_vehicle, last),
            _IRQ_GATTC_DESCRIPTOR_RESULT,
            _IRQ_GATTC_DESCRIPTOR_DONE,
        )
        if properties & FLAG_INDICATE:
            value = b"\x02\x00"
        elif properties & FLAG_NOTIFY:
            value = b"\x01\x00"
        else:
            raise LinkError("the vehicle's answers cannot be subscribed to")
        for _, handle, uuid in descriptors:
            if uuid == _CCCD:
                await self._write(handle, value, True)
                return
        raise LinkError("the vehicle's answers have no CCCD")

    async def _discover(self, method, args, result, done):
        """Run one discovery procedure and return its results."""
        self._radio.call(method, self._handle, *args)
        deadline = self._deadline()
        results: list = []
        while True:
            kind, data = await self._next(deadline)
            if kind == result:
                if len(results) >= _RESULTS:
                    raise LinkError("the peer offers more than a car does")
                results.append(data)
            elif kind == done:
                self._check(data[1])
                return results

    async def _write(self, handle, value, with_response):
        self._radio.call(
            self._ble.gattc_write, self._handle, handle, value, 1 if with_response else 0
        )
        deadline = self._deadline()
        while with_response:
            kind, data = await self._next(deadline)
            if kind == _IRQ_GATTC_WRITE_DONE and data[1] == handle:
                self._check(data[2])
                return

    def _check(self, status):
        if status == _STATUS_LINK_LOST:
            self._connected = False
            raise Disconnected("the link to the car went down")
        if status:
            raise LinkError("the car refuses a GATT operation (status 0x%x)" % status)

    def _deadline(self):
        return ticks_add(ticks_ms(), _PROCEDURE_MS)

    async def _next(self, deadline):
        """Return this link's next event; indications go to the inbox on the way."""
        while True:
            kind, data = await self._radio.event(deadline)
            if data[0] != self._handle:
                # Stale: an earlier connection's.
                continue
            if kind == _IRQ_PERIPHERAL_DISCONNECT:
                self._connected = False
                raise Disconnected("the link to the car went down")
            if kind in (_IRQ_GATTC_INDICATE, _IRQ_GATTC_NOTIFY):
                if data[1] == self._from_vehicle:
                    if len(self._inbox) >= _INBOX:
                        raise LinkError("more indications than could be kept")
                    self._inbox.append(data[2])
            elif kind == _IRQ_MTU_EXCHANGED:
                self.payload = data[1] - _ATT_HEADER
            return kind, data
