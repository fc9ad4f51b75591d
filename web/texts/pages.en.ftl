# The pages for buyers.
service = Seatline
skip = Skip to the content
language = Language
documentation = For developers
shows-as-json = Shows as JSON
health = Is it up?
problems = What can go wrong
loading = Loading…
try-again = Try again
error-title = That did not work
home = All shows

# The list of shows
shows-title = Shows
search = Search
search-label = Search by name
from-label = From
show-count = { $count ->
    [one] { $count } show
   *[other] { $count } shows
}
show-count-more = { $count ->
    [one] { $count } show, and more
   *[other] { $count } shows, and more
}
no-shows = There are no shows just now.
no-shows-found = No show matches your search.
clear-search = Show all
more = More shows
when = { $day }, { $time }
price-from = from { $price }
price-one = { $price }
price-free = free
seats-left = { $count ->
    [one] { $count } seat left
   *[other] { $count } seats left
}
seats-left-few = { $count ->
    [one] Only { $count } seat left
   *[other] Only { $count } seats left
}
all-held = All seats taken just now
sold-out = Sold out
sales-open = Sales open on { $day }, { $time }
sales-closed = Sales closed
show-cancelled = Cancelled

# A show
show-gone = There is no such show
show-gone-note = It may have been removed, or the address is not complete.
show-cancelled-note = Tickets that were paid are paid back. Nothing need be done for it.
your-booking = Your booking

# A booking
booking-title = Booking for { $show }
booking-gone = There is no such booking
booking-gone-note = The address may not be complete. Please use the whole link.
details = Details
status = Status
status-waiting = waiting for seats
status-held = held
status-confirming = being confirmed
status-confirmed = confirmed
status-cancelling = being cancelled
status-cancelled = cancelled
status-failed = not booked
amount = Amount
payment = Payment
payment-none = none needed
payment-open = not paid yet
payment-pending = waiting for it
payment-succeeded = paid
payment-part-refunded = paid; { $refunded } of it paid back
payment-failed = declined
payment-refund-pending = being paid back
payment-refunded = paid back
booked-at = Requested
cancel = Cancel booking
cancel-until = You can cancel until { $day }, { $time }.
cancel-over = It could be cancelled until { $day }, { $time }.
cancel-question = Cancel this booking?
cancel-question-note = Your seats are free for others at once.
cancel-question-paid = Your seats are free for others at once, and { $amount } is paid back to you.
cancel-yes = Yes, cancel
cancel-no = Keep the booking
keep-link = This page is your ticket. Keep its address, and share it with those only who may cancel it.
