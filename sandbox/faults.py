"""What goes wrong on purpose, for a while; a restart forgets it."""

import time

from sandbox.bodies import NewFaults


class Faults:
    """The faults in force: what Seatline's calls get, and what buyers are charged, whatever was asked."""

    def __init__(self) -> None:
        self.put(NewFaults(seconds=0))

    def put(self, faults: NewFaults) -> None:
        """Have these from now on, in place of all others."""
        now = time.monotonic()
        self._now = faults, now + faults.seconds, now + faults.refuse_refunds_seconds

    def hold_up(self) -> int | None:
        """Take as long as a call is to take, and tell the status that it is to get instead of an answer."""
        if faults := self._find():
            time.sleep(faults.slow_seconds)
            return faults.status
        return None

    def find_amount(self, amount: int) -> int:
        """What is charged where this was asked."""
        faults = self._find()
        return faults.webhook_amount or amount if faults else amount

    @property
    def refuses_refunds(self) -> bool:
        """Whether nothing is given back."""
        return time.monotonic() < self._now[2]

    def _find(self) -> NewFaults | None:
        faults, until, _ = self._now
        return faults if time.monotonic() < until else None
