"""What an operator may close: the metrics by a token of their own, the documentation altogether."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from api.app import create_app
from tests.apart import enter
from tests.api.asking import assert_problem
from tests.door import DoorClient, open_door
from tests.support import ADMIN

TOKEN = "a-token-for-the-metrics"
DOCUMENTATION = [
    "/docs", "/docs/", "/openapi.json", "/docs/static/swagger-ui.css", "/docs/static/swagger-ui-bundle.js",
    "/docs/static/favicon-32x32.png", "/apidocs/index.html", "/oauth2-redirect.html",
]  # fmt: skip


@pytest.fixture
def build(database: dict[str, str]) -> Iterator[Callable[..., DoorClient]]:
    """Makes an application with variables of one's own, and opens a door to it."""
    with ExitStack() as stack:

        def with_variables(**variables: str) -> DoorClient:
            stack.enter_context(enter(variables))
            return stack.enter_context(open_door(create_app()))

        yield with_variables


def bear(token: str, scheme: str = "Bearer") -> dict[str, str]:
    return {"Authorization": f"{scheme} {token}"}


class TestMetrics:
    @pytest.mark.parametrize(
        "headers",
        [{}, bear(""), bear("wrong"), bear(TOKEN[:-1]), bear(f"{TOKEN}x"), bear(TOKEN.upper()), bear("\xe9"),
         bear(TOKEN, "Basic"), {"Authorization": TOKEN}, {"X-API-Key": TOKEN}],
    )  # fmt: skip
    @pytest.mark.parametrize("method", ["get", "head"])
    def test_closed(self, build: Callable[..., DoorClient], method: str, headers: dict[str, str]) -> None:
        client = build(METRICS_TOKEN=TOKEN)
        answer = getattr(client, method)("/metrics", headers=headers)
        assert answer.status_code == 401
        if method == "get":
            assert TOKEN not in str(assert_problem(answer, 401, "unauthorized"))

    def test_in_no_query(self, build: Callable[..., DoorClient]) -> None:
        client = build(METRICS_TOKEN=TOKEN)
        assert client.get(f"/metrics?token={TOKEN}&access_token={TOKEN}").status_code == 401

    @pytest.mark.parametrize("headers", [bear(TOKEN), bear(TOKEN, "bearer"), bear(f" {TOKEN} "), ADMIN])
    def test_opened(self, build: Callable[..., DoorClient], headers: dict[str, str]) -> None:
        answer = build(METRICS_TOKEN=TOKEN).get("/metrics", headers=headers)
        assert answer.status_code == 200
        assert "seatline_http_requests_total" in answer.text

    @pytest.mark.parametrize(
        "path", ["/admin/stats", "/admin/shows", "/admin/nothing", "/admin/webhook-endpoints"]
    )
    def test_token_opens_nothing_else(self, build: Callable[..., DoorClient], path: str) -> None:
        assert build(METRICS_TOKEN=TOKEN).get(path, headers=bear(TOKEN)).status_code == 401

    def test_open_where_no_token_is_set(self, client: DoorClient) -> None:
        assert client.get("/metrics").status_code == 200


class TestDocumentation:
    @pytest.mark.parametrize("path", DOCUMENTATION)
    def test_not_there(self, build: Callable[..., DoorClient], path: str) -> None:
        client = build(DOCS_ENABLED="false")
        assert_problem(client.get(path), 404, "not_found")
        assert client.get(path, headers=ADMIN).status_code == 404

    def test_nothing_leads_there(self, build: Callable[..., DoorClient]) -> None:
        client = build(DOCS_ENABLED="false")
        index = client.get("/")
        assert index.json["links"].keys() == {"shows", "problems", "health"}
        page = client.get("/", headers={"Accept": "text/html"})
        for text in (index.text, page.text):
            assert "/docs" not in text
            assert "openapi" not in text.lower()

    def test_problems_stay(self, build: Callable[..., DoorClient]) -> None:
        client = build(DOCS_ENABLED="false")
        assert client.get("/problems").status_code == 200
        assert client.get("/problems/not_found").status_code == 200
        assert client.get("/problems/not_found", headers={"Accept": "text/html"}).status_code == 200

    @pytest.mark.parametrize("path", ["/docs", "/docs/", "/openapi.json", "/docs/static/swagger-ui.css"])
    def test_there_unless_turned_off(self, client: DoorClient, path: str) -> None:
        assert client.get(path).status_code == 200
