"""The door: every request goes through it one way, from what granian has read to what granian is to send.

A request is read once, finds its route, passes the gate, is served in one of four ways (api/contract.py), and
its answer is given what all answers have, and counted. A client that sends slowly, or nothing, costs a
coroutine and no thread; a server behind us that is frozen costs a thread and no answer.
"""

import asyncio
from asyncio import Future
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any, TypeVar

from flask import Flask

from api.contract import Operation, Served, parse_request
from api.gate.cors import allow_methods, allow_origin, is_preflight, is_public_path
from api.gate.credentials import Credentials
from api.gate.gate import admit, refuse_excess
from api.gate.limits import Allowances, Taken, find_allowance
from api.gate.places import STREAMS, Places
from api.metrics import REQUESTS_OPEN
from api.problems import answer_error
from api.request import Request, run_for
from api.responses import Answer, Representation, respond_tagged, takes_gzip
from api.server.body import discard, has_body, is_withheld, receive
from api.server.deadline import Deadlines
from api.server.groups import Groups
from api.server.holding import Held
from api.server.identifying import Identifying
from api.server.reading import read_request
from api.server.reporting import Report, begin_span
from api.server.routing import Router
from api.server.sending import close_unread_connections, send
from api.server.shared import SharedReads
from api.server.signals import hear
from api.server.start import LIVES, READY, start
from api.server.stream import Follow, Live
from api.server.wsgi import run_wsgi
from core.errors import SeatlineError, UnavailableError
from core.infra import tracing
from core.infra.db import STATEMENT_POOL_SIZE, TRANSACTION_POOL_SIZE
from core.infra.lines import LineWriter
from core.infra.pubsub import BOOKINGS_CHANNEL, MAPS_CHANNEL, Listener
from core.infra.settings import get_settings

T = TypeVar("T")

# So many requests run in threads at once: as many as there are database connections for them. More would only
# wait for those, and for the interpreter, and keep it from the event loop.
RUNNING = STATEMENT_POOL_SIZE + TRANSACTION_POOL_SIZE
# Probes are answered whatever else is under way: no more threads can be stuck than there are connections.
URGENT = RUNNING + 4
NOSNIFF = "X-Content-Type-Options", "nosniff"


