"""What Seatline stands on: the database, Redis, the broker, settings, logs."""
