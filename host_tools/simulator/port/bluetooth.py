"""Stands in for MicroPython's `bluetooth`: every call goes to a Bluetooth host on the bench.

The bench's end is host_tools/simulator/radio/ble_host.py. What is not true to the ESP32 here:
events wait until the main thread runs Python code (time.sleep(1) delays them, time.sleep_ms does
not), and their tuples are new ones; buffers in them are overwritten after the handler, since a
board reuses them.
"""

import binascii
import sys

import bridge

FLAG_READ = 0x02
FLAG_WRITE_NO_RESPONSE = 0x04
FLAG_WRITE = 0x08
FLAG_NOTIFY = 0x10
FLAG_INDICATE = 0x20

_SERVICE = "ble"
_IRQ_GATTS_READ_REQUEST = 4
_IRQ_GET_SECRET = 29
_LOCAL_KEY = 10
_POISON = 0xA5
# Which values of an event are UUIDs: by event number, the index.
_UUIDS = {9: 3, 11: 4, 13: 2}
_EOPNOTSUPP = 95
_ENODEV = 19


class UUID(bytearray):
    # A subclass of a native type: only those offer the buffer protocol.
    def __init__(self, value):
        if isinstance(value, int):
            if not 0 <= value <= 0xFFFF:
                raise ValueError("invalid UUID")
            value = value.to_bytes(2, "little")
        elif isinstance(value, str):
            digits = value.replace("-", "")
            if len(digits) != 32:
                raise ValueError("invalid UUID")
            value = bytes(reversed(binascii.unhexlify(digits)))
        elif len(value) not in (2, 4, 16):
            raise ValueError("invalid UUID")
        super().__init__(value)

    def __repr__(self):
        digits = binascii.hexlify(bytes(reversed(bytes(self)))).decode()
        if len(digits) < 32:
            return "UUID(0x%s)" % digits
        parts = digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]
        return "UUID('%s')" % "-".join(parts)

    __str__ = __repr__

    def __eq__(self, other):
        return isinstance(other, UUID) and bytes(self) == bytes(other)

    def __hash__(self):
        return hash(bytes(self))


def _address(addr):
    addr = bytes(addr)
    if len(addr) != 6:
        raise ValueError("invalid addr")
    return addr


def _ble(name, *args):
    return bridge.call(_SERVICE, name, *args)


def _data(value):
    # A str is as good as bytes wherever MicroPython takes a buffer.
    return value.encode() if isinstance(value, str) else bytes(value)


def _data_or_none(value):
    return None if value is None else _data(value)


