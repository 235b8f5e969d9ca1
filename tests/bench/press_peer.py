"""A press as the common clients do it: look at everything, each time.

What they do: the SDK (pkg/connector/ble), yoziru/tesla-ble and its ESPHome client, 0Bu, pmdroid. On
each connection: scan for the name, connect, discover all services, characteristics and descriptors,
exchange the MTU, subscribe, and ask for the session; those of the older protocol remember the car's
key. It shares nothing with the firmware but the calls of the radio.
"""

import asyncio
import random
from dataclasses import dataclass
from typing import Any

from host_tools.identity.provision import ROLES
from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car import Car, vintage
from host_tools.simulator.car.whitelist import WhitelistKey
from host_tools.simulator.radio import irq
from host_tools.simulator.radio.car_radio import FROM_VEHICLE, SERVICE, TO_VEHICLE
from host_tools.simulator.radio.direct import DirectRadio
from host_tools.simulator.radio.on_air import OnAir
from tests.bench.press_air import Press, read_press
from tests.car_bench import VIN
from tests.fob_radio import Fob, RecordingBridge
from tests.legacy_client import LegacyKey, frame, rke
from tests.signed_client import SignedKey

_CCCD = b"\x02\x29"
_ATT_HEADER = 3
_PATIENCE = 5.0


@dataclass(frozen=True)
class Sizes:
    """Bytes of the messages of a press and of the answers to them, length prefix included."""

    question: int
    answer: int
    command: int
    reply: int


class Peer:
    """A client with a key that the car knows; `sizes` are of its last press."""

    def __init__(self, car: Car, radio: DirectRadio, signed: bool) -> None:
        self._car = car
        self._radio = radio
        bridge: Any = RecordingBridge()
        self._fob = Fob(radio.host(bridge, "peer"), bridge)
        self._signed = SignedKey(vin=VIN)
        self._legacy = LegacyKey()
        self._is_signed = signed
        key = self._signed if signed else self._legacy
        car.whitelist.add(WhitelistKey(key.public_key, role=ROLES["driver"]))
        self._payload = 0
        self.sizes = Sizes(0, 0, 0, 0)

    async def press(self) -> None:
        """Lock the car from nothing but its name and, in the older protocol, its key."""
        fob, ble = self._fob, self._fob.ble
        await fob.call(ble.active, True)
        link = int((await fob.connect(await fob.find()))[1])
        heard = len(fob.events)
        to_vehicle, cccd = await self._discover(link)
        mtu = await fob.until(irq.MTU_EXCHANGED, ble.gattc_exchange_mtu, link)
        self._payload = mtu[2] - _ATT_HEADER
        await fob.write(link, cccd, b"\x02\x00")
        talk = Talk(fob, link, to_vehicle, self._payload, heard)
        if self._is_signed:
            await self._press_signed(talk)
        else:
            await self._press_legacy(talk)
        await fob.call(ble.gap_disconnect, link)
        await fob.bridge.event(irq.PERIPHERAL_DISCONNECT, after=len(fob.events))

    async def _discover(self, link: int) -> tuple[int, int]:
        """Handles of the value to write to and of the CCCD."""
        fob, ble = self._fob, self._fob.ble
        begin = len(fob.events)
        await fob.until(irq.GATTC_SERVICE_DONE, ble.gattc_discover_services, link, None)
        services = [each for each in fob.events[begin:] if each[0] == irq.GATTC_SERVICE_RESULT]
        for _, _, start, end, _ in services:
            listing = ble.gattc_discover_characteristics
            await fob.until(irq.GATTC_CHARACTERISTIC_DONE, listing, link, start, end, None)
        found = [each for each in fob.events[begin:] if each[0] == irq.GATTC_CHARACTERISTIC_RESULT]
        descriptors: dict[bytes, int] = {}
        for _, _, last, value, _, uuid in found:
            if last > value:
                mark = len(fob.events)
                discover = ble.gattc_discover_descriptors
                await fob.until(irq.GATTC_DESCRIPTOR_DONE, discover, link, value, last)
                for each in fob.events[mark:]:
                    if each[0] == irq.GATTC_DESCRIPTOR_RESULT and bytes(each[3]) == _CCCD:
                        descriptors[bytes(uuid)] = each[2]
        values = {bytes(uuid): value for _, _, _, value, _, uuid in found}
        assert bytes(SERVICE) in {bytes(each[4]) for each in services}
        return values[bytes(TO_VEHICLE)], descriptors[bytes(FROM_VEHICLE)]

    async def _press_signed(self, talk: "Talk") -> None:
        key = self._signed
        question = frame(key.request())
        answer, size = await talk.ask(question, lambda data: _has_info(key, data))
        key.take(answer)
        command = frame(key.command(rke(vcsec.RKE_ACTION_LOCK)))
        _, reply = await talk.ask(command, lambda data: _encrypted(key, data))
        self.sizes = Sizes(len(question), size, len(command), reply)

    async def _press_legacy(self, talk: "Talk") -> None:
        key = self._legacy
        question = answer = 0
        if not key.shared_key:
            request = key.key_request()
            told, answer = await talk.ask(request, _key_of)
            key.agree(told)
            question = len(request)
        command = key.signed(rke(vcsec.RKE_ACTION_LOCK))
        _, reply = await talk.ask(command, _succeeded)
        self.sizes = Sizes(question, answer, len(command), reply)