class Door:
    """The RSGI application around a Flask one, with `allowances` to count requests against, and a log."""

    def __init__(
        self, app: Flask, allowances: Allowances | None = None, log: LineWriter | None = None
    ) -> None:
        self._app, self._allowances, self._router = app.wsgi_app, allowances, Router(app)
        self._report = Report(log)
        settings = get_settings()
        self._credentials = Credentials(settings)
        self._identify = Identifying(self._credentials, allowances)
        self._proxies, self._origins = settings.trusted_proxies, settings.cors_origins
        self._threads = ThreadPoolExecutor(RUNNING, thread_name_prefix="request")
        self._urgent = ThreadPoolExecutor(URGENT, thread_name_prefix="urgent")
        # One bound method for all long polls: each access to `_end` makes another.
        self._end_held = self._end
        self._groups, self._shared = Groups(self._threads, settings), SharedReads()
        self._live = Live(Places(STREAMS, settings.most_streams))
        self._listener = Listener({BOOKINGS_CHANNEL: self._groups.polls.hear, MAPS_CHANNEL: self._live.hear})
        # One Deadlines for each length that a contract has.
        self._find_deadlines = cache(Deadlines)
        self._ways = {
            Served.LOOP: self._serve_on_loop,
            Served.SHARED: self._serve_shared,
            Served.STREAM: self._serve_stream,
            Served.THREAD: self._serve_by_flask,
        }

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have long polls and streams end when the process is told to stop, as granian waits for them."""
        self.begin(loop)
        loop.call_soon(close_unread_connections)
        hear(loop, self.end)

    def __rsgi_del__(self, _: asyncio.AbstractEventLoop) -> None:
        """Send what was traced; granian calls it as the process ends."""
        tracing.end()

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Serve on this loop."""
        self._live.begin(loop)
        self._listener.begin(loop)

    def end(self) -> None:
        """Answer whoever waits: this process is about to stop."""
        self._groups.polls.end()
        self._groups.backlog.end()
        self._live.end()
        self._listener.end()
        self._credentials.end()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        if scope.proto != "http":
            protocol.close(403)
            return
        request = read_request(scope, self._proxies, self._credentials.recall)
        # A request that waits must not hold granian's scope (api/server/calling.py).
        del scope
        request.gone = protocol.client_disconnect
        request.span = begin_span(request)
        REQUESTS_OPEN.inc()
        with tracing.within(request.span):
            try:
                answer = await self._answer(request, protocol)
            except BaseException:
                # Cancelled as the loop ends: no answer is sent, after which it would leave.
                _leave(request)
                raise
            if isinstance(answer, Held):
                answer.begin(request, protocol, self._end_held)
            elif answer.follow and request.method == "GET":
                await self._stream(request, protocol, answer, answer.follow)
            else:
                self._end(request, protocol, answer)

    async def _stream(self, request: Request, protocol: Any, answer: Answer, follow: Follow) -> None:
        try:
            self._finish(request, answer)
            transport = protocol.response_stream(answer.status, answer.headers)
            await self._live.send(follow, answer.body, transport.send_bytes, protocol.client_disconnect)
        finally:
            _leave(request)

    def _end(self, request: Request, protocol: Any, answer: Answer) -> None:
        try:
            self._finish(request, answer)
            # A stream has no length.
            send(protocol, answer.status, answer.headers, b"" if answer.follow else answer.body)
        finally:
            _leave(request)

    async def _answer(self, request: Request, protocol: Any) -> Answer | Held:
        try:
            if (waits_for := start.find_wait()) and request.path != LIVES:
                told = f"Not ready: {waits_for}." if request.path == READY else "The service is starting."
                raise UnavailableError(told)
            return await self._serve(request, protocol)
        except Exception as error:
            return answer_error(request, error)

    async def _serve(self, request: Request, protocol: Any) -> Answer | Held:
        """One way for all: route, allowance, body, gate, then as its contract says. Raises its refusal."""
        view, refusal = self._router.search(request)
        if request.credential is not None and request.fault is None:
            await self._identify(request, protocol)
        taking = self._take(request, request.operation.weight if request.method != "OPTIONS" else 1)
        if taking is None:
            return await self._admit_and_serve(request, protocol, view, refusal)
        if not (request.operation.takes_raw or self._is_cheap(request)):
            await self._judge(request, taking, protocol)
            return await self._admit_and_serve(request, protocol, view, refusal)
        try:
            return await self._admit_and_serve(request, protocol, view, refusal)
        finally:
            await self._judge(request, taking, protocol)

    def _is_cheap(self, request: Request) -> bool:
        """Whether a request is served while it is counted: a read that others share, and that does not wait.

        But of a client that has asked too much before: it gets nothing that has not been counted.
        """
        declared = request.operation
        is_shared = declared.served is Served.SHARED and declared.weight == 1
        is_read = declared.served is Served.LOOP and not request.query_string
        return (
            request.method == "GET"
            and not has_body(request)
            and (is_shared or is_read)
            and not (self._allowances and self._allowances.was_over(request.client, find_allowance(request)))
        )

    async def _judge(self, request: Request, taking: Future[Taken], protocol: Any) -> None:
        request.taken = await taking
        if request.taken.is_over and not request.is_free:
            if not request.operation.takes_raw:  # Of that the body was taken, which can be done once.
                await discard(request, protocol)
            refuse_excess(request.taken)

    async def _admit_and_serve(
        self, request: Request, protocol: Any, view: Any, refusal: SeatlineError | None
    ) -> Answer | Held:
        declared = request.operation
        if is_withheld(request):
            # Its client would send the body in vain, and hears so before.
            _pass_gate(request, refusal)
        request.body = await receive(request, protocol, self._find_deadlines)
        request.size = len(request.body)
        with self._find_deadlines(declared.seconds).begin() as request.deadline:
            _pass_gate(request, refusal)
            if request.method == "OPTIONS":
                return self._tell_methods(request)
            return await self._ways[declared.served](request, declared, view)

    def _tell_methods(self, request: Request) -> Answer:
        methods = self._router.find_methods(request.path)
        if not is_preflight(request.method, request.headers):
            return Answer(200, [("Allow", ", ".join(methods))])
        return Answer(204, allow_methods(request.headers["origin"], self._origins, methods))

    def _take(self, request: Request, weight: int) -> Future[Taken] | None:
        """Count the request against its client's allowance; None where it is against none."""
        if self._allowances is None or not request.operation.is_counted:
            return None
        request.weight += weight
        return self._allowances.take(request.client, find_allowance(request), weight)

    def _give_back(self, request: Request, weight: int) -> None:
        if self._allowances and request.taken is not None:
            self._allowances.give_back(request.client, find_allowance(request), weight)

    async def _serve_on_loop(self, request: Request, declared: Operation, view: Any) -> Answer | Held:
        if request.is_large:
            given = await self._run_in_thread(request, partial(parse_request, declared, request))
        else:
            given = parse_request(declared, request)
        # A request that waits keeps no body in memory.
        request.body = b""
        if declared.weigh and (weight := declared.weigh(given["body"])) > declared.weight:
            if (taking := self._take(request, weight - declared.weight)) is not None:
                request.taken = await taking
                if request.taken.is_over:
                    # A refusal uses nothing up: what was taken before its weight was known is given back.
                    self._give_back(request, declared.weight)
            refuse_excess(request.taken)
        answering = view(request, self._groups, **given)
        # A request that waits keeps nothing of what it was given either.
        del given
        answer: Answer | Held = await answering
        return answer

    async def _serve_shared(self, request: Request, declared: Operation, view: Any) -> Answer:
        given = parse_request(declared, request)
        is_plain = not takes_gzip(request)

        def read() -> Representation:
            found: Representation = view(**given)
            return found.unpack() if is_plain else found.pack()

        # The key is what was parsed: parameters that a route ignores make no read of their own.
        what = request.route, *request.arguments.values(), *given.get("query", ()), is_plain
        found = await self._shared.read(what, partial(self._run_in_thread, request, read))
        return respond_tagged(request, found)

    async def _serve_stream(self, request: Request, declared: Operation, view: Any) -> Answer:
        request.leave = self._live.enter(request.client)
        given = parse_request(declared, request)
        return await self._run_in_thread(request, partial(view, request, **given))

    async def _serve_by_flask(self, request: Request, declared: Operation, view: Any) -> Answer:
        return await self._run_in_thread(request, partial(run_wsgi, self._app, request))

    async def _run_in_thread(self, request: Request, run: Callable[[], T]) -> T:
        # What no thread has taken up when the time is over is dropped; what is under way may still be done.
        run_for_request = tracing.carry(partial(run_for, request, run))
        threads = self._urgent if request.operation.is_urgent else self._threads
        return await asyncio.get_running_loop().run_in_executor(threads, run_for_request)

    def _finish(self, request: Request, answer: Answer) -> None:
        """What all answers have, and what is counted of each: here, and nowhere else."""
        taken = request.taken.headers if request.taken else []
        answer.headers += [("X-Request-ID", request.id), NOSNIFF, *taken]
        if answer.is_replay:
            answer.headers.append(("Idempotent-Replayed", "true"))
        if answer.is_replay or (request.is_free and request.taken and not request.taken.is_over):
            self._give_back(request, request.weight)
        # An answered preflight has its own.
        if answer.status >= 400 or not is_preflight(request.method, request.headers):
            is_public = is_public_path(request.path)
            answer.headers += allow_origin(request.headers.get("origin"), self._origins, is_public=is_public)
        self._report(request, answer.status)


def _leave(request: Request) -> None:
    REQUESTS_OPEN.dec()
    if request.leave:
        request.leave()


def _pass_gate(request: Request, refusal: SeatlineError | None) -> None:
    admit(request)
    if refusal:
        raise refusal
