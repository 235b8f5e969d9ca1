"""A car that says whatever the input has it say, to a fob in whatever state: what every talk keeps.

The first byte of an input chooses the state, the second one what the fob wants of the car; the rest
is what the car says, one step after the other: see Liar. Where the input ends it is a genuine car.
"""

import virtual_time
from passive_entry import TOKENS, asks, present
from scripted_car import (
    HANG_UP,
    LOCK,
    LOCKED,
    OK,
    OTHER_SHARED_KEY,
    OTHER_VEHICLE_KEY,
    UNLOCK,
    UNLOCKED,
    all_down,
    fault,
    framed,
    status,
)
from scripted_signed_car import (
    KEYS,
    LATER_EPOCH,
    SignedCar,
    SignedFob,
    clear,
    done,
    warm,
)

from fob import framing, hmac, keychain, pairing
from fob.cache import ENCRYPTS, SIGNED
from fob.errors import FobError
from fob.guard import LIMIT

_STATES = (
    "signed",
    "signed, warm",
    "signed, car rebooted",
    "signed, clock set",
    "signed, counter behind",
    "older",
    "older, greeted",
    "older or newer",
    "nothing proven",
    "nothing proven, older",
    "another key than at pairing",
    "refused before",
)
_WISHES = ("unlock", "lock", "trunk", "presence", "pair", "keys", "remove")

_TRUNK = b"\x10\x02"
_PRESSES = {"unlock": (UNLOCK, UNLOCKED), "lock": (LOCK, LOCKED), "trunk": (_TRUNK, None)}
_MOST_STEPS = 6
_OTHER_KEYS = OTHER_VEHICLE_KEY, OTHER_SHARED_KEY
_ASKED = (b"\x02\x0a\x00", b"\x82\x01\x02\x18\x01", b"\x8a\x01\x02\x30\x00")


class Input:
    """Bytes to be taken one after the other; zeros behind the end."""

    def __init__(self, data):
        self._data = data
        self._at = 0

    @property
    def over(self):
        return self._at >= len(self._data)

    def byte(self):
        taken = self.bytes(1)
        return taken[0] if taken else 0

    def number(self):
        """An int of 32 bits, four bytes or one of those that matter."""
        kind = self.byte()
        if kind & 1:
            return (0, 1, 2, 65, 65600, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)[kind >> 1 & 7]
        return int.from_bytes(self.bytes(4), "big")

    def bytes(self, size):
        taken = self._data[self._at : self._at + size]
        self._at += size
        return taken

    def some(self):
        """So many bytes as the next one says."""
        return self.bytes(self.byte())


