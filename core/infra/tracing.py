"""Traces: what is done for a sampled request, as spans of one trace (ADR 57).

Off unless the settings name a collector. Then, and for what is not sampled, there are no spans: each is None,
which costs next to nothing.
"""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar, Token
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from core.errors import SeatlineError, UnavailableError
from core.infra.settings import get_settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

    from core.infra.spans import Attributes, Carrier, Kind, Spans

T = TypeVar("T")

TRACEPARENT = "traceparent"
# Longer statements repeat themselves: rows of VALUES.
STATEMENT_LENGTH = 2_000
# What a statement is called that has no name of its own.
VERB = re.compile(
    r"(EXECUTE|PREPARE|INSERT INTO|UPDATE|DELETE FROM) \w+|SELECT|WITH|BEGIN|COMMIT|ROLLBACK", re.ASCII
)

_current: ContextVar["Span | Deferred | None"] = ContextVar("traced", default=None)
_NOTHING: "AbstractContextManager[Span | None]" = nullcontext()


class _Process:
    """Whether this process traces, and how."""

    spans: "Spans | None" = None


def begin(service: str, exporter: "SpanExporter | None" = None) -> None:
    """Have this process, and those that it forks, trace as `service`, where the settings ask for it.

    With an `exporter` in any case, to that. Exits with one line where the SDK refuses one of its variables.
    """
    # The SDK reads its variables itself, and takes an empty one for a value.
    for name in [name for name, value in os.environ.items() if name.startswith("OTEL_") and not value]:
        del os.environ[name]
    if not (exporter or get_settings().is_traced):
        return
    try:
        from core.infra.spans import Spans  # noqa: PLC0415

        _Process.spans = Spans(service, exporter)
    except (ValueError, RuntimeError) as error:
        sys.exit(f"seatline: a variable OTEL_… is wrong: {error}")


def end() -> None:
    """Trace no more, and send what has not been sent: this process is about to end."""
    spans, _Process.spans = _Process.spans, None
    if spans:
        spans.end()


def is_on() -> bool:
    """Whether this process traces."""
    return _Process.spans is not None


def start(name: str, kind: "Kind" = "INTERNAL", **details: Any) -> "Span | None":
    """A span of what is traced now, to be ended by end_span(); `details` as Spans.start() has them."""
    parent, spans = _get_recording(), _Process.spans
    return spans.start(name, parent, kind=kind, **details) if parent and spans else None


def start_from(carrier: "Carrier", name: str, kind: "Kind", **details: Any) -> "Span | None":
    """A span of the trace that a carrier names, else of a new one; None only where tracing is off."""
    spans = _Process.spans
    return spans.start(name, carrier, kind=kind, **details) if spans else None


def end_span(span: "Span | None", error: BaseException | None = None) -> None:
    """End a span; it has failed where the error is no mere refusal."""
    if span is None:
        return
    is_refusal = isinstance(error, SeatlineError) and not isinstance(error, UnavailableError)
    if error and not is_refusal:
        from core.infra.spans import note_failure  # noqa: PLC0415

        # The error's class alone: its text may quote a secret.
        note_failure(span, type(error).__name__)
    span.end()


def join(spans: "Sequence[Span]") -> "Span | None":
    """The first of these spans, which tells what is done for all of them: the others are linked to it."""
    if not spans:
        return None
    first, *others = spans
    for each in others:
        each.add_link(first.get_span_context())
    return first


def note_answer(span: "Span | None", status: int | None, *, fails_from: int) -> None:
    """Have a span of a request tell its answer; it failed from this status on, or where no answer came."""
    if span is None:
        return
    if status is not None:
        span.set_attribute("http.response.status_code", status)
    if status is None or status >= fails_from:
        from core.infra.spans import note_failure  # noqa: PLC0415

        note_failure(span, str(status or "no answer"))


class within:
    """Have what is done meanwhile traced below this span; not at all, where that is None."""

    __slots__ = "_span", "_token"
    _token: "Token[Span | Deferred | None]"

    def __init__(self, span: "Span | Deferred | None") -> None:
        self._span = span

    def __enter__(self) -> None:
        self._token = _current.set(self._span)

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)


@contextmanager
def _during(span: "Span") -> "Iterator[Span]":
    try:
        with within(span):
            yield span
    except BaseException as error:
        end_span(span, error)
        raise
    end_span(span)


def span(name: str, kind: "Kind" = "INTERNAL", **details: Any) -> "AbstractContextManager[Span | None]":
    """A span of what is traced now, for as long as this takes; see start()."""
    started = start(name, kind, **details)
    return _during(started) if started else _NOTHING


