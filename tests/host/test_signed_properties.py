"""The firmware's signed session against protobuf and `cryptography`, on random messages."""

import hashlib
import hmac
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.protocol.signatures_pb2 import SessionInfo
from host_tools.protocol.universal_message_pb2 import RoutableMessage
from tests.interpreter import Interpreter

EXTREMES = [1, 127, 128, 2**30, 2**31 - 1, 2**31, 2**32 - 1]
NUMBERS = st.sampled_from(EXTREMES) | st.integers(1, 2**32 - 1)
PAYLOADS = st.binary(max_size=300)
VINS = st.text("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", min_size=17, max_size=17)
BYTES_16 = st.binary(min_size=16, max_size=16)

_FIRMWARE = """
import hashlib
from fob import routable, signed
from fob.errors import FobError

class Numbers:
    def __init__(self):
        self.count = 0

    def __call__(self, n):
        self.count += 1
        return hashlib.sha256(str(self.count).encode()).digest()[:n]

def read(fob, message):
    envelope = routable.read(message)["envelope"]
    assert fob.answered_by(envelope)
    return envelope

def state(fob):
    return fob.vehicle_key, fob.shared_key, fob.epoch

def opened(fob, message):
    "(payload, fault) of an answer that was encrypted, None for everything else."
    try:
        envelope = routable.read(message).get("envelope")
        if not envelope or not fob.answered_by(envelope):
            return None
        payload, encrypted = fob.open(envelope)
        return (payload, signed.fault(envelope)[1]) if encrypted else None
    except FobError:
        return None

def taken(fob, message):
    "The session info that verifies in an answer, None for everything else."
    try:
        envelope = routable.read(message).get("envelope")
        if not envelope or not fob.answered_by(envelope):
            return None
        return fob.verify(envelope, b"no key")
    except FobError:
        return None
"""


class Fob:
    """A session over there, `name`, whose keys are known here."""

    def __init__(
        self, firmware: Interpreter, name: str, vin: str, shared_key: bytes, epoch: bytes
    ) -> None:
        self._firmware = firmware
        self._name = name
        self._vin = vin.encode()
        self.shared_key = shared_key
        self.public_key = b"\x04" + hashlib.sha512(shared_key).digest()
        self.vehicle_key = b"\x04" + hashlib.sha512(epoch).digest()
        keys = self.vehicle_key, shared_key
        firmware.exec(_FIRMWARE)
        firmware.exec(
            f"{name} = signed.Session({self.public_key}, {vin!r}, Numbers(), {keys}, {epoch})"
        )

    @property
    def state(self) -> tuple[bytes, bytes, bytes]:
        """Vehicle key, shared key and epoch."""
        known: tuple[bytes, bytes, bytes] = self._firmware.eval(f"state({self._name})")
        return known

    def send(self, expression: str) -> RoutableMessage:
        """What the session sends; its bytes are those that the official library would write."""
        encoded = self._firmware.eval(f"{self._name}.{expression}")
        message = RoutableMessage.FromString(encoded)
        assert message.SerializeToString(deterministic=True) == encoded
        return message

    def open(self, answer: RoutableMessage) -> Any:
        name, encoded = self._name, answer.SerializeToString()
        return self._firmware.eval(f"{name}.open(read({name}, {encoded}))")

    def verify(self, answer: RoutableMessage, private_key: bytes | None = None) -> Any:
        name, encoded = self._name, answer.SerializeToString()
        return self._firmware.eval(f"{name}.verify(read({name}, {encoded}), {private_key})")

    def try_to(self, function: str, message: bytes) -> Any:
        return self._firmware.eval(f"{function}({self._name}, {message})")

    def metadata(self, *entries: tuple[int, bytes | int]) -> bytes:
        encoded = b""
        for tag, value in sorted([*entries, (2, self._vin)]):
            octets = value if isinstance(value, bytes) else value.to_bytes(4, "big")
            encoded += bytes([tag, len(octets)]) + octets
        return encoded + b"\xff"

    def session_info(self, request: RoutableMessage, info: SessionInfo) -> RoutableMessage:
        answer = answer_to(request)
        answer.session_info = info.SerializeToString()
        text = self.metadata((0, b"\x06"), (6, request.uuid)) + answer.session_info
        key = hmac.digest(self.shared_key, b"session info", hashlib.sha256)
        answer.signature_data.session_info_tag.tag = hmac.digest(key, text, hashlib.sha256)
        return answer

    def encrypted(
        self, request: RoutableMessage, payload: bytes, counter: int, flags: int, fault: int
    ) -> RoutableMessage:
        answer = answer_to(request)
        answer.flags = flags
        if fault:
            answer.signedMessageStatus.signed_message_fault = fault
        text = self.metadata(
            (0, b"\x09"),
            (1, b"\x02"),
            (5, counter),
            (7, flags),
            (8, b"\x05" + request.signature_data.AES_GCM_Personalized_data.tag),
            (9, fault),
        )
        signature = answer.signature_data.AES_GCM_Response_data
        signature.nonce = hashlib.sha256(text).digest()[:12]
        signature.counter = counter
        aad = hashlib.sha256(text).digest()
        sealed = AESGCM(self.shared_key).encrypt(signature.nonce, payload, aad)
        answer.protobuf_message_as_bytes, signature.tag = sealed[:-16], sealed[-16:]
        return answer


def answer_to(request: RoutableMessage) -> RoutableMessage:
    answer = RoutableMessage(request_uuid=request.uuid)
    answer.from_destination.domain = request.to_destination.domain
    answer.to_destination.routing_address = request.from_destination.routing_address
    return answer


@pytest.fixture(scope="module")
def fob(interpreter: Interpreter) -> Fob:
    return Fob(interpreter, "fob", "5YJ30123456789ABC", bytes(range(16)), bytes(16))


