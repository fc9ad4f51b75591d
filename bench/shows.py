"""The show that is sold out: a fresh one of the demo hall, the demo show itself, or any other."""

import http.client
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from bench.client import Answer, Client
from bench.target import BenchError, Target
from local import demo

# The shortest there is: the run waits for holds that nobody confirms.
HOLD_SECONDS = 15


def ask(target: Target, client: Client, method: str, path: str, body: Any = None) -> Answer:
    """An answer below 400. Raises BenchError, with one line that says why there is none."""
    try:
        answer = client.call(method, path, body, Authorization=f"Bearer {target.admin_key}")
    except (OSError, http.client.HTTPException, ValueError):
        raise BenchError(f"nothing answers at {target.url}: start the service with `make run`") from None
    if answer.status == 401:
        raise BenchError("the admin key is refused: set ADMIN_API_KEY to the service's own")
    if answer.status >= 400:
        raise BenchError(f"{method} {path} answered {answer.status}: {answer.document.get('detail')}")
    return answer


def create_show(target: Target, client: Client) -> int:
    """A fresh show of the demo hall, whose holds are short."""
    body = {
        "name": "Sell-out: Riethsporthalle Erfurt",
        "start_time": (datetime.now(UTC) + timedelta(days=demo.DAYS_AHEAD)).isoformat(timespec="seconds"),
        "seating_plan": json.loads(demo.HALL.read_bytes()),
        "prices": demo.PRICES,
        "hold_seconds": HOLD_SECONDS,
    }
    return int(ask(target, client, "POST", "/admin/shows", body).document["id"])


def find_demo_show(target: Target, client: Client) -> int:
    """The demo show that is on sale. Raises BenchError where there is none."""
    query = urlencode({"status": "on_sale", "q": demo.NAME, "limit": 1})
    items = ask(target, client, "GET", f"/shows?{query}").document["items"]
    if not items:
        raise BenchError("there is no demo show on sale: start the service with `make run`, or name a --show")
    return int(items[0]["id"])


def read_seats(target: Target, client: Client, show_id: int) -> list[dict[str, Any]]:
    """Every seat of the show, in seat order; begins again where the map changes between two pages."""
    while True:
        versions, seats, cursor = set(), [], ""
        while cursor is not None:
            query = urlencode({"limit": 10_000, **({"cursor": cursor} if cursor else {})})
            page = ask(target, client, "GET", f"/shows/{show_id}/seats?{query}").document
            versions.add(page["version"])
            seats += page["seats"]
            cursor = page["next"]
        if len(versions) == 1:
            return seats
