"""A journey by the client that openapi-python-client generates, told as JSON."""

import json
import sys
from datetime import UTC, datetime

from seatline_client import AuthenticatedClient, Client
from seatline_client.api.admin_shows import create_show
from seatline_client.api.bookings import create_booking, get_booking
from seatline_client.api.shows import get_availability
from seatline_client.models import Booking, BookingRequest, Problem, ShowRequest

url, key = sys.argv[1:]
public, admin = Client(base_url=url), AuthenticatedClient(base_url=url, token=key)
starts_at = datetime(2099, 1, 10, 19, 30, tzinfo=UTC)

show = create_show.sync(
    client=admin, body=ShowRequest(name="Hamlet", start_time=starts_at, total_seats=3, price=2500)
)
before = get_availability.sync(show.id, client=public)
wanted = BookingRequest(show_id=show.id, seats=["1", "2"])
booking = create_booking.sync(client=public, body=wanted, prefer="wait=20")
assert isinstance(booking, Booking)
read = get_booking.sync(booking.id, client=public, wait=20)
after = get_availability.sync(show.id, client=public)
since = get_availability.sync(show.id, client=public, since=before.version)
refused = create_booking.sync(client=public, body=BookingRequest(show_id=show.id, seats=["4"]))
assert isinstance(refused, Problem)
changes = since.changes.additional_properties
told = {
    "start_time": show.start_time.isoformat(),
    "status": read.status.value,
    "seats": read.seats,
    "amount": read.amount,
    "nothing": [read.payment, read.failure, read.wants, read.hold_expires_at, show.sales_open_at],
    "booked": after.booked,
    "changes": {number: status.value for number, status in changes.items()},
    "refused": [refused.code, refused.errors[0].pointer],
}
json.dump(told, sys.stdout)
