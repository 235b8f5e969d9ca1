"""Virtual boards that talk to each other: `bluetooth` behaves as on an ESP32 with NimBLE."""

import pytest

from tests.asynchronous import asynchronous
from tests.virtual_boards import SERVER, UNTIL_DISCONNECTED, Boards, address, central

# Holds every read until the bench says a line.
RELUCTANT = """
def reluctant(event, data):
    irq(event, data)
    if event == 4:
        print("asked"); sys.stdin.readline()
ble.irq(reluctant)
"""


async def conversation(peripheral: str, script: str) -> tuple[list[str], list[str]]:
    """What the peripheral of SERVER and a central print, each following its script."""
    async with Boards() as boards:
        server = await boards.start("peripheral", SERVER + peripheral)
        await server.says("advertising")
        client = await boards.start(
            "central", central(script + "\nif ble.gap_disconnect(link): wait(8)\n")
        )
        lines = await client.ends()
        return (await server.ends())[1:], lines


@asynchronous
async def test_a_value_is_read_written_notified_and_indicated() -> None:
    peripheral = """
link = wait(1)[0]
print(wait(3) == (link, handle), ble.gatts_read(handle))
ble.gatts_notify(link, handle, b"notified")
ble.gatts_indicate(link, handle)
print(wait(20) == (link, handle, 0))
wait(2)
"""
    script = """
ble.gattc_read(link, handle); print(wait(15)[2], wait(16)[2])
ble.gattc_write(link, handle, "second", 1); print(wait(17)[2])
print(wait(18)[2], wait(19)[2])
"""
    assert await conversation(peripheral, script) == (
        ["True b'second'", "True"],
        ["b'first' 0", "0", "b'notified' b'second'"],
    )


@asynchronous
async def test_buffers_are_worthless_after_the_handler() -> None:
    script = """
kept = []
ble.irq(lambda event, data: (irq(event, data), kept.append(data[-1]) if event in (9, 15) else None))
ble.gattc_discover_services(link, bluetooth.UUID(0x180D)); wait(10)
ble.gattc_read(link, handle); print(wait(15)[2]); wait(16)
print([bytes(value) for value in kept])
"""
    _, lines = await conversation(UNTIL_DISCONNECTED, script)
    assert lines == ["b'first'", r"[b'\xa5\xa5', b'\xa5\xa5\xa5\xa5\xa5']"]


@asynchronous
async def test_a_handler_that_raises_is_printed_and_forgotten() -> None:
    script = """
calls = []
def bad(event, data):
    calls.append(event)
    raise RuntimeError("a bug")
ble.irq(bad)
ble.gattc_read(link, handle)
while not calls: time.sleep_ms(1)
ble.irq(irq)
ble.gattc_read(link, handle); wait(16)
print(calls)
"""
    _, lines = await conversation(UNTIL_DISCONNECTED, script)
    assert "RuntimeError: a bug" in lines
    assert lines[-1] == "[15]"


@asynchronous
async def test_one_procedure_runs_at_a_time() -> None:
    async with Boards() as boards:
        server = await boards.start("peripheral", SERVER + RELUCTANT + UNTIL_DISCONNECTED)
        await server.says("advertising")
        client = await boards.start(
            "central",
            central("""
ble.gattc_read(link, handle)
print(refusal(ble.gattc_read, link, handle), refusal(ble.gattc_write, link, handle, b"", 1))
print(refusal(ble.gattc_discover_services, link), refusal(ble.gattc_exchange_mtu, link))
print(refusal(ble.gattc_write, link, handle, b"no response"))
print("tried"); wait(16)
ble.gattc_discover_services(link); wait(10)
"""),
        )
        await client.says("tried")
        server.tell("go on")
        assert await client.ends() == [
            "OSError 16 OSError 16",
            "OSError 16 OSError 16",
            "None",
            "tried",
        ]


@asynchronous
async def test_errors_of_the_other_side_arrive_as_a_status() -> None:
    script = """
ble.gattc_read(link, 0x7777); print(wait(16)[2] == 0x100 + 1)
ble.gattc_write(link, 1, b"service", 1); print(wait(17)[2] == 0x100 + 3)
ble.gattc_write(link, handle + 1, b"not two bytes", 1); print(wait(17)[2] == 0x100 + 0x0D)
"""
    _, lines = await conversation(UNTIL_DISCONNECTED, script)
    assert lines == ["True"] * 3


