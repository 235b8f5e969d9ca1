"""The car's whitelist: which keys it knows, and how an owner's key has it forget one.

What a car tells of its whitelist it tells everybody, and nobody vouches for it.
"""

from binascii import hexlify

from micropython import const

from fob import messages, protobuf
from fob.cache import SIGNED
from fob.errors import AttError, KeyRefused, NotPaired, Refused, TimedOut
from fob.protobuf import BYTES, ENUM, MESSAGE, REPEATED, UINT32
from fob.verdicts import ACCEPTED, REFUSED

_INFORMATION_REQUEST_TYPE_GET_WHITELIST_INFO = const(5)
_INFORMATION_REQUEST_TYPE_GET_WHITELIST_ENTRY_INFO = const(6)
_OPERATIONSTATUS_OK = const(0)
_OPERATIONSTATUS_ERROR = const(2)
_WHITELISTOPERATION_INFORMATION_NO_PERMISSION_TO_REMOVE_ONESELF = const(2)

# Bits of a slotMask.
_SLOTS = const(32)
_KEY_ID = const(4)
_POINT = const(65)

# fmt: off
WHITELIST_INFO = (
    1, "numberOfEntries", UINT32, None,
    2, "whitelistEntries", MESSAGE | REPEATED, messages.KEY_IDENTIFIER,
    3, "slotMask", UINT32, None,
)
WHITELIST_ENTRY_INFO = (
    1, "keyId", MESSAGE, messages.KEY_IDENTIFIER,
    2, "publicKey", MESSAGE, (1, "PublicKeyRaw", BYTES, None),
    3, "permissions", ENUM | REPEATED, None,
    4, "metadataForKey", MESSAGE, (1, "keyFormFactor", ENUM, None),
    5, "secondsEntryRemainsActive", UINT32, None,
    6, "slot", UINT32, None,
    7, "keyRole", ENUM, None,
)
# fmt: on


async def read(vehicle, report):
    """Ask the car for its keys; return {"count": how many it has, "slots": mask of those in use}.

    `report` is told each key as a dict: slot (its number), key_id and public_key (hexadecimal, ""
    where the car does not tell), role (ROLE_...), form_factor (KEY_FORM_FACTOR_...). Raises
    LinkError, TimedOut where the car does not answer in either protocol.
    """
    told = []
    found = {}

    async def conversation(exchange):
        cache = vehicle.cache
        # Where nothing was proven, a car of today.
        signed = cache.traits & SIGNED or not cache.sessions
        try:
            dialogue = vehicle.dialogue(exchange, signed)
            info = await _there(exchange, lambda: _info(dialogue))
        except TimedOut:
            # Nothing may hold on to the protocol that is to be unloaded.
            dialogue = None
            exchange.read = messages.read
            dialogue = vehicle.dialogue(exchange, not signed)
            info = await _info(dialogue)
        count = info.get("numberOfEntries", len(info.get("whitelistEntries", ())))
        found.update({"count": count, "slots": info.get("slotMask", 0)})
        for slot in range(_SLOTS):
            if found["slots"] >> slot & 1 and slot not in told:
                entry = await _entry(dialogue, slot)
                told.append(slot)
                report(entry)

    await vehicle.converse(conversation)
    return found


async def remove(vehicle, public_key):
    """Have the car forget `public_key` (65 bytes); returns when it confirmed that.

    Raises KeyRefused with the car's reason, what a command raises else; NotPaired also where no
    session was proven before.
    """
    if not vehicle.paired:
        # A key agreement on the way would need more memory than is left.
        raise NotPaired("the car has not proven yet that it knows this key")
    from fob import whitelist

    unsigned = whitelist.removal(public_key)
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
        if dialogue.stranger:
            raise Refused("another key than at pairing: if it is the car's, hold both 5 s")

    await vehicle.converse(conversation, lambda: not vehicle.undecided)


def _told(operation):
    """Whether a WhitelistOperation_status (a dict, None where none came) tells success; raises
    KeyRefused where it tells a refusal."""
    if operation is None:
        return False
    reason = operation.get("whitelistOperationInformation", 0)
    status = operation.get("operationStatus", _OPERATIONSTATUS_OK)
    if reason == _WHITELISTOPERATION_INFORMATION_NO_PERMISSION_TO_REMOVE_ONESELF:
        raise KeyRefused("a key cannot remove itself: use another owner's key", reason)
    if reason or status == _OPERATIONSTATUS_ERROR:
        raise KeyRefused("the car does not remove the key (reason %d)" % reason, reason)
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


async def _info(dialogue):
    request = {"informationRequestType": _INFORMATION_REQUEST_TYPE_GET_WHITELIST_INFO}
    return protobuf.decode(WHITELIST_INFO, await dialogue.inquire(request, "whitelistInfo"))


async def _entry(dialogue, slot):
    """Return what the car tells of the key in a slot, as read's `report` wants it."""
    request = {
        "informationRequestType": _INFORMATION_REQUEST_TYPE_GET_WHITELIST_ENTRY_INFO,
        "slot": slot,
    }
    entry = {}
    # The first may be a late one, to the question before: asked anew, the car answers this one.
    for _ in range(2):
        answer = await dialogue.inquire(request, "whitelistEntryInfo")
        entry = protobuf.decode(WHITELIST_ENTRY_INFO, answer)
        if entry.get("slot", 0) == slot:
            break
    public_key = entry.get("publicKey", {}).get("PublicKeyRaw", b"")
    key_id = entry.get("keyId", {}).get("publicKeySHA1", b"")
    return {
        "slot": slot,
        "key_id": hexlify(key_id[:_KEY_ID]).decode(),
        "public_key": hexlify(public_key).decode() if len(public_key) == _POINT else "",
        "role": entry.get("keyRole", 0),
        "form_factor": entry.get("metadataForKey", {}).get("keyFormFactor", 0),
    }
