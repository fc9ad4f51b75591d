"""The front of the web process: takes a request whole before a thread sees it, and answers it in time.

Between granian's event loop (RSGI) and Flask's threads (WSGI). A client that sends slowly, or nothing, costs
a coroutine and no thread; a server behind us that is frozen costs a thread and no answer.
"""

import asyncio
import io
import re
import signal
import sys
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]

from api.app import choose_request_id
from api.errors import RETRY_AFTER_SECONDS, MalformedJsonError, describe_problem
from api.gate.proxies import trust_proxies
from api.metrics import ROUTE
from api.request import Answer, Headers
from api.routes.bookings import REST
from api.schemas.bookings import LONGEST_WAIT_SECONDS
from api.server.body import is_creation, receive
from api.server.group_commit import GroupCommit, SharedReads, find_booking, find_read
from api.server.start import start
from api.server.stream import FOLLOWS, HEARTBEAT, MAX_VIEWERS, Follow, Live
from core.bookings.long_poll import MAX_WAITING, end_waits
from core.bookings.requests import Request
from core.errors import SeatlineError, UnavailableError
from core.infra.db import STATEMENT_POOL_SIZE, TRANSACTION_POOL_SIZE
from core.infra.json import to_json
from core.infra.settings import get_settings

# So many requests run at once: as many as there are database connections for them. More would only wait for
# those, and for the interpreter, and keep it from the event loop, which has to take in the others.
RUNNING = STATEMENT_POOL_SIZE + TRANSACTION_POOL_SIZE
# Counting is two or three round trips to Redis, each of at most a quarter of a second (core/infra/redis.py).
COUNTING_THREADS = 4
# These are answered whatever else is under way: no more threads can be stuck than there are connections.
LIVES, READY = "/healthz", "/readyz"
LOOKED_AFTER, LOOKED_AFTER_THREADS = frozenset({LIVES, READY, "/metrics"}), RUNNING + 4
# No request is left without an answer for longer, whatever became of what it needs: 2 s is the promise.
ANSWER_SECONDS = 1.9
# 100,000 seats are made in a few seconds.
CREATION_SECONDS = 30

# In place of what cannot be read: no text that anything takes.
UNREADABLE = "\x80"

PASSING = "HTTP_TRANSFER_ENCODING", "HTTP_CONNECTION", "HTTP_UPGRADE"

# A long poll has its answer so much later; a value that is none is refused at once.
WAIT = re.compile(r"(?:^|&)wait=([^&]*)")

WsgiApp = Callable[..., Iterable[bytes]]
# Tells a client's allowance, less the request; None where Flask has to count it.
Count = Callable[[dict[str, Any]], Headers | None]


