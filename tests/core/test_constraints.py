"""Every named constraint of the database refuses what it is there to refuse."""

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from core.infra.db import get_engine
from core.shows.service import Show
from tests.acting import ask, book, hold, settle
from tests.core.payments.refused import REFUSED_OF_PAYMENTS

SHOW, BOOKING = "UPDATE shows SET {}", "UPDATE bookings SET {} WHERE seats = '{{{}}}'"
SEAT, VERSION = "UPDATE seats SET {} WHERE seat_number = '{}'", "UPDATE show_versions SET {}"
EVENT = "INSERT INTO events (id, booking_id, type, payload) VALUES (gen_random_uuid(), {}, {}, '{{}}')"
A_KEY = (
    "INSERT INTO used_keys (principal, show_id, key, fingerprint, booking_ids)"
    " VALUES ('a', 1, 'b', 'c', '{}')"
)
YESTERDAYS_KEY = (
    "INSERT INTO idempotency_keys (client, key, fingerprint, booking_ids) VALUES ('a', 'b', 'c', '{}')"
)

ENDPOINT = "INSERT INTO webhook_endpoints (url, secrets, position{}) VALUES ('https://a', {}, 0{})"
DELIVERY = "INSERT INTO webhook_deliveries (endpoint_id, event_id, booking_id, position) SELECT {}"
SLOT, GROUP = "UPDATE {} SET slot = slot + 1", "INSERT INTO slot_groups VALUES ({}, {})"
ATTEMPT = (
    "INSERT INTO webhook_attempts (endpoint_id, place, event_id, type, event_time, attempt, status)"
    " SELECT {}, 0, gen_random_uuid(), 'a', now(), 1, '{}'"
)
SECRET = (
    "INSERT INTO api_key_secrets (digest, key_id, prefix) SELECT decode(repeat('00', {}), 'hex'), {}, 'a'"
)
AN_ENDPOINT = ENDPOINT.format("", "'{1}'", "")