class Liar(SignedCar):
    """Takes what it does from the input, and does what a car does where that is over. `odd`: some
    of it proved itself, and yet was nothing that a car says."""

    def __init__(self, said):
        super().__init__(legacy=True, tokens=TOKENS)
        self._input = said
        self.odd = False

    def next(self, kind):
        if self._input.over:
            return self._genuine(kind)
        steps = []
        for _ in range(_MOST_STEPS):
            code = self._input.byte()
            if code & 0xF0 == 0xF0:
                break
            if _STEPS[code % len(_STEPS)] == "genuine":
                steps += self._genuine(kind)
            else:
                steps.append(self._step(code, kind))
        return steps

    def _genuine(self, kind):
        if kind == "signed":
            return (done,)
        if kind == "sealed":
            return (OK,)
        if kind == "whitelist":
            return [framing.frame(answer) for answer in _ASKED]
        return super().next(kind)

    def _step(self, code, kind):
        """What one byte, and those that follow it, have the car do."""
        said = self._input
        step = _STEPS[code % len(_STEPS)]
        asked = kind in ("info", "signed", "plain")
        if step == "wait":
            return 20 * said.byte()
        if step == "hang up":
            return HANG_UP
        if step == "indication":
            return said.some()
        if step == "message" or not asked:
            return self._older(code, said)
        return self._newer(step, said, kind)

    def _older(self, code, said):
        """What needs no question: a message of the older protocol, or a piece of nothing."""
        which = code >> 4
        if which < 3:
            return framing.frame(said.some())
        if which < 5:
            return fault(said.byte() % 32, said.number())
        if which < 7:
            return status(said.byte() % 4)
        if which < 9:
            # A car that asks for the key: with a token of its own, at any level.
            return asks(TOKENS[said.byte() % len(TOKENS)], said.byte() % 4)
        if which < 11:
            return {"sessionInfo": {"publicKey": (OTHER_VEHICLE_KEY, said.some())[said.byte() % 2]}}
        if which < 13:
            return {"commandStatus": {"operationStatus": said.byte() % 4}}
        # Behind a genuine one whatever the input has: later fields count, messages in it merge.
        return framing.frame(framed(OK)[2:] + said.some())

    def _newer(self, step, said, kind):
        if step == "clear":
            raw = said.some()
            return lambda request: request.answer(protobuf_message_as_bytes=raw)
        if step == "fault":
            word = {"operation_status": said.byte() % 4, "signed_message_fault": said.byte() % 32}
            with_info = said.byte() & 1
            content = {"signedMessageStatus": word}
            if with_info:
                return lambda request: request.info(content=content)
            return lambda request: request.answer(signedMessageStatus=word)
        if step == "sealed" and kind == "signed":
            raw, counter = said.some(), said.byte()
            foreign = OTHER_SHARED_KEY if said.byte() & 1 else None
            self.odd = self.odd or not foreign
            return lambda request: request.encrypted(raw, counter, foreign)
        if step == "info":
            return self._info(said)
        if step == "info of any bytes":
            raw = said.some()
            self.odd = True
            return lambda request: _proven(request, raw)
        # What a car says, damaged or with something behind it.
        raw, at, flipped = said.some(), said.byte(), said.byte()
        genuine = {"info": lambda request: request.info(), "signed": done}.get(kind, clear({}))

        def damaged(request):
            message = bytearray(genuine(request))
            message[at % len(message)] ^= flipped
            return bytes(message) + raw

        return damaged

    def _info(self, said):
        changes = {}
        wanted = said.byte()
        if wanted & 1:
            changes["counter"] = said.number()
        if wanted & 2:
            changes["clock_time"] = said.number()
        if wanted & 4:
            changes["epoch"] = LATER_EPOCH if wanted & 8 else said.some()
        if wanted & 16:
            changes["status"] = said.byte()
        keys = _OTHER_KEYS if wanted & 32 else None
        self.odd = self.odd or not keys
        return lambda request: request.info(keys=keys, **changes)


_STEPS = (
    "wait",
    "message",
    "clear",
    "sealed",
    "info",
    "info of any bytes",
    "fault",
    "damaged",
    "indication",
    "message",
    "genuine",
    "hang up",
    "message",
)


def _proven(request, encoded):
    """Session info of any bytes, with the tag that makes it the car's."""
    from scripted_signed_car import VIN, field

    text = field(0, b"\x06") + field(2, VIN.encode()) + field(6, request.uuid) + b"\xff"
    tag = hmac.sha256(hmac.sha256(request.car.shared_key, b"session info"), text, encoded)
    return request.answer(session_info=encoded, signature_data={"session_info_tag": {"tag": tag}})


async def answer(data):
    """Return the state, the wish and how it came out."""
    said = Input(data)
    state = _STATES[said.byte() % len(_STATES)]
    wish = _WISHES[said.byte() % len(_WISHES)]
    vehicle = Liar(Input(b""))
    fob = await _fob(vehicle, state)
    vehicle.then()
    vehicle.odd = False
    kept = fob.cache.sessions[-1:], fob.cache.traits & SIGNED, fob.counter.next
    vehicle._input = said
    started = virtual_time.ticks_ms()
    try:
        await _want(fob, wish)
        outcome = "done"
    except FobError as error:
        outcome = error.code
        # What a car says may be nothing to read: that costs time, and is no reason to fail.
        assert outcome != "authentication-failed", error
        assert outcome != "malformed" or wish == "keys", error
    took_ms = virtual_time.ticks_diff(virtual_time.ticks_ms(), started)
    sealed = len(vehicle.counters)
    _check(fob, vehicle, wish, kept, took_ms)
    await _afterwards(fob, vehicle, wish)
    return "%s: %s %s after %d" % (state, wish, outcome, min(sealed, 4))


