"""The crowd: its buyers, what each came for and got, and what all of them have in common."""

import random
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Habit(StrEnum):
    """What a buyer does."""

    NAME = "name"  # picks neighbouring seats on the map
    PAIR = "pair"  # asks for two, wherever they are
    CONFIRM = "confirm"  # holds seats, then confirms
    LAPSE = "lapse"  # holds seats, and lets the time run out
    CANCEL = "cancel"  # buys seats, and gives them back


class Outcome(StrEnum):
    """How it ended for a buyer."""

    BOUGHT = "bought"
    LAPSED = "let a hold expire"
    CANCELLED = "cancelled"
    SOLD_OUT = "found it sold out"


# Of ten buyers; and how many seats they want.
HABITS = [Habit.NAME] * 4 + [Habit.PAIR] * 3 + [Habit.CONFIRM, Habit.LAPSE, Habit.CANCEL]
SIZES = [1, 2, 2, 3, 4]


@dataclass(slots=True)
class Buyer:
    """One buyer: its bookings by id in the order made, and how it ended (None: not yet)."""

    number: int
    habit: Habit
    size: int
    booking_ids: list[str] = field(default_factory=list)
    outcome: Outcome | None = None


class Crowd:
    """Everybody who wants seats of one show, until `seconds` are over."""

    def __init__(self, show_id: int, seats: list[dict[str, Any]], *, buyers: int, seconds: float) -> None:
        chance = random.Random(show_id)
        self.show_id = show_id
        self.seats = seats
        # What tells this run's bookings from those of others, and its keys from an earlier run's.
        self.name = f"sellout-{uuid.uuid4().hex[:12]}"
        self.buyers = [Buyer(number, chance.choice(HABITS), chance.choice(SIZES)) for number in range(buyers)]
        self.settle_seconds: list[float] = []
        # When the last of the holds ends that their holders let run out.
        self.hold_ends_at: datetime | None = None
        self.faults: list[str] = []
        self.started_at = time.monotonic()
        self._deadline = self.started_at + seconds
        self._queue = deque(self.buyers)
        self._lock = threading.Lock()
        self._cancelling = 0

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self._deadline

    @property
    def remaining_seconds(self) -> float:
        """Until the time is up."""
        return self._deadline - time.monotonic()

    def note_hold(self, ends_at: datetime) -> None:
        """A buyer lets a hold expire, at this time."""
        with self._lock:
            self.hold_ends_at = max(ends_at, self.hold_ends_at or ends_at)

    @property
    def answered(self) -> int:
        """How many buyers know how it ended for them."""
        return sum(buyer.outcome is not None for buyer in self.buyers)

    @property
    def is_cancelling(self) -> bool:
        """Whether somebody has seats, or may get some, that come back at once."""
        return self._cancelling > 0

    def take_buyer(self) -> Buyer | None:
        """The next buyer in the queue, None where nobody waits there."""
        try:
            return self._queue.popleft()
        except IndexError:
            return None

    def put_back(self, buyer: Buyer) -> None:
        """Let a buyer queue up again."""
        self._queue.append(buyer)

    @contextmanager
    def cancelling(self) -> Iterator[None]:
        """Within it, somebody buys seats to give them back."""
        with self._lock:
            self._cancelling += 1
        try:
            yield
        finally:
            with self._lock:
                self._cancelling -= 1