@asynchronous
async def test_the_handler_decides_about_a_read() -> None:
    peripheral = """
def gatekeeper(event, data):
    irq(event, data)
    if event == 4:
        ble.gatts_write(handle, "fresh")
        return 0x08 if len(events) > 2 else None
ble.irq(gatekeeper)
wait(2)
"""
    script = """
for _ in range(2):
    ble.gattc_read(link, handle)
    print(wait(16)[2], events)
    events.clear()
"""
    _, lines = await conversation(peripheral, script)
    assert lines == ["0 [(15, 0, 12, b'fresh')]", "264 []"]


@asynchronous
async def test_a_write_is_cut_to_the_mtu_and_to_the_buffer() -> None:
    peripheral = """
wait(3); print(len(ble.gatts_read(handle)))
ble.gatts_set_buffer(handle, 500); ble.gatts_notify(wait(1)[0], handle, b"")
wait(3); print(len(ble.gatts_read(handle)))
wait(2)
"""
    script = """
ble.gattc_write(link, handle, bytes(100), 1); wait(17); wait(18)
ble.config(mtu=100); ble.gattc_exchange_mtu(link); print(wait(21)[1])
ble.gattc_write(link, handle, bytes(200), 1); wait(17)
print(refusal(ble.gattc_exchange_mtu, link))
"""
    server, client = await conversation(peripheral, script)
    assert client == ["100", "OSError 114"]
    assert server == ["20", "97"]


@asynchronous
async def test_appended_writes_add_up_until_they_are_read() -> None:
    peripheral = """
ble.gatts_set_buffer(handle, 10, True); ble.gatts_write(handle, b"")
wait(3); wait(3); print(ble.gatts_read(handle), ble.gatts_read(handle))
wait(2)
"""
    script = """
ble.gattc_write(link, handle, "12345678")
ble.gattc_write(link, handle, "90abc", 1); wait(17)
"""
    server, _ = await conversation(peripheral, script)
    assert server == ["b'1234567890' b''"]


@asynchronous
async def test_subscribers_are_told_of_updates() -> None:
    peripheral = """
wait(3); ble.gatts_write(handle, "to nobody", True); ble.gatts_write(handle, "x"); wait(1)
ble.gatts_notify(0, handle, b"go on")
wait(3); ble.gatts_write(handle, "to you", True)
wait(2)
"""
    script = """
ble.gattc_write(link, handle, "sync", 1); wait(17); print(wait(18)[2])
ble.gattc_write(link, handle + 1, b"\\1\\0", 1); wait(17)
ble.gattc_write(link, handle, "sync", 1); wait(17); print(wait(18)[2])
"""
    _, lines = await conversation(peripheral, script)
    assert lines == ["b'go on'", "b'to you'"]


@asynchronous
async def test_descriptors_are_looked_for_behind_the_start() -> None:
    script = """
ble.gattc_discover_descriptors(link, handle, 0xFFFF)
print(wait(13)[1:] == (handle + 1, b"\\x02\\x29"), wait(14)[1])
ble.gattc_discover_descriptors(link, handle - 1, handle); print(wait(13)[1] == handle); wait(14)
print(refusal(ble.gattc_discover_descriptors, link, handle, handle), events)
"""
    _, lines = await conversation(UNTIL_DISCONNECTED, script)
    assert lines == ["True 0", "True", "OSError 22 []"]


@asynchronous
async def test_disconnecting_answers_before_its_event_and_only_once() -> None:
    script = """
print(ble.gap_disconnect(link), len(events))
print(refusal(ble.gap_disconnect, link) in (False, "OSError 114"))
print(wait(8)[0] == link, ble.gap_disconnect(link), refusal(ble.gattc_read, link, handle))
"""
    _, lines = await conversation(UNTIL_DISCONNECTED, script)
    assert lines == ["True 0", "True", "True False OSError 107"]


