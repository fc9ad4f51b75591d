"""The client of web/client/, in a page of another origin than the service's."""

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from core.shows.service import Show
from tests.external.browser.client import load_client
from tests.external.browser.faulty import Answer, Faulty, run_faulty
from tests.external.browser.hosting import WEB
from tests.external.browser.service import Site
from tests.external.browser.theatres import THEATRE
from tests.external.toolbox import run

MakeShow = Callable[..., Show]
# What the browser itself says of a refusal.
REFUSED = "Failed to load resource"


@pytest.fixture
def page(open_module_page: Callable[..., Page], site: Site) -> Page:
    """A page of another origin, whose client asks the service."""
    return load_client(open_module_page(origins={site.url}, forgives=REFUSED), site.url)


@pytest.fixture
def faulty() -> Iterator[Faulty]:
    with run_faulty() as faulty:
        yield faulty


@pytest.fixture
def faulty_page(open_module_page: Callable[..., Page], faulty: Faulty) -> Page:
    """A page whose client asks the faulty server."""
    return load_client(open_module_page(origins={faulty.url}, forgives=REFUSED), faulty.url)


def test_shows_are_listed_and_read(page: Page, make_show: MakeShow) -> None:
    first, second = (make_show(name=f"Hamlet {number}") for number in (1, 2))
    listed = page.evaluate("api.listShows({q: 'hamlet', limit: 1})")
    assert [show["id"] for show in listed["items"]] == [first.id]
    rest = page.evaluate("(cursor) => api.listShows({q: 'hamlet', limit: 1, cursor})", listed["next"])
    assert ([show["id"] for show in rest["items"]], rest["next"]) == ([second.id], None)
    assert page.evaluate("(id) => api.getShow(id)", first.id)["name"] == "Hamlet 1"


def test_a_hall_its_states_and_what_changes_have_one_order(
    page: Page, site: Site, make_show: MakeShow
) -> None:
    show = make_show(**THEATRE)
    layout = page.evaluate("(id) => api.getLayout(id)", show.id)
    number = layout["seats"]["seat_number"][5]
    version = page.evaluate("(id) => api.getStates(id)", show.id)["version"]
    site.book(show.id, number)
    states = page.evaluate("(id) => api.getStates(id).then(({states}) => Array.from(states))", show.id)
    assert states[: show.total_seats] == [2 if index == 5 else 0 for index in range(show.total_seats)]
    assert 0 <= len(states) - show.total_seats < 4
    changes = page.evaluate("([id, since]) => api.getChanges(id, since)", [show.id, version])
    assert changes["changes"] == {number: "booked"}
    assert changes["version"] > version


def test_seats_are_suggested_of_a_section(page: Page, make_show: MakeShow) -> None:
    show = make_show(**THEATRE)
    wish = {"quantity": 2, "section": "Circle"}
    found = page.evaluate("([id, wish]) => api.suggest(id, wish)", [show.id, wish])["suggestions"]
    assert found[0]["together"]
    assert all(seat.startswith("Circle-") for seat in found[0]["seats"])


def test_a_booking_comes_back_settled(page: Page, make_show: MakeShow) -> None:
    show = make_show(total_seats=3)
    book = "(wish) => api.book(wish)"
    booked = page.evaluate(book, {"show_id": show.id, "seats": ["1"]})
    assert (booked["status"], booked["wants"]) == ("CONFIRMED", None)
    lost = page.evaluate(book, {"show_id": show.id, "seats": ["1", "2"]})
    assert (lost["status"], lost["failure"]) == ("FAILED", {"code": "seats_unavailable", "seats": ["1"]})
    best = page.evaluate(book, {"show_id": show.id, "quantity": 2, "customer": "a customer"})
    assert (best["status"], sorted(best["seats"])) == ("CONFIRMED", ["2", "3"])


