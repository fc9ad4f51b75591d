"""What the API itself refuses, and the only table from error to status."""

from collections.abc import Iterable

from core.bookings import errors as booking_errors
from core.errors import InvalidRequestError, SeatlineError, UnavailableError
from core.keys import errors as key_errors
from core.payments import errors as payment_errors
from core.seats import errors as seat_errors
from core.shows import errors as show_errors
from core.webhooks import errors as webhook_errors


class UnauthorizedError(SeatlineError):
    """The credential is missing where one is required, or, on any route, unknown, revoked or expired."""

    code = "unauthorized"
    title = "A valid credential is required"
    advice = "Send Authorization: Bearer with a valid key, or none where anybody may call."

    def __init__(self, detail: str, *, is_refused: bool = False) -> None:
        """`is_refused`: a Bearer credential was sent, and is unknown, revoked or expired."""
        super().__init__(detail)
        self.is_refused = is_refused


class ForbiddenError(SeatlineError):
    """The address may not be called from a page of another origin, or not with this key."""

    code = "forbidden"
    title = "This key may not do that"
    advice = "Call it from a program of your own, with a key that may."


class NotFoundError(SeatlineError):
    """There is nothing at this address."""

    code = "not_found"
    title = "There is nothing here"
    advice = "Look for the address in the documentation."


class MethodNotAllowedError(SeatlineError):
    """The address is right, the method is not."""

    code = "method_not_allowed"
    title = "The method is not allowed here"
    advice = "Use one of the methods that Allow names."

    def __init__(self, allowed: Iterable[str]) -> None:
        super().__init__("This address does not take this method; see Allow.")
        self.allowed = ", ".join(sorted(allowed))


class PayloadTooLargeError(SeatlineError):
    """The body is larger than this route takes."""

    code = "payload_too_large"
    title = "The body is too large"
    advice = "Send at most 64 KiB, of a batch 256 KiB, of a show with the role admin 32 MiB."

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than the {limit // 1024} KiB that this address takes.")


class UnsupportedMediaTypeError(SeatlineError):
    """The body is not declared to be plain JSON."""

    code = "unsupported_media_type"
    title = "The body must be JSON, sent as it is"
    advice = "Send JSON as it is, with Content-Type: application/json."

    def __init__(self, detail: str, *, wanted: tuple[str, str] = ("Accept", "application/json")) -> None:
        """`wanted` is the header that tells what is taken: RFC 9110 has one for types, one for codings."""
        super().__init__(detail)
        self.wanted = wanted


class MalformedRequestError(SeatlineError):
    """What surrounds the body cannot be read: the path, the query, or a header that came twice."""

    code = "malformed_request"
    title = "The request is not well-formed"
    advice = "Mend the path, the query or the headers, as detail says."


class MalformedJsonError(SeatlineError):
    """The body is not JSON, names a field twice, or did not come to its end."""

    code = "malformed_json"
    title = "The body is not well-formed JSON"
    advice = "Mend the body, as detail says: JSON in UTF-8, no field named twice."


class RateLimitedError(SeatlineError):
    """This client has sent more requests than it may, or follows more streams at one time."""

    code = "rate_limited"
    title = "Too many requests"
    advice = "Wait as Retry-After says."

    def __init__(self, retry_after: int, detail: str = "Too many requests; see Retry-After.") -> None:
        super().__init__(detail)
        self.retry_after = retry_after


STATUS_OF: dict[type[SeatlineError], int] = {
    MalformedRequestError: 400,
    MalformedJsonError: 400,
    payment_errors.InvalidSignatureError: 400,
    UnauthorizedError: 401,
    booking_errors.PaymentRequiredError: 402,
    ForbiddenError: 403,
    NotFoundError: 404,
    show_errors.ShowNotFoundError: 404,
    booking_errors.BookingNotFoundError: 404,
    booking_errors.TicketNotFoundError: 404,
    webhook_errors.EndpointNotFoundError: 404,
    key_errors.KeyNotFoundError: 404,
    MethodNotAllowedError: 405,
    show_errors.ShowCancelledError: 409,
    show_errors.ShowHasBookingsError: 409,
    show_errors.SalesNotOpenError: 409,
    show_errors.SalesClosedError: 409,
    booking_errors.NotHeldError: 409,
    booking_errors.HoldExpiredError: 409,
    booking_errors.AlreadySettledError: 409,
    booking_errors.NotCancellableError: 409,
    payment_errors.NotPayableError: 409,
    webhook_errors.EndpointExistsError: 409,
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
# What a POST with an idempotency key may be refused for.
BODY_ERRORS: list[type[SeatlineError]] = [
    MalformedJsonError,
    UnsupportedMediaTypeError,
    PayloadTooLargeError,
    InvalidRequestError,
    RateLimitedError,
    UnavailableError,
    booking_errors.IdempotencyKeyReusedError,
]
# The error that each code is explained by: the first of those that share it.
ERROR_OF: dict[str, type[SeatlineError]] = {error.code: error for error in reversed(STATUS_OF)}


def find_error(code: str) -> type[SeatlineError]:
    """The error of a code. Raises NotFoundError."""
    if code not in ERROR_OF:
        raise NotFoundError(f"There is no problem {code}.")
    return ERROR_OF[code]
