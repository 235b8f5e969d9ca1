"""What the car's clock shows, as far as this fob can know: an interval that widens with time.

A car counts whole seconds since its epoch began, and refuses what expires before now or too far
ahead. What it said last is kept in RTC memory, with the fob's own clock at that time. That one
drifts, above all in deep sleep: its pace, and a bound on what it strays from that, are learned from
one session info to the next.
"""

from struct import pack as pack_numbers
from struct import unpack as unpack_numbers

from micropython import const

from fob.errors import AuthenticationFailed

_RETAINED = "clock"
# Epoch, when it was heard (ms), the car's clock then (s), how uncertain that is (ms), drift (ppm),
# pace (ppm by which the car's clock gains on the fob's).
_FIELDS = ">16sQIHIi"
_SIZE = const(38)

# A reply that comes later than this is none (the SDK's maxLatency).
_WINDOW_MS = const(4000)
# An interval wider than this is no basis for a message's expiry.
_WIDEST_MS = const(8000)
# The last second that a message can name as its expiry.
_LAST_S = const(0xFFFFFFFF)

# Half a per cent is what the chips' RC oscillators keep between calibrations, most of the time.
_STATED_PPM = const(5000)
_LEAST_PPM = const(200)
_MOST_PPM = const(50000)


class VehicleClock:
    """The clock of one car; `epoch` is the one it counts in, None while nothing is known.

    `now_ms()` is a clock that runs on in deep sleep, `retained` a fob.retained.Retained. Begins
    with what was kept last.
    """

    def __init__(self, retained, now_ms):
        self._retained = retained
        self.now_ms = now_ms
        self.epoch = None
        self._known = False
        self._drift_ppm = _STATED_PPM
        self._pace_ppm = 0
        kept = retained.get(_RETAINED)
        if kept and len(kept) == _SIZE:
            (
                self.epoch,
                self._heard_ms,
                self._seconds,
                self._slack_ms,
                self._drift_ppm,
                self._pace_ppm,
            ) = unpack_numbers(_FIELDS, kept)
            self._known = True

    def learn(self, epoch, seconds, asked_ms):
        """Take over what verified session info says, in answer to what was sent at `asked_ms`.

        Raises AuthenticationFailed when it came too late, or its clock runs backwards.
        """
        heard_ms = self.now_ms()
        if not 0 <= heard_ms - asked_ms <= _WINDOW_MS:
            raise AuthenticationFailed("too late")
        # The car read its clock between question and answer, and cut off parts of a second.
        slack_ms = 1000 + heard_ms - asked_ms
        if epoch == self.epoch:
            if seconds < self._seconds:
                raise AuthenticationFailed("the car's clock ran backwards")
            self._learn_drift(heard_ms, seconds * 1000, slack_ms)
        self.epoch, self._seconds = epoch, seconds
        self._heard_ms, self._slack_ms = heard_ms, slack_ms
        self._known = True

    def keep(self):
        """Have it outlive deep sleep."""
        if self._known:
            record = pack_numbers(
                _FIELDS,
                self.epoch,
                self._heard_ms,
                self._seconds,
                self._slack_ms,
                self._drift_ppm,
                self._pace_ppm,
            )
            self._retained.put(_RETAINED, record)

    def distrust(self):
        """Give no expiry before the next session info."""
        self._known = False

    def forget(self):
        """Begin with nothing but how the fob's own clock runs."""
        self.epoch = None
        self._known = False

    def expires_at(self, lifetime_s):
        """Return the car's time, in s, at which a message sent now is to expire.

        That is `lifetime_s` after the latest that its clock may show by now. None where that is too
        uncertain: then the car has to be asked first.
        """
        if not self._known:
            return None
        elapsed_ms = self.now_ms() - self._heard_ms
        if elapsed_ms < 0:
            # Somebody set the fob's clock.
            return None
        drift_ms = elapsed_ms * self._drift_ppm // 1000000
        if self._slack_ms + 2 * drift_ms > _WIDEST_MS:
            return None
        latest_ms = self._least_ms(elapsed_ms) + self._slack_ms + drift_ms
        return min(latest_ms // 1000 + lifetime_s, _LAST_S)

    def _least_ms(self, elapsed_ms):
        """Return the least that the car's clock shows after so long, as far as the pace tells."""
        return self._seconds * 1000 + elapsed_ms + elapsed_ms * self._pace_ppm // 1000000

    def _learn_drift(self, heard_ms, least_ms, slack_ms):
        """Learn from what the two clocks did since; `least_ms` is the least the car's shows now.

        What they may have come apart at most, doubled, bounds the drift from above; what they came
        apart for certain, doubled, from below. The pace follows where it is seen that well.
        """
        elapsed_ms = heard_ms - self._heard_ms
        if elapsed_ms <= 0:
            return
        ahead_ms = least_ms - self._least_ms(elapsed_ms)
        possible_ms = max(ahead_ms + slack_ms, self._slack_ms - ahead_ms)
        certain_ms = max(ahead_ms - self._slack_ms, -ahead_ms - slack_ms, 0)
        drift_ppm = max(
            2 * certain_ms * 1000000 // elapsed_ms,
            min(self._drift_ppm, 2 * possible_ms * 1000000 // elapsed_ms),
        )
        self._drift_ppm = min(max(drift_ppm, _LEAST_PPM), _MOST_PPM)
        if (slack_ms + self._slack_ms) * 1000000 // elapsed_ms < self._drift_ppm:
            off_ms = ahead_ms + (slack_ms - self._slack_ms) // 2
            pace_ppm = self._pace_ppm + off_ms * 1000000 // elapsed_ms
            self._pace_ppm = min(max(pace_ppm, -_MOST_PPM), _MOST_PPM)