def test_a_hold_is_extended_confirmed_and_cancelled(page: Page, make_show: MakeShow) -> None:
    show = make_show(hold_seconds=60)
    held = page.evaluate("(show_id) => api.book({show_id, seats: ['1'], hold: true})", show.id)
    assert (held["status"], held["held"]) == ("PENDING", True)
    assert abs(page.evaluate("api.clockOffset")) < 60_000
    extended = page.evaluate("(id) => api.extend(id)", held["id"])
    assert extended["hold_expires_at"] > held["hold_expires_at"]
    confirmed = page.evaluate("(id) => api.confirm(id)", held["id"])
    assert (confirmed["status"], confirmed["wants"]) == ("CONFIRMED", None)
    assert page.evaluate("(id) => api.cancel(id)", held["id"])["status"] == "CANCELLED"
    problem = page.evaluate("(id) => attempt(() => api.extend(id))", held["id"])
    assert (problem["name"], problem["status"], problem["code"]) == ("Problem", 409, "already_settled")


def test_a_booking_is_waited_for_until_it_is_another(page: Page, site: Site, make_show: MakeShow) -> None:
    show = make_show()
    page.evaluate(
        """async (show_id) => {
            const booked = await api.book({show_id, seats: ["1"], hold: true});
            window.held = await api.getBooking(booked.id);
            window.same = (await api.getBooking(held.id, {wait: 0.1, after: held})) === held;
            window.next = api.getBooking(held.id, {wait: 25, after: held});
        }""",
        show.id,
    )
    assert page.evaluate("same")
    site.ask("POST", f"/bookings/{page.evaluate('held.id')}/confirm", {})
    assert page.evaluate("next.then(({status, wants}) => wants || status)") in ("confirm", "CONFIRMED")


def test_a_payment_is_begun_and_listed(page: Page, make_show: MakeShow) -> None:
    show = make_show(payment_required=True)
    held = page.evaluate("(show_id) => api.book({show_id, seats: ['1'], hold: true})", show.id)
    unpaid = page.evaluate("(id) => attempt(() => api.confirm(id))", held["id"])
    assert (unpaid["status"], unpaid["code"]) == (402, "payment_required")
    payment = page.evaluate("(id) => api.pay(id, {return_url: 'https://page.example/'})", held["id"])
    assert (payment["status"], payment["amount"]) == ("pending", 100)
    listed = page.evaluate("(id) => api.listPayments(id)", held["id"])
    assert [each["id"] for each in listed] == [payment["id"]]


def test_what_the_service_refuses_is_a_problem_with_its_code(page: Page, make_show: MakeShow) -> None:
    show = make_show()
    unknown = page.evaluate("attempt(() => api.getShow(999999))")
    assert unknown == {
        "name": "Problem",
        "status": 404,
        "code": "show_not_found",
        "retryAfter": None,
        "errors": [],
    }
    wrong = page.evaluate("(show_id) => attempt(() => api.book({show_id, seats: ['nine']}))", show.id)
    assert (wrong["status"], wrong["code"]) == (422, "unknown_seats")
    assert wrong["errors"][0]["pointer"] == "/seats/0"


BOOKED: dict[str, Any] = {"id": "an-id", "status": "CONFIRMED", "wants": None}
PASSING: list[Answer] = [
    "drop",
    (502, "<h1>Bad gateway</h1>", {}),
    (503, {"code": "unavailable"}, {"Retry-After": "0"}),
]


def test_a_booking_is_repeated_under_one_key_until_it_is_answered(faulty_page: Page, faulty: Faulty) -> None:
    faulty.answers = [*PASSING, (429, {"code": "rate_limited"}, {"Retry-After": "1"}), (201, BOOKED, {})]
    found = faulty_page.evaluate("api.book({show_id: 1, seats: ['1']})")
    assert found == BOOKED
    assert len(faulty.asked) == 5
    (key,) = {asked.headers["Idempotency-Key"] for asked in faulty.asked}
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", key)
    # As it says, and not before.
    assert faulty.asked[4].at - faulty.asked[3].at >= 1
    faulty.answers = [(201, BOOKED, {})]
    faulty_page.evaluate("api.book({show_id: 1, seats: ['1']})")
    assert faulty.asked[5].headers["Idempotency-Key"] != key


