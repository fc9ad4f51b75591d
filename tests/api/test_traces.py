"""Every request is a span of its client's trace, whichever way it is served, and what comes of it too."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from opentelemetry.trace import SpanKind, StatusCode
from sqlalchemy import text

from core.infra import tracing
from core.infra.db import primary
from core.infra.lines import LineWriter
from core.settling.worker import settle_show
from core.shows.service import Show
from tests.api.asking import Asking, with_key
from tests.door import DoorClient, open_door
from tests.support import ADMIN
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


def traced(traceparent: str = SAMPLED) -> dict[str, str]:
    return {tracing.TRACEPARENT: traceparent}


def read_traces(table: str) -> list[str | None]:
    with primary() as connection:
        return list(connection.execute(text(f"SELECT trace FROM {table} ORDER BY created_at, id")).scalars())


@pytest.mark.parametrize(
    ("method", "path", "headers", "route", "statement"),
    [
        ("GET", "/bookings/{id}", {}, "/bookings/<booking_id>", "select_bookings"),
        ("GET", "/shows/{show}/seats", {}, "/shows/<show_id>/seats", "WITH"),
        ("GET", "/admin/bookings", ADMIN, "/admin/bookings", "SELECT"),
        ("GET", "/readyz", {}, "/readyz", "SELECT"),
        ("POST", "/bookings/{id}/cancel", {}, "/bookings/<booking_id>/cancel", "confirm_or_cancel"),
    ],
)
def test_each_way_to_be_served_is_traced_down_to_its_statements(
    *,
    kept: Kept,
    asking: Asking,
    show: Show,
    method: str,
    path: str,
    headers: dict[str, str],
    route: str,
    statement: str,
) -> None:
    booking_id = asking.book("1")
    settle_show(show.id)
    path = path.format(id=booking_id, show=show.id)
    answer = asking.client.open(path, method=method, headers={**headers, **traced()})
    assert answer.status_code < 300, answer.text
    of_trace = {span.name: span for span in kept.list_spans() if get_trace(span) == TRACE_ID}
    request = of_trace[f"{method} {route}"]
    assert (request.kind, f"{get_parent(request):016x}") == (SpanKind.SERVER, PARENT_ID)
    assert dict(request.attributes or {}) == {
        "http.request.method": method,
        "http.response.status_code": answer.status_code,
        "http.route": route,
        "seatline.request_id": answer.headers["X-Request-ID"],
        "url.scheme": "http",
    }
    # Below the request, or what it was gathered in.
    assert get_parent(of_trace[statement]) in {get_id(span) for span in of_trace.values()}
    assert not [span for span in of_trace.values() if booking_id in span.to_json()]


@pytest.mark.parametrize(
    ("method", "path", "name", "status"),
    [
        ("GET", "/nowhere", "GET unmatched", 404),
        ("PUT", "/shows", "PUT", 405),
        ("BREW", "/shows", "other", 405),
        ("GET", "/admin/bookings", "GET /admin/bookings", 401),
        ("GET", "/shows?q=%FF", "GET /shows", 400),
    ],
)
def test_what_is_refused_is_traced_and_no_failure(
    *, kept: Kept, client: DoorClient, method: str, path: str, name: str, status: int
) -> None:
    answer = client.open(path, method=method, headers=traced())
    assert answer.status_code == status
    request = next(span for span in kept.list_spans() if span.kind is SpanKind.SERVER)
    assert (request.attributes or {})["http.response.status_code"] == status
    assert request.name.startswith(name)
    assert request.status.status_code is StatusCode.UNSET


def test_the_hot_path_is_traced_through_its_shared_commit(kept: Kept, asking: Asking, show: Show) -> None:
    answer = asking.client.post("/bookings", json={"show_id": show.id, "seats": ["1"]}, headers=traced())
    assert answer.status_code == 202
    request, commit = kept.find("POST /bookings"), kept.find("commit bookings")
    assert get_parent(commit) == get_id(request)
    assert kept.list_below(commit)[:2] == ["select_known", "keep_terms and write"]
    assert read_traces("bookings") == [f"00-{TRACE_ID}-{get_id(request):016x}-01"]


def test_what_is_known_of_a_show_is_not_read_again(kept: Kept, asking: Asking, show: Show) -> None:
    """But for a request with a key, which may have been used."""
    read = []
    for seat, key in (("1", {}), ("2", {}), ("3", {"Idempotency-Key": str(uuid4())})):
        body = {"show_id": show.id, "seats": [seat]}
        assert asking.client.post("/bookings", json=body, headers={**traced(), **key}).status_code == 202
        commit = [span for span in kept.list_spans() if span.name == "commit bookings"][-1]
        read.append("select_known" in kept.list_below(commit))
    assert read == [True, False, True]


@pytest.mark.parametrize("is_on", [True, False])
def test_what_is_not_sampled_leaves_nothing(kept: Kept, asking: Asking, show: Show, is_on: bool) -> None:
    if not is_on:
        tracing.end()
    sent = traced(UNSAMPLED if is_on else SAMPLED)
    asking.client.post("/bookings", json={"show_id": show.id, "seats": ["1"]}, headers=sent)
    settle_show(show.id)
    assert read_traces("bookings") == read_traces("events") == [None]
    assert kept.list_spans() == []


def test_a_batch_is_linked_to_the_requests_that_it_settled(kept: Kept, asking: Asking, show: Show) -> None:
    for number, seat in enumerate(("1", "1", "2")):
        sent = traced(f"00-{number + 1:032x}-{PARENT_ID}-0{int(seat == '1')}")
        asking.client.post("/bookings", json={"show_id": show.id, "seats": [seat]}, headers=sent)
    settle_show(show.id)
    batch = kept.find("settle batch")
    first, second = [span for span in kept.list_spans() if span.name == "POST /bookings"]
    linked = [(link.context.trace_id, link.context.span_id) for link in batch.links]
    assert linked == [(1, get_id(first)), (2, get_id(second))]
    assert get_parent(batch) == get_id(first)
    assert (batch.attributes or {})["seatline.bookings"] == 3
    assert [name for name in kept.list_below(batch) if name in ("lock_work", "write_batch")] == [
        "lock_work",
        "write_batch",
    ]
    settled = [span for span in kept.list_spans() if span.name == "settle booking"]
    assert [get_parent(span) for span in settled] == [get_id(first), get_id(second)]
    assert [link.context.span_id for span in settled for link in span.links] == 2 * [get_id(batch)]
    assert [(span.attributes or {})["seatline.outcome"] for span in settled] == ["confirmed", "failed"]
    assert (settled[1].attributes or {})["seatline.failure"] == "seats_unavailable"
    assert sorted(read_traces("events"), key=str) == sorted([*read_traces("bookings")[:2], None], key=str)


def test_all_bookings_of_a_batch_have_its_trace(kept: Kept, asking: Asking, show: Show) -> None:
    body = {"bookings": [{"show_id": show.id, "seats": [seat]} for seat in ("1", "2")]}
    assert asking.client.post("/bookings/batch", json=body, headers=traced()).status_code == 202
    settle_show(show.id)
    request = kept.find("POST /bookings/batch")
    assert (
        read_traces("bookings") == read_traces("events") == 2 * [f"00-{TRACE_ID}-{get_id(request):016x}-01"]
    )
    # Linked once, as it is one request.
    assert [link.context.span_id for link in kept.find("settle batch").links] == [get_id(request)]
    assert kept.list_below(request).count("settle booking") == 2


@pytest.mark.parametrize("action", [None, "confirm"])
def test_a_replay_leaves_the_first_request_s_trace(
    kept: Kept, asking: Asking, show: Show, action: str | None
) -> None:
    path = "/bookings"
    if action:
        path = f"/bookings/{asking.book('1', hold=True)}/{action}"
        settle_show(show.id)
    body = None if action else {"show_id": show.id, "seats": ["1"]}
    for number in (1, 2):
        sent = traced(f"00-{number:032x}-{PARENT_ID}-01")
        answer = asking.client.post(path, json=body, headers={**with_key("a-key"), **sent})
        assert answer.status_code == 202
    assert answer.headers["Idempotent-Replayed"] == "true"
    (trace,) = read_traces("bookings")
    assert trace
    assert trace.startswith(f"00-{1:032x}-")


def test_what_is_asked_of_a_booking_goes_on_in_that_request_s_trace(
    kept: Kept, asking: Asking, show: Show
) -> None:
    booking_id = asking.book("1", hold=True)
    settle_show(show.id)
    asking.client.post(f"/bookings/{booking_id}/confirm", headers=traced())
    settle_show(show.id)
    confirm = next(span for span in kept.list_spans() if get_trace(span) == TRACE_ID and span.parent)
    (trace,) = read_traces("bookings")
    assert trace
    assert trace.startswith(f"00-{TRACE_ID}-")
    assert get_trace(confirm) == TRACE_ID
    held, confirmed = read_traces("events")
    assert (confirmed, held != trace) == (trace, True)
    asking.client.post(f"/bookings/{booking_id}/cancel", headers=traced(UNSAMPLED))
    assert read_traces("bookings") == [None]


def test_an_event_carries_its_trace_and_only_then(kept: Kept, asking: Asking, show: Show) -> None:
    for seat, sent in (("1", SAMPLED), ("2", UNSAMPLED)):
        asking.client.post("/bookings", json={"show_id": show.id, "seats": [seat]}, headers=traced(sent))
    settle_show(show.id)
    first, second = asking.client.get("/admin/events", headers=ADMIN).get_json()["items"]
    assert first["traceparent"] == read_traces("bookings")[0]
    assert "traceparent" not in second


def test_requests_at_the_same_time_keep_apart(kept: Kept, app: Flask, show: Show) -> None:
    ids = [f"{number + 1:032x}" for number in range(40)]

    def book(door: DoorClient, trace_id: str) -> int:
        sent = traced(f"00-{trace_id}-{PARENT_ID}-01")
        return door.post("/bookings", json={"show_id": show.id, "seats": ["1"]}, headers=sent).status_code

    with open_door(app) as door, ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda trace_id: book(door, trace_id), ids)) == {202}
    requests = {get_trace(span): get_id(span) for span in kept.list_spans() if span.name == "POST /bookings"}
    assert sorted(requests) == ids
    commits = [span for span in kept.list_spans() if span.name == "commit bookings"]
    assert len(commits) == 40
    assert all(get_parent(span) == requests[get_trace(span)] for span in commits)


@pytest.mark.parametrize("sent", [SAMPLED, UNSAMPLED])
def test_a_request_s_line_tells_its_trace_sampled_or_not(
    kept: Kept, app: Flask, database: dict[str, str], sent: str
) -> None:
    reading, writing = os.pipe()
    log = LineWriter(writing)
    with open_door(app, None, log) as door:
        door.get("/shows", headers=traced(sent))
    log.end()
    line: dict[str, Any] = json.loads(os.read(reading, 1 << 16))
    assert line["trace_id"] == TRACE_ID
