"""The only table from error to status, and how an error becomes a problem document (RFC 9457)."""

import logging
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from core.bookings import errors as booking_errors
from core.errors import Fault, InvalidRequestError, SeatlineError, UnavailableError
from core.infra.db import get_sqlstate
from core.infra.json import to_json
from core.seats import errors as seat_errors
from core.shows import errors as show_errors
from core.webhooks import errors as webhook_errors

log = logging.getLogger(__name__)

# A server that is restarting is back in about so long.
RETRY_AFTER_SECONDS = 2
# A body of 64 KiB may name ten thousand seats that do not exist: an answer stays of its size.
LISTED_FAULTS = 100


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
    """The address is right, the method is not."""

    code = "method_not_allowed"
    title = "The method is not allowed here"


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
    """More requests than this client may send."""

    code = "rate_limited"
    title = "Too many requests"


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

# SQLSTATE classes of a value that the database refuses every time: data exceptions (22), program limits (54).
REFUSED_VALUES = frozenset({"22", "54"})

_OF_HTTP: Mapping[int, tuple[type[SeatlineError], str]] = {
    400: (MalformedRequestError, "The request cannot be understood."),
    404: (NotFoundError, "There is nothing at this address."),
    405: (MethodNotAllowedError, "This address does not take this method; see Allow."),
    413: (PayloadTooLargeError, "The body is larger than this address takes."),
    429: (RateLimitedError, "Too many requests; see Retry-After."),
}


def describe_problem(error: SeatlineError, status: int, *, instance: str) -> dict[str, Any]:
    """The error as a problem document, on the path `instance`."""
    problem: dict[str, Any] = {
        "type": f"urn:seatline:problem:{error.code}",
        "title": error.title,
        "status": status,
        "detail": error.detail,
        "instance": instance,
        "code": error.code,
    }
    if status == 422:
        problem["errors"] = [
            {"pointer": fault.pointer, "detail": fault.detail} | ({"code": fault.code} if fault.code else {})
            for fault in error.faults[:LISTED_FAULTS] or (Fault("", error.detail),)
        ]
    return problem


def respond_problem(
    error: SeatlineError, *, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """The response to an error."""
    problem = describe_problem(error, status, instance=request.path)
    if status == 500:
        problem["request_id"] = g.get("request_id")
    response = Response(to_json(problem), status=status, content_type="application/problem+json")
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(headers or {})
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def register_errors(app: Flask) -> None:
    """Answer every error with a problem document."""
    app.register_error_handler(SeatlineError, _answer_refusal)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_unexpected)


def _answer_refusal(error: SeatlineError) -> Response:
    return respond_problem(error, status=STATUS_OF.get(type(error), 500))


def _answer_http(error: HTTPException) -> Any:
    status = error.code or 500
    if status < 400:
        return error
    headers = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
    if status in _OF_HTTP:
        kind, detail = _OF_HTTP[status]
        return respond_problem(kind(detail), status=status, headers=headers)
    if status < 500:
        return respond_problem(InvalidRequestError(error.description or "Bad request."), status=status)
    return _answer_unexpected(error)


def _answer_unexpected(error: Exception) -> Response:
    sqlstate = get_sqlstate(error) or ""
    if sqlstate[:2] in REFUSED_VALUES:
        log.error("a value that the database refuses was not refused before", extra={"sqlstate": sqlstate})
        return respond_problem(InvalidRequestError("One of the values cannot be kept."), status=422)
    log.exception("unexpected error", exc_info=error)
    refusal = SeatlineError("An unexpected error occurred; it has been logged under the request's id.")
    return respond_problem(refusal, status=500)
