"""The dashboard of the pipeline: from accepted bookings to what leaves the house."""

from local.dashboards.panels import Dashboard, Panel
from local.dashboards.queries import quantiles, rate, total, worst

PIPELINE = Dashboard(
    "seatline-pipeline",
    "Seatline: the pipeline",
    {
        "Settling": [
            Panel(
                "Waiting bookings", [(worst("seatline_bookings_waiting", "wants"), "{{wants}}")], stacked=True
            ),
            Panel(
                "The oldest has waited", [(worst("seatline_bookings_oldest_seconds"), "")], unit="s", limit=5
            ),
            Panel(
                "Given up, and stuck",
                [
                    (worst("seatline_bookings_quarantined"), "bookings quarantined"),
                    (worst("seatline_confirms_stuck"), "confirms stuck"),
                ],
                limit=1,
            ),
            Panel("Bookings of a batch", quantiles("seatline_batch_bookings")),
            Panel("Time of a batch", quantiles("seatline_batch_seconds"), unit="s"),
            Panel("Batches a second", [(rate("seatline_batch_seconds_count", "instance"), "{{instance}}")]),
            Panel(
                "Nudges a second",
                [(rate("seatline_nudges_total", "result"), "{{result}}")],
                description="saved: one was on its way already.",
            ),
            Panel(
                "Sweeps a second",
                [
                    (rate("seatline_sweeps_total"), "sweeps"),
                    (rate("seatline_shows_swept_total"), "shows that had something left to settle"),
                ],
                description="Shows that are swept for are nudges that were lost.",
            ),
            Panel("Since the last sweep", [(worst("seatline_sweep_age_seconds"), "")], unit="s", limit=10),
        ],
        "Events and webhooks": [
            Panel(
                "Events a second",
                [
                    (rate("seatline_events_placed_total"), "placed in the feed"),
                    (rate("seatline_events_published_total"), "published"),
                ],
            ),
            Panel("Events not published", [(worst("seatline_events_unpublished"), "")]),
            Panel(
                "The oldest of them has waited",
                [(worst("seatline_events_oldest_seconds"), "")],
                unit="s",
                limit=10,
            ),
            Panel(
                "Attempts to deliver a second",
                [(rate("seatline_webhook_attempts_total", "outcome"), "{{outcome}}")],
                stacked=True,
            ),
            Panel("Deliveries waiting", [(worst("seatline_webhook_deliveries_waiting"), "")]),
            Panel(
                "The oldest delivery has waited",
                [(worst("seatline_webhook_oldest_seconds"), "")],
                unit="s",
                limit=300,
            ),
        ],
        "Payments": [
            Panel(
                "Payments of the last minute",
                [(worst("seatline_payments_recent", "status"), "{{status}}")],
                description="By what became of them.",
            ),
            Panel(
                "Waiting payments",
                [
                    (worst("seatline_payments_pending"), "offered"),
                    (worst("seatline_refunds_pending"), "refunds"),
                    (worst("seatline_payment_events_waiting"), "webhooks to apply"),
                    (worst("seatline_payments_differing"), "differ from the provider's"),
                ],
            ),
            Panel(
                "The oldest refund has waited",
                [(worst("seatline_refunds_oldest_seconds"), "")],
                unit="s",
                limit=3600,
            ),
            Panel(
                "Calls to the provider a second",
                [(rate("seatline_provider_calls_total", "result"), "{{result}}")],
                description="not called: its breaker was open.",
            ),
        ],
        "Processes": [
            Panel("Processes", [(total("up", "job"), "{{job}}")], kind="stat", width=8, height=6),
            Panel(
                "Versions",
                [("count by (version, python) (seatline_build_info)", "{{version}}, Python {{python}}")],
                kind="stat",
                width=8,
                height=6,
                description="Two during an upgrade.",
            ),
            Panel(
                "Breakers open",
                [(worst("seatline_breaker_open", "job, breaker"), "{{job}} {{breaker}}")],
                limit=1,
            ),
            Panel(
                "Database connections given out",
                [(total("seatline_pool_connections_in_use", "job, pool"), "{{job}} {{pool}}")],
            ),
            Panel(
                "Waits for a connection that were in vain",
                [(rate("seatline_pool_timeouts_total", "job"), "{{job}}")],
            ),
            Panel(
                "Dropped a second",
                [
                    (rate("seatline_log_lines_dropped_total"), "lines of the log"),
                    (
                        "sum(max by (reason) (rate(seatline_messages_dropped_total[$__rate_interval])))",
                        "messages",
                    ),
                ],
            ),
        ],
    },
)