class Talk:
    """Messages over one connection."""

    def __init__(self, fob: Fob, link: int, to_vehicle: int, payload: int, heard: int) -> None:
        self._fob = fob
        self._link = link
        self._to_vehicle = to_vehicle
        self._payload = payload
        self._heard = heard
        self._stream = b""

    async def ask(self, message: bytes, reads: Any) -> tuple[Any, int]:
        """Write a message; what `reads` makes of the first answer that it wants, and its size."""
        for start in range(0, len(message), self._payload):
            chunk = message[start : start + self._payload]
            await self._fob.write(self._link, self._to_vehicle, chunk)
        async with asyncio.timeout(_PATIENCE):
            while True:
                data = await self._next()
                wanted = reads(data)
                if wanted is not None:
                    return wanted, len(data)

    async def _next(self) -> bytes:
        while True:
            length = 2 + int.from_bytes(self._stream[:2], "big")
            if len(self._stream) >= max(length, 3):
                data, self._stream = self._stream[:length], self._stream[length:]
                return data
            event = await self._fob.bridge.event(irq.GATTC_INDICATE, after=self._heard)
            self._heard = self._fob.events.index(event, self._heard) + 1
            self._stream += bytes(event[3])


def _has_info(key: SignedKey, data: bytes) -> Any:
    answer = key.read(data)
    return answer if answer is not None and answer.envelope.session_info else None


def _encrypted(key: SignedKey, data: bytes) -> Any:
    answer = key.read(data)
    return answer if answer is not None and answer.encrypted else None


def _key_of(data: bytes) -> bytes | None:
    return vcsec.FromVCSECMessage.FromString(data[2:]).sessionInfo.publicKey or None


def _succeeded(data: bytes) -> bool | None:
    message = vcsec.FromVCSECMessage.FromString(data[2:])
    if message.HasField("commandStatus"):
        assert message.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_OK
        return True
    return None


def leave_unlocked(car: Car) -> None:
    """Whoever is connected then is told; nobody is."""
    car.body.locked = False
    car.wake_up()


async def peer_presses(
    signed: bool, warm: bool, mtu: int, interval: float, presses: int
) -> tuple[list[Press], Sizes]:
    """So many presses, warm: of one car, behind one that is not counted, or else each of a car that
    was never met; and the sizes of the last one."""
    told: list[Press] = []
    sizes = Sizes(0, 0, 0, 0)
    peer = None
    for number in range(presses + warm):
        if peer is None or not warm:
            car = Car(
                VIN,
                clock=asyncio.get_running_loop().time,
                random=random.Random(number).randbytes,
                behaviour=vintage("2026" if signed else "2021"),
            )
            radio = DirectRadio(
                car, seed=number, mtu=mtu, connection_interval=interval, force_interval=True
            )
            peer = Peer(car, radio, signed)
            seen: list[OnAir] = []
            radio.on_air.append(seen.append)
        await asyncio.sleep(60)
        leave_unlocked(car)
        seen.clear()
        radio.random.seed(number)
        began = asyncio.get_running_loop().time()
        await peer.press()
        if warm and not number:
            continue
        end = next(each.time for each in seen if each.kind == "leaving")
        told.append(read_press(seen, began, interval, radio.table.to_vehicle, end))
        sizes = peer.sizes
    return told, sizes
