"""Bookings: accepted at once, settled in batches, held, confirmed, cancelled."""