def span_from(
    traceparent: str | None, name: str, kind: "Kind", **details: Any
) -> "AbstractContextManager[Span | None]":
    """A span of the trace of a row or a message that has one, for as long as this takes."""
    started = start_from({TRACEPARENT: traceparent}, name, kind, **details) if traceparent else None
    return _during(started) if started else _NOTHING


def statement(name: str | None, *texts: str) -> AbstractContextManager[object]:
    """A span of a message of SQL statements, for as long as this takes. Their texts have no parameters."""
    current = _current.get()
    if current is None:
        return _NOTHING
    text = "; ".join(texts)
    if name is None:
        name = found[0] if (found := VERB.search(text)) else "statement"
    if isinstance(current, Deferred):
        return current.time(name, text)
    return span(name, "CLIENT", attributes=_describe(name, text))


def run_traced(cursor: Any, sql: str, parameters: Any, _: Any) -> bool:
    """Run a statement of what is traced, in place of SQLAlchemy, which runs all others (`do_execute`)."""
    if _current.get() is None:
        return False
    with statement(None, sql):
        cursor.execute(sql, parameters)
    return True


def carry(run: Callable[[], T]) -> Callable[[], T]:
    """What runs elsewhere, in a thread, traced as what is done here is."""
    current = _current.get()
    return run if current is None else partial(_run_within, current, run)


def get_current() -> "Span | Deferred | None":
    """What within() is to have where this goes on from elsewhere."""
    return _current.get()


def get_traceparent() -> str | None:
    """What is done now, as the trace goes on elsewhere (W3C Trace Context); None where it is not sampled."""
    recording = _get_recording()
    if recording is None:
        return None
    from core.infra.spans import to_traceparent  # noqa: PLC0415

    return to_traceparent(recording)


def to_headers() -> dict[str, str]:
    """The header by which it does so; none where it is not sampled."""
    traceparent = get_traceparent()
    return {TRACEPARENT: traceparent} if traceparent else {}


def get_trace_id() -> str | None:
    """The id of the trace of what is done now, sampled or not, as logs have it."""
    current = _current.get()
    if current is None or isinstance(current, Deferred):
        return None
    context = current.get_span_context()
    # The SDK gives no valid id where OTEL_SDK_DISABLED switches it off.
    return f"{context.trace_id:032x}" if context.is_valid else None


class _Timed(NamedTuple):
    name: str
    text: str
    began: int
    ended: int


class Deferred:
    """The statements of a batch: only what they find tells in which trace they are."""

    def __init__(self) -> None:
        self.began = time.time_ns()
        self._timed: list[_Timed] = []

    def time(self, name: str, text: str) -> "_Timing":
        """Note how long a statement takes."""
        return _Timing(self._timed, name, text)

    def tell(self, name: str, traceparents: Sequence[str], attributes: "Attributes") -> "Span | None":
        """The span of it all, which ends: below what is traced now, else of the first trace; linked to all.

        None where nothing of it is sampled.
        """
        # Bookings of one request have the same.
        carriers = [{TRACEPARENT: each} for each in dict.fromkeys(traceparents)]
        parent, spans = _get_recording() or next(iter(carriers), None), _Process.spans
        if not (parent and spans):
            return None
        told = spans.start(name, parent, links=carriers, attributes=attributes, began=self.began)
        for timed in self._timed:
            attributes = _describe(timed.name, timed.text)
            child = spans.start(timed.name, told, kind="CLIENT", attributes=attributes, began=timed.began)
            child.end(timed.ended)
        told.end()
        return told


class _Timing(AbstractContextManager[None]):
    """Notes when a statement began and ended."""

    def __init__(self, timed: list[_Timed], name: str, text: str) -> None:
        self._timed, self._name, self._text = timed, name, text

    def __enter__(self) -> None:
        self._began = time.time_ns()

    def __exit__(self, *_: object) -> None:
        self._timed.append(_Timed(self._name, self._text, self._began, time.time_ns()))


def defer() -> Deferred | None:
    """What within() has for a batch, to tell of it later; None where tracing is off."""
    return Deferred() if is_on() else None


def _get_recording() -> "Span | None":
    current = _current.get()
    if current is None or isinstance(current, Deferred) or not current.is_recording():
        return None
    return current


def _run_within(span: "Span | Deferred", run: Callable[[], T]) -> T:
    with within(span):
        return run()


def _describe(name: str, text: str) -> Mapping[str, str]:
    return {
        "db.system.name": "postgresql",
        "db.query.summary": name,
        "db.query.text": text[:STATEMENT_LENGTH],
    }
