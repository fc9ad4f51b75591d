"""Bookings read by their ids, wherever they are by now."""

from collections.abc import Sequence
from uuid import UUID

from core.bookings.archive_queries import SELECT_ARCHIVED
from core.bookings.queries import SELECT_BOOKINGS
from core.bookings.views import Booking
from core.infra.async_db import LoopConnection


async def read_bookings(connection: LoopConnection, ids: Sequence[UUID]) -> dict[UUID, Booking]:
    """The bookings of these ids that exist, as they are now. Raises UnavailableError.

    The archive is asked for those alone that are not in the table: one statement for nearly everybody.
    """
    found = await SELECT_BOOKINGS.run_on_loop(connection, ids)
    missing = [id_ for id_ in ids if id_ not in found]
    return found | await SELECT_ARCHIVED.run_on_loop(connection, missing) if missing else found
