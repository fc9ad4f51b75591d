"""After a restore: numbers that clients keep go on past all that were given out, which nobody knows."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.engine import Connection

from core.events.queries import update_positions
from core.keys.queries import update_key_ids
from core.seats.queries import update_restored
from core.shows.queries import select_clock, update_show_ids
from core.webhooks.queries import update_endpoint_ids

# Counted up one at a time, less often than once a microsecond: the clock is always ahead of them, after an
# earlier restore too. Below 2^53 until the year 2255, so exact in JavaScript and in Redis' scripts.
NUMBERED_SINCE, NUMBER = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
# Ids are read by people, so in seconds: shows, endpoints, keys are created less often than once a second.
IDENTIFIED_SINCE, IDENTITY = datetime(2024, 1, 1, tzinfo=UTC), timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Restored:
    """From where everything goes on: places in the feed and versions of maps, ids; and how many maps."""

    number: int
    identity: int
    maps: int


def go_on_after_restore(connection: Connection) -> Restored:
    """Let the feed's places, the maps' versions and new ids go on past any that were given out before.

    A database that was put back to an earlier state would give them out a second time, and whoever has seen
    them would take new things for old ones. Safe to run again, and beside a service that runs.
    """
    now = select_clock(connection)
    number = (now - NUMBERED_SINCE) // NUMBER
    identity = (now - IDENTIFIED_SINCE) // IDENTITY
    update_positions(connection, next_position=number)
    update_show_ids(connection, next_id=identity)
    update_endpoint_ids(connection, next_id=identity)
    update_key_ids(connection, next_id=identity)
    return Restored(number, identity, update_restored(connection, number))
