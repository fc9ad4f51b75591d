"""A request's headers as one dict, and which of them a request may have only once."""

from collections.abc import Iterable
from typing import Protocol

from api.errors import MalformedRequestError

# Singleton headers that are read here (RFC 9110, 5.3; Origin: RFC 6454; Last-Event-ID: the HTML standard;
# Idempotency-Key: its draft). A request with two values of one is ambiguous, and refused.
SINGLETONS = frozenset(
    {
        "access-control-request-method",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "idempotency-key",
        "if-modified-since",
        "if-range",
        "if-unmodified-since",
        "last-event-id",
        "origin",
        "range",
        "x-request-id",
    }
)
# In place of a value that cannot be read: no text that anything takes.
UNREADABLE = "\x80"


class RawHeaders(Protocol):
    """What granian (RSGI) knows of a request's headers; all names are lower-case."""

    def items(self) -> list[tuple[str, str]]:
        """Each header whose value is ASCII."""

    def keys(self) -> list[str]:
        """Each name once, whatever its value."""

    def __len__(self) -> int:
        """How many names there are."""


def read_headers(raw: RawHeaders) -> dict[str, str]:
    """The headers by lower-case name, those that came more than once joined to a list.

    Raises MalformedRequestError where a header came twice that may come once.
    """
    pairs = raw.items()
    headers = dict(pairs)
    if len(headers) != len(pairs):
        headers = join_headers(pairs)
    if len(headers) != len(raw):
        # granian drops values that are not ASCII; without its Idempotency-Key a retry would book twice.
        headers |= dict.fromkeys(raw.keys() - headers.keys(), UNREADABLE)
    return headers


def join_headers(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The same of names and values, in their order."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        if name not in headers:
            headers[name] = value
        elif name in SINGLETONS:
            raise MalformedRequestError(f"The header {name} may come only once.")
        else:
            headers[name] += f", {value}"
    return headers
