"""A journey by the Python client that openapi-generator generates, told as JSON."""

import json
import sys
from datetime import UTC, datetime

from seatline_client import (
    AdminShowsApi,
    ApiClient,
    ApiException,
    BookingRequest,
    BookingsApi,
    Configuration,
    ShowRequest,
    ShowsApi,
)

url, key = sys.argv[1:]
starts_at = datetime(2099, 1, 10, 19, 30, tzinfo=UTC)

with (
    ApiClient(Configuration(host=url)) as public,
    ApiClient(Configuration(host=url, access_token=key)) as admin,
):
    shows, bookings = ShowsApi(public), BookingsApi(public)
    show = AdminShowsApi(admin).create_show(
        ShowRequest(name="Hamlet", start_time=starts_at, total_seats=3, price=2500)
    )
    before = shows.get_availability(show.id)
    booking = bookings.create_booking(BookingRequest(show_id=show.id, seats=["1", "2"]), prefer="wait=20")
    read = bookings.get_booking(booking.id, wait=20)
    after = shows.get_availability(show.id)
    since = shows.get_availability(show.id, since=before.version)
    try:
        bookings.create_booking(BookingRequest(show_id=show.id, seats=["4"]))
    except ApiException as error:
        refused = error.data
told = {
    "start_time": show.start_time.isoformat(),
    "status": read.status.value,
    "seats": read.seats,
    "amount": read.amount,
    "nothing": [read.payment, read.failure, read.wants, read.hold_expires_at, show.sales_open_at],
    "booked": after.booked,
    "changes": {number: status.value for number, status in since.changes.items()},
    "refused": [refused.code, refused.errors[0].pointer],
}
json.dump(told, sys.stdout)
