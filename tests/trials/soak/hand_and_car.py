"""Steps of a life: what fingers do to a fob, and the battery, the car and the air between them."""

import asyncio

from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator import faults

from ..newer_car import YEARS, Fault, Untagged
from .life import Life
from .steps import BUTTONS, Steps, moment, rest, short
from .world import Wrong

# Low enough for the light, high enough for the radio.
_LOW_VOLTAGE = 3.1

STEPS = Steps()


@STEPS.add(30)
async def a_press(life: Life) -> None:
    await rest(life)
    await life.works(life.draw.choice(BUTTONS), seconds=short(life))


@STEPS.add(6)
async def a_slow_press(life: Life) -> None:
    await rest(life)
    await life.works(life.draw.choice(BUTTONS), seconds=life.draw.uniform(0.4, 2.9))


@STEPS.add(6)
async def another_press_during_the_first(life: Life) -> None:
    await rest(life)
    first, second = life.draw.choice(BUTTONS), life.draw.choice(BUTTONS)
    life.witness.forget()
    await life.touch(first, seconds=short(life))
    # While the chip boots there is nobody to see a finger.
    await asyncio.sleep(0.6 + life.draw.uniform(0, 1.5))
    await life.touch(second, seconds=life.draw.uniform(0.06, 0.4))
    await life.settle()
    life.expect_done(second)


@STEPS.add(5)
async def a_double_press(life: Life) -> None:
    await rest(life)
    button = life.draw.choice(BUTTONS)
    life.witness.forget()
    await life.touch(button, seconds=life.draw.uniform(0.06, 0.2))
    await asyncio.sleep(life.draw.uniform(0.05, 0.3))
    await life.touch(button, seconds=life.draw.uniform(0.06, 0.2))
    await life.settle()
    life.expect_done(button)


@STEPS.add(3)
async def a_fidgeting_hand(life: Life) -> None:
    await rest(life)
    for _ in range(life.draw.randint(3, 8)):
        await life.touch(life.draw.choice(BUTTONS), seconds=short(life))
        await asyncio.sleep(life.draw.uniform(0.01, 0.6))
    await life.settle()
    await life.works(life.draw.choice(BUTTONS))


@STEPS.add(2)
async def both_buttons_shortly(life: Life) -> None:
    await rest(life)
    # What is up again before the chip has booted is one button's press: the one that woke it.
    shortest = 0.6 if life.world.asleep else 0.06
    await _without_effect(life, *BUTTONS, seconds=life.draw.uniform(shortest, 2.5))


@STEPS.add(2)
async def both_buttons_for_long(life: Life) -> None:
    await rest(life)
    if life.witness.speaks is None:
        # On a fob that knows no car yet this would begin to pair.
        await life.works(life.draw.choice(BUTTONS))
    await _without_effect(life, *BUTTONS, seconds=life.draw.uniform(5.2, 10))


@STEPS.add(1)
async def one_button_for_very_long(life: Life) -> None:
    await rest(life)
    await _without_effect(life, life.draw.choice(BUTTONS), seconds=life.draw.uniform(16, 60))


async def _without_effect(life: Life, *buttons: str, seconds: float) -> None:
    life.witness.forget()
    locked = life.world.car.locked
    await life.touch(*buttons, seconds=seconds)
    await life.settle()
    confirmed = life.last is not None and life.last.action == "confirm"
    if (life.last is not None and not confirmed) or life.world.car.locked != locked:
        raise Wrong(f"{' and '.join(buttons)} for {seconds:.1f} s did something")


@STEPS.add(3)
async def a_press_out_of_reach(life: Life) -> None:
    await rest(life)
    life.world.radio.walk_away()
    life.witness.forget()
    await life.touch(life.draw.choice(BUTTONS), seconds=short(life))
    await life.settle()
    if life.last is None or life.last.code != "not-found":
        raise Wrong(f"out of reach, but: {life.last and life.last.text}")
    await life.recover()


@STEPS.add(5)
async def a_walk_in_the_middle_of_a_press(life: Life) -> None:
    await rest(life)
    await life.touch(life.draw.choice(BUTTONS), seconds=short(life))
    await asyncio.sleep(moment(life))
    life.world.radio.walk_away()
    if life.draw.random() < 0.5:
        await asyncio.sleep(life.draw.uniform(0.05, 12))
        life.world.radio.come_back()
    await life.settle()
    await life.recover()


@STEPS.add(3)
async def a_new_vehicle_key(life: Life) -> None:
    await rest(life)
    life.world.car.rotate_key()
    if life.witness.speaks == "legacy":
        await life.works(life.draw.choice(BUTTONS))
    else:
        await _obeys_unbelieved(life)
    await life.recover()