@asynchronous
async def test_a_lost_link_is_reported_on_both_ends() -> None:
    async with Boards() as boards:
        server = await boards.start("peripheral", SERVER + "print(wait(2)[0])")
        await server.says("advertising")
        client = await boards.start(
            "central",
            f"link = connect({address('peripheral')}); print('connected')\n"
            "print(wait(8)[0] == link, events)",
        )
        await client.says("connected")
        boards.air.walk_away(boards.controller("peripheral"))
        assert await client.ends() == ["connected", "True []"]
        assert await server.ends() == ["advertising", "0"]


@asynchronous
async def test_a_link_breaks_under_a_pending_read() -> None:
    async with Boards() as boards:
        server = await boards.start("peripheral", SERVER + RELUCTANT + UNTIL_DISCONNECTED)
        await server.says("advertising")
        client = await boards.start(
            "central",
            central(
                "ble.gattc_read(link, handle)\n"
                "print(wait(16) == (link, handle, 7), wait(8)[0] == link)"
            ),
        )
        await server.says("asked")
        boards.air.walk_away(boards.controller("peripheral"))
        assert await client.ends() == ["True True"]


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("ble.gap_scan, 0, 20_000, 30_000", "OSError 5"),
        ("ble.gap_connect, 0, b'short'", "ValueError"),
        ("ble.gap_connect, 0, b'nobody', 100, 50_000, 30_000", "OSError 5"),
        ("ble.gap_advertise, 1000, b''", "OSError 5"),
        ("ble.gap_advertise, 20_000, bytes(32)", "OSError 5"),
        ("ble.gattc_read, 0, 3", "OSError 107"),
        ("ble.gatts_notify, 0, 3, b''", "OSError 107"),
        ("ble.gatts_read, 3", "OSError 22"),
        ("ble.gap_disconnect, 0", "False"),
        ("ble.gap_pair, 0", "OSError 95"),
        ("ble.config, 'rxbuf'", "ValueError"),
        ("ble.config, 'nonsense'", "ValueError"),
        ("bluetooth.UUID, 'nonsense'", "ValueError"),
    ],
)
def test_a_wrong_call_is_refused_as_on_the_board(call: str, answer: str) -> None:
    @asynchronous
    async def check() -> None:
        async with Boards() as boards:
            board = await boards.start("board", f"print(refusal({call}))")
            assert await board.ends() == [answer]

    check()


@asynchronous
async def test_the_radio_refuses_everything_while_it_is_off() -> None:
    calls = """
ble.active(False)
for call in (
    lambda: ble.gap_scan(0), lambda: ble.gap_connect(0, b"nobody"), lambda: ble.gap_disconnect(0),
    lambda: ble.gap_advertise(20_000), lambda: ble.config("mac"), lambda: ble.config(mtu=100),
    lambda: ble.gattc_read(0, 1), lambda: ble.gatts_read(1), lambda: os.urandom(1),
):
    print(refusal(call))
ble.config(gap_name="fob")
print(ble.active(), ble.active(True), ble.config("gap_name"), len(os.urandom(4)))
"""
    async with Boards() as boards:
        board = await boards.start("board", calls)
        assert await board.ends() == ["OSError 19"] * 9 + ["False True b'fob' 4"]


@asynchronous
async def test_the_address_follows_the_mode() -> None:
    async with Boards() as boards:
        board = await boards.start(
            "board",
            """
print(ble.config("mac"))
ble.config(addr_mode=1); kind, addr = ble.config("mac"); print(kind, addr[0] >= 0xC0)
ble.config(addr_mode=3); kind, addr = ble.config("mac"); print(kind, addr[0] < 0x40)
ble.config(addr_mode=2); print(refusal(ble.config, "mac"))
""",
        )
        assert await board.ends() == [address("board"), "1 True", "1 True", "OSError 22"]


@asynchronous
async def test_uuids_compare_print_and_copy() -> None:
    async with Boards() as boards:
        board = await boards.start(
            "board",
            """
short, long = bluetooth.UUID(0x180D), bluetooth.UUID("00000211-B2D1-43F0-9B88-960CEBF8B91E")
print(short, long, bytes(short), bluetooth.UUID(bytes(long)) == long, short == long)
print({short: 1}[bluetooth.UUID(0x180D)], bluetooth.UUID(short) == short)
""",
        )
        assert await board.ends() == [
            r"UUID(0x180d) UUID('00000211-b2d1-43f0-9b88-960cebf8b91e') b'\r\x18' True False",
            "1 True",
        ]
