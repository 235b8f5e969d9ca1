"""Steps of a life: cuts and resets, a stuck button, restored backups, and damage to the flash."""

import asyncio

from host_tools.identity.counters import COUNTER_PATHS
from host_tools.simulator.board import BoardStopped

from .life import Life
from .steps import BUTTONS, Steps, moment, rest, short

STEPS = Steps()


@STEPS.add(6, sleepless=False)
async def a_power_cut(life: Life) -> None:
    await rest(life)
    if life.draw.random() < 0.8:
        await life.touch(life.draw.choice(BUTTONS), seconds=short(life))
        await asyncio.sleep(moment(life))
    await life.world.board.power_off()
    await asyncio.sleep(life.draw.choice((0.1, 5, 3600)))
    await life.world.board.power_on()
    if life.draw.random() < 0.5:
        await asyncio.sleep(life.draw.uniform(0, 10))
    else:
        await life.settle()
    await life.recover()


@STEPS.add(6, sleepless=False)
async def a_power_cut_inside_a_write(life: Life) -> None:
    await rest(life)
    draw = life.draw
    await life.world.board.power_off()
    kind = draw.choice(("clean", f"torn:{draw.randrange(1 << 16)}"))
    try:
        await life.world.board.power_on(cut=f"{draw.randint(1, 25)}:{kind}")
    except BoardStopped:
        life.say("it did not come to boot.py")
    for _ in range(draw.randint(1, 3)):
        if draw.random() < 0.4:
            life.world.car.rotate_key()
        await life.touch(draw.choice(BUTTONS), seconds=draw.uniform(0.06, 0.3))
        await life.settle()
        if life.world.ended:
            break
    # The cut is for this start only.
    await life.world.board.power_off()
    await life.world.board.power_on()
    await life.recover()


@STEPS.add(3, sleepless=False)
async def a_watchdog_reset(life: Life) -> None:
    await rest(life)
    await life.touch(life.draw.choice(BUTTONS), seconds=short(life))
    await asyncio.sleep(moment(life))
    if life.world.board.state == "running":
        life.world.board.hardware.watchdog.start(1)
        await asyncio.sleep(0.01)
    if life.draw.random() < 0.5:
        await life.settle()
    await life.recover()


@STEPS.add(2, sleepless=False)
async def a_stuck_button(life: Life) -> None:
    await rest(life)
    draw = life.draw
    stuck = draw.choice(BUTTONS)
    other = BUTTONS[1 - BUTTONS.index(stuck)]
    life.presses += 1
    life.world.push(stuck)
    await asyncio.sleep(draw.uniform(20, 40))
    await life.settle()
    for _ in range(draw.randint(0, 2)):
        await asyncio.sleep(draw.uniform(1, 1200))
        await life.settle()
        await life.works(other)
    life.world.release(stuck)
    await life.settle()
    await life.recover()


@STEPS.add(2, sleepless=False)
async def a_laptop_that_restores(life: Life) -> None:
    await rest(life)
    await _restore(life, image=False)


@STEPS.add(2, sleepless=False)
async def a_laptop_that_images(life: Life) -> None:
    await rest(life)
    await _restore(life, image=True)


async def _restore(life: Life, *, image: bool) -> None:
    if life.draw.random() < 0.3:
        await life.touch(life.draw.choice(BUTTONS))
        await asyncio.sleep(moment(life))
    await life.restore(image=image, keep_rtc=life.draw.random() < 0.5)
    await life.settle()
    await life.recover()


@STEPS.add(1)
async def a_backup(life: Life) -> None:
    await rest(life)
    life.laptop.back_up()
    await life.works(life.draw.choice(BUTTONS))


@STEPS.add(2, sleepless=False)
async def damage_to_the_flash(life: Life) -> None:
    await rest(life)
    draw, world = life.draw, life.world
    await world.board.power_off()
    state = [path for path in world.flash.list() if path.startswith("/state/")]
    lost = set(COUNTER_PATHS) if draw.random() < 0.2 else {draw.choice(state)}
    for path in sorted(lost):
        data = world.flash.read(path)
        if draw.random() < 0.3:
            world.flash.remove(path)
        elif data:
            at = draw.randrange(len(data))
            garbled = data[at] ^ (1 << draw.randrange(8))
            world.flash.write({path: data[:at] + bytes((garbled,)) + data[at + 1 :]})
    life.witness.session_lost = True
    life.say(f"damaged: {', '.join(sorted(lost))}")
    await world.board.power_on()
    await life.settle()
    await life.recover()
