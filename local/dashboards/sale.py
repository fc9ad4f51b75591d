"""The dashboard of a sale: what buyers get, and how fast."""

from local.dashboards.panels import Dashboard, Panel
from local.dashboards.queries import quantile, quantiles, rate, share, total, worst

_POSTED = 'seatline_http_requests_total{method="POST",route="/bookings"'
_ERRORS = rate('seatline_http_requests_total{status=~"5.."}')

SALE = Dashboard(
    "seatline-sale",
    "Seatline: the sale",
    {
        "Bookings": [
            Panel(
                "Bookings a second",
                [
                    (rate(f'{_POSTED},status=~"2.."}}'), "accepted"),
                    (rate("seatline_bookings_settled_total"), "settled"),
                    (rate("seatline_holds_expired_total"), "holds expired"),
                ],
                description="Where settled stays below accepted, bookings wait.",
            ),
            Panel(
                "From accepted to settled",
                quantiles("seatline_settled_seconds"),
                unit="s",
                limit=2,
                description="A hold is settled once its seats are held.",
            ),
            Panel(
                "Outcomes",
                [(rate("seatline_bookings_settled_total", "outcome, failure"), "{{outcome}} {{failure}}")],
                stacked=True,
                description="seats_unavailable grows as a sale ends; hold_expired: seats that come back.",
            ),
            Panel(
                "Waiting bookings",
                [(worst("seatline_bookings_waiting", "wants"), "{{wants}}")],
                stacked=True,
            ),
            Panel(
                "The oldest has waited", [(worst("seatline_bookings_oldest_seconds"), "")], unit="s", limit=5
            ),
            Panel(
                "Refused as too many waited",
                [(rate("seatline_bookings_shed_total", "reason"), "{{reason}}")],
                description="Of all shows, or of one.",
            ),
        ],
        "Seats": [
            Panel(
                "Seats left",
                [(worst('seatline_show_seats{status="available"}', "show, name"), "{{show}} {{name}}")],
                width=12,
                description="Of the 20 shows on sale with the most held seats, and then the soonest.",
            ),
            Panel(
                "Seats held",
                [(worst('seatline_show_seats{status="held"}', "show, name"), "{{show}} {{name}}")],
                width=12,
            ),
        ],
        "Requests": [
            Panel(
                "Requests by status",
                [(rate("seatline_http_requests_total", "status"), "{{status}}")],
                unit="reqps",
                stacked=True,
            ),
            Panel(
                "Refused: 429 and 503",
                [
                    (
                        rate('seatline_http_requests_total{status=~"429|503"}', "status, route"),
                        "{{status}} {{route}}",
                    )
                ],
                unit="reqps",
                description="429: a client asks too much. 503: the database is away, or too many wait.",
            ),
            Panel(
                "Share of 5xx",
                [(share(f"({_ERRORS} or vector(0))", rate("seatline_http_requests_total")), "")],
                unit="percentunit",
                limit=0.01,
            ),
            Panel(
                "Time to the answer, p99 by route",
                [(quantile(0.99, "seatline_http_request_seconds", "route"), "{{route}}")],
                unit="s",
                limit=0.5,
                description="Without requests that are held back on purpose.",
            ),
            Panel(
                "Clients of web",
                [
                    (worst("seatline_connections", "instance"), "connections {{instance}}"),
                    (total("seatline_http_requests_open"), "requests in hand"),
                    (total("seatline_streams"), "streams"),
                    (total("seatline_long_polls"), "long polls"),
                ],
            ),
            Panel(
                "Answers that are the same for all",
                [(rate("seatline_shared_reads_total", "found"), "{{found}}")],
                unit="reqps",
                stacked=True,
                description="kept in memory, read from the database, or read for another request (shared).",
            ),
            Panel(
                "Credentials refused",
                [(rate("seatline_credentials_refused_total", "reason"), "{{reason}}")],
                description="unknown and malformed: keys are tried out.",
            ),
        ],
    },
)
