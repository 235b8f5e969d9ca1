"""Controllers of the air as a foreign host sees them: HCI packets, octet by octet."""

import asyncio
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from bumble import hci

from host_tools.simulator.radio.air import Air
from host_tools.simulator.radio.att_pdu import AttPdu
from host_tools.simulator.radio.controller import AirController
from host_tools.simulator.radio.lent_controller import lend
from tests.asynchronous import asynchronous

SUCCESS, UNKNOWN_COMMAND, NO_CONNECTION, DISALLOWED, INVALID_PARAMETERS = 0, 1, 2, 0x0C, 0x12
SCAN = "01 1000 1000 00 00"  # active, all the time
ADVERTISE = "2000 2000 {type} 00 00 000000000000 07 00"  # every 20 ms
CONNECT = "1000 1000 00 00 {peer} 00 1800 2800 0000 0001 0000 0000"

# What these stacks send at start-up, as far as it concerns LE.
NIMBLE = [
    ("reset", 0x0C03, ""),
    ("read local version", 0x1001, ""),
    ("read local supported commands", 0x1002, ""),
    ("read local supported features", 0x1003, ""),
    ("set event mask", 0x0C01, "9088040200800220"),
    ("set event mask page 2", 0x0C63, "0000800000000000"),
    ("LE set event mask", 0x2001, "7f06000000000000"),
    ("LE read buffer size", 0x2002, ""),
    ("LE read local supported features", 0x2003, ""),
    ("read BD_ADDR", 0x1009, ""),
    ("LE set address resolution enable", 0x202D, "00"),
    ("LE clear resolving list", 0x2029, ""),
    ("LE rand", 0x2018, ""),
    ("LE set random address", 0x2005, "0102030405c6"),
]
BTSTACK = [
    ("read local name", 0x0C14, ""),
    ("read buffer size", 0x1005, ""),
    ("write LE host supported", 0x0C6D, "0100"),
    ("LE read maximum data length", 0x202F, ""),
    ("LE write suggested default data length", 0x2024, "fb004808"),
    ("LE read filter accept list size", 0x200F, ""),
    ("LE encrypt", 0x2017, "00" * 32),
]
BLUEZ = [
    ("LE read supported states", 0x201C, ""),
    ("LE read advertising channel power", 0x2007, ""),
    ("LE clear filter accept list", 0x2010, ""),
    ("LE read resolving list size", 0x202A, ""),
    ("LE set resolvable private address timeout", 0x202E, "8403"),
    ("LE read suggested default data length", 0x2023, ""),
    ("LE set default PHY", 0x2031, "000101"),
]


class RawHost:
    """Sends HCI commands and keeps what comes back."""

    def __init__(self, controller: AirController) -> None:
        self.controller = controller
        self.packets: list[bytes] = []
        self._news = asyncio.Event()
        controller.set_packet_sink(self)

    def on_packet(self, packet: bytes) -> None:
        self.packets.append(bytes(packet))
        self._news.set()

    async def until(self, wanted: Callable[[bytes], bool]) -> bytes:
        """The first packet that fits; those before it are dropped."""
        while True:
            while self.packets:
                packet = self.packets.pop(0)
                if wanted(packet):
                    return packet
            self._news.clear()
            await self._news.wait()

    async def event(self, code: int, subevent: int | None = None) -> bytes:
        """The parameters of the next event of a kind."""
        prefix = bytes([4, code])
        packet = await self.until(
            lambda packet: packet.startswith(prefix) and subevent in (None, packet[3])
        )
        return packet[3 if subevent is None else 4 :]

    def send(self, opcode: int, parameters: str) -> None:
        body = bytes.fromhex(parameters)
        header = bytes([1]) + opcode.to_bytes(2, "little") + bytes([len(body)])
        self.controller.on_packet(header + body)

    async def command(self, opcode: int, parameters: str = "") -> bytes:
        """Send a command; the status and return parameters, whichever event brings them."""
        self.send(opcode, parameters)
        answered = opcode.to_bytes(2, "little")
        packet = await self.until(
            lambda packet: (
                (packet[1] == 0x0E and packet[4:6] == answered)
                or (packet[1] == 0x0F and packet[5:7] == answered)
            )
        )
        return packet[6:] if packet[1] == 0x0E else packet[3:4]

    async def advertise(self, kind: int = 0) -> None:
        await self.command(0x2008, "03" + "020106".ljust(62, "0"))
        await self.command(0x2009, "04" + "03096869".ljust(62, "0"))
        assert await self.command(0x2006, ADVERTISE.format(type=f"{kind:02x}")) == b"\x00"
        assert await self.command(0x200A, "01") == b"\x00"

    async def connect(self, peer: "RawHost") -> None:
        """Connect to a peer that advertises; both hosts have the event."""
        assert await self.command(0x200D, self.to(peer)) == b"\x00"
        assert (await self.event(0x3E, 0x01))[0] == SUCCESS
        assert (await peer.event(0x3E, 0x01))[0] == SUCCESS

    @staticmethod
    def to(peer: "RawHost") -> str:
        return CONNECT.format(peer=bytes(peer.controller.public_address).hex())

    def att(self, pdu: bytes) -> None:
        """Send an ATT PDU on link 0, in pieces of 27."""
        frame = len(pdu).to_bytes(2, "little") + b"\x04\x00" + pdu
        for start in range(0, len(frame), 27):
            piece = frame[start : start + 27]
            flags = b"\x00\x10" if start else b"\x00\x00"
            self.controller.on_packet(b"\x02" + flags + len(piece).to_bytes(2, "little") + piece)


