"""The history: every request that a client made, when, and what it heard, on a monotonic clock."""

import threading
from dataclasses import dataclass, field
from typing import Any

# What became of a request that got no answer: it may have taken effect, or not.
UNKNOWN = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request and its answer; `status` is UNKNOWN where none came, `document` the answer's body.

    `error` is why none came; `was_idle` where it was the first on its connection since an earlier answer,
    which a server may close just then: clients connect anew and ask again.
    """

    client: int
    kind: str
    began: float
    ended: float
    status: int
    document: Any
    retry_after: str | None
    booking_id: str | None = None
    key: str | None = None
    body: Any = None
    error: str | None = None
    was_idle: bool = False

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


@dataclass(slots=True)
class History:
    """All requests of all clients, in the order in which their answers came."""

    requests: list[Request] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, request: Request) -> None:
        """Record a request."""
        with self._lock:
            self.requests.append(request)

    def of_kind(self, *kinds: str) -> list[Request]:
        """Requests of these kinds."""
        return [request for request in self.requests if request.kind in kinds]

    @property
    def accepted_ids(self) -> set[str]:
        """Bookings that were promised."""
        return {request.document["id"] for request in self.of_kind("book") if request.status == 202}