# For each constraint what it must refuse; seat 1 is booked, 2 held, 3 waited for, 4 free.
AN_ENTRY = """
    INSERT INTO audit_log (actor_kind, actor_name, actor_role, action, target)
    VALUES ('nobody', 'Nobody', 'admin', 'show.create', 'show:1')
"""
REFUSED = {
    "shows_size_is_bounded": [SHOW.format("total_seats = 0"), SHOW.format("total_seats = 100001")],
    "shows_currency_is_iso_4217": [SHOW.format("currency = 'eur'"), SHOW.format("currency = 'EU'")],
    "shows_hold_is_bounded": [SHOW.format("hold_seconds = 14"), SHOW.format("hold_seconds = 901")],
    "shows_booking_limit_is_positive": [SHOW.format("max_seats_per_booking = 0")],
    "shows_customer_limit_is_positive": [SHOW.format("max_seats_per_customer = 0")],
    "shows_client_limit_is_positive": [SHOW.format("max_held_seats_per_client = 0")],
    "shows_sales_open_before_they_close": [
        SHOW.format("sales_open_at = start_time"),
        SHOW.format("sales_open_at = now(), sales_close_at = now()"),
    ],
    "audit_log_actor_is_known": [AN_ENTRY],
    "show_halls_have_a_show": ["INSERT INTO show_halls VALUES (0, '{}')"],
    "show_versions_counts_add_up": [VERSION.format("available = available + 1")],
    "show_versions_counts_not_negative": [VERSION.format("held = -1, available = available + held + 1")],
    "show_versions_have_a_show": ["INSERT INTO show_versions (show_id, total, available) VALUES (0, 1, 1)"],
    "seats_number_is_unique_in_show": [SEAT.format("seat_number = '4'", 5)],
    "seats_status_is_known": [SEAT.format("status = 'sold', booking_id = gen_random_uuid()", 4)],
    "seats_owned_have_a_booking": [
        SEAT.format("status = 'booked'", 4),
        SEAT.format("booking_id = gen_random_uuid()", 4),
        SEAT.format("booking_id = NULL", 1),
    ],
    "seats_held_expire": [
        SEAT.format("hold_expires_at = NULL", 2),
        SEAT.format("hold_expires_at = now()", 1),
    ],
    "seats_price_is_not_negative": [SEAT.format("price = -1", 4)],
    "seats_have_a_show": ["INSERT INTO seats (show_id, seat_number, price) VALUES (0, '1', 0)"],
    "bookings_status_is_known": [BOOKING.format("status = 'SOLD'", 1)],
    "bookings_want_is_known": [BOOKING.format("wants = 'refund'", 1)],
    "bookings_failure_is_known": [BOOKING.format("status = 'FAILED', failure_code = 'bad_luck'", 1)],
    "bookings_pending_wait_for_something": [
        BOOKING.format("wants = NULL", 3),
        BOOKING.format("hold_expires_at = NULL", 2),
    ],
    "bookings_only_pending_holds_expire": [
        BOOKING.format("hold_expires_at = now()", 1),
        BOOKING.format("held_at = NULL", 2),
        BOOKING.format("hold = false", 2),
    ],
    "bookings_acquire_once": [BOOKING.format("wants = 'acquire'", 1), BOOKING.format("wants = 'acquire'", 2)],
    "bookings_confirm_what_is_held": [
        BOOKING.format("wants = 'confirm'", 1),
        BOOKING.format("wants = 'confirm'", 3),
    ],
    "bookings_ended_want_nothing": [BOOKING.format("status = 'CANCELLED', wants = 'cancel'", 1)],
    "bookings_failed_have_a_reason": [
        BOOKING.format("status = 'FAILED'", 1),
        BOOKING.format("failure_code = 'timed_out'", 1),
    ],
    "bookings_ask_for_seats": [
        BOOKING.format("seats = '{}'", 3),
        BOOKING.format("seats = '{}', quantity = 0", 3),
    ],
    "bookings_confirmed_have_seats": [BOOKING.format("seats = '{}', quantity = 1", 1)],
    "bookings_request_id_is_bounded": [BOOKING.format("request_id = repeat('a', 129)", 1)],
    "bookings_amount_is_not_negative": [BOOKING.format("amount = -1", 1)],
    "bookings_have_a_show": [BOOKING.format("show_id = 0, slot = 0", 3)],
    "events_type_is_known": [EVENT.format("(SELECT id FROM bookings LIMIT 1)", "'BOOKING_SOLD'")],
    "events_have_a_booking": ["UPDATE events SET booking_id = gen_random_uuid()"],
    "events_position_is_unique": ["UPDATE events SET position = 1"],
    "used_keys_used_once": [f"{A_KEY}; {A_KEY}"],
    "bookings_slot_is_of_show": [SLOT.format("bookings")],
    "seats_slot_is_of_show": [SLOT.format("seats")],
    "show_versions_slot_is_of_show": [SLOT.format("show_versions")],
    "used_keys_slot_is_of_show": [f"{A_KEY}; {SLOT.format('used_keys')}"],
    "slot_groups_slot_is_one": [GROUP.format(-1, 0), GROUP.format(4096, 0)],
    "slot_groups_not_negative": [GROUP.format(0, -1)],
    "idempotency_keys_used_once": [f"{YESTERDAYS_KEY}; {YESTERDAYS_KEY}"],
    "webhook_endpoints_have_a_secret": [
        ENDPOINT.format("", "'{}'", ""),
        ENDPOINT.format(", old_secret_until", "'{1,2,3}'", ", NULL"),
    ],
    "webhook_endpoints_old_secret_ends": [
        ENDPOINT.format("", "'{1,2}'", ""),
        ENDPOINT.format(", old_secret_until", "'{1}'", ", now()"),
    ],
    "webhook_endpoints_want_something": [ENDPOINT.format(", types", "'{1}'", ", '{}'")],
    "webhook_endpoints_reason_is_known": [ENDPOINT.format(", disabled_reason", "'{1}'", ", 'mood'")],
    "api_keys_role_is_known": ["INSERT INTO api_keys (name, role) VALUES ('a', 'guest')"],
    "api_key_secrets_digest_is_sha_256": [SECRET.format(31, 1), SECRET.format(33, 1)],
    "api_key_secrets_have_a_key": [SECRET.format(32, 0)],
    "webhook_attempts_have_an_endpoint": [ATTEMPT.format(0, "failed")],
    "webhook_attempts_status_is_known": [
        f"{AN_ENDPOINT}; {ATTEMPT.format('id', 'lost')} FROM webhook_endpoints"
    ],
    "webhook_deliveries_have_an_endpoint": [DELIVERY.format("0, id, booking_id, 1 FROM events LIMIT 1")],
    "webhook_deliveries_have_an_event": [
        f"{AN_ENDPOINT};"
        + DELIVERY.format("w.id, gen_random_uuid(), b.id, 1 FROM webhook_endpoints w, bookings b LIMIT 1")
    ],
    **REFUSED_OF_PAYMENTS,
    "webhook_deliveries_once_an_event": [
        f"{AN_ENDPOINT};"
        + DELIVERY.format(
            "w.id, e.id, e.booking_id, 1 FROM webhook_endpoints w,"
            " (SELECT id, booking_id FROM events LIMIT 1) e, generate_series(1, 2)"
        )
    ],
}


@pytest.fixture
def _show(make_show: Callable[..., Show]) -> None:
    show = make_show()
    book(show.id, "1")
    hold(show.id, "2")
    settle(show.id)
    book(show.id, "3")


@pytest.mark.usefixtures("_show")
@pytest.mark.parametrize(("constraint", "statement"), [(c, s) for c, all_ in REFUSED.items() for s in all_])
def test_refused(constraint: str, statement: str) -> None:
    with get_engine().connect() as connection, pytest.raises(IntegrityError) as refusal:
        connection.execute(text(statement.replace(":", r"\:")))
    assert find_parent(refusal.value.orig.diag.constraint_name) == constraint  # type: ignore[union-attr]


def find_parent(constraint: str) -> str:
    """The table's constraint of which this one is a partition's part, else itself."""
    rows = ask(
        "SELECT p.conname FROM pg_constraint c JOIN pg_constraint p ON p.oid = c.conparentid"
        " WHERE c.conname = :name",
        name=constraint,
    )
    return rows[0].conname if rows else constraint


def test_no_constraint_is_without_its_test(database: dict[str, str]) -> None:
    """The unnamed primary keys (…_pkey) aside; partitions repeat what their table says."""
    rows = ask("""
        SELECT c.conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
        WHERE t.relnamespace = 'public'::regnamespace AND NOT t.relispartition
          AND c.contype IN ('c', 'f', 'u', 'p', 'x') AND c.conname !~ '_(pkey|pkc)$'
    """)
    assert {row.conname for row in rows} == set(REFUSED)


def test_keys_belong_to_a_principal_and_a_show(database: dict[str, str]) -> None:
    with get_engine().connect() as connection:
        for statement in (A_KEY, A_KEY.replace("'a'", "'another'"), A_KEY.replace(" 1,", " 2,")):
            connection.execute(text(statement))
