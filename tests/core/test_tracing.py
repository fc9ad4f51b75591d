"""Spans of what is sampled; of nothing else, and at no cost where tracing is off."""

import asyncio
import json
import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from logging.config import DictConfigurator
from typing import Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode
from sqlalchemy import text

from core.bookings.errors import BookingNotFoundError
from core.errors import UnavailableError
from core.infra import tracing
from core.infra.async_db import LoopConnection
from core.infra.brief import brief_transaction
from core.infra.db import primary
from core.infra.ids import new_id
from core.infra.log import describe_logging
from core.infra.prepared import Prepared
from tests.support import HANGS_SECONDS, ROOT
from tests.tracing import (
    PARENT_ID,
    SAMPLED,
    TRACE_ID,
    UNSAMPLED,
    Kept,
    get_id,
    get_parent,
    get_trace,
)

ONE = Prepared("one", "SELECT :number ::int")


def begin(name: str = "request", traceparent: str = SAMPLED) -> Any:
    return tracing.start_from({tracing.TRACEPARENT: traceparent}, name, "SERVER")


def test_nothing_is_traced_nor_its_exporter_loaded_unless_it_is_asked_for(servers: dict[str, str]) -> None:
    program = """
import sys
import api.server.worker, api.server.main, tasks
tasks.load_tasks()
from core.infra import tracing
assert tracing.start_from({}, "request", "SERVER") is None
assert not [name for name in sys.modules if name.startswith("opentelemetry.exporter")]
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=HANGS_SECONDS)


def test_a_span_goes_on_with_the_trace_that_it_is_given(kept: Kept) -> None:
    with tracing.within(span := begin()):
        assert tracing.get_trace_id() == TRACE_ID
        traceparent = tracing.get_traceparent()
        with tracing.span("inner", "PRODUCER", attributes={"number": 1}):
            assert tracing.get_traceparent() not in (None, traceparent)
    tracing.end_span(span)
    inner, outer = kept.find("inner"), kept.find("request")
    assert {get_trace(inner), get_trace(outer)} == {TRACE_ID}
    assert f"{get_parent(outer):016x}" == PARENT_ID
    assert get_parent(inner) == get_id(outer)
    assert (inner.kind, inner.attributes) == (SpanKind.PRODUCER, {"number": 1})
    assert traceparent == f"00-{TRACE_ID}-{get_id(outer):016x}-01"


def test_what_is_not_sampled_has_a_trace_and_no_spans(kept: Kept) -> None:
    with tracing.within(span := begin(traceparent=UNSAMPLED)):
        assert tracing.get_trace_id() == TRACE_ID
        assert tracing.get_traceparent() is None
        assert tracing.to_headers() == {}
        assert tracing.start("inner") is None
        with tracing.span("inner") as inner, tracing.statement("one", "SELECT 1"):
            assert inner is None
    tracing.end_span(span)
    assert kept.list_spans() == []


@pytest.mark.parametrize(
    "sent", ["", "nonsense", f"00-{'0' * 32}-{PARENT_ID}-01", f"ff-{TRACE_ID}-{PARENT_ID}-01"]
)
def test_a_header_that_names_no_trace_begins_a_new_one(kept: Kept, sent: str) -> None:
    tracing.end_span(begin(traceparent=sent))
    (span,) = kept.list_spans()
    assert span.parent is None
    assert get_trace(span) not in (TRACE_ID, "0" * 32)


def test_what_a_client_sends_beside_it_is_not_kept(kept: Kept) -> None:
    headers = {tracing.TRACEPARENT: SAMPLED, "tracestate": "vendor=secret", "baggage": "name=secret"}
    tracing.end_span(tracing.start_from(headers, "request", "SERVER"))
    (span,) = kept.list_spans()
    assert get_trace(span) == TRACE_ID
    assert not span.context.trace_state
    assert "secret" not in span.to_json()


def test_a_client_s_headers_write_no_lines_of_the_log(servers: dict[str, str]) -> None:
    program = f"""
from core.infra import tracing
from core.infra.log import configure_logging
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
configure_logging()
tracing.begin("tests", InMemorySpanExporter())
for sent in ("cc-" + "0" * 600, {SAMPLED!r}):
    for state in ("forged", "a" * 9000, ",".join(f"k{{n}}=v" for n in range(40))):
        assert tracing.start_from({{"traceparent": sent, "tracestate": state}}, "request", "SERVER")
