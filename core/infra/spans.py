"""The spans of a process by OpenTelemetry's SDK. Loaded only where a process traces (tracing.py)."""

import threading
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Literal

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter
from opentelemetry.trace import (
    Link,
    Span,
    SpanKind,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from requests import RequestException, Response, Session
from requests.adapters import HTTPAdapter

from core.infra.singletons import make_once
from core.infra.tracing import TRACEPARENT
from core.version import VERSION

# What a span is to the other side.
Kind = Literal["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]
Attributes = Mapping[str, str | int | float]
# Headers, of which traceparent tells how a trace goes on (W3C Trace Context).
Carrier = Mapping[str, str]

# A process that ends drops the spans that the collector has not taken within this.
END_SECONDS = 1.0
# A collector's answer is empty, or tells in a sentence what is wrong.
ANSWER_BYTES = 64 * 1024

_propagator = TraceContextTextMapPropagator()


class _Asking(HTTPAdapter):
    """Asks a collector, and reads no more of its answer than one has, whatever comes."""

    def send(self, *args: Any, **kwargs: Any) -> Response:
        """The answer without its body. Raises RequestException for a redirect."""
        answer = super().send(*args, **kwargs)
        # The answer stays packed: nothing bounds what it unpacks to.
        answer.raw.read(ANSWER_BYTES, decode_content=False)
        # close() keeps the connection for the next call where the answer was read to its end.
        answer.close()
        if answer.is_redirect:
            # A redirect is not followed, and the exporter would take it for success.
            raise RequestException("it redirects: the endpoint must be the collector's own address")
        return answer


class Spans:
    """Starts the spans of `service`. They are sent as the OTEL_ variables say, or to an `exporter`."""

    def __init__(self, service: str, exporter: SpanExporter | None) -> None:
        self._service, self._exporter = service, exporter
        if exporter is None:
            # The SDK judges its variables here: a process that cannot trace must end at its start.
            self._make_provider().shutdown()
        # The process that first needs a provider makes it: a thread of the SDK does not survive a fork.
        self._get_provider = make_once(self._make_provider)

    def start(
        self,
        name: str,
        parent: Span | Carrier,
        *,
        kind: Kind = "INTERNAL",
        links: Iterable[Span | Carrier] = (),
        attributes: Attributes | None = None,
        began: int | None = None,
    ) -> Span:
        """A span below its parent; of a new trace, if sampled, where a carrier names none.

        `began` is in nanoseconds since 1970; None: now.
        """
        return self._tracer.start_span(
            name,
            _to_context(parent),
            SpanKind[kind],
            attributes=attributes,
            links=[to_link(each) for each in links],
            start_time=began,
        )

    def end(self) -> None:
        """Send what has not been sent; what is not taken in time is dropped."""
        shutdown = threading.Thread(target=self._get_provider().shutdown, daemon=True)
        shutdown.start()
        shutdown.join(END_SECONDS)

    @cached_property
    def _tracer(self) -> Tracer:
        return self._get_provider().get_tracer("seatline", VERSION)

    def _make_provider(self) -> TracerProvider:
        resource = Resource.create({"service.version": VERSION})
        if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
            resource = resource.merge(Resource({SERVICE_NAME: f"seatline-{self._service}"}))
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(
            SimpleSpanProcessor(self._exporter)
            if self._exporter
            else BatchSpanProcessor(OTLPSpanExporter(session=open_session()))
        )
        return provider


def open_session() -> Session:
    """What asks a collector."""
    session = Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Asking())
    return session


def to_link(linked: Span | Carrier) -> Link:
    """A link to a span."""
    return Link(get_current_span(_to_context(linked)).get_span_context())


def to_traceparent(span: Span) -> str:
    """A span as its trace goes on elsewhere: the value of the header traceparent."""
    headers: dict[str, str] = {}
    _propagator.inject(headers, set_span_in_context(span, Context()))
    return headers[TRACEPARENT]


def note_failure(span: Span, kind: str) -> None:
    """Have a span tell that it failed, and by what kind of error."""
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR)


def _to_context(span: Span | Carrier) -> Context:
    # An empty context: the thread's own may have another span.
    empty = Context()
    if isinstance(span, Span):
        return set_span_in_context(span, empty)
    # tracestate is left out: each span of a request would carry 8 KB of its client's.
    return _propagator.extract({TRACEPARENT: span.get(TRACEPARENT, "")}, empty)
