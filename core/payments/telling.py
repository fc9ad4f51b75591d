"""After a payment's commit: who waits for its booking is woken, and workers are told what there is to do."""

from uuid import UUID

from core.bookings.announcements import encode_ids
from core.infra.jobs import SETTLE_PAYMENTS, send_later
from core.infra.pubsub import BOOKINGS_CHANNEL
from core.infra.redis import try_redis


def announce(booking_id: UUID) -> None:
    """Wake whoever waits for this booking, in any process; promises nothing."""
    try_redis(lambda redis: redis.publish(BOOKINGS_CHANNEL, encode_ids([booking_id])), default=None)


def have_payments_settled() -> None:
    """Have a worker do what is due of payments, soon; promises nothing, as beat sends one every second."""
    send_later(SETTLE_PAYMENTS)
