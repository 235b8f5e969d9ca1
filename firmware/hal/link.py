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
# What ends a request; the event before it brings the results.
_IRQ_GATTC_SERVICE_DONE = const(10)
_IRQ_GATTC_CHARACTERISTIC_DONE = const(12)
_IRQ_GATTC_DESCRIPTOR_DONE = const(14)
_IRQ_GATTC_READ_DONE = const(16)
_IRQ_GATTC_WRITE_DONE = const(17)
_IRQ_GATTC_NOTIFY = const(18)
_IRQ_GATTC_INDICATE = const(19)
_IRQ_MTU_EXCHANGED = const(21)

# How an operation ends: 0 done, an ATT error, or one of the stack's own.
_STATUS_ATT = const(0x100)
_STATUS_LINK_LOST = const(7)

_UUID = "0000021%d-b2d1-43f0-9b88-960cebf8b91e"
_SERVICE = UUID(_UUID % 1)
_TO_VEHICLE = UUID(_UUID % 2)
_FROM_VEHICLE = UUID(_UUID % 3)
_VERSION = UUID(_UUID % 4)
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

LOST = "the link to the car went down"
_STRANGE = "this is no car that the fob knows"


class Link:
    """What fob.exchange needs; a wait ends done, refused, timed out, disconnected or cancelled.

    `handles` are (to vehicle, from vehicle, CCCD, flags), flags bit 0: write with response, bit 1:
    indicate (else notify). `remembered` tells that they were handed in, not discovered.
    """

    def __init__(self, radio, handle):
        self._radio = radio
        self._ble = radio.ble
        self._handle = handle
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
        wanted = b"\x02\x00" if flags & _INDICATE else b"\x01\x00"
        await self._ask(_IRQ_GATTC_WRITE_DONE, self._ble.gattc_write, cccd, wanted, 1)

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
        write = self._ble.gattc_write
        if flags & _WITH_RESPONSE:
            await self._ask(_IRQ_GATTC_WRITE_DONE, write, to_vehicle, chunk, 1)
        else:
            self._radio.call(write, self._handle, to_vehicle, chunk, 0)

    async def read(self, timeout_ms):
        """Return the next indication's bytes; with 0, only one that is here already."""
        deadline = ticks_add(ticks_ms(), timeout_ms)
        while not self._inbox:
            await self._next(deadline)
        return self._inbox.popleft()

    async def disconnect(self):
        """Take the link down and wait until it is; quiet when it is down already."""
        try:
            if self._radio.call(self._ble.gap_disconnect, self._handle):
                deadline = ticks_add(ticks_ms(), _DISCONNECT_MS)
                while True:
                    await self._next(deadline)
        except LinkError:
            pass

    async def keep_alive(self):
        """Read the car's version, which keeps it from taking an idle link down after some 40 s.

        Raises LinkError where the car offers none, AttError where it refuses to tell it.
        """
        if self._version is None:
            await self._characteristics()
        if not self._version:
            raise LinkError(_STRANGE)
        await self._ask(_IRQ_GATTC_READ_DONE, self._ble.gattc_read, self._version)

    async def _characteristics(self):
        """Discover the service; return UUID -> (value handle, last handle, properties)."""
        services = await self._ask(
            _IRQ_GATTC_SERVICE_DONE, self._ble.gattc_discover_services, _SERVICE
        )
        if not services:
            raise LinkError(_STRANGE)
        _, start, end, _ = services[0]
        characteristics = {}
        for _, last, value, properties, uuid in await self._ask(
            _IRQ_GATTC_CHARACTERISTIC_DONE, self._ble.gattc_discover_characteristics, start, end
        ):
            characteristics[uuid] = value, last, properties
        self._version = characteristics.get(_VERSION, (0,))[0]
        return characteristics

    async def _discovered(self):
        # First, for a longer one holds more characteristics to a response.
        await self.exchange_mtu()
        characteristics = await self._characteristics()
        nothing = 0, 0, 0
        to_vehicle, _, writable = characteristics.get(_TO_VEHICLE, nothing)
        from_vehicle, last, readable = characteristics.get(_FROM_VEHICLE, nothing)
        flags = _WITH_RESPONSE if writable & FLAG_WRITE else 0
        if readable & FLAG_INDICATE:
            flags |= _INDICATE
        if to_vehicle and readable & (FLAG_INDICATE | FLAG_NOTIFY):
            for _, cccd, uuid in await self._ask(
                _IRQ_GATTC_DESCRIPTOR_DONE, self._ble.gattc_discover_descriptors, from_vehicle, last
            ):
                if uuid == _CCCD:
                    return to_vehicle, from_vehicle, cccd, flags
        raise LinkError(_STRANGE)

    async def _ask(self, done, method, *args):
        """Make a request and wait for its end, the event `done`; return the results, if any."""
        self._radio.call(method, self._handle, *args)
        deadline = ticks_add(ticks_ms(), _PROCEDURE_MS)
        results: list = []
        while True:
            try:
                kind, data = await self._next(deadline)
            except TimedOut:
                raise Disconnected("the car does not answer")
            if kind == done - 1:
                if len(results) >= _RESULTS:
                    raise LinkError(_STRANGE)
                results.append(data)
            # That of a read or write tells of which handle.
            elif kind == done and (len(data) == 2 or data[1] == args[0]):
                status = data[-1]
                if not status:
                    return results
                if status == _STATUS_LINK_LOST:
                    raise Disconnected(LOST)
                text = "a GATT operation failed (0x%x)" % status
                if status >= _STATUS_ATT:
                    raise AttError(text, status)
                raise LinkError(text)

    async def _next(self, deadline):
        """Return this link's next event; indications go to the inbox on the way."""
        while True:
            kind, data = await self._radio.event(deadline)
            if data[0] != self._handle:
                # Stale: an earlier connection's.
                continue
            if kind == _IRQ_PERIPHERAL_DISCONNECT:
                raise Disconnected(LOST)
            if kind in (_IRQ_GATTC_INDICATE, _IRQ_GATTC_NOTIFY):
                if data[1] == self.handles[1]:
                    if len(self._inbox) >= _INBOX:
                        raise LinkError(_STRANGE)
                    self._inbox.append(data[2])
            elif kind == _IRQ_MTU_EXCHANGED:
                self.payload = data[1] - _ATT_HEADER
            return kind, data
