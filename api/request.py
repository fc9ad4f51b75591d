"""A request as the gate reads it, once: whoever serves it gets this, and reads nothing anew."""

import random
import re
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

from structlog.contextvars import bind_contextvars, clear_contextvars

from api.errors import MalformedRequestError
from api.gate.clients import name_client
from core.access.principals import ANONYMOUS, Principal, Role
from core.audit.service import Author
from core.bookings.requests import Origin
from core.infra import tracing

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from api.contract import Operation
    from api.gate.limits import Taken
    from api.server.calling import Gone
    from api.server.deadline import Deadline

T = TypeVar("T")

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
# granian replaces invalid UTF-8 in a path by this character; no route has one of its own.
UNKNOWN_CHARACTER = "\ufffd"
# Larger bodies are parsed in a thread, to keep the event loop free for others.
SMALL_BYTES = 4096
# What is read of its headers once it has been served.
READ_LAST = "if-none-match", "origin", "traceparent"
# An empty dictionary of its own would cost each request that waits 64 bytes.
NOTHING: dict[str, str] = {}
# The metrics' label for requests without a route.
UNMATCHED = "unmatched"


@dataclass(slots=True, kw_only=True)
class Request:
    """A request; headers by their lower-case names. Its route, once found, with the path's arguments."""

    method: str
    path: str
    query_string: str
    headers: dict[str, str] = field(repr=False)
    # The client's own, behind the proxies that are declared.
    address: str
    scheme: str = "http"
    # Why its headers cannot be taken, where they cannot.
    fault: MalformedRequestError | None = None
    # Whoever its credential stands for.
    principal: Principal | None = None
    # A Bearer credential of which memory does not know whose it is.
    credential: str | None = field(default=None, repr=False)
    body: bytes = field(default=b"", repr=False)
    size: int = 0
    route: str = UNMATCHED
    operation: "Operation"
    arguments: dict[str, str] = field(default_factory=dict)
    query: Sequence[tuple[str, str]] = ()
    # What is left of the client's allowance, where it is counted, and how much of it this request takes.
    taken: "Taken | None" = None
    weight: int = 0
    # Whether it counts against no allowance, as its view has found.
    is_free: bool = False
    began: float = field(default_factory=time.perf_counter)
    # When it has to be answered, once it is here whole.
    deadline: "Deadline | None" = None
    is_held_back: bool = False
    # Returns once its client has closed the connection.
    gone: "Gone | None" = None
    # Its span, where this process traces.
    span: "Span | None" = None
    # What it has until it is over, given back then.
    leave: Callable[[], None] | None = None
    id: str = ""

    def __post_init__(self) -> None:
        self.id = choose_request_id(self.headers.get("x-request-id"))

    @property
    def is_large(self) -> bool:
        """Whether its body is more than the event loop should work on."""
        return self.size > SMALL_BYTES

    @property
    def client(self) -> str:
        """Whose allowance it counts against."""
        return name_client(self.principal, self.address)

    @property
    def origin(self) -> Origin:
        """Which request it is, and whose; the seats that it holds count against its client, if any."""
        client, has_role, trace = self.client, self.may(Role.PARTNER), tracing.get_traceparent()
        return Origin(self.id, None if has_role else client, client if has_role else None, trace)

    @property
    def owner(self) -> str:
        """Whom its idempotency key belongs to."""
        return self.principal.owner if self.principal else ANONYMOUS

    @property
    def author(self) -> Author:
        """Who makes a change by it. Only where a role is wanted, which nobody has without a principal."""
        if self.principal is None:
            raise LookupError("a change without a principal")
        # Not the principal's own name, which is there already: one key may be used from many places.
        return Author(self.principal, self.id, name_client(None, self.address))

    def may(self, role: Role) -> bool:
        """Whether its principal has the role, or one that includes it."""
        own = self.principal.role if self.principal else None
        return own is not None and own.includes(role)

    def hold_back(self, seconds: float | None) -> None:
        """Have the answer held back for so long, as its client prefers (None: not at all).

        Thousands wait: of what was read of the request that is kept which its answer depends on.
        """
        if seconds and self.deadline:
            self.deadline.put_off(seconds)
            self.is_held_back, self.deadline = True, None
            self.headers = {name: self.headers[name] for name in READ_LAST if name in self.headers} or NOTHING
            self.query, self.query_string, self.credential = (), "", None
            self.arguments = NOTHING

    def check(self) -> None:
        """Decode the query. Raises MalformedRequestError for what cannot be read: headers, path or query."""
        if self.fault:
            raise self.fault
        if UNKNOWN_CHARACTER in self.path:
            raise MalformedRequestError("The path is not UTF-8.")
        if self.query_string:
            try:
                self.query = parse_qsl(self.query_string, keep_blank_values=True, errors="strict")
            except ValueError as error:
                raise MalformedRequestError("The query is not UTF-8.") from error


def choose_request_id(sent: str | None) -> str:
    """The caller's own id for the request where it is a sane one, else a new one."""
    # A request id is no secret, and a UUID would cost each request a system call.
    return sent if sent and REQUEST_ID.fullmatch(sent) else f"{random.getrandbits(128):032x}"


# The request that a thread is serving: how a Flask view finds it.
current: ContextVar[Request] = ContextVar("request")


def run_for(request: Request, run: Callable[[], T]) -> T:
    """Run in a thread, which has no context of its own: its log lines and Flask's views find the request."""
    clear_contextvars()
    bind_contextvars(request_id=request.id, client=request.client)
    current.set(request)
    return run()


def get_current() -> Request:
    """The request that this thread is serving."""
    return current.get()


Given = dict[str, Any]
