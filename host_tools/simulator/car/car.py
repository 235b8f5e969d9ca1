"""The whole car."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Literal

from host_tools.protocol import vcsec_pb2 as vcsec

from . import names
from .answers import broadcast, vehicle_status
from .authentication import Authentication
from .behaviour import Behaviour, Refusal
from .body import Body
from .commands import Commands
from .connection import CarConnection
from .defence import Defence
from .dispatch import Dispatcher
from .enrolment import Enrolment
from .events import CarEvent, Direction, Kind, Link
from .hands import Hands
from .information import Information
from .keyring import KeyRing
from .keys import Agreement, Random, VehicleKey
from .legacy import LegacySession
from .legacy_messages import LegacyMessages
from .link import frame
from .nonces import NonceRecord, Reuse
from .replies import Replies
from .signed import SignedSession
from .signed_messages import SignedMessages
from .whitelist import Whitelist, WhitelistKey

MAX_CONNECTIONS = 3

# Seconds after which an `alternate` car changes its name.
NAME_PERIOD = 2.0


class ConnectionLimitReached(Exception):
    """Three links are open already; the car then advertises as not connectable."""


class Car(Hands):
    """A car with one key card. Pure: no I/O; time and randomness are handed in.

    vin: raises InvalidVin. behaviour: the rules of this car; without it, plaintext and
    require_none are set and the rest is usual. vehicle_key: instead of a random one.
    on_event: called for each CarEvent, which also go to `events`.
    """

    def __init__(
        self,
        vin: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        random: Random = os.urandom,
        plaintext: Literal["A", "B", "AB"] = "A",
        require_none: Refusal | Literal[False] = False,
        name: names.Scheme = "hash",
        behaviour: Behaviour | None = None,
        vehicle_key: Agreement | None = None,
        on_event: Callable[[CarEvent], None] | None = None,
    ) -> None:
        self.vin = names.check_vin(vin)
        self.behaviour = behaviour or Behaviour(plaintext=plaintext, require_none=require_none)
        self.name_scheme: names.Scheme = name
        self.events: list[CarEvent] = []
        self.on_event = on_event
        self.violations: list[Reuse] = []
        """Every nonce, counter or answer that was repeated; empty as long as all keys behave."""
        self.connections: list[CarConnection] = []
        self.body = Body(clock, self.behaviour)
        self.whitelist = Whitelist()
        self._clock = clock
        self._random = random
        self._ring = KeyRing(
            self.whitelist, vehicle_key or VehicleKey.generate(random), self._report_reuse
        )
        self._session = SignedSession(
            self.vin, self.whitelist, self._ring, self.behaviour, clock, random
        )
        self._enrolment = Enrolment(self.whitelist, self.behaviour, self._log, self._key_added)
        self._defence = Defence(self.behaviour, clock, self._log, self._drop_all)
        self._replies = Replies(self.behaviour, clock, self._log)
        self._authentication = Authentication(
            self.body,
            self.whitelist,
            self.connections,
            clock,
            random,
            self._tell,
            self._log,
            self._report_reuse,
        )
        commands = Commands(
            self.behaviour,
            self._enrolment,
            Information(self.vin, self.whitelist, self._ring, self.body),
            self.body,
            self._authentication,
            self._log,
        )
        voice = (commands, self._replies, self.body.status, self._log, self._defence.bad_seal)
        self._dispatcher = Dispatcher(
            self.behaviour,
            LegacyMessages(
                self.behaviour,
                LegacySession(self.whitelist, self._ring),
                self._ring,
                self._enrolment,
                self._authentication,
                *voice,
            ),
            SignedMessages(self.behaviour, self._session, self.whitelist, *voice),
            self._log,
        )
        self._dozes = False
        self.card = self.whitelist.add(
            WhitelistKey(
                VehicleKey.generate(random).public_key,
                role=vcsec.ROLE_OWNER,
                form_factor=vcsec.KEY_FORM_FACTOR_NFC_CARD,
            )
        )
        """The owner's key card, in slot 0."""
        self._reported = self.body.status()

    @property
    def locked(self) -> bool:
        return self.body.locked

    @property
    def nonces(self) -> NonceRecord:
        return self._ring.nonces

    @property
    def public_key(self) -> bytes:
        """The vehicle's public key, 65 bytes."""
        return self._ring.vehicle_key.public_key

    @property
    def epoch(self) -> bytes:
        """16 bytes that are new after a restart."""
        return self._session.epoch

    @property
    def clock_time(self) -> int:
        """What the car's clock shows: whole seconds since it started."""
        return self._session.clock_time

    @property
    def advertised_name(self) -> str:
        """The name in advertisements right now."""
        return names.advertised_name(self.vin, self.name_scheme, int(self._clock() / NAME_PERIOD))

    @property
    def connectable(self) -> bool:
        return len(self.connections) < MAX_CONNECTIONS and not self.locked_out

    @property
    def locked_out(self) -> bool:
        """Whether badly sealed messages have made the car refuse everybody for a while."""
        return self._defence.locked_out

    @property
    def waits_for_card(self) -> bool:
        return self._enrolment.pending is not None

    def connect(self, peer: str = "") -> CarConnection:
        """Open a link; raises ConnectionLimitReached. The car tells its status at once."""
        if not self.connectable:
            why = "locked out" if self.locked_out else f"{MAX_CONNECTIONS} links are open"
            raise ConnectionLimitReached(why)
        connection = CarConnection(
            peer, self._log, self._written, self._closed, self._lost, self._read
        )
        connection.last_sign = self._clock()
        self.connections.append(connection)
        self._log("connected", f"link {len(self.connections)} of {MAX_CONNECTIONS}", connection)
        self._push(connection, self.body.status())
        self._authentication.welcome(connection)
        return connection

    def tap_card(self) -> bool:
        """Hold the card to the reader; False if nothing waited for it."""
        self.tick()
        return self._enrolment.tap(self.card)

    @property
    def next_due(self) -> float | None:
        """Seconds until `tick` has something to do: 0 for at once, else at least a millisecond, so
        that clocks get on; None for nothing."""
        dues = [
            self._enrolment.due,
            self._replies.due,
            self._authentication.due,
            self.body.closures.due,
            *(self._idle_at(connection) for connection in self.connections),
        ]
        due = min((due for due in dues if due is not None), default=None)
        if due is None:
            return None
        left = due - self._clock()
        return max(left, 0.001) if left > 0 else 0.0

    def tick(self) -> None:
        """Let time-outs happen; call it about once a second, and when `next_due` is over."""
        now = self._clock()
        self._enrolment.tick(now)
        self._replies.tick()
        if self.body.closures.tick(now):
            self._push_changes()
        self._authentication.tick(now)
        for connection in list(self.connections):
            idle_at = self._idle_at(connection)
            if idle_at is not None and now >= idle_at:
                self._drop(connection, "idle")

    def _idle_at(self, connection: CarConnection) -> float | None:
        patience = self.behaviour.idle_timeout
        if patience is None or connection.dropping:
            return None
        return connection.last_sign + patience

    def rotate_key(self) -> None:
        """Change the vehicle's key pair, as a car may after an update."""
        self._ring.rotate(self._random)
        self._log("key", "the vehicle has a new key pair")

    def reboot(self) -> None:
        """Restart the security controller: a new epoch, whose clock starts at 0. Links stay."""
        self._session.restart()
        self._log("key", f"the car restarted: its epoch is {self.epoch.hex()}")

    def shift_clock(self, seconds: float) -> None:
        """Let the epoch's clock jump, as that of a car never should; it drifts in small jumps."""
        self._session.shift_clock(seconds)
        self._log("key", f"the car's clock jumped by {seconds:+g} s")

    def fall_asleep(self) -> None:
        """As a parked car does; the next command wakes it."""
        self._authentication.withdraw()
        self.body.asleep = self._dozes = True
        self._push_changes()

    def report(self) -> None:
        """Put the state into the event stream."""
        self._log("state", self.body.description())

    def _written(self, connection: CarConnection, data: bytes) -> None:
        self.tick()
        connection.last_sign = now = self._clock()
        messages = connection.reader.write(data, now)
        for reason, dropped in connection.reader.take_dropped():
            self._log("ignored", reason, connection, data=dropped)
        for message in messages:
            self._log("received", "", connection, "to-vehicle", frame(message))
            diverted = connection.on_message and connection.on_message(message)
            if diverted is None:
                self._rouse()
                self._dispatcher.message(message, connection, now)
                self._push_changes()
            else:
                self._dispatcher.overhear(message, connection)
                for answer in diverted:
                    connection.queue(answer)

    def _rouse(self) -> None:
        """The first message after the car fell asleep finds it slow."""
        if self._dozes:
            self._dozes = False
            self._replies.hold(self.behaviour.wake_time)

    def _wake(self) -> float:
        self.tick()
        delay = self.behaviour.wake_time if self._dozes else 0.0
        self._rouse()
        self.body.asleep = False
        return delay

    def _key_added(self, key: WhitelistKey) -> None:
        self._ring.key_added(key)
        self._session.key_added(key)

    def _read(self, connection: CarConnection) -> None:
        self.tick()
        connection.last_sign = self._clock()

    def _lost(self, connection: CarConnection, data: bytes) -> None:
        for message in connection.reader.completed_by(data):
            self._dispatcher.overhear(message, connection)

    def _drop_all(self) -> None:
        for connection in list(self.connections):
            self._drop(connection, "locked out")

    def _drop(self, connection: CarConnection, reason: str) -> None:
        self._log("ignored", f"the car drops the link: {reason}", connection)
        connection.dropping = True
        if connection.on_drop:
            connection.on_drop()
        else:
            connection.disconnect()

    def _closed(self, connection: CarConnection) -> None:
        self.connections.remove(connection)
        self._log("disconnected", "", connection)
        if connection.active_key and not any(other.active_key for other in self.connections):
            self._walked_away(connection.active_key)

    def _walked_away(self, key: WhitelistKey) -> None:
        """The last active key is gone, and took whoever had it along."""
        if not self.behaviour.walk_away_lock or not self.body.used or self.body.seated:
            return
        gone = f"key {key.key_id.hex()} is gone"
        # A cable may stay in the charge port.
        if hindrances := self.body.open_closures - {"chargePort"}:
            text = f"{gone}, but the car stays unlocked: {', '.join(sorted(hindrances))} not closed"
            self._log("authentication", text)
        else:
            self._log("authentication", f"{gone}: the car locks itself")
            self.body.lock()
            self._push_changes()

    def _push_changes(self) -> None:
        status = self.body.status()
        if status == self._reported:
            return
        self._reported = status
        self._log("state", self.body.description())
        for connection in self.connections:
            self._push(connection, status)

    def _push(self, connection: CarConnection, status: vcsec.VehicleStatus) -> None:
        self._tell(connection, vehicle_status(status), "vehicleStatus")

    def _tell(self, connection: CarConnection, message: vcsec.FromVCSECMessage, what: str) -> None:
        """Say something unasked, in the forms in which this car does."""
        if self.behaviour.push != "wrapped":
            connection.send(message, what)
        if self.behaviour.push != "raw":
            connection.send(broadcast(message), f"{what}, to everybody")

    def _report_reuse(self, reuse: Reuse) -> None:
        self.violations.append(reuse)
        self._log("violation", str(reuse))

    def _log(
        self,
        kind: Kind,
        text: str,
        connection: Link | None = None,
        direction: Direction | None = None,
        data: bytes = b"",
    ) -> None:
        peer = connection.peer if connection else None
        event = CarEvent(self._clock(), kind, text, peer, direction, data)
        self.events.append(event)
        if self.on_event:
            self.on_event(event)
