"""What every answer of every route has, and what none has."""

from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from tests.api.asking import Asking
from tests.demo import make_first_demo_show
from tests.door import DoorClient
from tests.security.document import Target, list_targets
from tests.support import ADMIN

# Whose answer may be kept, and by anybody: what is the same for all.
KEPT = "/shows", "/problems", "/openapi.json", "/docs"
PAGES = "/", "/docs/", "/problems", "/s/1", "/s/x", f"/b/{UUID(int=1)}", "/b/x"
# Scripts of the page's own, or none.
NO_SCRIPTS = "default-src 'none'", "default-src 'self'"


@pytest.fixture
def answers(client: DoorClient) -> list[tuple[Target, TestResponse]]:
    """What each route says to a client with the admin key, and to one that prefers pages."""
    make_first_demo_show()
    return [
        (target, client.open(target.path, method=target.method, headers={**ADMIN, **more}, json=body))
        for target in list_targets(client)
        for more in ({}, {"Accept": "text/html"})
        for body in [*target.examples[:1], None][:1]
    ]


def test_types_are_not_guessed(answers: list[tuple[Target, TestResponse]]) -> None:
    for target, answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff", target.template


def test_only_what_is_the_same_for_all_is_stored(answers: list[tuple[Target, TestResponse]]) -> None:
    for target, answer in answers:
        kept = answer.headers.get("Cache-Control", "no-store")
        is_public = target.method == "GET" and target.template.startswith(KEPT)
        assert "no-store" in kept or is_public or target.template == "/", (target.template, kept)


def test_pages_run_nothing_from_elsewhere(
    answers: list[tuple[Target, TestResponse]], client: DoorClient
) -> None:
    pages = [answer for _, answer in answers]
    pages += [client.get(path, headers={"Accept": "text/html"}) for path in PAGES]
    pages = [page for page in pages if page.mimetype == "text/html"]
    assert len(pages) > len(PAGES)
    for page in pages:
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith(NO_SCRIPTS), page.request.path
        assert "unsafe-eval" not in policy and "script-src 'unsafe-inline'" not in policy
        assert "frame-ancestors 'none'" in policy


def test_no_id_leads_to_another(asking: Asking) -> None:
    """Of many that came together, in one millisecond perhaps, each bit after the slot is one or the other."""
    ids = [UUID(asking.post("1").json["id"]).int for _ in range(64)]
    random = (1 << 62) - 1
    one, all_ = 0, random
    for each in ids:
        one, all_ = one | each, all_ & each
    assert (one & random, all_) == (random, 0)
    for near in (ids[0] + 1, ids[0] - 1, ids[0] ^ 1 << 61):
        assert asking.client.get(f"/bookings/{UUID(int=near)}").status_code == 404
