"""Rate limits: how many requests a client may send, kept in Redis, or in the process where Redis is not.

Requests that go together (together.py) are counted before Flask sees them, against the same allowance.
"""

import time
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, request
from flask_limiter import Limiter
from limits import parse_many
from redis.exceptions import RedisError

from api.gate.credentials import is_admin_header, name_client
from api.request import Headers
from core.infra.redis import TIMEOUT_SECONDS
from core.infra.settings import get_settings
from core.infra.tls import get_tls_options, strip_tls

# The limits' types know no fractions of a second; redis-py does.
STORAGE_OPTIONS: Any = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
LIMIT_HEADER, REMAINING_HEADER, RESET_HEADER = "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"
# The limiter would have everybody who is not limited, but is to come again, come when the allowance is new.
LIMITERS_RETRY_AFTER = "Seatline-Retry-After"
EXEMPT = frozenset({"operations.get_health", "operations.get_readiness", "operations.get_metrics"})
# The limiter's own name for what all routes share.
SCOPE = "global"
# Set where a request has been counted before Flask was asked.
COUNTED = "seatline.counted"
EXTENSION = "seatline.allowances"


class Allowances:
    """What each client may still send."""

    def __init__(self, limiter: Limiter, limits: str) -> None:
        self._limiter, self._counter = limiter, limiter.limiter
        # In the limiter's order: of several the shortest is told of.
        self._limits = sorted(parse_many(limits))

    def take(self, environ: dict[str, Any]) -> Headers | None:
        """Count a request, and tell of what is left; None where it is one too many, or Redis did not answer.

        Flask then counts it, and answers as it would have.
        """
        if self._limiter.limiter is not self._counter:
            # While Redis is away the process counts by itself, and Flask's limiter looks whether it is back.
            return None
        key = _name_limited(environ), SCOPE
        try:
            # None of those after one that is used up: they would be used up by what was refused.
            if not all(self._counter.hit(limit, *key) for limit in self._limits):
                return None
            reset_at, remaining = self._counter.get_window_stats(self._limits[0], *key)
        except (RedisError, OSError):
            return None
        environ[COUNTED] = True
        return [
            (LIMIT_HEADER, str(self._limits[0].amount)),
            (REMAINING_HEADER, str(remaining)),
            # As the limiter tells it: not before it is over.
            (RESET_HEADER, _count_down(reset_at + 1)),
        ]


def register_limits(app: Flask) -> None:
    """Limit every route but those that watch over the service, where limits are on."""
    settings = get_settings()
    app.config.update(
        RATELIMIT_ENABLED=settings.rate_limit_enabled,
        RATELIMIT_HEADERS_ENABLED=True,
        RATELIMIT_HEADER_LIMIT=LIMIT_HEADER,
        RATELIMIT_HEADER_REMAINING=REMAINING_HEADER,
        RATELIMIT_HEADER_RESET=RESET_HEADER,
        RATELIMIT_HEADER_RETRY_AFTER=LIMITERS_RETRY_AFTER,
    )
    # Registered first, so run last: after the limiter has written its headers.
    app.after_request(_mend_headers)
    limiter = Limiter(
        lambda: _name_limited(request.environ),
        app=app,
        application_limits=[settings.rate_limit],
        storage_uri=strip_tls(settings.redis_url),
        storage_options={**STORAGE_OPTIONS, **get_tls_options(settings.redis_url)},
        # Redis down: the same limits, of this process, not none.
        in_memory_fallback_enabled=True,
        # Requests under way when Redis fails are let through rather than answered with an error.
        swallow_errors=True,
    )
    limiter.request_filter(lambda: COUNTED in request.environ)
    for endpoint in EXEMPT:
        limiter.exempt(app.view_functions[endpoint])
    if settings.rate_limit_enabled:
        app.extensions[EXTENSION] = Allowances(limiter, settings.rate_limit)


def find_allowances(app: Flask) -> Allowances | None:
    """The application's allowances; None where nobody is limited."""
    return app.extensions.get(EXTENSION)


def _mend_headers(response: Response) -> Response:
    retry_after = response.headers.pop(LIMITERS_RETRY_AFTER, None)
    if retry_after and response.status_code == 429:
        response.headers["Retry-After"] = retry_after
    if reset_at := response.headers.get(RESET_HEADER):
        response.headers[RESET_HEADER] = _count_down(float(reset_at))
    return response


def _count_down(reset_at: float) -> str:
    # The limiter tells the time of the reset; the header's draft standard has the seconds until then.
    return str(max(0, int(reset_at) - int(time.time())))


def _name_limited(environ: Mapping[str, Any]) -> str:
    credential, address = environ.get("HTTP_AUTHORIZATION", ""), environ.get("REMOTE_ADDR")
    # A key that nobody was given is free to make up, and must not open an allowance of its own.
    return name_client(credential if is_admin_header(credential) else None, address)