async def _obeys_unbelieved(life: Life) -> None:
    """A press that the car obeys, but not with the key that the fob trusts."""
    trusts_anybody = life.witness.session_lost
    life.witness.forget()
    await life.touch(life.draw.choice(BUTTONS))
    await life.settle()
    if life.witness.last_accepted is None:
        raise Wrong("the car has another key, but nothing was accepted")
    if life.last is None or (life.last.done and not trusts_anybody):
        raise Wrong(f"the car has another key, but: {life.last and life.last.text}")


@STEPS.add(6)
async def presses_about_a_night(life: Life) -> None:
    await rest(life)
    await life.works(life.draw.choice(BUTTONS))
    if not life.plan.sleepless:
        await life.world.pass_time(life.draw.uniform(6, 48) * 3600)
        # The car is asked for its time first.
        await life.works_promptly(messages=2)
    for _ in range(2):
        await life.world.pass_time(life.draw.uniform(2, 5 if life.plan.sleepless else 80))
        await life.works_promptly(messages=1)


@STEPS.add(3)
async def a_new_epoch(life: Life) -> None:
    await rest(life)
    life.world.car.reboot()
    await life.works(life.draw.choice(BUTTONS))


@STEPS.add(3)
async def a_new_epoch_in_the_middle_of_a_press(life: Life) -> None:
    await rest(life)
    await life.touch(life.draw.choice(BUTTONS), seconds=short(life))
    await asyncio.sleep(moment(life))
    life.world.car.reboot()
    await life.settle()
    await life.recover()


@STEPS.add(3)
async def an_update_of_the_car(life: Life) -> None:
    await rest(life)
    before = life.world.year
    if life.world.update():
        life.loads("another protocol")
        life.say(f"the car of {before} is one of {life.world.year} now")
        life.figures["updates of the car"] += 1
    life.witness.forget()
    await life.touch(life.draw.choice(BUTTONS))
    await life.settle()
    # In the older protocol another key of the car's needs nobody's consent, in the newer one it
    # does.
    if life.last is None or not (life.last.done or "another key" in life.last.text):
        raise Wrong(f"after an update of the car: {life.last and life.last.text}")
    await life.recover()


@STEPS.add(2)
async def a_parked_car_asleep(life: Life) -> None:
    await rest(life)
    life.world.car.fall_asleep()
    await life.works(life.draw.choice(BUTTONS))


@STEPS.add(2)
async def session_infos_without_a_tag(life: Life) -> None:
    await rest(life)
    life.world.radio.interference = Untagged(times=life.draw.randint(1, 6))
    if life.draw.random() < 0.5:
        life.world.car.reboot()
    await life.touch(life.draw.choice(BUTTONS))
    await life.settle()
    await life.recover()


@STEPS.add(2)
async def another_car_in_place_of_this_one(life: Life) -> None:
    await rest(life)
    draw = life.draw
    impostor = life.world.impostor(draw.choice(YEARS), draw.choice((0, 100, 1 << 31)))
    for _ in range(life.draw.randint(1, 3)):
        life.world.radio.interference = impostor
        await life.touch(life.draw.choice(BUTTONS))
        await life.settle()
    await life.recover()


@STEPS.add(2)
async def a_car_that_forbids_long_lives(life: Life) -> None:
    await rest(life)
    behaviour = life.world.car.behaviour
    usual, behaviour.lifetime = behaviour.lifetime, life.draw.randint(3, 12)
    doubtful, life.world.clock_doubtful = life.world.clock_doubtful, True
    await life.works(life.draw.choice(BUTTONS))
    behaviour.lifetime, life.world.clock_doubtful = usual, doubtful


@STEPS.add(3)
async def a_new_address_of_the_car(life: Life) -> None:
    await rest(life)
    await life.world.radio.change_address()
    await life.works(life.draw.choice(BUTTONS))


@STEPS.add(3)
async def new_handles(life: Life) -> None:
    await rest(life)
    life.world.radio.shift_handles(life.draw.randrange(4))
    await life.works(life.draw.choice(BUTTONS))


@STEPS.add(3)
async def a_restart_of_the_car(life: Life) -> None:
    await rest(life)
    await life.touch(life.draw.choice(BUTTONS), seconds=short(life))
    await asyncio.sleep(moment(life))
    await life.world.radio.stop()
    await asyncio.sleep(life.draw.uniform(0, 5))
    if life.draw.random() < 0.5:
        life.world.car.reboot()
    if life.draw.random() < 0.5:
        life.world.radio.shift_handles(life.draw.randrange(4))
    await life.world.radio.start()
    await life.settle()
    await life.recover()


