"""Every statement of the sandbox's own database, an SQLite file. Times are seconds since 1970."""

# Once a start. An event is there until it was taken; `twice` is two of one event_id.
SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
CREATE TABLE IF NOT EXISTS payments (
    number INTEGER PRIMARY KEY,
    provider_id TEXT NOT NULL UNIQUE,
    payment_id TEXT NOT NULL UNIQUE,
    booking_id TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'paid', 'declined', 'closed')),
    amount INTEGER NOT NULL,
    refunded_amount INTEGER NOT NULL DEFAULT 0 CHECK (refunded_amount BETWEEN 0 AND amount),
    currency TEXT NOT NULL,
    description TEXT NOT NULL,
    return_url TEXT NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS refunds (
    refund_id TEXT PRIMARY KEY,
    provider_id TEXT NOT NULL REFERENCES payments (provider_id),
    amount INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at REAL NOT NULL,
    due_at REAL NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS events_due ON events (due_at);
"""

# One payment, by the id that the sandbox gave it.
SELECT_PAYMENT = "SELECT * FROM payments WHERE provider_id = ?"

# One payment, by the id that Seatline gave it.
SELECT_BY_PAYMENT_ID = "SELECT * FROM payments WHERE payment_id = ?"

# Payments that were offered in a time, in order.
SELECT_BETWEEN = """
SELECT * FROM payments WHERE created_at >= ? AND created_at < ? AND number > ? ORDER BY number LIMIT ?
"""

# A payment is offered.
INSERT_PAYMENT = """
INSERT INTO payments (provider_id, payment_id, booking_id, amount, currency, description, return_url,
                      created_at, expires_at)
VALUES (:provider_id, :payment_id, :booking_id, :amount, :currency, :description, :return_url,
        :created_at, :expires_at)
"""

# A payment ends, charged with so much.
UPDATE_STATE = "UPDATE payments SET state = ?, amount = ? WHERE provider_id = ?"

# What was asked to be given back by this id, of which payment.
SELECT_REFUND = "SELECT provider_id, amount FROM refunds WHERE refund_id = ?"

# So much is given back, by an id of Seatline's.
INSERT_REFUND = "INSERT INTO refunds (refund_id, provider_id, amount) VALUES (?, ?, ?)"

# The same, in the payment.
UPDATE_REFUNDED = "UPDATE payments SET refunded_amount = refunded_amount + ? WHERE provider_id = ?"

# An event is to be sent.
INSERT_EVENT = "INSERT INTO events (event_id, body, created_at, due_at) VALUES (?, ?, ?, ?)"

# The events that are to be sent next, due or not.
SELECT_NEXT_EVENTS = "SELECT * FROM events ORDER BY due_at, number LIMIT ?"

# An event was not taken, and is due again.
UPDATE_EVENT = "UPDATE events SET tries = ?, due_at = ? WHERE number = ?"

# An event was taken, or is given up.
DELETE_EVENT = "DELETE FROM events WHERE number = ?"
