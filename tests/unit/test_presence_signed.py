"""Passive entry in the signed-command protocol, and which protocol it is spoken in."""

from expect import awaiting
from passive_entry import (
    DRIVE_ALLOWED,
    MINUTE,
    TOKEN,
    UNLOCK_ALLOWED,
    answers,
    asks,
    present,
    token,
)
from scripted_car import (
    HANG_UP,
    LOCKED,
    NONE,
    OTHER_SHARED_KEY,
    OTHER_VEHICLE_KEY,
    all_down,
    framed,
    status,
)
from scripted_signed_car import (
    SignedCar,
    SignedFob,
    broadcast,
    clear,
    correction,
    done,
    info,
    refusal,
    warm,
)

from fob.errors import HeldBack, NotPaired, Refused

BUSY = 1
UNKNOWN_KEY = 3
INACTIVE_KEY = 4
INSUFFICIENT_PRIVILEGES = 7
INCORRECT_EPOCH = 15


def a_car(*pushes, **script):
    pushed = [broadcast(step) if isinstance(step, dict) else step for step in pushes]
    script.setdefault("on_signed", [(done,)] * 99)
    return SignedCar(on_connect=[(broadcast(status(LOCKED)),)] + [pushed], tokens=[TOKEN], **script)


async def ready(vehicle, **options):
    """A fob that woke after a press; what the car does by itself is still ahead."""
    pushes = vehicle._script["connect"].pop()
    fob = await warm(vehicle, **options)
    vehicle._script["connect"] = [pushes]
    return fob


async def test_a_request_is_answered_by_a_sealed_message():
    vehicle = a_car(1000, asks())
    assert await present(await ready(vehicle))
    assert vehicle.commands == [NONE, DRIVE_ALLOWED] and vehicle.kinds == ["signed", "signed"]


async def test_a_level_is_at_most_the_one_that_the_owner_allowed():
    vehicle = a_car(1000, asks())
    await present(await ready(vehicle), level=1)
    assert vehicle.commands == [NONE, UNLOCK_ALLOWED]


async def test_a_request_that_comes_raw_and_wrapped_is_answered_once():
    vehicle = a_car(
        1000, framed(asks()), asks(), 1000, asks(), framed(asks()), 3000, asks(token(1))
    )
    await present(await ready(vehicle), 10000)
    assert vehicle.commands == [NONE, DRIVE_ALLOWED, DRIVE_ALLOWED]


async def test_requests_that_are_not_the_cars_are_not_answered():
    from fob import framing, messages, protobuf, routable

    def enveloped(**changes):
        envelope = {
            "to_destination": {"domain": 0},
            "from_destination": {"domain": 2},
            "protobuf_message_as_bytes": protobuf.encode(messages.FROM_VCSEC_MESSAGE, asks()),
        }
        envelope.update(changes)
        return framing.frame(protobuf.encode(routable.ROUTABLE_MESSAGE, envelope))

    vehicle = a_car(
        100,
        enveloped(from_destination={"domain": 3}),
        enveloped(to_destination={"domain": 2}),
        enveloped(to_destination={"routing_address": bytes(16)}),
        enveloped(signature_data={"AES_GCM_Response_data": {"counter": 1}}),
    )
    await present(await ready(vehicle))
    assert vehicle.commands == [NONE]


async def test_the_older_form_is_used_where_the_owner_chose_it():
    vehicle = a_car(1000, asks(), legacy=True, on_sealed=[(), ()])
    await present(await ready(vehicle), form="token")
    assert answers(vehicle) == [(DRIVE_ALLOWED, TOKEN)] and vehicle.commands == []


async def test_a_car_that_speaks_the_older_protocol_is_spoken_to_in_it():
    vehicle = SignedCar(on_connect=[(1000, framed(asks()))], tokens=[TOKEN], legacy=True)
    await present(SignedFob(vehicle, traits=0, met=False), 10000)
    assert vehicle.commands == [] and answers(vehicle) == [(DRIVE_ALLOWED, TOKEN)]


async def test_the_signed_form_is_used_where_the_owner_chose_it():
    vehicle = a_car()
    vehicle._script["connect"] = [(2000, broadcast(asks()))]
    await present(SignedFob(vehicle, traits=0, met=False), 10000, form="signed")
    assert vehicle.commands == [NONE, DRIVE_ALLOWED]


async def test_a_fresh_fob_asks_for_the_session_and_answers():
    vehicle = a_car()
    vehicle._script["connect"] = [(2000, broadcast(asks()))]
    await present(SignedFob(vehicle), 10000)
    assert vehicle.kinds == ["info", "signed", "signed"]


async def test_no_status_is_asked_for():
    vehicle = a_car(1000, asks(), 70000, asks(token(1)), on_signed=[()] * 9)
    await present(await ready(vehicle), 3 * MINUTE)
    assert "plain" not in vehicle.kinds and len(vehicle.commands) == 3


