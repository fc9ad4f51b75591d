"""After a payment's commit: long polls of its booking are woken, and workers nudged."""

from uuid import UUID

from core.bookings.announcements import encode_ids
from core.infra.jobs import SETTLE_PAYMENTS, send_later
from core.infra.pubsub import BOOKINGS_CHANNEL
from core.infra.redis import try_redis


def announce(booking_id: UUID) -> None:
    """Wake the long polls of this booking, in every process; a lost wake-up costs a second."""
    try_redis(lambda redis: redis.publish(BOOKINGS_CHANNEL, encode_ids([booking_id])), default=None)


def have_payments_settled() -> None:
    """Have a worker do what is due of payments, soon; promises nothing, as beat sends one every second."""
    send_later(SETTLE_PAYMENTS)
