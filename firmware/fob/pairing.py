"""Pairing: ask the car to enrol this fob's key, wait for the owner's card, prove that it works."""

from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from fob import codes, legacy, messages
from fob.errors import AttError, Disconnected, NotPaired, Refused, TimedOut

# Time for a person to find the card and confirm on the screen.
_TOTAL_MS = const(60000)
# Newer cars say nothing after the card; asking for the session tells whether the key is known.
# Each proof that came too early doubles the pause: cars have locked every client out for 20 minutes
# after some 25 messages that they could not read.
_PROBE_MS = const(3000)


async def pair(vehicle, config, report):
    """Enrol the key of `config` with the car; returns when a sealed message proved it.

    `report(text)` is told each step. Raises TimedOut when no card came in time, Refused with the
    whitelist operation's number, or what the link raises. That the owner starts it confirms what
    the guard holds back.
    """
    vehicle.confirm()
    deadline = ticks_add(ticks_ms(), _TOTAL_MS)

    async def conversation(exchange):
        await exchange.send(_request(config))
        report("hold your key card to the reader in the car")
        pause = _PROBE_MS
        while True:
            await _enrolled(exchange, vehicle.session, deadline, pause, report)
            try:
                await vehicle.agree(exchange)
                await vehicle.prove(exchange)
                return
            except (NotPaired, TimedOut):
                # Too early, or an answer was lost: until the deadline that is no reason to give up.
                report("the car does not know the key yet")
                pause *= 2

    while True:
        try:
            await vehicle.converse(conversation)
            return
        except (AttError, Disconnected):
            # A car drops idle links after about 40 s: the same request again does no harm.
            if ticks_diff(deadline, ticks_ms()) <= 0:
                raise


def _request(config):
    permissions = messages.DOCUMENTED_PERMISSIONS if config.enrol == "permissions" else None
    return messages.whitelist_request(
        config.public_key, config.role, config.form_factor, permissions
    )


async def _enrolled(exchange, session, deadline, pause, report):
    """Return once the car says, or shows when asked every `pause` ms, that it knows the key."""
    # A time of its own: whatever else the car says meanwhile must not put the question off.
    probe = ticks_add(ticks_ms(), pause)
    while True:
        remaining = ticks_diff(deadline, ticks_ms())
        if remaining <= 0:
            raise TimedOut("no card was held to the reader in time")
        try:
            quiet = max(0, ticks_diff(probe, ticks_ms()))
            answer = await exchange.receive(min(quiet, remaining))
        except TimedOut:
            await exchange.send(session.request())
            probe = ticks_add(ticks_ms(), pause)
            continue
        if "sessionInfo" in answer or _accepted(answer, report):
            return


def _accepted(answer, report):
    """True when `answer` says that the key is enrolled; raises Refused when it never will be."""
    status = answer.get("commandStatus")
    # A fault answers the probe, not the request: the key is not known yet.
    if status is None or legacy.fault(answer):
        return False
    operation = status.get("whitelistOperationStatus")
    if operation is None:
        if status.get("operationStatus") == codes.OPERATIONSTATUS_WAIT:
            report("the car waits for the card")
        elif status.get("operationStatus") == codes.OPERATIONSTATUS_ERROR:
            raise Refused("the car refuses to enrol the key")
        return False
    reason = operation.get("whitelistOperationInformation", 0)
    if reason == (
        codes.WHITELISTOPERATION_INFORMATION_ATTEMPTING_TO_ADD_KEY_THAT_IS_ALREADY_ON_THE_WHITELIST
    ):
        return True
    result = operation.get("operationStatus", codes.OPERATIONSTATUS_OK)
    if reason != codes.WHITELISTOPERATION_INFORMATION_NONE or (
        result == codes.OPERATIONSTATUS_ERROR
    ):
        raise Refused("the car refuses to enrol the key", reason)
    return result == codes.OPERATIONSTATUS_OK
