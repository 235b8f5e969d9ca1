"""The Bluetooth LE edge: find a car, connect, hand out a link.

Event numbers and payloads: MicroPython documentation, module `bluetooth`. The handler runs in
another task on the ESP32 and its buffers are lent: it copies, queues, sets a flag.
"""

import asyncio
import errno
import os
from collections import deque
from time import ticks_add, ticks_diff, ticks_ms

from bluetooth import BLE, UUID
from micropython import const

from fob.errors import ConnectionLimit, Disconnected, LinkError, NotFound, TimedOut
from hal.link import LOST, Link

_IRQ_SCAN_RESULT = const(5)
_IRQ_PERIPHERAL_CONNECT = const(7)
_IRQ_PERIPHERAL_DISCONNECT = const(8)
# From PERIPHERAL_CONNECT to here, and MTU_EXCHANGED: what a central and GATT client waits for.
_IRQ_GATTC_INDICATE = const(19)
_IRQ_MTU_EXCHANGED = const(21)

_NO_CONNECTION = const(65535)
# A connection attempt that is given up ends by an event within this time.
_GIVE_UP_MS = const(500)

# Advertising types of a scan result; what can be connected to shows only in the first ones.
_ADV_IND = const(0)
_ADV_DIRECT_IND = const(1)
_SCAN_RSP = const(4)

# Listen all the time: the default hears 1 % of it. In microseconds.
_SCAN_US = const(30000)
# The shortest interval a car may choose from; every round trip costs at least one.
_INTERVAL_MIN_US = const(7500)
_INTERVAL_MAX_US = const(15000)

_AD_SHORT_NAME = const(8)
_AD_NAME = const(9)

_ADVERTS = const(16)
_EVENTS = const(32)
_PEERS = const(32)


