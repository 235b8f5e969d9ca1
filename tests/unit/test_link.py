"""A read that keeps the link to a car alive, and what a hostile peer makes of it."""

import scripted_ble
from bluetooth import UUID
from expect import awaiting
from virtual_time import elapsed

from fob.errors import AttError, Disconnected, LinkError
from hal.link import Link
from hal.radio import Radio

DISCONNECT = 8
SERVICE_RESULT = 9
SERVICE_DONE = 10
CHARACTERISTIC_RESULT = 11
CHARACTERISTIC_DONE = 12
READ_RESULT = 15
READ_DONE = 16
WRITE_DONE = 17
INDICATE = 19

VERSION = UUID("00000214-b2d1-43f0-9b88-960cebf8b91e")
SERVICE = UUID("00000211-b2d1-43f0-9b88-960cebf8b91e")
HANDLES = (17, 19, 20, 3)
AT = 22


async def opened(version=VERSION, status=0):
    """Return (link, its BLE), with remembered handles; the car's version is at AT."""
    ble = scripted_ble.ble = scripted_ble.Ble()
    radio = Radio()
    radio.start()
    link = Link(radio, 1)

    def services(*_):
        ble.later(5, SERVICE_RESULT, (1, 10, 30, SERVICE))
        ble.later(6, SERVICE_DONE, (1, 0))

    def characteristics(*_):
        ble.later(5, CHARACTERISTIC_RESULT, (1, 23, AT, 2, version))
        ble.later(6, CHARACTERISTIC_DONE, (1, 0))

    def read(connection, handle):
        ble.later(4, INDICATE, (1, 19, memoryview(b"told meanwhile")))
        ble.later(5, READ_RESULT, (1, handle, memoryview(b"\x01")))
        ble.later(6, READ_DONE, (1, handle, status))

    ble.answers["gattc_discover_services"] = services
    ble.answers["gattc_discover_characteristics"] = characteristics
    ble.answers["gattc_read"] = read
    ble.later(5, WRITE_DONE, (1, 20, 0))
    await link.open(HANDLES)
    return link, ble


async def test_the_version_is_looked_for_once_and_read_each_time():
    link, ble = await opened()
    for _ in range(3):
        await link.keep_alive()
    assert ble.called("gattc_read") == [[1, AT]] * 3
    assert len(ble.called("gattc_discover_services")) == 1


async def test_an_answer_that_comes_meanwhile_is_not_lost():
    link, _ = await opened()
    await link.keep_alive()
    assert await link.read(0) == b"told meanwhile"


async def test_a_car_without_a_version_is_asked_for_it_once():
    link, ble = await opened(version=SERVICE)
    for _ in range(3):
        await awaiting(LinkError, link.keep_alive())
    assert ble.called("gattc_read") == []
    assert len(ble.called("gattc_discover_services")) == 1


async def test_a_version_that_may_not_be_read_is_an_att_error():
    link, _ = await opened(status=0x102)
    assert (await awaiting(AttError, link.keep_alive())).status == 0x102


async def test_a_read_without_an_answer_makes_the_link_useless():
    link, ble = await opened()
    ble.answers["gattc_read"] = lambda *_: True
    assert await elapsed(awaiting(Disconnected, link.keep_alive())) < 2100


async def test_a_link_lost_during_a_read_is_told():
    link, ble = await opened()
    ble.answers["gattc_read"] = lambda *_: ble.later(5, DISCONNECT, (1, 0, memoryview(bytes(6))))
    await awaiting(Disconnected, link.keep_alive())


async def test_a_peer_without_the_service_offers_no_version():
    link, ble = await opened()
    ble.answers["gattc_discover_services"] = lambda *_: ble.later(5, SERVICE_DONE, (1, 0))
    await awaiting(LinkError, link.keep_alive())