def two_hosts() -> tuple[Air, RawHost, RawHost]:
    air = Air()
    return air, RawHost(air.controller("near")), RawHost(air.controller("far"))


@pytest.mark.parametrize("stack", [NIMBLE, NIMBLE + BTSTACK, NIMBLE + BLUEZ])
def test_a_host_finds_everything_it_asks_for_at_start_up(
    stack: list[tuple[str, int, str]],
) -> None:
    @asynchronous
    async def check() -> None:
        host = RawHost(Air().controller("lent"))
        answers = {name: await host.command(opcode, body) for name, opcode, body in stack}
        assert {name for name, answer in answers.items() if answer[0] != SUCCESS} == set()
        # No extended advertising: hosts that had it would not send the commands used here.
        assert (
            not int.from_bytes(answers["LE read local supported features"][1:], "little") >> 12 & 1
        )

    check()


@asynchronous
async def test_a_command_that_is_not_there_is_refused_not_ignored() -> None:
    host = RawHost(Air().controller("lent"))
    for opcode in (0x0419, 0x2025, 0x2015, 0xFC01):
        assert (await host.command(opcode, "00" * 10))[0] == UNKNOWN_COMMAND


@asynchronous
async def test_a_command_cut_short_is_refused() -> None:
    host = RawHost(Air().controller("lent"))
    assert (await host.command(0x200B, "01"))[0] == INVALID_PARAMETERS
    assert (await host.command(0x0C03))[0] == SUCCESS


@asynchronous
async def test_the_block_cipher_is_aes() -> None:
    # FIPS 197, appendix C.1, least significant octet first.
    key = bytes(range(16))[::-1].hex()
    plaintext = bytes.fromhex("00112233445566778899aabbccddeeff")[::-1].hex()
    answer = await RawHost(Air().controller("lent")).command(0x2017, key + plaintext)
    assert answer[1:][::-1].hex() == "69c4e0d86a7b0430d8cdb78070b4c55a"


@asynchronous
async def test_scan_responses_carry_their_own_data() -> None:
    _, near, far = two_hosts()
    await far.advertise()
    await near.command(0x200B, SCAN)
    await near.command(0x200C, "01 00")
    report = await near.event(0x3E, 0x02)
    answer = await near.event(0x3E, 0x02)
    assert report[1:2] + report[9:-1] == b"\x00\x03\x02\x01\x06"
    assert answer[1:2] + answer[9:-1] == b"\x04\x04\x03\x09hi"


@pytest.mark.parametrize(("kind", "responses"), [(2, 1), (3, 0)])
def test_adverts_keep_their_type(kind: int, responses: int) -> None:
    @asynchronous
    async def check() -> None:
        _, near, far = two_hosts()
        await far.advertise(kind)
        await near.command(0x200B, SCAN)
        await near.command(0x200C, "01 01")  # each advert only once
        seen = [await near.event(0x3E, 0x02) for _ in range(1 + responses)]
        assert [report[1] for report in seen] == [kind, 4][: 1 + responses]

    check()


@asynchronous
async def test_a_connect_waits_for_connectable_adverts_and_can_be_cancelled() -> None:
    _, near, far = two_hosts()
    await far.advertise(2)
    await near.command(0x200B, SCAN)
    await near.command(0x200C, "01 00")
    assert await near.command(0x200D, near.to(far)) == b"\x00"
    assert (await near.command(0x200D, near.to(far)))[0] == DISALLOWED
    await near.event(0x3E, 0x02)  # heard, and not connected to
    assert await near.command(0x200E) == b"\x00"
    assert (await near.event(0x3E, 0x01))[0] == NO_CONNECTION
    assert (await near.command(0x200E))[0] == DISALLOWED
    await far.command(0x200A, "00")
    await far.advertise()
    await near.connect(far)


