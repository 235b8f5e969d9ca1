"""One life of the firmware, from reset to sleep, and what becomes of it when it crashes.

The composition root: the only file that imports both hal and fob. It imports only what it needs:
the timer's wake looks at the buttons and sleeps on, a press brings in the radio and the car.
"""

import asyncio

from fob import patterns
from fob.errors import ConfigError, StoreError
from fob.loaded import let_go
from fob.retained import Retained
from hal import power
from hal.buttons import Buttons
from hal.flash import Flash

state = Flash("/state")


class Lost:
    """Stands in for the vehicle where the fob's state is lost: every press says so again."""

    paired = True
    waits = False

    def __init__(self, error):
        self._error = error

    @property
    def candidate(self):
        raise self._error

    async def choose(self, _number=None, _shown=None):
        raise self._error


class Log:
    """The journal, imported only by the press that fails: a handshake needs all the memory."""

    def note(self, text):
        try:
            from fob.journal import Journal

            Journal(state).note(text)
            # Awake, the next press may need a handshake.
            let_go("fob.journal")
        except MemoryError:
            # The light and the console have said it; a log must not stop a key.
            pass


def say(text):
    """Print one line for whoever watches the console."""
    print("fob:", text)


def configure():
    """Return the Config of the laptop's files; None, said and shown, where they are of no use."""
    from fob import config

    files = Flash("")
    try:
        settings = config.load(files.read)
        let_go("fob.config")
        for number, text in settings.broken.items():
            say("car %d: %s" % (number, text))
        return settings
    except ConfigError as error:
        say(error)
        known = config.light(files.read("light.json"))
        if known:
            from hal.light import Light

            asyncio.run(patterns.play(Light(known), patterns.NEEDS_LAPTOP))
        return None


def build_vehicle(settings, car, radio, retained):
    """Return the Vehicle of a settings.Car; raises StoreError when its state is lost."""
    from fob.cache import SessionCache
    from fob.guard import Guard
    from fob.store import Counter
    from fob.vehicle import Vehicle

    flash = state if car.number == 1 else Flash("/car%d" % car.number)
    kept = retained.part(car.number)
    cache = SessionCache(flash, kept, car.owner)
    vehicle = Vehicle(radio, car, Counter(flash, kept), cache, Guard(flash), kept, power.now_ms)
    vehicle.warns_open = settings.warn_open
    return vehicle


def build_vehicles(settings, radio, retained):
    """Return the Vehicle, or the Fleet that stands for several; raises StoreError."""
    if len(settings.cars) == 1:
        return build_vehicle(settings, settings.cars[0], radio, retained)
    from fob.fleet import Fleet

    return Fleet(radio, settings.cars, lambda car: build_vehicle(settings, car, radio, retained))


def build_light(settings):
    """Return the light, with buzzer and vibration where the board has them."""
    from hal.light import Light

    board = settings.board
    return Light(board["light"], settings.brightness, board["buzzer"], board["vibration"])


def serve(settings, supply, buttons, lamp, retained):
    """Serve presses, then sleep; does not return."""
    # After a wake this arms the watchdog, unless USB keeps the fob awake: so it covers all that
    # follows.
    supply.feed()
    from fob.app import App
    from hal.radio import Radio

    radio = Radio()
    try:
        vehicle = build_vehicles(settings, radio, retained)
    except StoreError as error:
        vehicle = Lost(error)
        if not supply.woken:
            say(error)
            asyncio.run(patterns.play(lamp, patterns.NEEDS_LAPTOP))
    log = Log()
    woken, stuck = supply.woken, supply.stuck

    def tell(text):
        say(text)
        # For the laptop: the flash keeps failures only.
        try:
            retained.put("said", text.encode())
        except MemoryError:
            # Said it is, and it must not stop a key.
            pass

    power_up = power.cause() == power.POWER_ON
    app = App(buttons, lamp, vehicle, settings, log, supply, tell, woken, stuck, power_up)
    say("ready")
    while True:
        serve_until_quiet(app, radio, buttons)
        # A press that came and went while the radio was switched off counts, too.
        woken = buttons.moved() & ~buttons.levels() & ~app.stuck
        if not woken:
            break
        app = App(buttons, lamp, vehicle, settings, log, supply, tell, woken, app.stuck)
    say("asleep")
    supply.sleep(app.stuck)


def serve_until_quiet(app, radio, buttons):
    """Serve presses until it is time to sleep."""
    try:
        asyncio.run(app.run())
        buttons.moved()
    finally:
        # After a crash and for the REPL too: a link that nobody takes down holds one of the car's
        # three places.
        radio.stop()
    if app.touched:
        # Not after a start that nobody used: a press that crashes every time has to be noticed.
        from fob.journal import Journal

        Journal(state).well()


def live(settings, safely):
    """Do what the fob was started for; returns only when a laptop takes over."""
    retained = Retained(power.rtc_memory, settings.owner)
    board = settings.board
    buttons = Buttons(board["buttons"], board["active_low"])
    supply = power.Power(buttons, board, retained)
    if power.cause() == power.WOKEN and not supply.woken:
        supply.sleep(supply.stuck)
    lamp = build_light(settings)
    # They have served, and memory is scarce.
    del board, settings.board
    try:
        if safely:
            import rescue

            rescue.stay_safe(supply, buttons, lamp)
        else:
            serve(settings, supply, buttons, lamp, retained)
    except KeyboardInterrupt:
        supply.hand_over()
        lamp.set(False)
        raise


def crashed_before():
    """True when this is a restart after too many crashes in a row: to be lived safely."""
    cause = power.cause()
    if cause not in (power.WATCHDOG, power.RESET):
        # A person is here, who connected the power or pressed: worth another try.
        return False
    import rescue

    if cause == power.WATCHDOG and not rescue.count(state, "crash: watchdog"):
        return True
    return rescue.unsafe(state)


def main():
    """Live; returns when a laptop takes over or is needed."""
    safely = False
    try:
        safely = crashed_before()
        if safely:
            say("safe mode after crashes in a row: a laptop can read the journal")
        settings = configure()
        if settings:
            live(settings, safely)
    except KeyboardInterrupt:
        say("interrupted: the REPL is yours")
    except Exception as error:  # noqa: BLE001 - whatever it is: a key must come back by itself
        # What the tasks left behind would be in the way.
        asyncio.new_event_loop()
        try:
            import rescue

            crash = rescue.described(error)
            say(crash)
            again = rescue.count(state, crash) and not safely
        except MemoryError:
            # Only a press can have used it all up: without one this does not come again.
            again = not safely
        if again:
            power.restart()