def test_a_key_is_random_where_the_browser_makes_no_uuids(faulty_page: Page, faulty: Faulty) -> None:
    faulty.answers = [(201, BOOKED, {}), (201, BOOKED, {})]
    faulty_page.evaluate("delete Crypto.prototype.randomUUID")
    for _ in range(2):
        faulty_page.evaluate("api.book({show_id: 1, seats: ['1']})")
    keys = {asked.headers["Idempotency-Key"] for asked in faulty.asked}
    assert len(keys) == 2
    assert all(
        re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", key)
        for key in keys
    )


def test_an_unsettled_booking_is_asked_for_until_it_is_settled(faulty_page: Page, faulty: Faulty) -> None:
    waiting = {**BOOKED, "status": "PENDING", "wants": "acquire"}
    faulty.answers = [(202, waiting, {}), (200, waiting, {}), *PASSING, (200, BOOKED, {})]
    assert faulty_page.evaluate("api.book({show_id: 1, seats: ['1']})") == BOOKED
    assert {asked.path for asked in faulty.asked[1:]} == {"/bookings/an-id?wait=25"}
    assert faulty.asked[0].headers["Prefer"] == "wait=10"


def test_a_read_is_repeated_and_a_refusal_is_not(faulty_page: Page, faulty: Faulty) -> None:
    faulty.answers = [*PASSING, (200, {"id": 1}, {}), (409, {"code": "hold_expired"}, {})]
    assert faulty_page.evaluate("api.getShow(1)") == {"id": 1}
    refused = faulty_page.evaluate("attempt(() => api.confirm('an-id'))")
    assert (refused["code"], len(faulty.asked)) == ("hold_expired", 5)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("drop", (0, "network", None)),
        ((502, "<h1>Bad gateway</h1>", {}), (502, "unavailable", None)),
        ((200, "<h1>Sign in to this network</h1>", {}), (200, "unexpected", None)),
        ((404, "<h1>Not found</h1>", {}), (404, "unexpected", None)),
        ((429, {"code": "rate_limited"}, {"Retry-After": "17"}), (429, "rate_limited", 17)),
    ],
)
def test_whatever_comes_in_place_of_an_answer_is_a_problem(
    answer: Answer, told: tuple[Any, ...], faulty_page: Page, faulty: Faulty
) -> None:
    faulty.answers = [answer]
    problem = faulty_page.evaluate("attempt(() => api.getShow(1, {patience: 0}))")
    assert problem["name"] == "Problem"
    assert (problem["status"], problem["code"], problem["retryAfter"]) == told


def test_a_date_to_try_again_at_is_told_in_seconds(faulty_page: Page, faulty: Faulty) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    faulty.answers = [(503, {"code": "unavailable"}, {"Retry-After": later})]
    problem = faulty_page.evaluate("attempt(() => api.getShow(1))")
    assert 3500 < problem["retryAfter"] <= 3600
    assert len(faulty.asked) == 1


def test_an_aborted_request_raises_the_reason_and_is_not_repeated(faulty_page: Page, faulty: Faulty) -> None:
    faulty.answers = ["hang"]
    name = faulty_page.evaluate(
        """() => {
            const controller = new AbortController();
            window.outcome = api.getShow(1, {signal: controller.signal}).catch(({name}) => name);
            window.abort = () => controller.abort();
        }"""
    )
    faulty.wait_for(1)
    name = faulty_page.evaluate("(abort(), outcome)")
    assert (name, len(faulty.asked)) == ("AbortError", 1)


def test_the_client_books_from_node(site: Site, make_show: MakeShow, tmp_path: Path) -> None:
    shutil.copytree(WEB / "client", tmp_path / "client")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "book.js").write_text(
        f"""import {{ Seatline }} from "./client/index.js";
        const api = new Seatline("{site.url}");
        const booking = await api.book({{show_id: {make_show().id}, seats: ["1"]}});
        console.log(booking.status, (await api.getStates(booking.show_id)).states[0]);"""
    )
    assert run(["node", tmp_path / "book.js"]) == "CONFIRMED 2\n"