class Front:
    """The RSGI application around a WSGI one; with `count` where requests are to be counted."""

    def __init__(self, app: WsgiApp, count: Count | None = None) -> None:
        self._app, self._count = app, count
        self._threads = ThreadPoolExecutor(RUNNING, thread_name_prefix="request")
        self._kept_threads = ThreadPoolExecutor(LOOKED_AFTER_THREADS, thread_name_prefix="looked-after")
        self._waiting_threads = ThreadPoolExecutor(MAX_WAITING, thread_name_prefix="waiting")
        # Of those that wait so many run at once, before and after: all of them may be woken together.
        self._slots = threading.BoundedSemaphore(RUNNING)
        self._live: Live | None = None
        self._counting_threads = ThreadPoolExecutor(COUNTING_THREADS, thread_name_prefix="counting")
        self._proxies = get_settings().trusted_proxies
        self._bookings, self._reads = GroupCommit(), SharedReads()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have long polls and streams end when the process is told to stop, as granian waits for them.

        The loop, through which granian hears of signals, does so whatever else handles them.
        """
        self._live = Live(loop)
        signals = signal.SIGTERM, signal.SIGINT
        for signum in signals:
            signal.signal(signum, lambda *_: loop.call_soon_threadsafe(self._end))
            signal.siginterrupt(signum, False)
        # Held back since the fork (api/server/main.py): from here on somebody hears them.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)

    def _end(self) -> None:
        end_waits()
        if self._live:
            self._live.end()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        if scope.proto != "http":
            protocol.close(403)
            return
        try:
            body = await receive(scope, protocol)
        except TimeoutError:
            answer = _refuse(scope, MalformedJsonError("The body did not come to its end in time."), 400)
        except (OSError, ProtocolClosed):
            # The client went away in the middle of it; nobody is there to be answered.
            return
        else:
            answer = await self._answer(scope, body)
        if answer.follow and self._live and scope.method == "GET":
            await self._stream(scope, protocol, answer, answer.follow, self._live)
        else:
            protocol.response_bytes(answer.status, answer.headers, answer.body)

    async def _stream(self, scope: Any, protocol: Any, answer: Answer, follow: Follow, live: Live) -> None:
        if live.viewers >= MAX_VIEWERS:
            refusal = _refuse(scope, UnavailableError("Too many follow shows here just now."), 503)
            protocol.response_bytes(refusal.status, refusal.headers, refusal.body)
            return
        headers = [header for header in answer.headers if header[0].lower() != "content-length"]
        transport = protocol.response_stream(answer.status, headers)
        with suppress(RuntimeError):
            # Something at once, so that the client knows that it is connected.
            await transport.send_bytes(answer.body or HEARTBEAT)
            await live.follow(follow, transport.send_bytes)

    async def _answer(self, scope: Any, body: bytes) -> Answer:
        if (waits_for := start.find_wait()) and scope.path != LIVES:
            told = f"Not ready: {waits_for}." if scope.path == READY else "The service is starting."
            return _refuse(scope, UnavailableError(told), 503)
        try:
            async with asyncio.timeout(_choose_seconds(scope)):
                return await self._find_answer(scope, body)
        except TimeoutError:
            return _refuse(scope, UnavailableError("The service did not answer in time."), 503)
        except UnavailableError as error:
            return _refuse(scope, error, 503)

    async def _find_answer(self, scope: Any, body: bytes) -> Answer:
        environ = _make_environ(scope, body)
        trust_proxies(environ, self._proxies)
        booking = find_booking(environ, body)
        what = None if booking else find_read(environ)
        if (booking or what) and (allowance := await self._take_allowance(environ)) is not None:
            answer = await self._find_shared_answer(scope, environ, booking, what)
            return replace(answer, headers=[*answer.headers, *allowance]) if allowance else answer
        return await self._ask_flask(scope, environ)

    async def _take_allowance(self, environ: dict[str, Any]) -> Headers | None:
        if self._count is None:
            return []
        return await asyncio.get_running_loop().run_in_executor(self._counting_threads, self._count, environ)

    async def _find_shared_answer(
        self, scope: Any, environ: dict[str, Any], booking: Request | None, what: Hashable
    ) -> Answer:
        if not booking:
            return await self._reads.read(environ, what, lambda: self._ask_flask_in_time(scope, environ))
        return await self._bookings.accept(environ, booking) or await self._ask_flask(scope, environ)

    async def _ask_flask_in_time(self, scope: Any, environ: dict[str, Any]) -> Answer:
        """For others as well, who would wait for it however long it took: raises TimeoutError."""
        return await asyncio.wait_for(self._ask_flask(scope, environ), _choose_seconds(scope))

    async def _ask_flask(self, scope: Any, environ: dict[str, Any]) -> Answer:
        threads, run = self._threads, self._run
        if scope.path in LOOKED_AFTER:
            threads = self._kept_threads
        elif _read_wait(scope.query_string):
            threads, run = self._waiting_threads, self._run_in_turn
        # What no thread has taken up when the time is over is dropped; what is under way may still be done.
        return await asyncio.get_running_loop().run_in_executor(threads, run, environ)

    def _run(self, environ: dict[str, Any]) -> Answer:
        return _run_wsgi(self._app, environ)

    def _run_in_turn(self, environ: dict[str, Any]) -> Answer:
        with self._slots:
            environ[REST] = self._leave_slot
            return self._run(environ)

    @contextmanager
    def _leave_slot(self) -> Iterator[None]:
        self._slots.release()
        try:
            yield
        finally:
            self._slots.acquire()


def _choose_seconds(scope: Any) -> float:
    if is_creation(scope):
        return CREATION_SECONDS
    return ANSWER_SECONDS + _read_wait(scope.query_string)


def _read_wait(query: str) -> float:
    found = WAIT.search(query)
    try:
        seconds = float(found[1]) if found else 0
    except ValueError:
        return 0
    return seconds if 0 <= seconds <= LONGEST_WAIT_SECONDS else 0


def _make_environ(scope: Any, body: bytes) -> dict[str, Any]:
    """The request as WSGI has it (PEP 3333): text is bytes read as Latin-1."""
    host, _, port = scope.server.rpartition(":")
    client, _, client_port = scope.client.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        # granian has decoded the percent escapes already.
        "PATH_INFO": scope.path.encode("utf-8").decode("latin-1"),
        # Some clients send the query as raw UTF-8, without percent escapes.
        "QUERY_STRING": scope.query_string.encode("utf-8").decode("latin-1"),
        "SERVER_NAME": host or "localhost",
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": client.strip("[]"),
        "REMOTE_PORT": client_port,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    environ |= _read_headers(scope.headers)
    if scope.authority and "HTTP_HOST" not in environ:
        environ["HTTP_HOST"] = scope.authority
    if "CONTENT_LENGTH" in environ or body:
        environ["CONTENT_LENGTH"] = str(len(body))
    # The body is received whole: hop-by-hop headers do not concern the application.
    for name in PASSING:
        environ.pop(name, None)
    return environ


def _read_headers(headers: Any) -> dict[str, str]:
    variables: dict[str, str] = {}
    for name, value in headers.items():
        if key := _name_variable(name):
            variables[key] = f"{variables[key]},{value}" if key in variables else value
    for name in headers:
        # granian drops header values that are not ASCII; without its Idempotency-Key a retry books twice.
        if key := _name_variable(name):
            variables.setdefault(key, UNREADABLE)
    return variables


def _name_variable(header: str) -> str | None:
    if "_" in header:
        # WSGI names X_A and X-A alike: an underscore could spoof a proxy's header. nginx drops these too.
        return None
    key = header.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def _run_wsgi(app: WsgiApp, environ: dict[str, Any]) -> Answer:
    started: list[Any] = []

    def start_response(status: str, headers: Headers, _exc_info: Any = None) -> None:
        started[:] = int(status.split(" ", 1)[0]), headers

    parts = app(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    status, headers = started
    return Answer(status, headers, body, environ.get(FOLLOWS), environ.get(ROUTE, ""))


def _refuse(scope: Any, error: SeatlineError, status: int) -> Answer:
    """A problem document where the application has no say."""
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Request-ID", choose_request_id(scope.headers.get("x-request-id"))),
    ]
    if status == 503:
        headers.append(("Retry-After", str(RETRY_AFTER_SECONDS)))
    return Answer(status, headers, to_json(describe_problem(error, status, instance=scope.path)))
