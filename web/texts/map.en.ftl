# The map and its list. Money, dates and durations come formatted.

loading = Loading the seats …
try-again = Try again
dismiss = Dismiss
close = Close

## Seats

seat-in-row = Row { $row }, seat { $seat }
seat-alone = Seat { $seat }
seat-standing = A place in { $section }
# The accessible name of a seat: place, price, state.
seat-full = { $seat }, { $price }, { $state }
seat-full-free-of-charge = { $seat }, { $state }
state-free = free
state-held = held by others
state-booked = taken
state-chosen = chosen
seats-count = { $count ->
    [one] { $count } seat
   *[other] { $count } seats
}
seats-left = { $count ->
    [0] sold out
    [one] { $count } left
   *[other] { $count } left
}
share-left = { $free ->
    [0] sold out
   *[other] { $share } left
}
from-price = from { $price }

## Choosing

how-many = How many?
fewer = One fewer
more = One more
best-seats = Best seats
best-busy = Looking for seats …
best-together = { $count ->
    [one] Chosen for you: { $seats }.
   *[other] { $count } together, chosen for you: { $seats }.
}
best-apart = There are no { $count } seats together. These are the nearest: { $seats }.
best-none = { $count ->
    [one] There is no such seat left.
   *[other] There are no { $count } such seats left.
}
view = View
view-map = Map
view-list = List
price = Price
price-up-to = up to { $price }
price-any = Any price
section = Section
section-any = All sections
zoom-in = Zoom in
zoom-out = Zoom out
zoom-fit = Whole hall
zoom-hint = Ctrl and the wheel zoom the map
legend = Legend
standing-places = Places without a number
choose = Choose
remove = Remove
remove-seat = Remove { $seat }
chosen-seat = { $seat } chosen. { $count ->
    [one] { $count } seat
   *[other] { $count } seats
}, { $total }.
removed-seat = { $seat } removed.
limit-reached = { $max ->
    [one] One booking takes one seat.
   *[other] One booking takes at most { $max } seats.
}

## Your seats

your-seats = Your seats
no-seats = Choose seats on the map or in the list, or let us find the best ones.
standing-chosen = { $section } × { $count }
total = Total
clear = Clear
hold = Hold these seats
holding = Holding your seats …
problem-choose-first = Choose your seats first.

## Held

held-for = Held for { $time }
held-tell = { $count ->
    [one] The seat is held for you for { $time }.
   *[other] The seats are held for you for { $time }.
}
more-time = More time
more-time-given = You have { $time } now.
more-time-none = This is as long as seats can be held.
give-back = Give back
given-back = The seats were given back.
expiring = { $seconds } seconds left to keep your seats.
expired = Your time ran out, and the seats are free again.
choose-again = Choose again
confirmed = { $count ->
    [one] This seat is yours: { $seats }.
   *[other] These seats are yours: { $seats }.
}

## Taken

taken = { $count ->
    [one] { $seats } was just taken.
   *[other] { $seats } were just taken.
}
taken-looking = Looking for the nearest …
taken-nearest = Nearest to it:
taken-none = There is nothing like it left.

## Sales

sales-before = Sales open on { $day } at { $time }.
sales-before-soon = Sales open in { $left }.
sales-closed = Sales are closed.
sales-cancelled = This show was cancelled.
sales-sold-out = Sold out. Seats that others hold may come back: this map is live.

## Link

link-offline = Live updates are interrupted. We keep trying.
link-back = Live updates are back.

## Failures

failure-not_enough_seats = There are not that many seats left.
failure-seats_unavailable = These seats were just taken.
failure-customer_limit = This is more than one customer may have for this show.
failure-client_limit = You hold as many seats of this show as one visitor may. Pay or give back what you hold, then go on.
failure-sales_closed = Sales have closed.
failure-timed_out = The seats could not be held in time. Please try again.
failure-other = The seats could not be held. Please try again.
problem-show_not_found = There is no such show.
problem-network = There is no connection to the box office.
problem-rate_limited = That was very often. Please wait a moment and try again.
problem-unavailable = Very many people are booking right now. Please try again in a moment.
problem-sales_not_open = Sales have not opened yet.
problem-sales_closed = Sales are closed.
problem-show_cancelled = This show was cancelled.
problem-hold_expired = Your time ran out, and the seats are free again.
problem-other = Something went wrong. Please try again.

## List and keyboard

grid-name = Seats
grid-keys = Arrow keys go from seat to seat, Page up and Page down from section to section. Space chooses. Plus, minus and zero zoom. Escape leaves the map.
list-only-free = Only free seats
list-keys = Arrow keys up and down go from row to row.
list-all = All seats
list-row = Row { $row }
list-seats = Seats { $first } to { $last }
list-prices = { $low } to { $high }
list-more = More rows
list-nothing = No seats match.
list-lost = { $seat }. You chose it, another buyer was faster.
list-places = Places in { $section }
list-fewer = One place fewer in { $section }
list-another = One place more in { $section }
