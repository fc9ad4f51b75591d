"""Bookings read by their ids, wherever they are by now."""

import logging
from collections.abc import Sequence
from uuid import UUID

import psycopg2

from core.bookings.archive_queries import SELECT_ARCHIVED
from core.bookings.queries import SELECT_BOOKINGS
from core.bookings.views import Booking
from core.errors import UnavailableError
from core.infra.async_db import LoopConnection

log = logging.getLogger(__name__)


async def read_bookings(
    connection: LoopConnection, ids: Sequence[UUID]
) -> dict[UUID, Booking | UnavailableError]:
    """The bookings of these ids that exist, as they are now. Raises UnavailableError.

    The archive is asked for those alone that are not in the table: one statement for nearly everybody. Where
    it fails it does for these alone.
    """
    found = await SELECT_BOOKINGS.run_on_loop(connection, ids)
    missing = [id_ for id_ in ids if id_ not in found]
    return {**found, **(await _read_archived(connection, missing))} if missing else {**found}


async def _read_archived(
    connection: LoopConnection, ids: Sequence[UUID]
) -> dict[UUID, Booking | UnavailableError]:
    try:
        return {**(await SELECT_ARCHIVED.run_on_loop(connection, ids))}
    except UnavailableError as error:
        return dict.fromkeys(ids, error)
    except psycopg2.Error:
        # The bookings that were found must not fail with these.
        log.exception("archived bookings not read")
        return dict.fromkeys(ids, UnavailableError("The booking cannot be read just now."))
