"""Which pages of other origins may call (the Fetch standard's CORS protocol), never with credentials."""

from collections.abc import Collection, Mapping

from core.infra.settings import ANY_ORIGIN

Headers = list[tuple[str, str]]

# Addresses of operators and payment providers, which pages of other origins may not call.
PRIVATE = "/admin", "/metrics", "/console", "/payments/webhooks"
ALLOWED_HEADERS = (
    "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Prefer, X-Request-ID"
)
EXPOSED_HEADERS = (
    "ETag, Location, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-Request-ID, "
    "Idempotent-Replayed, Preference-Applied"
)
# In seconds, the most that browsers keep to.
MAX_AGE = "7200"
ALLOW_ORIGIN, VARY = "Access-Control-Allow-Origin", ("Vary", "Origin")
EXPOSE = ("Access-Control-Expose-Headers", EXPOSED_HEADERS)


def is_public_path(path: str) -> bool:
    """Whether pages of other origins may call this path, if there is such a one."""
    # Nearly every path is told by the first look.
    return not path.startswith(PRIVATE) or not any(
        path == prefix or path.startswith(f"{prefix}/") for prefix in PRIVATE
    )


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a browser asks on its own whether a page may call; `headers` by lower-case name."""
    return method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def allow_origin(origin: str | None, origins: Collection[str], *, is_public: bool) -> Headers:
    """The headers that let a page read an answer, an error too; none on a route that is not public.

    Where every origin may, they are on every answer, so that one answer can be kept for all who ask.
    """
    return [*_name_allowed(origin, origins), EXPOSE] if is_public else []


def allow_methods(origin: str | None, origins: Collection[str], methods: Collection[str]) -> Headers:
    """The headers of a preflight's answer, on a public route that takes these methods."""
    return [
        *_name_allowed(origin, origins),
        ("Access-Control-Allow-Methods", ", ".join(sorted(methods))),
        ("Access-Control-Allow-Headers", ALLOWED_HEADERS),
        ("Access-Control-Max-Age", MAX_AGE),
    ]


def _name_allowed(origin: str | None, origins: Collection[str]) -> Headers:
    if ANY_ORIGIN in origins:
        return [(ALLOW_ORIGIN, ANY_ORIGIN)]
    # Vary also where the asking origin is not listed: a cache must not give this answer to one that is.
    return [(ALLOW_ORIGIN, origin), VARY] if origin and origin in origins else [VARY]