@STEPS.add(2)
async def a_car_full_of_connections(life: Life) -> None:
    await rest(life)
    life.world.crowd()
    life.witness.forget()
    await life.touch(life.draw.choice(BUTTONS), seconds=short(life))
    await asyncio.sleep(moment(life))
    if life.draw.random() < 0.3:
        life.world.disperse()
    await life.settle()
    await life.recover()


@STEPS.add(3)
async def a_busy_car(life: Life) -> None:
    await rest(life)
    life.world.car.behaviour.busy = waits = life.draw.randint(1, 6)
    button = life.draw.choice(BUTTONS)
    if waits <= 2:
        await life.works(button)
    else:
        await life.touch(button)
        await life.settle()
    await life.recover()


@STEPS.add(3)
async def lost_answers(life: Life) -> None:
    await rest(life)
    life.world.car.behaviour.lose_answers = life.draw.randint(1, 5)
    await life.touch(life.draw.choice(BUTTONS))
    await life.settle()
    await life.recover()


@STEPS.add(3)
async def another_wish_to_be_greeted(life: Life) -> None:
    await rest(life)
    life.world.car.behaviour.require_none = life.draw.choice(("refuse", "ignore", False))
    await life.works(life.draw.choice(BUTTONS))


@STEPS.add(2)
async def somebody_else_at_the_car(life: Life) -> None:
    await rest(life)
    life.world.car.body.locked = life.draw.random() < 0.5
    await life.works(life.draw.choice(BUTTONS))


@STEPS.add(2)
async def an_open_door(life: Life) -> None:
    await rest(life)
    life.world.car.set_closure("frontDriverDoor", vcsec.CLOSURESTATE_OPEN)
    await life.works("unlock")
    life.witness.forget()
    await life.touch("lock")
    await life.settle()
    if life.last is None or life.last.code != "refused":
        raise Wrong(f"a door is open, but: {life.last and life.last.text}")
    await life.recover()


@STEPS.add(3)
async def a_low_battery(life: Life) -> None:
    await rest(life)
    life.world.board.hardware.set_battery(_LOW_VOLTAGE)
    before = life.figures["battery low"]
    await life.works(life.draw.choice(BUTTONS))
    if life.figures["battery low"] == before:
        raise Wrong("the battery is low, but the light does not say so")
    life.world.make_peace()


@STEPS.add(4)
async def noise_on_the_air(life: Life) -> None:
    await rest(life)
    draw = life.draw
    first, times = draw.randrange(6), draw.randint(1, 3)
    life.world.radio.interference = draw.choice(
        (
            faults.Drop(first, times=times),
            faults.Duplicate(first, times=times),
            faults.Truncate(first, keep=draw.randrange(20), times=times),
            faults.Garbage(first, seed=draw.randrange(1 << 16), times=times),
            faults.Oversize(first, times=times),
            faults.Late(first, delay=draw.uniform(0.1, 5), times=times),
            faults.Reorder(first),
            faults.CarSilent(draw.randrange(4), times=times),
        )
    )
    await life.touch(draw.choice(BUTTONS))
    await life.settle()
    await life.recover()


@STEPS.add(4)
async def a_request_gone_wrong(life: Life) -> None:
    await rest(life)
    draw = life.draw
    verdict = draw.choice(
        ("error", "disconnect", "disconnect after", "silent", "silent after", "late")
    )
    where = draw.choice((0, 1, 2, 3, 4, "cccd", "write"))
    life.world.radio.interference = faults.AtRequest(where, verdict, times=draw.randint(1, 4))
    await life.touch(draw.choice(BUTTONS))
    await life.settle()
    await life.recover()


@STEPS.add(3)
async def somebody_who_answers_for_the_car(life: Life) -> None:
    await rest(life)
    draw = life.draw
    key = life.world.car.whitelist.find(life.world.owner_key.key_id)
    counter = (key.counter if key else 0) + draw.choice((0, 1, 60_000, 1_000_000, 1 << 31))
    answer = (draw.randint(1, 8), min(counter, 0xFFFFFFFF))
    times = draw.randint(1, 12)
    life.world.radio.interference = draw.choice(
        (
            faults.FaultReply(*answer, times=times),
            faults.Spoof([faults.signed_fault(*answer)], times=times),
            faults.Wait(times),
            Fault(draw.choice(universal.MessageFault_E.values()), times=times),
        )
    )
    for _ in range(draw.randint(1, 4)):
        await life.touch(draw.choice(BUTTONS))
        await life.settle()
    await life.recover()


@STEPS.add(1)
async def a_forgotten_key(life: Life) -> None:
    await rest(life)
    # A car that adds a key again starts its counter anew; only a key of the fob's may do so.
    life.world.car.whitelist.remove(life.world.owner_key.key_id)
    await life.recover()
