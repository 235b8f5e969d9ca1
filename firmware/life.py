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

# What a laptop writes, and what the fob does.
files = Flash("")
state = Flash("/state")


class Lost:
    """Stands in for the vehicle where the fob's state is lost: every press says so again."""

    paired = True
    waits = False

    def __init__(self, error):
        self._error = error

    def __getattr__(self, _):
        raise self._error


class Log:
    """The journal, imported only by the press that fails: a handshake needs all the memory."""

    def note(self, text):
        try:
            from fob.journal import Journal

            Journal(state).note(text)
            # Awake, the next press may need a handshake.
            let_go("journal")
        except MemoryError:
            # The light and the console have said it; a log must not stop a key.
            pass


def say(text):
    """Print one line for whoever watches the console."""
    print("fob:", text)


class Parts:
    """What a fob of this Config is made of; `supply` is its power.Power, or what else is made as
    one. Its `radio` is switched off until a Vehicle needs it."""

    def __init__(self, settings, supply=power.Power):
        board = settings.board
        self.settings = settings
        self.retained = Retained(power.rtc_memory, settings.owner)
        self.buttons = Buttons(board["buttons"], board["active_low"])
        self.supply = supply(self.buttons, board, self.retained)
        self.radio = None

    def light(self):
        """Return the light, with buzzer and vibration where the board has them."""
        from hal.light import Light

        board = self.settings.board
        return Light(board["light"], self.settings.brightness, board["buzzer"], board["vibration"])

    def vehicle(self, car):
        """Return the Vehicle of a settings.Car; raises StoreError when its state is lost."""
        from fob.cache import SessionCache
        from fob.guard import Guard
        from fob.store import Counter
        from fob.vehicle import Vehicle

        flash = state if car.number == 1 else Flash("/car%d" % car.number)
        kept = self.retained.part(car.number)
        cache = SessionCache(flash, kept, car.owner)
        counter = Counter(flash, kept)
        vehicle = Vehicle(self.radio, car, counter, cache, Guard(flash), kept, power.now_ms)
        vehicle.warns_open = self.settings.warn_open
        return vehicle

    def vehicles(self):
        """Return the Vehicle, or the Fleet that stands for several; raises StoreError."""
        cars = self.settings.cars
        if len(cars) == 1:
            return self.vehicle(cars[0])
        from fob.fleet import Fleet

        return Fleet(self.radio, cars, self.vehicle)


def configure():
    """Return the Config of the laptop's files; raises ConfigError."""
    from fob import config

    settings = config.load(files.read)
    # Whatever comes next may need the memory.
    let_go("config")
    return settings


def ask_for_laptop(error):
    """Say and show that there is no configuration of use."""
    from fob import config

    say(error)
    known = config.light(files.read("light.json"))
    if known:
        from hal.light import Light

        asyncio.run(patterns.play(Light(known), patterns.NEEDS_LAPTOP))


def serve(parts, lamp):
    """Serve presses, then sleep; does not return."""
    settings, supply, buttons = parts.settings, parts.supply, parts.buttons
    # After a wake this arms the watchdog, unless USB keeps the fob awake: so it covers all that
    # follows.
    supply.feed()
    from fob.app import App
    from hal.radio import Radio

    parts.radio = radio = Radio()
    try:
        vehicle = parts.vehicles()
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
            parts.retained.put("said", text.encode())
        except MemoryError:
            # Said it is, and it must not stop a key.
            pass

    power_up = power.cause() == power.POWER_ON
    app = App(buttons, lamp, vehicle, settings, log, supply, tell, woken, stuck, power_up)
    say("ready")
    while True:
        try:
            asyncio.run(app.run())
            buttons.moved()
        finally:
            # After a crash and for the REPL too: a link that nobody takes down holds one of the
            # car's three places.
            radio.stop()
        if app.touched:
            # Not after a start that nobody used: a press that crashes every time has to be noticed.
            from fob.journal import Journal

            Journal(state).well()
        # A press that came and went while the radio was switched off counts, too.
        woken = buttons.moved() & ~buttons.levels() & ~app.stuck
        if not woken:
            break
        app = App(buttons, lamp, vehicle, settings, log, supply, tell, woken, app.stuck)
    say("asleep")
    supply.sleep(app.stuck)


def live(settings, safely):
    """Do what the fob was started for; returns only when a laptop takes over."""
    for number, text in settings.broken.items():
        say("car %d: %s" % (number, text))
    parts = Parts(settings)
    supply = parts.supply
    if power.cause() == power.WOKEN and not supply.woken:
        supply.sleep(supply.stuck)
    lamp = parts.light()
    # It has served, and memory is scarce.
    del settings.board
    try:
        if safely:
            import rescue

            rescue.stay_safe(supply, parts.buttons, lamp)
        else:
            serve(parts, lamp)
    except KeyboardInterrupt:
        supply.hand_over()
        lamp.set(False)
        raise


def main():
    """Live; returns when a laptop takes over or is needed."""
    safely = False
    try:
        cause = power.cause()
        # Else a person is here, who connected the power or pressed: worth another try.
        if cause in (power.WATCHDOG, power.RESET):
            import rescue

            safely = rescue.unsafe(state, cause == power.WATCHDOG)
            if safely:
                say("safe mode after crashes in a row: a laptop can read the journal")
        try:
            settings = configure()
        except ConfigError as error:
            ask_for_laptop(error)
        else:
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
