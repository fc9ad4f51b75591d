"""Bookings that are accepted together: what spoils it for one, or has it wait, spoils it for no other."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from core.bookings.accepting import Accepted
from core.bookings.idempotency import Key
from core.bookings.requests import Request
from core.errors import InvalidRequestError, SeatlineError, UnavailableError
from core.infra.db import transaction
from core.shows.service import Show
from tests.acting import accept, ask, make_ready
from tests.apart import enter

MakeShow = Callable[..., Show]
NOWHERE = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
CLAIM = text("""
    INSERT INTO used_keys (principal, show_id, key, fingerprint, booking_ids)
    VALUES ('anonymous', :show_id, 'key', 'f', '{}')
""")


def spoil(request: Request, **values: Any) -> Request:
    if "key" in values:
        return replace(request, key=Key(**values))
    if "amounts" in values:
        return replace(request, **values)
    return replace(request, news=[replace(new, **values) for new in request.news])


@pytest.mark.parametrize("count", [1, 2, 7])
def test_those_that_spoil_it_are_found_and_all_others_accepted(make_show: MakeShow, count: int) -> None:
    """In few commits more: of 40, each that is refused is found by halves."""
    show = make_show(total_seats=40)
    requests = [make_ready(show.id, str(n)) for n in range(1, 41)]
    spoilt = [number * 5 for number in range(count)]
    for number in spoilt:
        requests[number] = spoil(requests[number], hold="perhaps")
    outcomes = accept(requests)
    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, InvalidRequestError)] == spoilt
    told = {outcome.bookings[0].id for outcome in outcomes if isinstance(outcome, Accepted)}
    assert len(told) == 40 - count
    assert {id_ for (id_,) in ask("SELECT id FROM bookings")} == told
    assert len({xmin for (xmin,) in ask("SELECT xmin::text FROM bookings")}) <= 6 * count


@pytest.mark.parametrize(
    "values",
    [
        # No row of an index takes so much (54000), nor a number so large (22003).
        {"principal": "".join(f"{n:x}" for n in range(10_000)), "key": "k", "fingerprint": "f"},
        {"amounts": [2**70]},
        {"customer": "\x00"},
    ],
)
def test_what_is_too_much_for_the_database_is_so_for_one(make_show: MakeShow, values: dict[str, Any]) -> None:
    show = make_show()
    requests = [make_ready(show.id, str(n)) for n in range(1, 6)]
    requests[2] = spoil(requests[2], **values)
    outcomes = accept(requests)
    assert [type(outcome) for outcome in outcomes] == [
        Accepted,
        Accepted,
        InvalidRequestError,
        Accepted,
        Accepted,
    ]
    assert ask("SELECT count(*) FROM bookings") == [(4,)]
    assert ask("SELECT count(*) FROM used_keys") == [(0,)]


def test_what_the_schema_refuses_is_an_error_of_ours(make_show: MakeShow) -> None:
    show = make_show()
    outcomes = accept([spoil(make_ready(show.id, "1"), seats=[]), make_ready(show.id, "2")])
    assert [type(outcome) for outcome in outcomes] == [SeatlineError, Accepted]


def test_whoever_has_to_wait_keeps_nobody_else_waiting(make_show: MakeShow) -> None:
    """Its key is another transaction's, which does not come to an end."""
    show = make_show()
    with transaction() as holder:
        holder.execute(CLAIM, {"show_id": show.id})
        keyed = make_ready(show.id, "2", key=Key("anonymous", "key", "f"))
        outcomes = accept([make_ready(show.id, "1"), keyed, make_ready(show.id, "3")])
        assert [type(outcome) for outcome in outcomes] == [Accepted, UnavailableError, Accepted]
        holder.rollback()
    assert ask("SELECT seats FROM bookings ORDER BY seq") == [(["1"],), (["3"],)]


def test_where_nobody_knows_nobody_tries_again(make_show: MakeShow) -> None:
    request = make_ready(make_show().id, "1")
    with enter(NOWHERE):
        assert [type(outcome) for outcome in accept([request, request])] == [UnavailableError] * 2


def test_replays_that_cannot_be_read_are_no_other_s_trouble(
    make_show: MakeShow, monkeypatch: pytest.MonkeyPatch
) -> None:
    show, key = make_show(), Key("anonymous", "key", "f")
    accept([make_ready(show.id, "1", key=key)])
    monkeypatch.setattr("core.bookings.accepting.read_bookings", _fail)
    outcomes = accept([make_ready(show.id, "1", key=key), make_ready(show.id, "2")])
    assert [type(outcome) for outcome in outcomes] == [UnavailableError, Accepted]


async def _fail(*_: object) -> None:
    raise UnavailableError("The database did not answer.")


def test_nothing_to_do(database: dict[str, str]) -> None:
    assert accept([]) == []
