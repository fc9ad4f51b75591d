"""How many bookings wait for a worker, counted over all slot groups."""

import asyncio
import logging
from collections import Counter

import psycopg2

from core.bookings.queries import SELECT_WAITING
from core.errors import UnavailableError
from core.infra.async_db import LoopConnection
from core.infra.slot_groups import list_groups

log = logging.getLogger(__name__)


async def count_waiting(connection: LoopConnection, *, at_most: int) -> Counter[int]:
    """Bookings that wait, by show; of each group up to `at_most`.

    A group that does not answer is left out: nothing of it is accepted either, and its shows must not be
    counted against those of others. Raises UnavailableError where none answers.
    """
    # Read once a process; before that it blocks.
    groups = await asyncio.to_thread(list_groups)
    found, failures = Counter[int](), []
    for group in groups:
        try:
            found.update(await SELECT_WAITING.run_on_loop(connection, group, limit=at_most))
        except (UnavailableError, psycopg2.Error) as error:
            failures.append(error)
            log.warning(
                "waiting bookings not counted",
                extra={"slot_group": group.number, "error": type(error).__name__},
            )
    if len(failures) == len(groups):
        raise UnavailableError("No slot group answered.") from failures[0]
    return found
