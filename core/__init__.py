"""The truth about shows, seats and bookings; knows neither Flask nor Celery."""