"""
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=HANGS_SECONDS)
    assert run.stderr == b""


def test_below_nothing_there_is_nothing(kept: Kept) -> None:
    with tracing.within(begin()), tracing.within(None), tracing.span("inner") as inner:
        assert inner is None
    assert kept.list_spans() == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, StatusCode.UNSET),
        (BookingNotFoundError(new_id(1)), StatusCode.UNSET),
        (UnavailableError("away"), StatusCode.ERROR),
        (ValueError("a secret"), StatusCode.ERROR),
    ],
)
def test_errors_that_are_no_refusals_fail_a_span(
    kept: Kept, error: Exception | None, status: StatusCode
) -> None:
    def run() -> None:
        with tracing.within(begin()), tracing.span("inner"):
            if error:
                raise error

    if error:
        with pytest.raises(type(error)):
            run()
    else:
        run()
    span = kept.find("inner")
    assert span.status.status_code is status
    failed = type(error).__name__ if status is StatusCode.ERROR else None
    assert (span.attributes or {}).get("error.type") == failed
    assert "secret" not in span.to_json()


def test_a_thread_is_told_what_it_works_for(kept: Kept) -> None:
    with ThreadPoolExecutor(1) as threads, tracing.within(begin()):
        assert threads.submit(tracing.carry(tracing.get_trace_id)).result() == TRACE_ID
        # The thread keeps nothing of it.
        assert threads.submit(tracing.get_trace_id).result() is None


def test_statements_in_threads_are_told_by_their_names_without_parameters(
    kept: Kept, database: dict[str, str]
) -> None:
    with tracing.within(begin()):
        with primary() as connection:
            connection.execute(text("DELETE FROM shows WHERE name = :name"), {"name": "a-secret"})
        with brief_transaction() as transaction:
            transaction.fetch_all(ONE, {"number": 1})
    told = {span.name: span for span in kept.list_spans()}
    assert told["one"].kind is SpanKind.CLIENT
    attributes = told["DELETE FROM shows"].attributes or {}
    assert attributes["db.system.name"] == "postgresql"
    assert attributes["db.query.text"] == "DELETE FROM shows WHERE name = %(name)s"
    assert not [span for span in kept.list_spans() if "a-secret" in span.to_json()]


def test_statements_on_the_loop_are_told(kept: Kept, database: dict[str, str]) -> None:
    async def run() -> None:
        with tracing.within(begin()):
            assert await LoopConnection().fetch_all(ONE, lambda: {"number": 7}) == [(7,)]

    asyncio.run(run())
    assert kept.find("one").kind is SpanKind.CLIENT


def test_a_long_statement_is_cut(kept: Kept) -> None:
    with tracing.within(begin()), tracing.statement("long", "x" * 100_000):
        pass
    attributes = kept.find("long").attributes or {}
    assert len(str(attributes["db.query.text"])) == tracing.STATEMENT_LENGTH


def test_a_statement_that_fails_fails_its_span(kept: Kept, database: dict[str, str]) -> None:
    with tracing.within(begin()), primary() as connection, pytest.raises(Exception, match="no_such_table"):
        connection.execute(text("DELETE FROM no_such_table"))
    assert kept.find("DELETE FROM no_such_table").status.status_code is StatusCode.ERROR


def test_a_batch_is_told_once_it_is_known_whose_it_is(kept: Kept) -> None:
    deferred = tracing.defer()
    assert deferred
    with tracing.within(deferred), tracing.statement("one", "SELECT 1"):
        assert tracing.get_traceparent() is None
    assert kept.list_spans() == []
    # The first is of two bookings.
    others = [f"00-{digit * 32}-{PARENT_ID}-01" for digit in "112"]
    assert deferred.tell("batch", others, {"seatline.bookings": 2})
    batch, statement = kept.find("batch"), kept.find("one")
    assert get_trace(batch) == "1" * 32
    assert [f"{link.context.trace_id:032x}" for link in batch.links] == ["1" * 32, "2" * 32]
    assert get_parent(statement) == get_id(batch)
    assert batch.start_time and statement.start_time and statement.end_time and batch.end_time
    assert batch.start_time <= statement.start_time <= statement.end_time <= batch.end_time


def test_a_batch_that_is_of_no_trace_is_not_told(kept: Kept) -> None:
    deferred = tracing.defer()
    assert deferred
    assert deferred.tell("batch", [], {}) is None
    assert kept.list_spans() == []


def test_a_batch_of_a_message_that_is_traced_is_told_below_that(kept: Kept) -> None:
    with tracing.within(task := begin("task")):
        deferred = tracing.defer()
        assert deferred
        deferred.tell("batch", [f"00-{'1' * 32}-{PARENT_ID}-01"], {})
    tracing.end_span(task)
    assert get_parent(kept.find("batch")) == get_id(kept.find("task"))


@pytest.mark.parametrize("traceparent", [SAMPLED, UNSAMPLED])
def test_a_line_of_the_log_tells_the_trace_sampled_or_not(
    kept: Kept, servers: dict[str, str], traceparent: str
) -> None:
    lines = describe_logging()["formatters"]["seatline"]
    formatter = DictConfigurator({}).configure_formatter(lines)
    record = logging.makeLogRecord({"msg": "said"})
    with tracing.within(begin(traceparent=traceparent)):
        assert json.loads(formatter.format(record))["trace_id"] == TRACE_ID
    assert "trace_id" not in json.loads(formatter.format(record))
