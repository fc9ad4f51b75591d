"""Decisions about bookings, without I/O: who gets seats, and what may be asked of a booking."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from core.bookings.errors import (
    AlreadySettledError,
    BookingLockedError,
    HoldExpiredError,
    NotCancellableError,
    NotHeldError,
    PaymentRequiredError,
)
from core.bookings.states import FailureCode
from core.errors import SeatlineError
from core.halls.best import BestSeats
from core.shows.errors import ShowCancelledError

# However often it is extended, a hold ends this long after its seats were first held.
LONGEST_HOLD = timedelta(minutes=15)


# Named tuples, as a booking is one (views.py): there is one of each for every booking of a rush.
class Applicant(NamedTuple):
    """A booking that wants seats: those it names, or `quantity` of the best.

    `holder` is the client that would hold them unconfirmed; None where it has a credential, or wants no hold.
    """

    seats: Sequence[str]
    quantity: int | None
    section: str | None
    customer: str | None
    holder: str | None


class Award(NamedTuple):
    """What an applicant gets: all of its seats, or none and why. `amount` only where we chose the seats."""

    seats: Sequence[str] = ()
    amount: int | None = None
    failure: FailureCode | None = None
    missing: tuple[str, ...] = ()


class Limit(NamedTuple):
    """At most so many seats for each customer, or holder, that `find` finds; `has` counts what each has."""

    find: Callable[[Applicant], str | None]
    failure: FailureCode
    most: int
    has: Mapping[str, int]


def limit_customers(most: int, has: Mapping[str, int]) -> Limit:
    """The limit of what a customer holds or owns in the show."""
    return Limit(attrgetter("customer"), FailureCode.CUSTOMER_LIMIT, most, has)


def limit_holders(most: int, has: Mapping[str, int]) -> Limit:
    """The limit of what a client without a credential holds unconfirmed in the show."""
    return Limit(attrgetter("holder"), FailureCode.CLIENT_LIMIT, most, has)


def award_seats(
    applicants: Iterable[Applicant],
    *,
    free: Iterable[str],
    best: BestSeats | None,
    limits: Iterable[Limit] = (),
    is_over: Callable[[], bool] = lambda: False,
) -> list[Award]:
    """Who gets which seats: first come, first served; all of a booking's seats or none.

    `best` chooses among the free seats and is needed where an applicant asks for a quantity. Once `is_over`,
    the applicants that are left are for another time: there are awards for the first of them, and at least
    one.
    """
    left, counted = set(free), [(limit, dict(limit.has)) for limit in limits]
    awards: list[Award] = []
    for applicant in applicants:
        if awards and is_over():
            break
        award = _judge_limits(applicant, counted) or _award(applicant, left, best)
        if award.seats:
            left.difference_update(award.seats)
            if best:
                best.discard(award.seats)
            for limit, has in counted:
                if (who := limit.find(applicant)) is not None:
                    has[who] = has.get(who, 0) + len(award.seats)
        awards.append(award)
    return awards


def _judge_limits(applicant: Applicant, counted: Iterable[tuple[Limit, Mapping[str, int]]]) -> Award | None:
    wanted = applicant.quantity or len(applicant.seats)
    for limit, has in counted:
        who = limit.find(applicant)
        if who is not None and has.get(who, 0) + wanted > limit.most:
            return Award(failure=limit.failure)
    return None


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
    """Where a booking stands, as far as confirm, extend and cancel are concerned.

    STAGE in acting_queries.py says which columns make which.
    """

    ACQUIRING = "acquiring"  # PENDING, its seats not yet held
    HELD = "held"  # PENDING, its seats held, in time
    UNPAID = "unpaid"  # the same, and it has to be paid
    CALLED_OFF = "called_off"  # the same, of a show that is cancelled
    OVERDUE = "overdue"  # PENDING, past its time, its seats not yet released
    CONFIRMING = "confirming"  # PENDING, waiting for its confirm
    CONFIRMED = "confirmed"
    KEPT = "kept"  # CONFIRMED, past the time until which that can be cancelled
    CANCELLING = "cancelling"  # waiting for its cancel
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # FAILED because its hold expired
    PAID_LATE = "paid_late"  # the same, and paid since: waiting for the same seats
    FAILED = "failed"  # FAILED otherwise
    ARCHIVED = "archived"  # of a show long past
    LOCKED = "locked"  # another transaction is changing it


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


_NOT_HELD = NotHeldError("The seats of this booking are not held yet.")
_EXPIRED = HoldExpiredError("The time to confirm this booking is over.")
_UNPAID = PaymentRequiredError("This booking has to be paid; that confirms it.")
_CALLED_OFF = ShowCancelledError("The show is cancelled, and its bookings are about to be.")
_KEPT = NotCancellableError("The time to cancel a confirmed booking of this show is over.")
_SETTLED = AlreadySettledError("This booking is already settled, or about to be.")
_PAST = AlreadySettledError("This booking is long past, and can only be read.")
_LOCKED = BookingLockedError("Another request has this booking just now.")

# The columns are confirm, extend, cancel.
_TABLE: dict[Stage, tuple[Answer | SeatlineError, Answer | SeatlineError, Answer | SeatlineError]] = {
    Stage.ACQUIRING: (_NOT_HELD, _NOT_HELD, Answer.DO),
    Stage.HELD: (Answer.DO, Answer.DO, Answer.DO),
    Stage.UNPAID: (_UNPAID, Answer.DO, Answer.DO),
    Stage.CALLED_OFF: (_CALLED_OFF, _CALLED_OFF, Answer.DO),
    Stage.OVERDUE: (_EXPIRED, _EXPIRED, Answer.DO),
    Stage.CONFIRMING: (Answer.WAITS, _SETTLED, Answer.DO),
    Stage.CONFIRMED: (Answer.DONE, _SETTLED, Answer.DO),
    Stage.KEPT: (Answer.DONE, _SETTLED, _KEPT),
    Stage.CANCELLING: (_SETTLED, _SETTLED, Answer.WAITS),
    Stage.CANCELLED: (_SETTLED, _SETTLED, Answer.DONE),
    Stage.EXPIRED: (_EXPIRED, _EXPIRED, _SETTLED),
    Stage.PAID_LATE: (Answer.WAITS, _SETTLED, _SETTLED),
    Stage.FAILED: (_SETTLED, _SETTLED, _SETTLED),
    Stage.ARCHIVED: (_PAST, _PAST, _PAST),
    Stage.LOCKED: (_LOCKED, _LOCKED, _LOCKED),
}


def judge_action(stage: Stage, action: Action) -> Answer | SeatlineError:
    """What the action comes to at this stage, or what refuses it, made anew each time."""
    entry = _TABLE[stage][list(Action).index(action)]
    return type(entry)(entry.detail) if isinstance(entry, SeatlineError) else entry


def list_allowed(*answers: Answer) -> list[tuple[Stage, Action]]:
    """Each stage and action that comes to one of these answers."""
    return [
        (stage, action)
        for stage, entries in _TABLE.items()
        for action, entry in zip(Action, entries, strict=True)
        if entry in answers
    ]
