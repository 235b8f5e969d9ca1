"""Several cars: which one a press is for. It stands where else the one Vehicle does."""

from micropython import const

from fob.errors import StoreError

# Nobody wants to wait longer for a choice.
_LISTEN_MS = const(300)
_FIND_MS = const(6000)


class Fleet:
    """The cars of `cars` (a list of settings.Car); build(car) makes the Vehicle of one when it is
    needed, or raises StoreError.

    A car whose state is lost fails when it is chosen, and stays out of the others' way.
    """

    def __init__(self, radio, cars, build):
        self._radio = radio
        self._cars = cars
        self._build = build
        self._vehicles = {}
        self._chosen = None

    @property
    def paired(self):
        """Every car is: otherwise there is one to pair yet."""
        return all(vehicle.paired for vehicle in self._all())

    @property
    def waits(self):
        """Something of a car is held back until the owner confirms."""
        return bool(self._waiting())

    @property
    def candidate(self):
        """The Vehicle to pair: the first that is not, else the one chosen last."""
        vehicles = self._all()
        for vehicle in vehicles:
            if not vehicle.paired:
                return vehicle
        return self._chosen or vehicles[0]

    def confirm(self):
        """The owner confirms what is held back: of the car chosen last, if it is one of those."""
        waiting = self._waiting()
        vehicle = waiting[0]
        if self._chosen in waiting:
            vehicle = self._chosen
        vehicle.confirm()

    def vehicle(self, number):
        """Return the Vehicle of a car; raises StoreError."""
        if number not in self._vehicles:
            for car in self._cars:
                if car.number == number:
                    self._vehicles[number] = self._build(car)
                    break
            else:
                raise StoreError("there is no car %d: run `fob cars`" % number)
        return self._vehicles[number]

    async def choose(self, number=None, shown=None):
        """Return the Vehicle of car `number`; without one, of the car that is linked yet, else of
        the strongest that is heard within 300 ms, else of the first one heard.

        await shown(number) tells the owner which. Raises NotFound, StoreError.
        """
        before = self._chosen
        if before and before.linked:
            if number is None:
                number = before.config.number
            elif number != before.config.number:
                # One link at a time.
                await self.let_go()
        near = None
        if number is None:
            number, near = await self._strongest()
        self._chosen = vehicle = self.vehicle(number)
        # What the others are is on the flash and retained, and takes no memory meanwhile.
        self._vehicles = {number: vehicle}
        vehicle.near = near
        if shown:
            await shown(number)
        return vehicle

    async def let_go(self):
        """Take down a link that was left open."""
        if self._chosen:
            await self._chosen.let_go()

    async def _strongest(self):
        from fob import names

        self._radio.start()
        # By name alone: where each was met is not worth the memory of all their Vehicles.
        wanted = [(names.of(car.vin), None) for car in self._cars]
        index, peer = await self._radio.strongest(wanted, _LISTEN_MS, _FIND_MS)
        return self._cars[index].number, peer

    def _waiting(self):
        return [vehicle for vehicle in self._all() if vehicle.waits]

    def _all(self):
        """Return the Vehicles whose state is not lost."""
        vehicles = []
        for car in self._cars:
            try:
                vehicles.append(self.vehicle(car.number))
            except StoreError:
                pass
        return vehicles