class Radio:
    """One central; at most one scan, connection attempt or link at a time."""

    def __init__(self):
        self.ble = BLE()
        self._flag = asyncio.ThreadSafeFlag()
        self._events: deque = deque((), _EVENTS)
        self._overflow = False
        # Of the last search: the strength of the car in dBm, None where it was not heard, and how
        # many advertisers were.
        self.rssi = None
        self.heard = 0

    def start(self):
        """Switch the radio on, where it is off."""
        if not self.ble.active():
            self.call(self.ble.active, True)
        # Each time: a handler that once raised, for want of memory say, has been taken off.
        self.ble.irq(self._on_event)

    def stop(self):
        """Switch the radio off, and with it whatever it was doing; quiet when it is off."""
        self._quietly(self.ble.active, False)
        self._clear()

    def random(self, n):
        """Return `n` random bytes; the ESP32's generator is one only while the radio is on."""
        if not self.ble.active():
            raise LinkError("the radio is off")
        return os.urandom(n)

    async def find(self, names, timeout_ms, peer=None):
        """Return the peer (address type, address) that advertises one of `names` (bytes).

        The address `peer` is as good as a name. Raises ConnectionLimit when the car was heard but
        takes no connection, else NotFound.
        """
        return (await self.strongest([(names, peer)], 0, timeout_ms))[1]

    async def strongest(self, cars, listen_ms, timeout_ms):
        """Return (index, peer) of that one of `cars`, each (names, peer) as for find, which is
        heard loudest within `listen_ms`, or as soon as all are; else of the first one heard.

        Of several, one may be it that takes no connection. Raises what find does.
        """
        connectable: dict = {}
        loudest: dict = {}
        self.rssi = None
        self._clear()
        listened = ticks_add(ticks_ms(), listen_ms)
        deadline = ticks_add(ticks_ms(), timeout_ms)
        self.call(self.ble.gap_scan, timeout_ms, _SCAN_US, _SCAN_US, True)
        try:
            while len(loudest) < len(cars):
                kind, data = await self.event(listened if loudest else deadline)
                if kind != _IRQ_SCAN_RESULT:
                    continue
                addr_type, addr, adv_type, rssi, payload = data
                found = addr_type, addr
                # A scan response tells nothing about it: it comes from both kinds.
                if adv_type != _SCAN_RSP:
                    if len(connectable) >= _PEERS:
                        connectable.clear()
                    connectable[found] = adv_type in (_ADV_IND, _ADV_DIRECT_IND)
                if found not in connectable:
                    continue
                name = _name(payload)
                for index, (names, peer) in enumerate(cars):
                    if found == peer or name in names:
                        self.rssi = rssi
                        if connectable[found] or listen_ms:
                            heard = rssi, found
                            loudest[index] = max(heard, loudest.get(index, heard))
        except TimedOut:
            if not loudest:
                if self.rssi is not None:
                    raise ConnectionLimit("the car takes no more connections")
                raise NotFound("the car is not in reach")
        finally:
            self.heard = len(connectable)
            self._quietly(self.ble.gap_scan, None)
        index = max(loudest, key=lambda index: loudest[index])
        self.rssi, found = loudest[index]
        return index, found

    async def connect(self, peer, timeout_ms):
        """Connect to `peer` and return the Link; raises TimedOut."""
        self._clear()
        deadline = ticks_add(ticks_ms(), timeout_ms + timeout_ms // 4)
        self.call(self.ble.gap_connect, *peer, timeout_ms, _INTERVAL_MIN_US, _INTERVAL_MAX_US)
        try:
            while True:
                kind, data = await self.event(deadline, peer[1])
                if kind == _IRQ_PERIPHERAL_CONNECT:
                    return Link(self, data[0])
                if kind == _IRQ_PERIPHERAL_DISCONNECT and data[0] == _NO_CONNECTION:
                    break
        except BaseException:
            self._quietly(self.ble.gap_connect, None)
            deadline = ticks_add(ticks_ms(), _GIVE_UP_MS)
            try:
                # One that comes up all the same is taken down meanwhile.
                while (await self.event(deadline))[0] != _IRQ_PERIPHERAL_DISCONNECT:
                    pass
            except LinkError:
                pass
            raise
        raise TimedOut("no connection to the car")

    async def event(self, deadline, address=None):
        """Return the next (event number, data); raises TimedOut at `deadline` (ticks_ms).

        A connection to another than `address` is of an attempt given up long ago, and taken down:
        it would hold one of the car's three places.
        """
        while True:
            while not self._events:
                await self._wait(deadline)
            if self._overflow:
                self._clear()
                raise LinkError("the car says more than could be kept")
            kind, data = self._events.popleft()
            if kind != _IRQ_PERIPHERAL_CONNECT or data[2] == address:
                return kind, data
            self._quietly(self.ble.gap_disconnect, data[0])

    def call(self, method, *args):
        """Call a BLE method; its OSError becomes Disconnected or LinkError."""
        try:
            return method(*args)
        except OSError as error:
            if error.args[0] == errno.ENOTCONN:
                raise Disconnected(LOST)
            raise LinkError("the radio refuses (errno %d)" % error.args[0])

    def _quietly(self, method, *args):
        # For cleaning up: what is to be stopped may have ended by itself, which is no error and
        # must not hide one.
        try:
            method(*args)
        except OSError:
            pass

    async def _wait(self, deadline):
        remaining = ticks_diff(deadline, ticks_ms())
        if remaining <= 0:
            raise TimedOut("no answer in time")
        # Not wait_for_ms: cancelled from outside, it cancels its caller once more a little later,
        # while that cleans up.
        alarm = asyncio.create_task(self._ring(remaining))
        try:
            await self._flag.wait()
        finally:
            alarm.cancel()

    async def _ring(self, ms):
        await asyncio.sleep_ms(ms)
        self._flag.set()

    def _clear(self):
        self._overflow = False
        while self._events:
            kind, data = self._events.popleft()
            if kind == _IRQ_PERIPHERAL_CONNECT:
                self._quietly(self.ble.gap_disconnect, data[0])

    def _on_event(self, event, data):
        if event == _IRQ_SCAN_RESULT:
            # It comes again, so it may be missed; no other may.
            if len(self._events) >= _ADVERTS:
                return
        elif event != _IRQ_MTU_EXCHANGED and not (
            _IRQ_PERIPHERAL_CONNECT <= event <= _IRQ_GATTC_INDICATE
        ):
            # Among them GET_SECRET and SET_SECRET: this fob bonds with nobody.
            return
        if len(self._events) >= _EVENTS:
            self._overflow = True
        else:
            self._events.append((event, tuple(map(_copied, data))))
        self._flag.set()


def _copied(item):
    if isinstance(item, memoryview):
        return bytes(item)
    if isinstance(item, UUID):
        # The stub leaves out that a UUID is made from another's bytes too.
        return UUID(item)  # type: ignore[arg-type]
    return item


def _name(payload):
    """Return the name in an advertising payload (AD structures), or None."""
    at = 0
    while at + 1 < len(payload):
        length = payload[at]
        if not length:
            # The rest is padding.
            return None
        if payload[at + 1] in (_AD_SHORT_NAME, _AD_NAME):
            return payload[at + 2 : at + 1 + length]
        at += 1 + length
    return None