async def _fob(vehicle, state):
    """A fob in a state, and the car that it was last with."""
    if state == "signed":
        return SignedFob(vehicle, traits=SIGNED | ENCRYPTS)
    if state.startswith("signed"):
        fob = await warm(vehicle)
        if state == "signed, car rebooted":
            vehicle.reboot()
        elif state == "signed, clock set":
            fob.set_clock(-3600000)
        elif state == "signed, counter behind":
            vehicle.counter = 100000
        return fob
    if state.startswith("older"):
        protocol = "auto" if state == "older or newer" else "legacy"
        return SignedFob(vehicle, traits=state == "older, greeted", protocol=protocol)
    if state == "nothing proven":
        return SignedFob(vehicle, paired=False, met=False)
    if state == "nothing proven, older":
        return SignedFob(vehicle, paired=False, met=False, protocol="legacy")
    fob = SignedFob(vehicle)
    if state == "another key than at pairing":
        fob.cache.keep(_OTHER_KEYS, SIGNED)
    else:
        fob.guard.rejected()
        for _ in range(2):
            fob.guard.fault()
    return fob


async def _want(fob, wish):
    if wish == "presence":
        await present(fob, 8000, secure_at_end=True)
    elif wish == "pair":
        await pairing.pair(fob.vehicle, fob.config, lambda text: None)
    elif wish == "keys":
        await keychain.read(fob.vehicle, lambda *entry: None)
    elif wish == "remove":
        await keychain.remove(fob.vehicle, b"\x82\x01\x45\x12\x43\x0a\x41" + OTHER_VEHICLE_KEY)
    else:
        await fob.vehicle.perform(*_PRESSES[wish])


def _check(fob, vehicle, wish, kept, took_ms):
    sessions, signed, counter = kept
    assert all_down(fob), "a link was left"
    assert took_ms < 120000, "it took %d s" % (took_ms // 1000)
    assert vehicle.counters == sorted(set(vehicle.counters)), "counters in another order"
    assert len(vehicle.counters) <= 40, "%d messages were sealed" % len(vehicle.counters)
    assert fob.counter.next >= counter, "the counter went back"
    assert all(used < fob.counter.next for used in vehicle.counters)
    if not vehicle.odd or not sessions:
        # What nobody vouches for does not use the key up.
        assert fob.counter.next < counter + 300000, "the counter went far"
    failures = fob.guard._failures
    assert 0 <= failures <= LIMIT
    if wish != "pair" and sessions:
        assert fob.cache.sessions[-1:] == sessions, "the key of pairing was replaced"
        assert len(fob.cache.sessions) <= 2
        assert fob.cache.traits & SIGNED >= signed, "back to the older protocol"
    for keys in fob.cache.sessions:
        assert len(keys[0]) == 65 and len(keys[1]) == 16


async def _afterwards(fob, vehicle, wish):
    """Waking anew, the fob finds its state; the genuine car is talked to, once its owner confirms,
    or there is an error that says why not."""
    used = vehicle.counters[-1:]
    fob.wake()
    odd = vehicle.odd or wish == "pair"
    del vehicle.counters[:]
    for log in (fob.radio.links, fob.flash.writes):
        log.clear()
    vehicle._input = Input(b"")
    vehicle.lock_state = LOCKED
    # It knows what the fob sealed last, if that was for it.
    paired = bool(fob.cache.sessions) and fob.cache.sessions[-1] == KEYS
    outcome = None
    for _ in range(4):
        try:
            await fob.vehicle.perform(UNLOCK, UNLOCKED)
            outcome = "done"
            break
        except FobError as error:
            outcome = error
            fob.vehicle.confirm()
    assert not used or not vehicle.counters or vehicle.counters[0] > used[0], (
        "repeated after waking"
    )
    if paired and not odd:
        assert outcome == "done", "the car cannot be opened any more: %s" % outcome
