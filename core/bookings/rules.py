"""Decisions about bookings, without I/O: who gets seats, and what may be asked of a booking."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from core.bookings.errors import AlreadySettledError, HoldExpiredError, NotCancellableError, NotHeldError
from core.bookings.states import BookingStatus, FailureCode, Wants
from core.errors import SeatlineError
from core.halls.best import BestSeats

# However often it is extended, a hold ends this long after its seats were first held.
LONGEST_HOLD = timedelta(minutes=15)


# Named tuples, as a booking is one (views.py): there is one of each for every booking of a rush.
class Applicant(NamedTuple):
    """A booking that wants seats: those it names, or `quantity` of the best."""

    seats: Sequence[str]
    quantity: int | None
    section: str | None
    customer: str | None


class Award(NamedTuple):
    """What an applicant gets: all of its seats, or none and why. `amount` only where we chose the seats."""

    seats: Sequence[str] = ()
    amount: int | None = None
    failure: FailureCode | None = None
    missing: tuple[str, ...] = ()


def award_seats(
    applicants: Iterable[Applicant],
    *,
    free: Iterable[str],
    best: BestSeats | None,
    owned: Mapping[str, int],
    customer_limit: int | None,
    is_over: Callable[[], bool] = lambda: False,
) -> list[Award]:
    """Who gets which seats: first come, first served; all of a booking's seats or none.

    `best` chooses among the free seats and is needed where an applicant asks for a quantity; `owned`
    counts the seats that customers have in this show already, against `customer_limit`. Once `is_over`, the
    applicants that are left are for another time: there are awards for the first of them, and at least one.
    """
    left, counts = set(free), dict(owned)
    awards: list[Award] = []
    for applicant in applicants:
        if awards and is_over():
            break
        award = _judge_limit(applicant, counts, customer_limit) or _award(applicant, left, best)
        if award.seats:
            left.difference_update(award.seats)
            if best:
                best.discard(award.seats)
            if applicant.customer is not None:
                counts[applicant.customer] = counts.get(applicant.customer, 0) + len(award.seats)
        awards.append(award)
    return awards


def _judge_limit(applicant: Applicant, counts: Mapping[str, int], limit: int | None) -> Award | None:
    if limit is None or applicant.customer is None:
        return None
    wanted = applicant.quantity or len(applicant.seats)
    return (
        Award(failure=FailureCode.CUSTOMER_LIMIT)
        if counts.get(applicant.customer, 0) + wanted > limit
        else None
    )


def _award(applicant: Applicant, left: set[str], best: BestSeats | None) -> Award:
    if applicant.quantity is None:
        missing = tuple(seat for seat in applicant.seats if seat not in left)
        return (
            Award(failure=FailureCode.SEATS_UNAVAILABLE, missing=missing)
            if missing
            else Award(applicant.seats)
        )
    choice = best.choose(applicant.quantity, applicant.section) if best else None
    return Award(choice.seats, choice.amount) if choice else Award(failure=FailureCode.NOT_ENOUGH_SEATS)


class Stage(StrEnum):
    """Where a booking stands, as far as confirm, extend and cancel are concerned."""

    ACQUIRING = "acquiring"  # PENDING, its seats not yet held
    HELD = "held"  # PENDING, its seats held, in time
    OVERDUE = "overdue"  # PENDING, past its time, its seats not yet released
    CONFIRMING = "confirming"  # PENDING, waiting for its confirm
    CONFIRMED = "confirmed"
    KEPT = "kept"  # CONFIRMED, past the time until which that can be cancelled
    CANCELLING = "cancelling"  # waiting for its cancel
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # FAILED because its hold expired
    FAILED = "failed"  # FAILED otherwise


class Action(StrEnum):
    """What the holder of a booking's id may ask of it."""

    CONFIRM = "confirm"
    EXTEND = "extend"
    CANCEL = "cancel"


class Answer(StrEnum):
    """What asking comes to, where it is not refused."""

    DO = "do"  # newly accepted: write it down
    WAITS = "waits"  # accepted before, a worker is at it
    DONE = "done"  # it is so already


def find_stage(
    *,
    status: str,
    wants: str | None,
    hold_expires_at: datetime | None,
    failure_code: str | None,
    cancel_until: datetime | None,
    now: datetime,
) -> Stage:
    """The stage of a booking with these columns, at `now` by the database's clock.

    `cancel_until` is the show's; None for whoever may cancel at any time.
    """
    if wants is not None:
        return {
            Wants.ACQUIRE: Stage.ACQUIRING,
            Wants.CONFIRM: Stage.CONFIRMING,
            Wants.CANCEL: Stage.CANCELLING,
        }[Wants(wants)]
    if hold_expires_at is not None:
        return Stage.HELD if now < hold_expires_at else Stage.OVERDUE
    if failure_code == FailureCode.HOLD_EXPIRED:
        return Stage.EXPIRED
    is_kept = cancel_until is not None and now >= cancel_until
    return {
        BookingStatus.CONFIRMED: Stage.KEPT if is_kept else Stage.CONFIRMED,
        BookingStatus.CANCELLED: Stage.CANCELLED,
        BookingStatus.FAILED: Stage.FAILED,
    }[BookingStatus(status)]


_NOT_HELD = NotHeldError("The seats of this booking are not held yet.")
_EXPIRED = HoldExpiredError("The time to confirm this booking is over.")
_KEPT = NotCancellableError("The time to cancel a confirmed booking of this show is over.")
_SETTLED = AlreadySettledError("This booking is already settled, or about to be.")

# The columns are confirm, extend, cancel.
_TABLE: dict[Stage, tuple[Answer | SeatlineError, Answer | SeatlineError, Answer | SeatlineError]] = {
    Stage.ACQUIRING: (_NOT_HELD, _NOT_HELD, Answer.DO),
    Stage.HELD: (Answer.DO, Answer.DO, Answer.DO),
    Stage.OVERDUE: (_EXPIRED, _EXPIRED, Answer.DO),
    Stage.CONFIRMING: (Answer.WAITS, _SETTLED, Answer.DO),
    Stage.CONFIRMED: (Answer.DONE, _SETTLED, Answer.DO),
    Stage.KEPT: (Answer.DONE, _SETTLED, _KEPT),
    Stage.CANCELLING: (_SETTLED, _SETTLED, Answer.WAITS),
    Stage.CANCELLED: (_SETTLED, _SETTLED, Answer.DONE),
    Stage.EXPIRED: (_EXPIRED, _EXPIRED, _SETTLED),
    Stage.FAILED: (_SETTLED, _SETTLED, _SETTLED),
}


def judge_action(stage: Stage, action: Action) -> Answer:
    """What the action comes to at this stage.

    Raises NotHeldError, HoldExpiredError, AlreadySettledError, NotCancellableError.
    """
    entry = _TABLE[stage][list(Action).index(action)]
    if isinstance(entry, SeatlineError):
        raise type(entry)(entry.detail)
    return entry


def extend_hold(*, held_at: datetime | None, hold_expires_at: datetime | None, hold_seconds: int) -> datetime:
    """When an extended hold ends: `hold_seconds` later, but never past the longest hold, nor earlier."""
    if held_at is None or hold_expires_at is None:
        raise NotHeldError("The seats of this booking are not held.")
    longest = held_at + LONGEST_HOLD
    return max(hold_expires_at, min(hold_expires_at + timedelta(seconds=hold_seconds), longest))
