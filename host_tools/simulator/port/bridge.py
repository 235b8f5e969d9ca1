"""Carries a virtual board's hardware calls to the bench, over loopback TCP.

The bench's end is host_tools/simulator/bridge.py, which also describes the frames. Runs inside the
firmware's heap, so it stays small. FOB_BRIDGE="host:port:token" says where the bench listens and
which board this is; it is called at the first use. FOB_CLOCK=virtual chooses lockstep.

When the bench goes away the process ends with a non-zero exit: a firmware without hardware must
not wait for ever.
"""

import binascii
import json
import os
import socket
import sys

import uctypes

_LONG = 128
_ERRORS = {"OSError": OSError, "ValueError": ValueError, "TypeError": TypeError}

now_us = 0
"""In virtual time: the bench's, as of its last answer."""
calling = False
"""Whether a call is under way."""

_interrupted = False
_delivering = False

_in_lockstep = os.getenv("FOB_CLOCK") == "virtual"
_calls = None
_handlers = {}
_ticket = 0


class _Lines:
    # Keeps what it has read between calls: Ctrl-C may interrupt a read half way through a line.
    def __init__(self, address, hello):
        self.socket = socket.socket()
        self.socket.connect(address)
        self.socket.setsockopt(6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY
        self.read = b""
        self.send(hello)

    def send(self, value):
        line = json.dumps(value)
        if len(line) > _LONG:
            # Not copied: on a chip no call needs memory in one piece.
            self.socket.sendall(line)
            line = ""
        self.socket.sendall(line + "\n")

    def receive(self):
        while True:
            end = self.read.find(b"\n")
            if end >= 0:
                line = self.read[:end]
                self.read = self.read[end + 1 :]
                return json.loads(line)
            # Little: on a chip no call needs memory in one piece.
            data = self.socket.recv(128)
            if not data:
                end_process()
            self.read += data


def end_process():
    # SystemExit ends neither a thread's process nor, from a scheduled callback, the main thread's,
    # which may be asleep for ever: an access violation is the one way out MicroPython offers.
    try:
        sys.stderr.write("the bench is gone\n")
    except OSError:  # and so is the one who would read this
        pass
    uctypes.bytearray_at(0, 1)[0] = 0


def _open():
    global _calls
    host, port, token = os.getenv("FOB_BRIDGE").split(":")
    address = socket.getaddrinfo(host, int(port))[0][-1]
    if _in_lockstep:
        _calls = _Lines(address, ["lockstep", token])
        return
    import interrupts

    _calls = _Lines(address, ["calls", token])
    interrupts.watch(_Lines(address, ["events", token]))


def deliver(events):
    """Hand events over, each [service, name, args], to their handlers."""
    global _delivering, _interrupted
    _delivering = True
    try:
        for service, name, args in events:
            if service == "process":
                _interrupted = True
            elif service in _handlers:
                _handlers[service](name, args)
    finally:
        _delivering = False


def heed():
    """Raise the KeyboardInterrupt that the bench asked for, unless it has thought better of it.

    For moments when the firmware may be left; see host_tools/simulator/interruption.py.
    """
    global _interrupted
    if not _interrupted or _delivering:
        return
    _interrupted = False
    if call("process", "interrupted"):
        raise KeyboardInterrupt


def _encode(value):
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_encode(item) for item in value]
    return {"b": value.hex()}


def decode(value):
    if isinstance(value, dict):
        return binascii.unhexlify(value["b"])
    if isinstance(value, list):
        return [decode(item) for item in value]
    return value


def call(service, name, *args):
    """Ask the bench and wait for the answer; events wait until this returned.

    Raises the OSError(errno), ValueError or TypeError the bench reports.
    """
    global _ticket, calling, now_us
    heed()
    if _calls is None:
        _open()
    outer = calling
    calling = True
    try:
        # Never 0, which is for posts: those get no answer.
        _ticket = ticket = (_ticket & 0xFFFF) + 1
        _calls.send([ticket, service, name, _encode(args)])
        answer = _calls.receive()
        while answer[0] != ticket:  # left over from a call that Ctrl-C interrupted
            answer = _calls.receive()
        if len(answer) > 3:
            now_us = answer[3]
        value = decode(answer[2])
        if answer[1]:
            raise _ERRORS[answer[1]](value)
    finally:
        calling = outer
    # Nothing that jumps may follow: MicroPython runs scheduled callbacks at jumps, and the caller
    # shall have the value before the events that it caused.
    return value


def post(service, name, *args):
    """Tell the bench, without an answer; keeps its order among calls."""
    if _in_lockstep:
        # What is printed next must not be seen before it.
        call(service, name, *args)
        return
    if _calls is None:
        _open()
    _calls.send([0, service, name, _encode(args)])


def on(service, handler):
    """Have handler(name, args) called for each event of a service, on the main thread."""
    if _calls is None:
        _open()
    _handlers[service] = handler