@asynchronous
async def test_long_frames_cross_between_public_addresses_whole() -> None:
    air, near, far = two_hosts()
    seen: list[AttPdu] = []
    air.on_att.append(seen.append)
    await far.advertise()
    await near.connect(far)
    near.att(b"\x12\x34\x12" + bytes(400))
    pieces = [await far.until(lambda packet: packet[0] == 2) for _ in range(2)]
    assert [len(piece) for piece in pieces] == [5 + 251, 5 + 403 + 4 - 251]
    assert [piece[2] >> 4 for piece in pieces] == [2, 1]
    assert [(pdu.name, pdu.handle, len(pdu.value)) for pdu in seen] == [
        ("ATT_WRITE_REQUEST", 0x1234, 400)
    ]
    assert air.att_requests == 1


@asynchronous
async def test_a_link_answers_about_itself() -> None:
    _, near, far = two_hosts()
    await far.command(0x2001, "ffffffffffffffff")
    await far.advertise()
    await near.connect(far)
    assert await near.command(0x041D, "0000") == b"\x00"
    assert (await near.event(0x0C))[0] == SUCCESS  # remote version
    assert await near.command(0x2016, "0000") == b"\x00"
    assert (await near.event(0x3E, 0x04))[0] == SUCCESS  # remote features
    assert (await near.command(0x2022, "0000 fb00 4808"))[0] == SUCCESS
    assert (await far.event(0x3E, 0x07))[2:4] == b"\xfb\x00"  # data length
    assert await near.command(0x2032, "0000 00 02 02 0000") == b"\x00"  # PHY
    assert (await near.command(0x1405, "0000"))[0] == SUCCESS  # RSSI


@asynchronous
async def test_each_side_learns_who_disconnected() -> None:
    _, near, far = two_hosts()
    await far.advertise()
    await near.connect(far)
    assert await near.command(0x0406, "0000 13") == b"\x00"
    assert (await near.event(0x05))[3] == hci.HCI_CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR
    assert (await far.event(0x05))[3] == hci.HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR
    assert (await near.command(0x0406, "0000 13"))[0] == NO_CONNECTION


@asynchronous
async def test_a_reset_forgets_everything() -> None:
    _, near, far = two_hosts()
    await far.advertise()
    await near.connect(far)
    await far.advertise()
    await near.command(0x200B, SCAN)
    await near.command(0x200C, "01 00")
    await near.command(0x200D, "1000 1000 00 00 665544332211 00 1800 2800 0000 0001 0000 0000")
    assert await near.command(0x0C03) == b"\x00"
    assert (await far.event(0x05))[3] == hci.HCI_CONNECTION_TIMEOUT_ERROR
    assert near.controller.connections == []
    assert (await near.command(0x200E))[0] == DISALLOWED  # no connect is pending
    assert await near.command(0x200B, SCAN) == b"\x00"  # refused while scanning
    assert await far.command(0x0C03) == b"\x00"
    assert not far.controller.is_advertising


@asynchronous
async def test_events_a_host_did_not_ask_for_stay_away() -> None:
    _, near, far = two_hosts()
    await far.advertise()
    await near.connect(far)
    await near.command(0x2022, "0000 fb00 4808")
    await near.command(0x0406, "0000 13")
    await far.until(lambda packet: packet[1] == 0x05)
    assert not any(packet[:2] == b"\x04\x3e" and packet[3] == 0x07 for packet in near.packets)


@asynchronous
async def test_the_accept_list_replaces_the_address() -> None:
    _, near, far = two_hosts()
    await far.advertise()
    await near.command(0x2011, "00" + bytes(far.controller.public_address).hex())
    await near.command(0x200D, "1000 1000 01 00 000000000000 00 1800 2800 0000 0001 0000 0000")
    assert (await near.event(0x3E, 0x01))[0] == SUCCESS


@asynchronous
async def test_a_capture_opens_in_wireshark() -> None:
    host = RawHost(Air().controller("lent"))
    file = io.BytesIO()
    host.controller.capture(file)
    await host.command(0x0C03)
    content = file.getvalue()
    assert content[:16] == b"btsnoop\0" + bytes.fromhex("00000001 000003ea")  # version 1, H4
    assert content[40:44] == bytes.fromhex("01030c00")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="a pseudo terminal is wanted")
def test_a_host_reaches_a_lent_controller_over_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "h4"

    def reset_over_h4() -> bytes:
        terminal = os.open(path, os.O_RDWR | os.O_NOCTTY)
        try:
            os.write(terminal, bytes.fromhex("01030c00"))
            answer = b""
            while len(answer) < 7:
                answer += os.read(terminal, 64)
            return answer
        finally:
            os.close(terminal)

    @asynchronous
    async def check() -> None:
        async with lend(Air().controller("lent"), f"pty:{path}"):
            answer = await asyncio.to_thread(reset_over_h4)
        assert answer == bytes.fromhex("040e0401030c00")

    check()
