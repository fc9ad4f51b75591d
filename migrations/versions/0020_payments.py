"""Payments, refunds, their ledger, what providers told; a booking has a payment, and may be paid late."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.online import commit, lock, swap

revision = "0020"
down_revision = "0019"

CLOCK = sa.text("clock_timestamp()")
SLOT = "slot = show_id % 4096"
CHAIN = [f"ledger_entries.{name}" for name in ("payment_id", "number", "balance", "slot")]
# A booking whose hold expired wants its seats once more where it was paid too late.
CHECKS = {
    "bookings_confirm_what_is_held": (
        "wants IS DISTINCT FROM 'confirm' OR (status = 'PENDING' AND hold_expires_at IS NOT NULL)",
        " OR (status = 'FAILED' AND failure_code = 'hold_expired')",
    ),
    "bookings_ended_want_nothing": (
        "wants IS NULL OR status IN ('PENDING', 'CONFIRMED')",
        " OR (wants = 'confirm' AND status = 'FAILED')",
    ),
}


def upgrade() -> None:
    # All up to the commit may be there from a release that died among the rows that are read after it.
    lock("bookings")
    op.execute("ALTER TABLE bookings ADD COLUMN IF NOT EXISTS payment jsonb")
    for name, (check, also) in CHECKS.items():
        _swap_check(name, check + also)
    _make_ledger()
    _make_payments()
    _make_refunds()
    _make_notes()
    commit()
    for name in CHECKS:
        op.execute(f"ALTER TABLE bookings VALIDATE CONSTRAINT {name}")


def _swap_check(name: str, check: str) -> None:
    """Put a check in the place of the one there is; the rows of before are read beside the service."""
    swap(f"ALTER TABLE bookings DROP CONSTRAINT IF EXISTS {name}")
    op.execute(f"ALTER TABLE bookings ADD CONSTRAINT {name} CHECK ({check}) NOT VALID")


def _make_ledger() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("show_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=True),
        sa.Column("balance_before", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=CLOCK, nullable=False),
        sa.CheckConstraint(SLOT, name="ledger_entries_slot_is_of_show"),
        sa.CheckConstraint("kind IN ('asked', 'paid', 'refunded')", name="ledger_entries_kind_is_known"),
        sa.CheckConstraint("amount > 0", name="ledger_entries_are_of_something"),
        sa.CheckConstraint("(kind = 'asked') = (number = 1)", name="ledger_entries_begin_with_what_is_asked"),
        sa.CheckConstraint(
            "CASE number WHEN 1 THEN before IS NULL AND balance_before = 0 ELSE before = number - 1 END",
            name="ledger_entries_follow_each_other",
        ),
        sa.CheckConstraint(
            "balance = balance_before + CASE kind WHEN 'paid' THEN amount WHEN 'refunded' THEN -amount "
            "ELSE 0 END",
            name="ledger_entries_add_up",
        ),
        sa.CheckConstraint("balance >= 0", name="ledger_entries_give_back_what_there_is"),
        sa.PrimaryKeyConstraint("payment_id", "number", "slot", name="ledger_entries_pkey"),
        sa.UniqueConstraint(
            "payment_id", "number", "balance", "slot", name="ledger_entries_have_one_balance"
        ),
        sa.ForeignKeyConstraint(
            ["payment_id", "before", "balance_before", "slot"],
            CHAIN,
            name="ledger_entries_go_on_from_the_last",
        ),
        if_not_exists=True,
    )
    op.create_index(
        "ledger_entries_of_show",
        "ledger_entries",
        ["show_id", "currency", "kind"],
        postgresql_include=["amount"],
        if_not_exists=True,
    )
    op.execute("""
        CREATE OR REPLACE FUNCTION refuse_change_of_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the ledger is only added to' USING ERRCODE = 'insufficient_privilege';
        END $$
    """)
    op.execute("""
        CREATE OR REPLACE TRIGGER ledger_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_ledger()
    """)


def _make_payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("show_id", sa.BigInteger(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("paid_amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("refunded_amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("entries", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("balance", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("checkout_url", sa.Text(), nullable=True),
        sa.Column("client_secret", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("return_url", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=CLOCK, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=CLOCK, nullable=False),
        sa.CheckConstraint(SLOT, name="payments_slot_is_of_show"),
        sa.CheckConstraint(
            "status IN ('pending', 'succeeded', 'failed', 'refund_pending', 'refunded')",
            name="payments_status_is_known",
        ),
        sa.CheckConstraint("method IN ('checkout', 'elements')", name="payments_method_is_known"),
        sa.CheckConstraint("amount > 0", name="payments_ask_for_something"),
        sa.CheckConstraint(
            "refunded_amount BETWEEN 0 AND paid_amount", name="payments_refund_at_most_what_is_paid"
        ),
        sa.CheckConstraint(
            "(status IN ('pending', 'failed')) = (paid_amount = 0)", name="payments_paid_where_they_say_so"
        ),
        sa.CheckConstraint(
            "(status = 'refunded') = (paid_amount > 0 AND refunded_amount = paid_amount)",
            name="payments_refunded_where_all_is_given_back",
        ),
        sa.CheckConstraint(
            "balance = paid_amount - refunded_amount", name="payments_balance_is_what_is_left"
        ),
        sa.PrimaryKeyConstraint("id", "slot", name="payments_pkey"),
        sa.ForeignKeyConstraint(
            ["id", "entries", "balance", "slot"],
            CHAIN,
            name="payments_agree_with_the_ledger",
            initially="DEFERRED",
            deferrable=True,
        ),
        if_not_exists=True,
    )
    for status in ("pending", "succeeded"):
        op.create_index(
            f"payments_{status}_once",
            "payments",
            ["booking_id", "slot"],
            unique=True,
            postgresql_where=sa.text(f"status = '{status}'"),
            if_not_exists=True,
        )
    op.create_index("payments_by_booking", "payments", ["booking_id", "id"], if_not_exists=True)
    op.create_index("payments_by_status", "payments", ["status", "id"], if_not_exists=True)
    op.create_index("payments_made", "payments", ["created_at"], if_not_exists=True)
    op.create_index("payments_changed", "payments", ["updated_at"], if_not_exists=True)
    _make_due_index("payments")


def _make_refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=CLOCK, nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=CLOCK, nullable=False),
        sa.CheckConstraint("amount > 0", name="refunds_give_something"),
        sa.CheckConstraint(
            "reason IN ('cancelled', 'too_late', 'spare', 'mismatch', 'operator')",
            name="refunds_reason_is_known",
        ),
        sa.CheckConstraint("(taken_at IS NULL) = (due_at IS NOT NULL)", name="refunds_due_until_taken"),
        sa.PrimaryKeyConstraint("id", "slot", name="refunds_pkey"),
        sa.ForeignKeyConstraint(
            ["payment_id", "slot"], ["payments.id", "payments.slot"], name="refunds_have_a_payment"
        ),
        if_not_exists=True,
    )
    op.create_index("refunds_by_payment", "refunds", ["payment_id"], if_not_exists=True)
    _make_due_index("refunds")


def _make_notes() -> None:
    op.create_table(
        "payment_events",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("report", postgresql.JSONB(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=CLOCK, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("provider", "id", "slot", name="payment_events_come_once"),
        if_not_exists=True,
    )
    _make_due_index("payment_events")
    op.create_index("payment_events_oldest_first", "payment_events", ["received_at"], if_not_exists=True)
    op.create_table(
        "payment_differences",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("difference", sa.Text(), nullable=False),
        sa.Column("report", postgresql.JSONB(), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), server_default=CLOCK, nullable=False),
        sa.PrimaryKeyConstraint("payment_id", name="payment_differences_pkey"),
        if_not_exists=True,
    )
    # Compared for the first time within the hour.
    op.execute(
        "INSERT INTO heartbeats (name, at) VALUES ('compare_payments', clock_timestamp() - interval '1 day') "
        "ON CONFLICT DO NOTHING"
    )


def _make_due_index(table: str) -> None:
    is_due = sa.text("due_at IS NOT NULL")
    op.create_index(f"{table}_due", table, ["due_at"], postgresql_where=is_due, if_not_exists=True)


def downgrade() -> None:
    op.execute("DELETE FROM heartbeats WHERE name = 'compare_payments'")
    for table in ("payment_differences", "payment_events", "refunds", "payments", "ledger_entries"):
        op.drop_table(table)
    op.execute("DROP FUNCTION refuse_change_of_ledger")
    # Nobody is to be paid for late meanwhile.
    lock("bookings")
    op.execute("UPDATE bookings SET wants = NULL WHERE wants = 'confirm' AND status = 'FAILED'")
    for name, (check, _) in CHECKS.items():
        _swap_check(name, check)
        op.execute(f"ALTER TABLE bookings VALIDATE CONSTRAINT {name}")
    op.drop_column("bookings", "payment")