@settings(max_examples=300)
@given(
    vin=VINS, key=BYTES_16, epoch=BYTES_16, payload=PAYLOADS, counter=NUMBERS, expires_at=NUMBERS
)
def test_a_sealed_message_opens(
    interpreter: Interpreter,
    vin: str,
    key: bytes,
    epoch: bytes,
    payload: bytes,
    counter: int,
    expires_at: int,
) -> None:
    fob = Fob(interpreter, "any", vin, key, epoch)
    message = fob.send(f"seal({payload}, {counter}, {expires_at})")
    signature = message.signature_data.AES_GCM_Personalized_data
    sealed = message.protobuf_message_as_bytes + signature.tag
    text = fob.metadata(
        (0, b"\x05"), (1, b"\x02"), (3, epoch), (4, expires_at), (5, counter), (7, 2)
    )
    aad = hashlib.sha256(text).digest()
    assert AESGCM(key).decrypt(signature.nonce, sealed, aad) == payload
    assert (signature.epoch, signature.counter, signature.expires_at) == (
        epoch,
        counter,
        expires_at,
    )
    assert message.signature_data.signer_identity.public_key == fob.public_key
    assert (message.to_destination.domain, message.flags) == (2, 2)
    assert (len(message.uuid), len(signature.nonce), len(signature.tag)) == (16, 12, 16)


@settings(max_examples=100)
@given(payload=PAYLOADS)
def test_a_plain_message_is_what_the_official_library_writes(fob: Fob, payload: bytes) -> None:
    message = fob.send(f"plain({payload})")
    expected = RoutableMessage(
        protobuf_message_as_bytes=payload,
        uuid=message.uuid,
        from_destination=message.from_destination,
    )
    expected.to_destination.domain = 2
    assert message == expected


@settings(max_examples=200)
@given(counter=NUMBERS, clock_time=NUMBERS, epoch=BYTES_16, status=st.integers(0, 5))
def test_session_info_is_taken(
    fob: Fob, counter: int, clock_time: int, epoch: bytes, status: int
) -> None:
    info = SessionInfo(
        counter=counter,
        publicKey=fob.vehicle_key,
        epoch=epoch,
        clock_time=clock_time,
        status=status,
    )
    answer = fob.session_info(fob.send("request()"), info)
    assert fob.verify(answer) == {
        "counter": counter,
        "publicKey": fob.vehicle_key,
        "epoch": epoch,
        "clock_time": clock_time,
        "status": status,
    }
    assert fob.state == (fob.vehicle_key, fob.shared_key, epoch)


@settings(max_examples=20)
@given(scalars=st.tuples(*[st.integers(1, 2**255)] * 2))
def test_two_keys_agree(interpreter: Interpreter, scalars: tuple[int, int]) -> None:
    ours, theirs = (ec.derive_private_key(scalar, ec.SECP256R1()) for scalar in scalars)
    fob = Fob(interpreter, "stranger", "5YJ30123456789ABC", b"", b"")
    fob.shared_key = hashlib.sha1(ours.exchange(ec.ECDH(), theirs.public_key())).digest()[:16]
    vehicle_key = theirs.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    answer = fob.session_info(
        fob.send("request()"), SessionInfo(publicKey=vehicle_key, epoch=bytes(16))
    )
    fob.verify(answer, scalars[0].to_bytes(32, "big"))
    assert fob.state == (vehicle_key, fob.shared_key, bytes(16))


@settings(max_examples=300)
@given(
    payload=PAYLOADS,
    counter=NUMBERS | st.just(0),
    flags=NUMBERS | st.just(0),
    fault=st.integers(0, 2**31 - 1),
)
def test_an_encrypted_answer_opens(
    fob: Fob, payload: bytes, counter: int, flags: int, fault: int
) -> None:
    request = fob.send("seal(b'', 7, 2655)")
    answer = fob.encrypted(request, payload, counter, flags, fault)
    assert fob.open(answer) == (payload, True)


@settings(max_examples=600)
@given(data=st.data(), payload=st.binary(max_size=30), fault=st.sampled_from([0, 25]))
def test_a_damaged_answer_never_passes_for_another(
    fob: Fob, data: st.DataObject, payload: bytes, fault: int
) -> None:
    request = fob.send("seal(b'', 7, 2655)")
    raw = fob.encrypted(request, payload, 1, 2, fault).SerializeToString()
    opened = fob.try_to("opened", damaged(data, raw))
    # What was refused does not stand in the way of the real one.
    assert (opened or fob.try_to("opened", raw)) == (payload, fault)


@settings(max_examples=600)
@given(data=st.data(), counter=NUMBERS)
def test_damaged_session_info_never_passes_for_another(
    fob: Fob, data: st.DataObject, counter: int
) -> None:
    before = fob.state
    info = SessionInfo(counter=counter, publicKey=fob.vehicle_key, epoch=before[2])
    answer = fob.session_info(fob.send("request()"), info)
    raw = answer.SerializeToString()
    assert fob.try_to("taken", raw)["counter"] == counter
    taken = fob.try_to("taken", damaged(data, raw))
    assert taken is None or taken["counter"] == counter
    assert fob.state == before


def damaged(data: st.DataObject, raw: bytes) -> bytes:
    at = data.draw(st.integers(0, len(raw) - 1))
    removed = data.draw(st.integers(0, 2))
    return raw[:at] + data.draw(st.binary(max_size=2)) + raw[at + removed :]


@settings(max_examples=500)
@given(raw=st.binary(max_size=60))
def test_random_bytes_cause_nothing_but_a_refusal(fob: Fob, raw: bytes) -> None:
    assert (fob.try_to("opened", raw), fob.try_to("taken", raw)) == (None, None)
