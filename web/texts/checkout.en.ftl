# The checkout: a hold, its payment, its ticket.
loading = Loading…

# The hold
your-seats = Your seats
seats-waiting = We are getting your seats…
seat-in-row = row { $row }, seat { $label }
seats-in-row = row { $row }, seats { $labels }
seat-alone = seat { $label }
seats-alone = seats { $labels }
places = { $count ->
    [one] { $count } place
   *[other] { $count } places
}
total = Total
free = free
held-for = Held for you
time-left = { $minutes } minutes and { $seconds } seconds left
expiring = Only { $seconds } seconds left. Please finish, or take more time.
more-time = More time
more-time-done = You have more time: until { $time }.
more-time-cap = That is as long as seats can be held. Please finish until { $time }.
give-back = Give back

# Paying
pay = Pay { $amount }
confirm = Confirm booking
open-payment-page = Open the payment page
open-payment-page-note = It opens in a new tab; your ticket appears here.
continue-payment = Continue to payment
payment-waiting = We are waiting for your payment
payment-waiting-note = Have you paid? It can take a moment until we hear of it. Leave this page open, or come back to it later.
payment-declined = Your payment was declined
payment-declined-note = Nothing was charged. Your seats are still held: try again, perhaps with another card.
pay-again = Pay { $amount } again
confirming = Confirming your booking…
paid-confirming = Paid. We are confirming your booking…

# How it ended
hold-expired = The time is up
hold-expired-note = Your seats were given back to the hall. Nothing was charged.
hold-expired-pending = If you have paid after all, you get these seats where they are still free; else your money goes back to you.
hold-expired-paid = Your payment came after the time was up, and the seats were gone.
choose-again = Choose seats
failed = This booking did not come about
failed-seats-unavailable = { $count ->
    [one] A seat you wanted was taken by someone else just before.
   *[other] Seats you wanted were taken by someone else just before.
}
failed-not-enough-seats = There are not enough seats left.
failed-customer-limit = You have as many seats of this show as one customer may have.
failed-client-limit = As many seats as allowed are held from your connection. Finish or give back another booking first.
failed-sales-closed = Sales had closed.
failed-payment-failed = The payment failed. Nothing was charged.
failed-timed-out = It took too long. Nothing was booked; please try again.
cancelling = Cancelling…
cancelled = This booking is cancelled
cancelled-note = The seats are free again.
money-refund-pending = { $amount } is on its way back to you. It takes as long as your bank takes, usually a few days.
money-refunded = { $amount } was paid back to you.
money-part-refunded = { $refunded } of { $amount } was paid back to you.

# The ticket
ticket = Your ticket
ticket-ready = Booked. Have a good time!
show = Show
seats = Seats
when = When
when-value = { $day }, { $time }
ticket-code = Ticket code
qr-label = QR code with the ticket code { $code }
at-the-door = Show this code at the door.
add-to-calendar = Add to calendar
print = Print
open-booking = Open your booking

# What can go wrong
error-network = No connection. Please check your network, and try again.
error-rate-limited = { $seconds ->
    [0] That was a lot at once. Please wait a moment, and try again.
    [one] That was a lot at once. Please try again in { $seconds } second.
   *[other] That was a lot at once. Please try again in { $seconds } seconds.
}
error-unavailable = We are very busy just now. Your seats are safe; please try again in a moment.
error-internal-error = Something broke on our side. Please try again.
error-booking-not-found = There is no such booking.
error-show-not-found = There is no such show.
error-hold-expired = The time to pay or confirm these seats is over.
error-not-payable = This booking cannot be paid any more.
error-payment-required = This booking must be paid first.
error-not-held = Your seats are not held yet. Please wait a moment.
error-already-settled = This booking has already been settled.
error-not-cancellable = It is too late to cancel this booking.
error-sales-not-open = Sales have not opened yet.
error-sales-closed = Sales have closed.
error-show-cancelled = The show was cancelled.
error-payment-form = The payment form could not be loaded. Does your browser block js.stripe.com? Allow it, and try again.