async def test_a_car_that_rebooted_is_answered_again_in_its_new_epoch():
    vehicle = a_car(1000, asks(), on_signed=[(done,), (correction(INCORRECT_EPOCH),), (done,)])
    fob = await ready(vehicle)
    vehicle.then(on_signed=[(done,), (correction(INCORRECT_EPOCH),), (done,)])
    await present(fob)
    assert vehicle.commands == [NONE, DRIVE_ALLOWED, DRIVE_ALLOWED]


async def test_a_busy_car_is_answered_when_it_asks_again():
    vehicle = a_car(*[step for _ in range(3) for step in (2000, asks())])
    fob = await ready(vehicle)
    vehicle.then(on_signed=[(done,), (refusal(BUSY),), (done,)])
    await present(fob, 10000)
    assert vehicle.commands == [NONE, DRIVE_ALLOWED, DRIVE_ALLOWED]


async def test_a_refused_answer_is_told_and_the_next_one_given():
    vehicle = a_car(1000, asks(), 2000, asks(token(1)))
    fob = await ready(vehicle)
    vehicle.then(on_signed=[(done,), (refusal(INSUFFICIENT_PRIVILEGES),), (done,)])
    told = []
    await present(fob, said=told)
    assert vehicle.commands == [NONE, DRIVE_ALLOWED, DRIVE_ALLOWED] and "refuses: " in told[0]


async def test_a_key_that_is_refused_or_unknown_ends_it():
    for code, error in ((INACTIVE_KEY, Refused), (UNKNOWN_KEY, NotPaired)):
        vehicle = a_car()
        fob = await ready(vehicle)
        vehicle.then(on_signed=[(refusal(code),)])
        await awaiting(error, present(fob))
        assert all_down(fob)


async def test_faults_without_end_end_it():
    pushes = [step for number in range(1, 20) for step in (3000, asks(token(number)))]
    vehicle = a_car(*pushes)
    fob = await ready(vehicle)
    vehicle.then(on_signed=[(done,)] + [(correction(INCORRECT_EPOCH),)] * 50)
    await awaiting(HeldBack, present(fob, MINUTE))
    assert len(vehicle.commands) == 4 and all_down(fob)


async def test_a_stranger_who_answers_with_a_key_of_its_own_is_allowed_nothing():
    keys = OTHER_VEHICLE_KEY, OTHER_SHARED_KEY
    vehicle = a_car(4000, asks(), on_info=[(info(keys=keys),)] * 9)
    vehicle._script["connect"] = [(4000, broadcast(asks()))]
    vehicle.shared_key = OTHER_SHARED_KEY
    fob = SignedFob(vehicle)
    assert await present(fob, 20000)
    assert vehicle.commands == [] and all_down(fob)
    assert len(fob.cache.sessions) == 1


async def test_a_link_lost_in_the_middle_of_an_answer_is_set_up_again():
    vehicle = a_car(1000, asks())
    fob = await ready(vehicle)
    vehicle.then(on_signed=[(done,), (HANG_UP,), (done,), (done,)])
    vehicle._script["connect"].append((1000, broadcast(asks()), 500, broadcast(asks(token(1)))))
    assert await present(fob, 20000)
    assert vehicle.commands == [NONE, DRIVE_ALLOWED, NONE, DRIVE_ALLOWED]


async def test_what_a_press_allowed_is_not_taken_back():
    vehicle = a_car()
    fob = await ready(vehicle)
    fob.vehicle.lingers = True
    await fob.vehicle.perform(DRIVE_ALLOWED)
    await present(fob, 20000)
    assert vehicle.commands == [DRIVE_ALLOWED]


async def test_messages_of_every_kind_do_no_harm():
    hostile = (
        b"\xff\xff\xff\xff",
        b"\x00\x03\x32\x01\xff",
        {"authenticationRequest": {"sessionInfo": {}, "reasonsForAuth": [99, -1]}},
        framed({"commandStatus": {"signedMessageStatus": {"signedMessageInformation": 2}}}),
        {"commandStatus": {"operationStatus": 2}},
        {"nominalError": {"genericError": 99}},
        {"vehicleStatus": {"vehicleSleepStatus": 7, "closureStatuses": {"tonneau": -1}}},
        {"whitelistInfo": b"\xff"},
        asks(b"", 0),
        asks(bytes(900), -5),
    )
    vehicle = a_car(*[step for what in hostile for step in (1200, what)], 2000, asks())
    fob = await ready(vehicle)
    before = fob.state()[:2]
    assert await present(fob, MINUTE)
    assert vehicle.commands == [NONE, DRIVE_ALLOWED] and fob.state()[:2] == before


async def test_a_success_in_clear_is_none_of_a_car_that_encrypts():
    vehicle = a_car(1000, asks())
    fob = await ready(vehicle)
    vehicle.then(on_signed=[(clear({"commandStatus": {}}),)] * 3)
    kept = []
    fob.vehicle.keep = lambda *_: kept.append(True)
    await present(fob)
    assert vehicle.commands == [NONE, DRIVE_ALLOWED] and not kept
