"""Requests that go together: bookings share a commit, readers of the same thing share a read.

Whoever comes while others are under way waits until they are back, and goes with all who came meanwhile. So
nobody is answered by what was read, or written, before it came; a lone request goes at once; and the more
come, the less each of them costs. Of bookings the plain ones go this way, past Flask: what is to be refused,
or was asked for under the same key before, Flask answers.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from sqlalchemy.exc import DBAPIError

from api.answer import REQUEST_ID, Answer, name_request
from api.auth import name_client
from api.bookings import RETRY_AFTER
from api.idempotency import HEADER, make_key
from api.metrics import count_request
from api.parsing import BODY_LIMIT, load_json, validate
from api.responses import JSON, NO_STORE
from api.schemas.bookings import BookingRequest
from core.bookings.accepting import Request, accept_together, is_worth_a_try
from core.bookings.idempotency import Key
from core.bookings.views import Booking
from core.encoding import to_json
from core.errors import SeatlineError, UnavailableError
from core.settings import get_settings

log = logging.getLogger(__name__)

BOOKINGS, SHOWS, STREAM = "/bookings", "/shows", "/stream"
# More would hold up the first of them; what is left goes next.
COMMITTED_TOGETHER = 500
# By these a GET's answer may differ, apart from its address.
TELLING = "accept-encoding", "if-none-match"
# With one of these it is somebody's own affair.
OWN = "authorization", "range"

Waiting = tuple[Request, asyncio.Future[list[Booking]]]


class GroupCommit:
    """Bookings that came while others were committed, committed together, by one thread a process."""

    def __init__(self) -> None:
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="bookings")
        self._waiting: list[Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def accept(self, scope: Any, request: Request) -> Answer | None:
        """The answer to a booking that is on disk; None where it was not taken, and Flask has to say why.

        Raises UnavailableError where it may or may not be on disk.
        """
        began = time.perf_counter()
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._commit_all())
        bookings = await future
        if not bookings:
            return None
        count_request("POST", BOOKINGS, 202, time.perf_counter() - began)
        return _answer_booking(scope, bookings[0])

    async def _commit_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            next_, self._waiting = self._waiting[:COMMITTED_TOGETHER], self._waiting[COMMITTED_TOGETHER:]
            # Who has been told that it takes too long is not to have a booking after all.
            taken = [(request, future) for request, future in next_ if not future.done()]
            outcomes = await loop.run_in_executor(self._writer, _commit, [request for request, _ in taken])
            for (_, future), outcome in zip(taken, outcomes, strict=True):
                if future.done():
                    continue
                if isinstance(outcome, UnavailableError):
                    future.set_exception(outcome)
                else:
                    future.set_result(outcome)


def _commit(requests: Sequence[Request]) -> Sequence[list[Booking] | UnavailableError]:
    try:
        return accept_together(requests) if requests else []
    except UnavailableError as error:
        return [error] * len(requests)
    except (DBAPIError, SeatlineError):
        # One of them spoilt it, and nothing is on disk: each goes by itself.
        log.exception("bookings not committed together")
        return [[]] * len(requests)
    except Exception:
        log.exception("bookings committed, or not")
        return [UnavailableError("The bookings could not be taken up just now.")] * len(requests)


def find_booking(scope: Any, body: bytes) -> Request | None:
    """The booking that a request plainly asks for; None where Flask has to look at it."""
    if scope.method != "POST" or scope.path != BOOKINGS or scope.query_string or len(body) > BODY_LIMIT:
        return None
    try:
        if _get_one(scope, "content-type").partition(";")[0].strip().lower() != JSON:
            return None
        wish = validate(BookingRequest, load_json(body))
        new, key = wish.to_new(), _find_key(scope, wish)
    except (SeatlineError, LookupError):
        return None
    return Request([new], key) if is_worth_a_try(new) else None


def _find_key(scope: Any, wish: BookingRequest) -> Key | None:
    if HEADER.lower() not in scope.headers:
        return None
    credential = _get_one(scope, "authorization") if "authorization" in scope.headers else None
    if not credential and get_settings().trusted_proxies:
        raise LookupError("the client's address, which a proxy tells")
    client = name_client(credential, scope.client.rpartition(":")[0].strip("[]"))
    return make_key(_get_one(scope, HEADER.lower()), wish, client=client, method="POST", path=BOOKINGS)


def _get_one(scope: Any, name: str) -> str:
    values = scope.headers.get_all(name)
    if len(values) != 1:
        raise LookupError(name)
    return str(values[0])


def _answer_booking(scope: Any, booking: Booking) -> Answer:
    headers = [
        ("Content-Type", JSON),
        ("Cache-Control", NO_STORE),
        ("Retry-After", RETRY_AFTER),
        ("Location", f"{BOOKINGS}/{booking.id}"),
        ("X-Content-Type-Options", "nosniff"),
        name_request(scope),
    ]
    return Answer(202, headers, to_json(booking.to_document()))


class SharedReads:
    """Reads of the same thing that came while one was under way, done as one: the next."""

    def __init__(self) -> None:
        self._next: dict[Hashable, asyncio.Task[Answer]] = {}
        self._running: dict[Hashable, asyncio.Task[Answer]] = {}

    async def read(self, scope: Any, what: Hashable, run: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer of `run`, which is called after this was; or of somebody else's for the same thing."""
        began, is_first = time.perf_counter(), what not in self._next
        if is_first:
            self._next[what] = asyncio.create_task(self._run(what, run))
        # Whoever gives up gives up for itself.
        answer = await asyncio.shield(self._next[what])
        if is_first:
            return answer
        count_request("GET", answer.route, answer.status, time.perf_counter() - began)
        others = [header for header in answer.headers if header[0] != REQUEST_ID]
        return replace(answer, headers=[*others, name_request(scope)])

    async def _run(self, what: Hashable, run: Callable[[], Awaitable[Answer]]) -> Answer:
        if what in self._running:
            await asyncio.wait([self._running[what]])
        self._running[what] = self._next.pop(what)
        try:
            return await run()
        finally:
            if what not in self._next:
                self._running.pop(what)


def find_read(scope: Any) -> Hashable:
    """What tells a read that anybody may share from all others; None of anything else."""
    headers = scope.headers
    if scope.method != "GET" or not scope.path.startswith(SHOWS) or scope.path.endswith(STREAM):
        return None
    if any(name in headers for name in OWN):
        return None
    return (scope.path, scope.query_string, *(tuple(headers.get_all(name)) for name in TELLING))