class BLE:
    _only = None

    def __new__(cls):
        if cls._only is None:
            cls._only = super().__new__(cls)
            cls._only._handler = None
            cls._only._on = False
            bridge.on(_SERVICE, cls._only._event)
        return cls._only

    def active(self, active=None):
        if active is not None:
            self._on = _ble("active", bool(active))
            if active:
                # NimBLE asks for its own key when it starts.
                self._raise(_IRQ_GET_SECRET, (_LOCAL_KEY, 0, None))
        return self._on

    def config(self, param=None, **kwargs):
        if (param is None) != bool(kwargs):
            raise TypeError("query one param or set some")
        for name, value in kwargs.items():
            _ble("configure", name, _data(value) if name == "gap_name" else value)
        if param is None:
            return None
        value = _ble("query", param)
        return tuple(value) if isinstance(value, list) else value

    def irq(self, handler):
        if handler is not None and not callable(handler):
            raise ValueError("invalid handler")
        self._handler = handler

    def gap_advertise(self, interval_us, adv_data=None, *, resp_data=None, connectable=True):
        return _ble(
            "gap_advertise",
            interval_us,
            _data_or_none(adv_data),
            _data_or_none(resp_data),
            bool(connectable),
        )

    def gap_scan(self, duration_ms, interval_us=1280000, window_us=11250, active=False):
        return _ble("gap_scan", duration_ms, interval_us, window_us, bool(active))

    def gap_connect(
        self,
        addr_type,
        addr=None,
        scan_duration_ms=2000,
        min_conn_interval_us=None,
        max_conn_interval_us=None,
    ):
        if addr_type is not None:
            addr = _address(addr)
        return _ble(
            "gap_connect",
            addr_type,
            addr,
            scan_duration_ms,
            min_conn_interval_us,
            max_conn_interval_us,
        )

    def gap_disconnect(self, conn_handle):
        return _ble("gap_disconnect", conn_handle)

    def gap_pair(self, conn_handle):
        self._refuse()

    def gap_passkey(self, conn_handle, action, passkey):
        self._refuse()

    def gatts_register_services(self, services_definition):
        definition = []
        for uuid, characteristics in services_definition:
            rows = []
            for row in characteristics:
                descriptors = row[2] if len(row) > 2 else ()
                rows.append([bytes(row[0]), row[1], [[bytes(d[0]), d[1]] for d in descriptors]])
            definition.append([bytes(uuid), rows])
        return tuple(tuple(handles) for handles in _ble("gatts_register_services", definition))

    def gatts_read(self, value_handle):
        return _ble("gatts_read", value_handle)

    def gatts_write(self, value_handle, data, send_update=False):
        return _ble("gatts_write", value_handle, _data(data), bool(send_update))

    def gatts_notify(self, conn_handle, value_handle, data=None):
        return _ble("gatts_notify", conn_handle, value_handle, _data_or_none(data))

    def gatts_indicate(self, conn_handle, value_handle, data=None):
        return _ble("gatts_indicate", conn_handle, value_handle, _data_or_none(data))

    def gatts_set_buffer(self, value_handle, len, append=False):
        return _ble("gatts_set_buffer", value_handle, len, bool(append))

    def gattc_discover_services(self, conn_handle, uuid=None):
        return _ble("gattc_discover_services", conn_handle, _data_or_none(uuid))

    def gattc_discover_characteristics(self, conn_handle, start_handle, end_handle, uuid=None):
        return _ble(
            "gattc_discover_characteristics",
            conn_handle,
            start_handle,
            end_handle,
            _data_or_none(uuid),
        )

    def gattc_discover_descriptors(self, conn_handle, start_handle, end_handle):
        return _ble("gattc_discover_descriptors", conn_handle, start_handle, end_handle)

    def gattc_read(self, conn_handle, value_handle):
        return _ble("gattc_read", conn_handle, value_handle)

    def gattc_write(self, conn_handle, value_handle, data, mode=0):
        return _ble("gattc_write", conn_handle, value_handle, _data(data), mode)

    def gattc_exchange_mtu(self, conn_handle):
        return _ble("gattc_exchange_mtu", conn_handle)

    def _refuse(self):
        raise OSError(_EOPNOTSUPP if self._on else _ENODEV)

    def _event(self, name, args):
        if name == "irq":
            self._raise(args[0], args[1:])
        else:
            ticket, event = args[:2]
            result = self._raise(event, args[2:])
            refusal = result if event == _IRQ_GATTS_READ_REQUEST and result else 0
            bridge.post(_SERVICE, "answer", ticket, int(refusal))

    def _raise(self, event, values):
        if self._handler is None:
            return None
        values = list(values)
        buffers = []
        for index, value in enumerate(values):
            if isinstance(value, bytes):
                value = UUID(value) if _UUIDS.get(event) == index else bytearray(value)
                buffers.append(value)
                values[index] = value if isinstance(value, UUID) else memoryview(value)
        try:
            return self._handler(event, tuple(values))
        except Exception as error:  # noqa: BLE001 - whatever it is, the board prints it and goes on
            sys.print_exception(error)
            self._handler = None
        finally:
            for buffer in buffers:
                for index in range(len(buffer)):
                    buffer[index] = _POISON
