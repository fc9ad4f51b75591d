"""What the API itself refuses, and the only table from error to status."""

from collections.abc import Iterable

from core.bookings import errors as booking_errors
from core.errors import InvalidRequestError, SeatlineError, UnavailableError
from core.seats import errors as seat_errors
from core.shows import errors as show_errors
from core.webhooks import errors as webhook_errors


class UnauthorizedError(SeatlineError):
    """No key, or one that nobody was given."""

    code = "unauthorized"
    title = "A valid key is required"


class ForbiddenError(SeatlineError):
    """A valid key whose role does not reach this far."""

    code = "forbidden"
    title = "This key may not do that"


class NotFoundError(SeatlineError):
    """There is nothing at this address."""

    code = "not_found"
    title = "There is nothing here"


class MethodNotAllowedError(SeatlineError):
    """The address is right, the method is not; `allowed` tells which are."""

    code = "method_not_allowed"
    title = "The method is not allowed here"

    def __init__(self, allowed: Iterable[str]) -> None:
        super().__init__("This address does not take this method; see Allow.")
        self.allowed = ", ".join(sorted(allowed))


class PayloadTooLargeError(SeatlineError):
    """The body is larger than this route takes."""

    code = "payload_too_large"
    title = "The body is too large"


class UnsupportedMediaTypeError(SeatlineError):
    """The body is not declared to be JSON."""

    code = "unsupported_media_type"
    title = "The body must be application/json"


class MalformedRequestError(SeatlineError):
    """What surrounds the body cannot be read: a path or query that is not UTF-8, or no HTTP that we know."""

    code = "malformed_request"
    title = "The request is not well-formed"


class MalformedJsonError(SeatlineError):
    """The body is not JSON, or names a field twice."""

    code = "malformed_json"
    title = "The body is not well-formed JSON"


class RateLimitedError(SeatlineError):
    """More requests than this client may send, until so many seconds are over."""

    code = "rate_limited"
    title = "Too many requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many requests; see Retry-After.")
        self.retry_after = retry_after


STATUS_OF: dict[type[SeatlineError], int] = {
    MalformedRequestError: 400,
    MalformedJsonError: 400,
    UnauthorizedError: 401,
    booking_errors.PaymentRequiredError: 402,
    ForbiddenError: 403,
    NotFoundError: 404,
    show_errors.ShowNotFoundError: 404,
    booking_errors.BookingNotFoundError: 404,
    webhook_errors.EndpointNotFoundError: 404,
    MethodNotAllowedError: 405,
    show_errors.ShowCancelledError: 409,
    show_errors.SalesNotOpenError: 409,
    show_errors.SalesClosedError: 409,
    booking_errors.NotHeldError: 409,
    booking_errors.HoldExpiredError: 409,
    booking_errors.AlreadySettledError: 409,
    booking_errors.NotCancellableError: 409,
    PayloadTooLargeError: 413,
    UnsupportedMediaTypeError: 415,
    InvalidRequestError: 422,
    seat_errors.UnknownSeatsError: 422,
    seat_errors.DuplicateSeatsError: 422,
    seat_errors.TooManySeatsError: 422,
    booking_errors.HoldRequiredError: 422,
    booking_errors.IdempotencyKeyReusedError: 422,
    RateLimitedError: 429,
    SeatlineError: 500,
    UnavailableError: 503,
}
