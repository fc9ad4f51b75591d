"""Clients that keep something between their requests: where in the feed they are, a map and its version."""

import json
import urllib.error
import urllib.request
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

from tests.support import ADMIN, HANGS_SECONDS

# A machine that is busy enough may take longer than a request may: its client asks again.
TRIES = 10


def fetch(url: str, **headers: str) -> tuple[int, Any, str | None]:
    """Status, document and ETag of an answer."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    for _ in range(TRIES):
        try:
            with urllib.request.urlopen(
                urllib.request.Request(url, headers=sent), timeout=HANGS_SECONDS
            ) as answer:
                return answer.status, json.loads(answer.read()), answer.headers["ETag"]
        except urllib.error.HTTPError as refusal:
            if refusal.code != 503:
                return refusal.code, None, refusal.headers["ETag"]
    raise AssertionError(f"{url} was answered 503 {TRIES} times")


class FeedReader:
    """Follows the feed: `told` are the ids of bookings that it has events of, in order."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.last_position = 0
        self._query = ""

    def read_on(self, web: str) -> list[str]:
        """What is new to it."""
        status, page, _ = fetch(f"{web}/admin/events{self._query}", **ADMIN)
        assert status == 200
        self._query = f"?after={page['next']}"
        new = [item["subject"] for item in page["items"]]
        self.told += new
        self.last_position = page["items"][-1]["position"] if new else self.last_position
        return new


class MapViewer:
    """Keeps a show's map in each way that there is: `seats` by condition, by changes, and by the stream."""

    def __init__(self, show_id: int) -> None:
        self._path = f"/shows/{show_id}"
        self._tags: dict[str, str] = {}
        self._kept: dict[str, Any] = {}
        self.changes: dict[str, str] = {}
        self.version: int | None = None
        self.streamed: dict[str, str] = {}
        self.event_id: str | None = None

    def look(self, web: str) -> None:
        """Bring all of them up to date."""
        for name in ("seats", "availability"):
            tag = self._tags.get(name)
            status, page, new_tag = fetch(
                f"{web}{self._path}/{name}", **({"If_None_Match": tag} if tag else {})
            )
            assert status in (200, 304)
            if status == 200:
                assert new_tag
                self._kept[name], self._tags[name] = page, new_tag
        since = 0 if self.version is None else self.version
        status, page, _ = fetch(f"{web}{self._path}/availability?since={since}")
        assert status == 200
        self.changes, self.version = self.changes | page["changes"], page["version"]
        self._follow(web)

    def _follow(self, web: str) -> None:
        """Connect, be told by the first event what is new, and go away."""
        headers = {"Last-Event-ID": self.event_id} if self.event_id else {}
        for _ in range(TRIES):
            with closing(HTTPConnection(web.removeprefix("http://"), timeout=HANGS_SECONDS)) as connection:
                connection.request("GET", f"{self._path}/stream", headers=headers)
                answer = connection.getresponse()
                if answer.status == 200:
                    lines = [answer.readline().decode().rstrip("\n") for _ in range(3)]
                    break
        fields = dict(line.split(": ", 1) for line in lines)
        self.event_id = fields["id"]
        self.streamed |= json.loads(fields["data"])

    def views(self) -> list[dict[str, str]]:
        """The map, as each way shows it: seats that are not available, by their status."""
        listed = {seat["seat_number"]: seat["status"] for seat in self._kept["seats"]["seats"]}
        taken = {seat: status for status in ("held", "booked") for seat in self._kept["availability"][status]}
        return [
            {seat: status for seat, status in view.items() if status != "available"}
            for view in (listed, taken, self.changes, self.streamed)
        ]
