"""The car's whitelist: which keys it knows, and how an owner's key has it forget one.

What a car tells of its whitelist it tells everybody, and nobody vouches for it: the fob passes it
on to the laptop as it came, and the laptop makes the request that removes a key.
"""

from micropython import const

from fob import protobuf
from fob.cache import SIGNED
from fob.dialogue import ACCEPTED, REFUSED
from fob.errors import AttError, KeyRefused, NotPaired, Refused, TimedOut
from fob.protobuf import UINT32

_INFORMATION_REQUEST_TYPE_GET_WHITELIST_INFO = const(5)
_INFORMATION_REQUEST_TYPE_GET_WHITELIST_ENTRY_INFO = const(6)
_OPERATIONSTATUS_OK = const(0)
_OPERATIONSTATUS_ERROR = const(2)

# Bits of a slotMask.
_SLOTS = const(32)

# What the fob itself reads of both.
WHITELIST_INFO = [3, "slotMask", UINT32, None]
WHITELIST_ENTRY_INFO = [6, "slot", UINT32, None]


async def read(vehicle, report):
    """Ask the car for its keys; return its WhitelistInfo, encoded.

    report(slot, WhitelistEntryInfo, encoded) is called for each slot in use. Raises LinkError,
    TimedOut where the car does not answer in either protocol, DecodeError.
    """
    told = []
    info = b""

    async def conversation(exchange):
        nonlocal info
        cache = vehicle.cache
        request = {"informationRequestType": _INFORMATION_REQUEST_TYPE_GET_WHITELIST_INFO}
        # Where nothing was proven, a car of today.
        signed = cache.traits & SIGNED or not cache.sessions
        try:
            dialogue = vehicle.dialogue(exchange, signed)
            info = await _there(exchange, lambda: dialogue.inquire(request, "whitelistInfo"))
        except TimedOut:
            dialogue = None
            dialogue = vehicle.dialogue(exchange, not signed)
            info = await dialogue.inquire(request, "whitelistInfo")
        slots = protobuf.decode(WHITELIST_INFO, info).get("slotMask", 0)
        for slot in range(_SLOTS):
            if slots >> slot & 1 and slot not in told:
                entry = await _entry(dialogue, slot)
                told.append(slot)
                report(slot, entry)

    await vehicle.converse(conversation)
    return info


async def remove(vehicle, unsigned):
    """Have the car carry out an UnsignedMessage that removes a key; returns when it confirmed that.

    Raises KeyRefused with the car's reason, what a command raises else; NotPaired also where no
    session was proven before.
    """
    if not vehicle.paired:
        # A key agreement on the way would need more memory than is left.
        raise NotPaired("the car has not proven yet that it knows this key")
    vehicle.guard.begin()
    vehicle.undecided = False

    async def conversation(exchange):
        exchange.operation = None
        dialogue = vehicle.dialogue(exchange, vehicle.cache.traits & SIGNED)

        async def command():
            outcome = await dialogue.command(unsigned, None)
            told = _told(exchange.operation)
            # The newer protocol has a word of its own, for which the car can vouch.
            if outcome == ACCEPTED or (told and not dialogue.signed):
                return
            if outcome == REFUSED:
                raise Refused("the car refuses to remove the key", dialogue.information)
            raise TimedOut("the car did not confirm it: look with `fob keys`")

        await _there(exchange, command)
        vehicle.keep(exchange, dialogue)

    await vehicle.converse(conversation, lambda: not vehicle.undecided)


def _told(operation):
    """Whether a WhitelistOperation_status (a dict, None where none came) tells success; raises
    KeyRefused where it tells a refusal."""
    if operation is None:
        return False
    reason = operation.get("whitelistOperationInformation", 0)
    status = operation.get("operationStatus", _OPERATIONSTATUS_OK)
    if reason or status == _OPERATIONSTATUS_ERROR:
        raise KeyRefused("the car does not remove the key", reason)
    return status == _OPERATIONSTATUS_OK


async def _there(exchange, question):
    """Await question(); again where remembered handles turn out to be another attribute's."""
    try:
        return await question()
    except (AttError, TimedOut) as error:
        if isinstance(error, TimedOut) and not exchange.unheard:
            raise
        if not await exchange.rediscover():
            raise
    return await question()


async def _entry(dialogue, slot):
    """Return what the car tells of the key in a slot."""
    request = {
        "informationRequestType": _INFORMATION_REQUEST_TYPE_GET_WHITELIST_ENTRY_INFO,
        "slot": slot,
    }
    entry = b""
    # The first may be a late one, to the question before: asked anew, the car answers this one.
    for _ in range(2):
        entry = await dialogue.inquire(request, "whitelistEntryInfo")
        if protobuf.decode(WHITELIST_ENTRY_INFO, entry).get("slot", 0) == slot:
            break
    return entry
