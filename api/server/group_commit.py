"""Requests that go together: bookings share a commit, readers of the same thing share a read.

Whoever comes while others are under way waits until they are back, and goes with all who came meanwhile. So
nobody is answered by what was read, or written, before it came; a lone request goes at once; and the more
come, the less each of them costs. Of bookings the plain ones go this way, past Flask: what is to be refused,
or was asked for under the same key before, Flask answers.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from api.app import choose_request_id
from api.idempotency import make_key
from api.metrics import count_request
from api.parsing import load_json, validate
from api.request import Answer
from api.responses import JSON, NO_STORE
from api.routes.bookings import RETRY_AFTER
from api.schemas.bookings import BookingRequest
from core.bookings.accepting import Accepted, accept, prepare
from core.bookings.idempotency import Key
from core.bookings.requests import Request
from core.bookings.views import Booking
from core.errors import SeatlineError, UnavailableError
from core.infra.async_db import LoopConnection
from core.infra.db import ROLLED_BACK, get_sqlstate
from core.infra.json import to_json
from core.shows.catalogue import find_entry

POST, BOOKINGS, REQUEST_ID = "POST", "/bookings", "X-Request-ID"
# What takes longer to parse is a thread's work: nobody else is served by the loop meanwhile.
PLAIN_BYTES = 4096
# More would hold up the first of them; what is left goes next.
COMMITTED_TOGETHER = 500

SHARED = re.compile(r"/shows(/[0-9]{1,18}(/(seats|availability|layout|suggestions))?)?", re.ASCII)
NUMBER = re.compile("[0-9]+")
# Headers that change the answer, apart from the URL: Flask refuses an invalid Host with 400.
TELLING = "HTTP_ACCEPT_ENCODING", "HTTP_IF_NONE_MATCH", "HTTP_HOST"
# With one of these a read is somebody's own affair.
OWN = (
    "HTTP_AUTHORIZATION",
    "HTTP_RANGE",
    "HTTP_IF_RANGE",
    "HTTP_IF_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_UNMODIFIED_SINCE",
)

# A request as Flask would be given it, so that both see the same.
Environ = Mapping[str, Any]
Waiting = tuple[Request, asyncio.Future[list[Booking]]]


class GroupCommit:
    """Bookings that came while others were committed, committed together, over one connection a process."""

    def __init__(self) -> None:
        self._connection = LoopConnection()
        self._waiting: list[Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def accept(self, environ: Environ, request: Request) -> Answer | None:
        """The answer to a booking that is on disk; None where it was not taken, and Flask has to say why.

        Raises UnavailableError where it may or may not be on disk.
        """
        began = time.perf_counter()
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._commit_all())
        try:
            bookings = await future
        except (UnavailableError, asyncio.CancelledError):
            count_request(POST, BOOKINGS, 503, time.perf_counter() - began)
            raise
        if not bookings:
            return None
        count_request(POST, BOOKINGS, 202, time.perf_counter() - began)
        return _answer_booking(environ, bookings[0])

    async def _commit_all(self) -> None:
        while self._waiting:
            next_, self._waiting = self._waiting[:COMMITTED_TOGETHER], self._waiting[COMMITTED_TOGETHER:]
            # Who has been told that it takes too long is not to have a booking after all.
            taken = [(request, future) for request, future in next_ if not future.done()]
            outcomes = await commit(self._connection, [request for request, _ in taken])
            for (_, future), outcome in zip(taken, outcomes, strict=True):
                if future.done():
                    continue
                if isinstance(outcome, UnavailableError):
                    future.set_exception(outcome)
                else:
                    future.set_result(outcome)


async def commit(
    connection: LoopConnection, requests: Sequence[Request]
) -> Sequence[list[Booking] | UnavailableError]:
    """What came of each: its bookings; none where it has to go by itself; an error where nobody knows."""
    return [
        outcome.bookings
        if isinstance(outcome, Accepted) and not outcome.is_replay
        else outcome
        if isinstance(outcome, UnavailableError) and get_sqlstate(outcome) not in ROLLED_BACK
        else []
        for outcome in await accept(connection, requests)
    ]


def find_booking(environ: Environ, body: bytes) -> Request | None:
    """The booking that a request plainly asks for; None where Flask has to look at it."""
    if environ["REQUEST_METHOD"] != POST or environ["PATH_INFO"] != BOOKINGS or len(body) > PLAIN_BYTES:
        return None
    if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != JSON:
        return None
    try:
        wish = validate(BookingRequest, load_json(body))
        if find_entry(wish.show_id) is None:
            return None
        return prepare(wish.to_new(), _find_key(environ, wish))
    except SeatlineError:
        return None


def _find_key(environ: Environ, wish: BookingRequest) -> Key | None:
    text, authorization = environ.get("HTTP_IDEMPOTENCY_KEY"), environ.get("HTTP_AUTHORIZATION")
    if text is None:
        return None
    return make_key(text, wish, authorization=authorization, method=POST, path=BOOKINGS)


def _answer_booking(environ: Environ, booking: Booking) -> Answer:
    headers = [
        ("Content-Type", JSON),
        ("Cache-Control", NO_STORE),
        ("Retry-After", RETRY_AFTER),
        ("Location", f"{BOOKINGS}/{booking.id}"),
        ("X-Content-Type-Options", "nosniff"),
        _name_request(environ),
    ]
    return Answer(202, headers, to_json(booking.to_document()))


def _name_request(environ: Environ) -> tuple[str, str]:
    return REQUEST_ID, choose_request_id(environ.get("HTTP_X_REQUEST_ID"))


class SharedReads:
    """Reads of the same thing that came while one was under way, done as one: the next."""

    def __init__(self) -> None:
        self._next: dict[Hashable, asyncio.Task[Answer]] = {}
        self._running: dict[Hashable, asyncio.Task[Answer]] = {}

    async def read(self, environ: Environ, what: Hashable, run: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer of `run`, which begins after this did, and ends in time; or somebody else's like it."""
        began, is_first = time.perf_counter(), what not in self._next
        if is_first:
            task = self._next[what] = asyncio.create_task(self._run(what, run))
            # asyncio logs an exception that nobody retrieves, as when every reader has timed out.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            # Whoever gives up gives up for itself.
            answer = await asyncio.shield(self._next[what])
        except (TimeoutError, asyncio.CancelledError):
            if not is_first:
                count_request("GET", _name_route(environ), 503, time.perf_counter() - began)
            raise
        if is_first:
            return answer
        count_request("GET", answer.route, answer.status, time.perf_counter() - began)
        others = [header for header in answer.headers if header[0] != REQUEST_ID]
        return replace(answer, headers=[*others, _name_request(environ)])

    async def _run(self, what: Hashable, run: Callable[[], Awaitable[Answer]]) -> Answer:
        if what in self._running:
            await asyncio.wait([self._running[what]])
        self._running[what] = self._next.pop(what)
        try:
            return await run()
        finally:
            if what not in self._next:
                self._running.pop(what)


def _name_route(environ: Environ) -> str:
    return NUMBER.sub("<show_id>", environ["PATH_INFO"])


def find_read(environ: Environ) -> Hashable:
    """What tells a read that anybody may share from all others; None of anything else."""
    path = environ["PATH_INFO"]
    if environ["REQUEST_METHOD"] != "GET" or not SHARED.fullmatch(path) or any(n in environ for n in OWN):
        return None
    return (path, environ["QUERY_STRING"], *map(environ.get, TELLING))
