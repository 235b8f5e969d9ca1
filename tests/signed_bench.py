"""A simulated car that speaks the signed-command protocol, and a key of that protocol."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from host_tools.simulator.car import Vintage, vintage
from tests.car_bench import VIN, CarBench
from tests.legacy_client import frame
from tests.signed_client import Answer, SignedKey

UNLOCK = b"\x10\x00"
LOCK = b"\x10\x01"


class SignedBench(CarBench):
    """`key` is a SignedKey, on the whitelist and in session unless `known` is False. Its link stays
    however long it is idle, unless the changes say otherwise."""

    key: SignedKey

    def __init__(self, year: Vintage = "2023", *, known: bool = True, **changes: Any) -> None:
        super().__init__(**vars(vintage(year, **{"untagged": 0, "idle_timeout": None, **changes})))
        self.key = SignedKey(vin=VIN)
        if known:
            self.enrol()
            self.resume()

    def tell(self, message: Message, key: SignedKey | None = None) -> list[Answer]:
        """Write a message; return the answers to it, without what is told to everybody."""
        self.link.write(frame(message))
        return self.heard(key)

    def heard(self, key: SignedKey | None = None) -> list[Answer]:
        """The answers, since the last ones, to the message that the key made last."""
        read = (key or self.key).read
        return [answer for data in self.link.take_frames() if (answer := read(data))]

    def fault(self, message: Message, key: SignedKey | None = None) -> int:
        """Write a message; return the fault in its only answer."""
        (answer,) = self.tell(message, key)
        return answer.fault

    def resume(self, key: SignedKey | None = None) -> SignedKey:
        """Let a key ask for session info and take it over."""
        key = key or self.key
        (answer,) = self.tell(key.request(), key)
        key.take(answer)
        return key

    def enrol_signed(self, scalar: int = 77, **request: Any) -> SignedKey:
        """Add another key, and bring it into session."""
        key = SignedKey(scalar, vin=VIN)
        self.enrol(key, **request)
        return self.resume(key)
