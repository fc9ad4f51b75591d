"""Headers of answers, each described once."""

from typing import Any

from api.contract import Operation
from api.gate.limits import LIMIT_HEADER, REMAINING_HEADER, RESET_HEADER

_TEXT, _NUMBER = {"type": "string"}, {"type": "integer", "minimum": 0}
ALLOWANCE = (LIMIT_HEADER, REMAINING_HEADER, RESET_HEADER)

HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {"description": "the request's id: the caller's own, or ours", "schema": _TEXT},
    "ETag": {"description": "names this very state: send it back as If-None-Match", "schema": _TEXT},
    "Idempotent-Replayed": {
        "description": "`true` where the Idempotency-Key had been used for this very request",
        "schema": _TEXT,
    },
    "Preference-Applied": {"description": "the `wait` that the answer was held back for", "schema": _TEXT},
    "Retry-After": {"description": "seconds until it is worth asking again", "schema": _NUMBER},
    "WWW-Authenticate": {
        "description": "how to say who you are: `Bearer`; a credential that is refused is an `error` of it",
        "schema": _TEXT,
    },
    LIMIT_HEADER: {"description": "where requests are counted: how many you may send", "schema": _NUMBER},
    REMAINING_HEADER: {"description": "where requests are counted: how many are left", "schema": _NUMBER},
    RESET_HEADER: {
        "description": "where requests are counted: seconds until it is as many again",
        "schema": _NUMBER,
    },
}


def describe_headers(declared: Operation, status: int) -> dict[str, Any]:
    """The headers of an answer of this status, most of them as references."""
    names = ["X-Request-ID", *(ALLOWANCE if declared.is_counted else ())]
    if declared.has_tag and status < 400:
        names.append("ETag")
    if declared.takes_key and status < 300:
        names.append("Idempotent-Replayed")
    if declared.waits and status < 300:
        names.append("Preference-Applied")
    if status in (429, 503):
        names.append("Retry-After")
    if status == 401:
        names.append("WWW-Authenticate")
    headers: dict[str, Any] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    if status < 300:
        headers |= {name: {"description": said, "schema": _TEXT} for name, said in declared.headers.items()}
    return headers
