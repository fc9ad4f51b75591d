"""What is told of each answer: a count in the metrics, and a line of the log where one is kept."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from api.metrics import LINES_DROPPED, count_request, name_method
from api.request import Request
from core.infra import tracing
from core.infra.json import to_json
from core.infra.lines import LineWriter
from core.infra.log import is_terminal, show_line

if TYPE_CHECKING:
    from opentelemetry.trace import Span

# Anything else in its place is a client's text.
SHOW_ID = re.compile(r"[0-9]{1,19}", re.ASCII)
# A traceparent (W3C Trace Context, 3.2): the line tells its trace also where this process does not trace.
TRACE_ID = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)

Line = dict[str, object]


def begin_span(request: Request) -> "Span | None":
    """The span of a request, of the trace that it names, if any; None where tracing is off."""
    if not tracing.is_on():
        return None
    method = name_method(request.method)
    about = {"http.request.method": method, "seatline.request_id": request.id, "url.scheme": request.scheme}
    return tracing.start_from(request.headers, method, "SERVER", attributes=about)


class Report:
    """Tells of answers, in metrics and traces; with a `log` each has a line in the form of all others."""

    def __init__(self, log: LineWriter | None) -> None:
        self._log = log
        self._format: Callable[[Line], bytes] = _show if is_terminal() else _to_json

    def __call__(self, request: Request, status: int) -> None:
        """Tell of an answer that is about to be sent."""
        seconds = time.perf_counter() - request.began
        # A request that its client had held back is not timed: its duration says nothing of the service.
        count_request(request.method, request.route, status, None if request.is_held_back else seconds)
        if request.span:
            _end_span(request.span, request, status)
        if self._log and not self._log.write(self._format(_describe(request, status, seconds))):
            LINES_DROPPED.inc()


def _end_span(span: "Span", request: Request, status: int) -> None:
    if span.is_recording():
        # Without the path, as in the log.
        span.update_name(f"{name_method(request.method)} {request.route}")
        span.set_attribute("http.route", request.route)
        tracing.note_answer(span, status, fails_from=500)
    span.end()


def _describe(request: Request, status: int, seconds: float) -> Line:
    # Without the path and the query: a booking's id is the key to the booking.
    line: Line = {
        "timestamp": datetime.now(UTC),
        "level": "info",
        "logger": "api.requests",
        "message": "request",
        "method": request.method,
        "route": request.route,
        "status": status,
        "ms": round(seconds * 1000, 2),
        "client": request.client,
        "request_id": request.id,
    }
    named = TRACE_ID.fullmatch(request.headers.get(tracing.TRACEPARENT, ""))
    if trace_id := tracing.get_trace_id() or (named and named[1]):
        line["trace_id"] = trace_id
    if SHOW_ID.fullmatch(show_id := request.arguments.get("show_id", "")):
        line["show_id"] = int(show_id)
    return line


def _to_json(line: Line) -> bytes:
    return to_json(line) + b"\n"


def _show(line: Line) -> bytes:
    return show_line({**line, "timestamp": str(line["timestamp"])}).encode() + b"\n"
