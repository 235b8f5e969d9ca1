"""The settings of cars that speak the signed-command protocol, and how much of each is tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from host_tools.simulator.car import Vintage

from .case import Case, Expect, Setting
from .link import Draw, link_cases
from .messages import Changed

YEARS: tuple[Vintage, ...] = ("2023", "2026")

NIGHT = 8 * 3600.0

# ATT requests from connection to acceptance at an MTU of 115: the MTU, the subscription, the
# message in two writes; where the car has to be asked for its time, that takes another two.
AT_ONCE = 4
ASKED_FIRST = 6


def cold(year: Vintage) -> Setting:
    """The car was never met, though it knows the key."""
    return Setting(f"{year}: cold press", vintage=year)


def warm(year: Vintage) -> Setting:
    return Setting(f"{year}: warm press", vintage=year, warm=True)


def after_a_night(year: Vintage) -> Setting:
    return Setting(f"{year}: press after a night", vintage=year, warm=True, rest=NIGHT)


def after_a_battery_change(year: Vintage) -> Setting:
    name = f"{year}: press after a battery change"
    return Setting(name, vintage=year, warm=True, powerless=True)


def pairing(year: Vintage) -> Setting:
    return Setting(f"{year}: pairing", vintage=year, pairs=True, known=False)


def trunk(year: Vintage) -> Setting:
    return Setting(f"{year}: warm press, trunk", vintage=year, warm=True, toggle=True)


def fault_free(year: Vintage) -> Iterator[Case]:
    """What a press costs where nothing goes wrong."""
    nothing = Changed()
    costs = {warm: AT_ONCE, after_a_night: ASKED_FIRST, after_a_battery_change: ASKED_FIRST}
    for setting, requests in costs.items():
        yield Case(setting(year), "no fault", "", nothing, Expect(requests=requests))
    for setting in (cold, pairing, trunk):
        yield Case(setting(year), "no fault", "", nothing)


def spoilt_links(year: Vintage, draw: Draw) -> Iterator[Case]:
    """Requests and indications spoilt in every way: all those of a warm press, a part of others."""
    yield from link_cases(warm(year))
    shares = {
        after_a_night: 0.4,
        cold: 0.12,
        after_a_battery_change: 0.2,
        pairing: 0.25,
        trunk: 0.4,
    }
    for setting, share in shares.items():
        yield from draw.some(link_cases(setting(year)), share)
    small = replace(warm(year), name=f"{year}: warm press, MTU 23", mtu=23)
    yield from draw.some(link_cases(small), 0.08)
    notified = replace(warm(year), name=f"{year}: warm press, notifications", notify=True)
    yield from draw.some(link_cases(notified), 0.2)
