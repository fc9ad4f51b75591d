"""Errors become problem documents (RFC 9457) here, for every way that a route is served."""

import inspect
import logging
from typing import Any

from api.errors import (
    STATUS_OF,
    MethodNotAllowedError,
    RateLimitedError,
    UnauthorizedError,
    UnsupportedMediaTypeError,
)
from api.request import Request
from api.responses import NO_STORE, PROBLEM_JSON, Answer, respond_bytes
from core.errors import Fault, InvalidRequestError, SeatlineError, UnavailableError
from core.infra.db import get_sqlstate
from core.infra.json import to_json

log = logging.getLogger(__name__)

# A server that is restarting is back in about so long.
RETRY_AFTER_SECONDS = 2
# A body of 64 KiB may name ten thousand seats that do not exist: an answer stays of its size.
LISTED_FAULTS = 100
# SQLSTATE classes of a value that the database refuses every time: data exceptions (22), program limits (54).
REFUSED_VALUES = frozenset({"22", "54"})


def explain_problem(error: type[SeatlineError]) -> dict[str, Any]:
    """What an error means and what to do about it, in the words of its class."""
    return {
        "type": _name_type(error.code),
        "code": error.code,
        "title": error.title,
        "status": STATUS_OF[error],
        "meaning": " ".join((inspect.getdoc(error) or "").partition("\n\n")[0].split()),
        "advice": error.advice,
    }


def _name_type(code: str) -> str:
    # A path of this service, which explains it (api/routes/pages.py).
    return f"/problems/{code}"


def describe_problem(error: SeatlineError, status: int, *, instance: str) -> dict[str, Any]:
    """The error as a problem document, on the path `instance`."""
    problem: dict[str, Any] = {
        "type": _name_type(error.code),
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


def answer_error(request: Request, error: Exception) -> Answer:
    """The answer to an error; one that nobody expected is logged."""
    refusal = _find_refusal(error)
    status = STATUS_OF.get(type(refusal), 500)
    problem = describe_problem(refusal, status, instance=request.path)
    if status == 500:
        problem["request_id"] = request.id
    answer = respond_bytes(to_json(problem), status=status, content_type=PROBLEM_JSON, cache=NO_STORE)
    match refusal:
        case MethodNotAllowedError():
            answer.headers.append(("Allow", refusal.allowed))
        case UnsupportedMediaTypeError():
            answer.headers.append(refusal.wanted)
        case UnauthorizedError():
            # RFC 6750, 3.1: no error is told to whoever sent no credential.
            challenge = 'Bearer error="invalid_token"' if refusal.is_refused else "Bearer"
            answer.headers.append(("WWW-Authenticate", challenge))
        case RateLimitedError():
            answer.headers.append(("Retry-After", str(refusal.retry_after)))
        case UnavailableError():
            answer.headers.append(("Retry-After", str(RETRY_AFTER_SECONDS)))
    return answer


def _find_refusal(error: Exception) -> SeatlineError:
    if isinstance(error, SeatlineError):
        return error
    if isinstance(error, TimeoutError):
        return UnavailableError("The service did not answer in time.")
    sqlstate = get_sqlstate(error) or ""
    if sqlstate[:2] in REFUSED_VALUES:
        log.error("a value that the database refuses was not refused before", extra={"sqlstate": sqlstate})
        return InvalidRequestError("One of the values cannot be kept.")
    log.error("unexpected error", exc_info=error)
    return SeatlineError("An unexpected error occurred; it has been logged under the request's id.")
