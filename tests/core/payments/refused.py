"""What the constraints of the tables of payments must refuse, in a database that has a booking."""

AT_ONCE = "SET CONSTRAINTS ALL IMMEDIATE"
AN_EVENT = "INSERT INTO payment_events (provider, id, slot, type) VALUES ('sandbox', 'a', 0, 'b')"


def chain(*statements: str) -> str:
    """One after the other."""
    return "; ".join(statements)


def enter(number: int = 1, **changes: object) -> str:
    """An entry of a ledger: what is asked first, each that follows of 5 that came in."""
    follows = {"before": number - 1, "kind": "'paid'", "balance": 5} if number > 1 else {}
    columns = {
        "payment_id": "(SELECT id FROM bookings LIMIT 1)",
        "slot": "slot_of.slot",
        "show_id": "slot_of.show_id",
        "number": number,
        "kind": "'asked'",
        "amount": 5,
        "currency": "'EUR'",
        "before": "NULL",
        "balance_before": 0,
        "balance": 0,
        **follows,
        **changes,
    }
    return _insert("ledger_entries", columns)


def pay(**changes: object) -> str:
    """A payment, pending where nothing else is said."""
    columns = {
        "id": "(SELECT id FROM bookings LIMIT 1)",
        "slot": "slot_of.slot",
        "show_id": "slot_of.show_id",
        "booking_id": "gen_random_uuid()",
        "provider": "'sandbox'",
        "method": "'checkout'",
        "amount": 5,
        "currency": "'EUR'",
        "description": "'A show'",
        "return_url": "'https://a'",
        "expires_at": "now()",
        **changes,
    }
    return _insert("payments", columns)


def refund(**changes: object) -> str:
    """A refund of some of that payment."""
    columns = {
        "id": "gen_random_uuid()",
        "slot": "slot_of.slot",
        "payment_id": "(SELECT id FROM bookings LIMIT 1)",
        "amount": 5,
        "reason": "'operator'",
        **changes,
    }
    return _insert("refunds", columns)


def _insert(table: str, columns: dict[str, object]) -> str:
    values = ", ".join(str(value) for value in columns.values())
    return (
        f"INSERT INTO {table} ({', '.join(columns)})"
        f" SELECT {values} FROM (SELECT show_id, slot FROM bookings LIMIT 1) slot_of"
    )


REFUSED_OF_PAYMENTS = {
    "ledger_entries_slot_is_of_show": [enter(slot="slot_of.slot + 1")],
    "ledger_entries_kind_is_known": [chain(enter(), enter(2, kind="'lent'", balance=0))],
    "ledger_entries_are_of_something": [enter(amount=0), enter(amount=-1)],
    "ledger_entries_begin_with_what_is_asked": [
        enter(kind="'paid'", balance=5),
        chain(enter(), enter(2, kind="'asked'", balance=0)),
    ],
    "ledger_entries_follow_each_other": [
        enter(before=1),
        enter(balance_before=5, balance=5),
        chain(enter(), enter(3, before=1)),
    ],
    "ledger_entries_add_up": [enter(balance=5), chain(enter(), enter(2, balance=6))],
    "ledger_entries_give_back_what_there_is": [
        chain(enter(), enter(2), enter(3, kind="'refunded'", balance_before=5, amount=6, balance=-1))
    ],
    # The primary key, whose name is no promise, refuses the same first.
    "ledger_entries_have_one_balance": [
        chain("ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_pkey", enter(), enter())
    ],
    "ledger_entries_go_on_from_the_last": [
        enter(2),
        chain(enter(), enter(2), enter(3, balance_before=4, balance=9)),
    ],
    "payments_slot_is_of_show": [pay(slot="slot_of.slot + 1")],
    "payments_status_is_known": [pay(status="'lost'", paid_amount=5, balance=5)],
    "payments_method_is_known": [pay(method="'cash'")],
    "payments_ask_for_something": [pay(amount=0)],
    "payments_refund_at_most_what_is_paid": [
        pay(status="'succeeded'", paid_amount=5, refunded_amount=6, balance=-1),
        pay(status="'succeeded'", paid_amount=5, refunded_amount=-1, balance=6),
    ],
    "payments_paid_where_they_say_so": [
        pay(paid_amount=5, balance=5),
        pay(status="'failed'", paid_amount=5, balance=5),
        pay(status="'succeeded'"),
    ],
    "payments_refunded_where_all_is_given_back": [
        pay(status="'refunded'", paid_amount=5, refunded_amount=4, balance=1),
        pay(status="'succeeded'", paid_amount=5, refunded_amount=5),
    ],
    "payments_balance_is_what_is_left": [pay(balance=1)],
    "payments_agree_with_the_ledger": [
        chain(AT_ONCE, pay()),
        chain(AT_ONCE, enter(), pay(status="'succeeded'", paid_amount=5, balance=5)),
    ],
    "refunds_have_a_payment": [refund()],
    "refunds_give_something": [refund(amount=0)],
    "refunds_reason_is_known": [refund(reason="'regret'")],
    "refunds_due_until_taken": [refund(taken_at="now()"), refund(due_at="NULL")],
    "payment_events_come_once": [f"{AN_EVENT}; {AN_EVENT}"],
}
