"""Traces of this process, kept in memory."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from core.infra import tracing

# A request's trace and its place in it, as a client that is traced itself would send them.
TRACE_ID, PARENT_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED = f"00-{TRACE_ID}-{PARENT_ID}-01"
UNSAMPLED = f"00-{TRACE_ID}-{PARENT_ID}-00"


class Kept:
    """The spans that have ended."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def list_spans(self) -> list[ReadableSpan]:
        """All of them, in the order of their ends."""
        return list(self._exporter.get_finished_spans())

    def find(self, name: str) -> ReadableSpan:
        """The only span of this name."""
        (found,) = [span for span in self.list_spans() if span.name == name]
        return found

    def list_below(self, parent: ReadableSpan) -> list[str]:
        """The names of a span's children."""
        return [span.name for span in self.list_spans() if get_parent(span) == get_id(parent)]


def get_id(span: ReadableSpan) -> int:
    """A span's own id."""
    return span.get_span_context().span_id


def get_trace(span: ReadableSpan) -> str:
    """The id of a span's trace, as headers have it."""
    return f"{span.get_span_context().trace_id:032x}"


def get_parent(span: ReadableSpan) -> int | None:
    """The id of a span's parent."""
    return span.parent.span_id if span.parent else None


@contextmanager
def keep_traces() -> Iterator[Kept]:
    """Have this process trace meanwhile."""
    exporter = InMemorySpanExporter()
    tracing.begin("tests", exporter)
    try:
        yield Kept(exporter)
    finally:
        tracing.end()
