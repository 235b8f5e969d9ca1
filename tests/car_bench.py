"""A simulated car under a hand-driven clock, with one link open."""

from __future__ import annotations

import itertools
import random
from typing import Any

from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car import Behaviour, Car
from tests.legacy_client import LegacyKey, answers

VIN = "5YJ3E1EA1KF000000"


class CarBench:
    """`car`, `link` (its first), `key` (not yet added), and the time."""

    def __init__(self, name: Any = "hash", **behaviour: Any) -> None:
        self.now = 100.0
        self.car = Car(
            VIN,
            clock=lambda: self.now,
            random=random.Random(7).randbytes,
            name=name,
            behaviour=Behaviour(**behaviour),
        )
        self.link = self.car.connect("aa:bb:cc:dd:ee:ff")
        self.link.take_frames()
        self.key = LegacyKey()
        self._scalars = itertools.count(1000)

    def ask(self, data: bytes) -> list[vcsec.FromVCSECMessage]:
        """Write a frame; return what the car says to this link."""
        self.link.write(data)
        return answers(self.link.take_frames())

    def status(self, data: bytes) -> vcsec.CommandStatus:
        """Write a frame; return the commandStatus that the car answers first."""
        first = self.ask(data)[0]
        assert first.HasField("commandStatus")
        return first.commandStatus

    def enrol(self, key: LegacyKey | None = None, **request: Any) -> LegacyKey:
        """Add a key by card and let it know the vehicle."""
        key = key or self.key
        self.ask(key.whitelist_request(**request))
        assert self.car.tap_card()
        self.link.take_frames()
        assert self.car.whitelist.find(key.key_id)
        key.agree(self.car.public_key)
        return key

    def enrol_new(self, **request: Any) -> LegacyKey:
        """Add another key."""
        return self.enrol(LegacyKey(next(self._scalars)), **request)

    def reconnect(self) -> None:
        self.link.disconnect()
        self.link = self.car.connect("aa:bb:cc:dd:ee:ff")
        self.link.take_frames()

    def said(self, kind: str) -> list[str]:
        """The texts of all events of a kind."""
        return [event.text for event in self.car.events if event.kind == kind]
