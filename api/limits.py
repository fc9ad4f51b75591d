"""Rate limits: how many requests a client may send, kept in Redis, or in the process where Redis is not."""

import time
from typing import Any

from flask import Flask, Response, request
from flask_limiter import Limiter

from api.auth import identify_client, is_admin
from core.redis import TIMEOUT_SECONDS
from core.settings import get_settings

# The limits' types know no fractions of a second; redis-py does.
STORAGE_OPTIONS: Any = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
RESET_HEADER = "RateLimit-Reset"
EXEMPT = frozenset({"operations.get_health", "operations.get_readiness", "operations.get_metrics"})


def register_limits(app: Flask) -> None:
    """Limit every route but those that watch over the service, where limits are on."""
    settings = get_settings()
    app.config.update(
        RATELIMIT_ENABLED=settings.rate_limit_enabled,
        RATELIMIT_HEADERS_ENABLED=True,
        RATELIMIT_HEADER_LIMIT="RateLimit-Limit",
        RATELIMIT_HEADER_REMAINING="RateLimit-Remaining",
        RATELIMIT_HEADER_RESET=RESET_HEADER,
    )
    # Registered first, so run last: after the limiter has written its headers.
    app.after_request(_count_down)
    limiter = Limiter(
        _name_limited,
        app=app,
        application_limits=[settings.rate_limit],
        storage_uri=settings.redis_url,
        storage_options=STORAGE_OPTIONS,
        # Redis down: limits of this process, not none.
        in_memory_fallback=[settings.rate_limit],
        in_memory_fallback_enabled=True,
        # Requests under way when Redis fails are let through rather than answered with an error.
        swallow_errors=True,
    )
    for endpoint in EXEMPT:
        limiter.exempt(app.view_functions[endpoint])


def _count_down(response: Response) -> Response:
    # The limiter tells the time of the reset; the header's draft standard has the seconds until then.
    if reset := response.headers.get(RESET_HEADER):
        response.headers[RESET_HEADER] = str(max(0, int(reset) - int(time.time())))
    return response


def _name_limited() -> str:
    # A key that nobody was given is free to make up, and must not open an allowance of its own.
    return identify_client() if is_admin() else f"address:{request.remote_addr}"
