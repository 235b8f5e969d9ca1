"""A connection to a car: GATT client operations, one at a time.

UUIDs: SDK pkg/connector/ble/ble.go. Which CCCD bit and which kind of write the characteristics
want is read from their properties, since cars differ.
"""

from collections import deque
from time import ticks_add, ticks_ms

from bluetooth import FLAG_INDICATE, FLAG_NOTIFY, FLAG_WRITE, UUID
from micropython import const

from fob.errors import AttError, Disconnected, LinkError, TimedOut

_IRQ_PERIPHERAL_DISCONNECT = const(8)
_IRQ_GATTC_SERVICE_RESULT = const(9)
_IRQ_GATTC_SERVICE_DONE = const(10)
_IRQ_GATTC_CHARACTERISTIC_RESULT = const(11)
_IRQ_GATTC_CHARACTERISTIC_DONE = const(12)
_IRQ_GATTC_DESCRIPTOR_RESULT = const(13)
_IRQ_GATTC_DESCRIPTOR_DONE = const(14)
_IRQ_GATTC_READ_DONE = const(16)
_IRQ_GATTC_WRITE_DONE = const(17)
_IRQ_GATTC_NOTIFY = const(18)
_IRQ_GATTC_INDICATE = const(19)
_IRQ_MTU_EXCHANGED = const(21)

# How an operation ends: 0 done, an ATT error, or one of the stack's own.
_STATUS_ATT = const(0x100)
_STATUS_LINK_LOST = const(7)

_SERVICE = UUID("00000211-b2d1-43f0-9b88-960cebf8b91e")
_TO_VEHICLE = UUID("00000212-b2d1-43f0-9b88-960cebf8b91e")
_FROM_VEHICLE = UUID("00000213-b2d1-43f0-9b88-960cebf8b91e")
_VERSION = UUID("00000214-b2d1-43f0-9b88-960cebf8b91e")
_CCCD = UUID(0x2902)

_DEFAULT_MTU = const(23)
_ATT_HEADER = const(3)
# No further request may follow one that was not answered: then the link is of no use any more.
_PROCEDURE_MS = const(2000)
_MTU_MS = const(1000)
_DISCONNECT_MS = const(1000)
# A car's service has three characteristics and a handful of descriptors.
_RESULTS = const(32)
_INBOX = const(64)

# Bits of the flags that are remembered with the handles.
_WITH_RESPONSE = const(1)
_INDICATE = const(2)


class Link:
    """What fob.exchange needs; a wait ends done, refused, timed out, disconnected or cancelled.

    `handles` are (to vehicle, from vehicle, CCCD, flags), flags bit 0: write with response, bit 1:
    indicate (else notify). `remembered` tells that they were handed in, not discovered.
    """

    def __init__(self, radio, handle):
        self._radio = radio
        self._ble = radio.ble
        self._handle = handle
        self._connected = True
        self._inbox: deque = deque((), _INBOX)
        self._mtu_asked = False
        self.handles = (0, 0, 0, 0)
        self.remembered = False
        self.payload = _DEFAULT_MTU - _ATT_HEADER
        # Handle of what keep_alive reads; None while nobody has looked for it.
        self._version = None

    async def open(self, handles=None):
        """Subscribe to the car's answers; discovers the handles where none are handed in.

        With `handles` of an earlier link this is one request. Raises AttError where the car
        refuses it, LinkError where the peer is no car.
        """
        self.remembered = handles is not None
        self.handles = handles or await self._discovered()
        while self._inbox:
            self._inbox.popleft()
        _, _, cccd, flags = self.handles
        await self._write(cccd, b"\x02\x00" if flags & _INDICATE else b"\x01\x00", True)

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
        to_vehicle, _, _, flags = self.handles
        await self._write(to_vehicle, chunk, flags & _WITH_RESPONSE)

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

    async def keep_alive(self):
        """Read the car's version, which keeps it from taking an idle link down after some 40 s.

        Raises LinkError where the car offers none, AttError where it refuses to tell it.
        """
        if self._version is None:
            await self._characteristics()
        if not self._version:
            raise LinkError("the vehicle's service lacks its version")
        self._radio.call(self._ble.gattc_read, self._handle, self._version)
        await self._done(_IRQ_GATTC_READ_DONE, self._version)

    async def _characteristics(self):
        """Discover the service; return UUID -> (value handle, last handle, properties)."""
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
        self._version = characteristics.get(_VERSION, (0,))[0]
        return characteristics

    async def _discovered(self):
        characteristics = await self._characteristics()
        try:
            to_vehicle, _, writable = characteristics[_TO_VEHICLE]
            from_vehicle, last, readable = characteristics[_FROM_VEHICLE]
        except KeyError:
            raise LinkError("the vehicle's service lacks a characteristic")
        if not readable & (FLAG_INDICATE | FLAG_NOTIFY):
            raise LinkError("the vehicle's answers cannot be subscribed to")
        flags = _WITH_RESPONSE if writable & FLAG_WRITE else 0
        if readable & FLAG_INDICATE:
            flags |= _INDICATE
        descriptors = await self._discover(
            self._ble.gattc_discover_descriptors,
            (from_vehicle, last),
            _IRQ_GATTC_DESCRIPTOR_RESULT,
            _IRQ_GATTC_DESCRIPTOR_DONE,
        )
        for _, cccd, uuid in descriptors:
            if uuid == _CCCD:
                return to_vehicle, from_vehicle, cccd, flags
        raise LinkError("the vehicle's answers have no CCCD")

    async def _discover(self, method, args, result, done):
        """Run one discovery procedure and return its results."""
        self._radio.call(method, self._handle, *args)
        deadline = ticks_add(ticks_ms(), _PROCEDURE_MS)
        results: list = []
        while True:
            kind, data = await self._reply(deadline)
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
        if with_response:
            await self._done(_IRQ_GATTC_WRITE_DONE, handle)

    async def _done(self, event, handle):
        """Wait for the end of a read or write of `handle`."""
        deadline = ticks_add(ticks_ms(), _PROCEDURE_MS)
        while True:
            kind, data = await self._reply(deadline)
            if kind == event and data[1] == handle:
                self._check(data[2])
                return

    async def _reply(self, deadline):
        try:
            return await self._next(deadline)
        except TimedOut:
            raise Disconnected("the car does not answer on this link")

    def _check(self, status):
        if status == _STATUS_LINK_LOST:
            self._connected = False
            raise Disconnected("the link to the car went down")
        if status >= _STATUS_ATT:
            raise AttError("the car refuses a GATT operation (0x%x)" % status, status)
        if status:
            raise LinkError("a GATT operation failed (status %d)" % status)

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
                if data[1] == self.handles[1]:
                    if len(self._inbox) >= _INBOX:
                        raise LinkError("more indications than could be kept")
                    self._inbox.append(data[2])
            elif kind == _IRQ_MTU_EXCHANGED:
                self.payload = data[1] - _ATT_HEADER
            return kind, data
