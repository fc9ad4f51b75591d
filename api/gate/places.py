"""Places: how many streams a client follows, and answers it waits for, at one time.

Counted in memory that all processes of a web share: a limit of each process would let pass as many times as
much as there are processes, and Redis may be away.
"""

import mmap
import zlib

# A client's counter is found by its name, so two may have to share one: few enough do, as a client who is
# hidden under SEATLINE_SECRET cannot choose its own.
COUNTERS = 1 << 16
COUNTER_BYTES = 2


class Tally:
    """Counters of what clients have at one time; each process writes to a column of its own."""

    def __init__(self) -> None:
        self.spread(1)

    def spread(self, processes: int) -> None:
        """Make room for so many processes, before they are forked."""
        self._columns = [
            memoryview(mmap.mmap(-1, COUNTERS * COUNTER_BYTES)).cast("H") for _ in range(processes)
        ]
        self._own = self._columns[0]

    def begin(self, number: int) -> None:
        """Write to the column of this number from now on, in the process that is forked next.

        What a process that had it before has counted is gone with it.
        """
        self._own = self._columns[number]
        self._own[:] = memoryview(bytes(COUNTERS * COUNTER_BYTES)).cast("H")

    def add(self, client: str, change: int) -> int:
        """Count up or down; what all processes have counted of the client by then."""
        counter = zlib.crc32(client.encode()) % COUNTERS
        self._own[counter] += change
        return sum(column[counter] for column in self._columns)


# Created before the fork: the workers share their memory.
STREAMS, POLLS = Tally(), Tally()


class Places:
    """Places of one kind, of which a client takes `at_most` at one time (None: as many as it likes)."""

    def __init__(self, tally: Tally, at_most: int | None) -> None:
        self._tally, self._at_most = tally, at_most

    def take(self, client: str) -> bool:
        """Take one; False where the client has all of its own."""
        if self._at_most is None:
            return True
        # Counted first: of two processes that do so at once neither lets pass one too many.
        if self._tally.add(client, 1) <= self._at_most:
            return True
        self._tally.add(client, -1)
        return False

    def is_half_taken(self, client: str) -> bool:
        """Whether the client has taken more than half of its own."""
        return self._at_most is not None and 2 * self._tally.add(client, 0) > self._at_most

    def leave(self, client: str) -> None:
        """Give one back that was taken."""
        if self._at_most is not None:
            self._tally.add(client, -1)
