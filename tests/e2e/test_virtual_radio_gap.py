"""Scanning and connecting on the virtual radio, as virtual boards see it."""

from tests.asynchronous import asynchronous
from tests.virtual_boards import SERVER, UNTIL_DISCONNECTED, Boards, address


@asynchronous
async def test_only_an_active_scan_hears_names() -> None:
    async with Boards() as boards:
        server = await boards.start("peripheral", SERVER + "sys.stdin.readline()")
        await server.says("advertising")
        client = await boards.start(
            "central",
            """
for active in (False, True):
    ble.gap_scan(200, 30_000, 30_000, active)
    wait(6)
    print(sorted(set((event[3], event[5]) for event in events if event[0] == 5)))
    events.clear()
""",
        )
        assert await client.ends() == [
            r"[(0, b'\x02\x01\x06')]",
            r"[(0, b'\x02\x01\x06'), (4, b'\x04\tcar')]",
        ]


@asynchronous
async def test_a_scan_hears_only_while_its_window_is_open() -> None:
    async with Boards() as boards:
        server = await boards.start("peripheral", SERVER + "sys.stdin.readline()")
        await server.says("advertising")
        client = await boards.start(
            "central",
            """
for duty in ((), (30_000, 30_000)):
    ble.gap_scan(300, *duty)
    wait(6)
    print(len(events))
    events.clear()
""",
        )
        by_default, always = await client.ends()
        assert int(by_default) <= 1
        assert int(always) >= 4


@asynchronous
async def test_what_cannot_be_connected_to_is_not() -> None:
    async with Boards() as boards:
        server = await boards.start(
            "peripheral",
            "ble.gap_advertise(20_000, b'', connectable=False)\n"
            "print('advertising'); sys.stdin.readline()",
        )
        await server.says("advertising")
        client = await boards.start(
            "central",
            f"""
ble.gap_scan(0, 30_000, 30_000)
print(wait(5)[2])
ble.gap_connect(*{address("peripheral")}, 100)
print(wait(6), wait(8))
""",
        )
        assert await client.ends() == ["2", r"() (65535, 255, b'\x00\x00\x00\x00\x00\x00')"]


@asynchronous
async def test_a_cancelled_connect_leaves_the_radio_usable() -> None:
    async with Boards() as boards:
        server = await boards.start("peripheral", SERVER + UNTIL_DISCONNECTED)
        await server.says("advertising")
        client = await boards.start(
            "central",
            f"""
ble.gap_connect(0, b"nobody", 60_000)
print(refusal(ble.gap_scan, 0), refusal(ble.gap_connect, 0, b"others"))
ble.gap_connect(None)
print(wait(8)[0], refusal(ble.gap_connect, None))
print(ble.gap_disconnect(connect({address("peripheral")})))
""",
        )
        assert await client.ends() == ["OSError 16 OSError 114", "65535 OSError 114", "True"]
        await server.ends()
