"""What tests of groups of actions share: what is asked, and what came of it in a word."""

from uuid import UUID

from core.bookings.acting import Acted
from core.bookings.idempotency import Key
from core.bookings.requests import Asked
from core.bookings.rules import Action
from core.errors import SeatlineError


def confirm(booking_id: UUID, key: Key | None = None) -> Asked:
    return Asked(booking_id=booking_id, action=Action.CONFIRM, key=key)


def make_key(key: str, fingerprint: str) -> Key:
    return Key("anonymous", key, fingerprint)


def describe(outcome: Acted | SeatlineError) -> str:
    """The refusal's code, or what the booking waits for, and whether this request changed it."""
    if isinstance(outcome, SeatlineError):
        return outcome.code
    words = [outcome.booking.wants or outcome.booking.status]
    words += ["changed"] * outcome.has_changed + ["again"] * outcome.is_replay
    return " ".join(words)
