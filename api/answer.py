"""What the web process sends back, before it has to do with Flask or a socket."""

from dataclasses import dataclass
from typing import Any

from api.app import choose_request_id
from api.errors import RETRY_AFTER_SECONDS, describe_problem
from api.live import Follow
from core.encoding import to_json
from core.errors import SeatlineError

REQUEST_ID = "X-Request-ID"
Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers, a body; where the client listens on after that, and the route that answered."""

    status: int
    headers: Headers
    body: bytes
    follow: Follow | None = None
    route: str = ""


def name_request(scope: Any) -> tuple[str, str]:
    """The header that names this request in its answer."""
    return REQUEST_ID, choose_request_id(scope.headers.get(REQUEST_ID.lower()))


def refuse(scope: Any, error: SeatlineError, status: int) -> Answer:
    """A problem document where the application has no say."""
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        name_request(scope),
    ]
    if status == 503:
        headers.append(("Retry-After", str(RETRY_AFTER_SECONDS)))
    return Answer(status, headers, to_json(describe_problem(error, status, instance=scope.path)))
