"""What problems mean is told where their `type` leads; GET / tells where things are."""

import re
from typing import Any

import pytest
from markupsafe import escape

from api.errors import ERROR_OF, STATUS_OF
from tests.api.asking import assert_problem
from tests.door import DoorClient
from tests.support import ROOT

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PAGES = ["/", "/problems", "/problems/hold_expired"]
MEMBERS = {"type", "code", "title", "status", "meaning", "advice"}
DOCS = (ROOT / "docs" / "api.md").read_text()


def read_page(client: DoorClient, path: str) -> str:
    """The page at this path, as a browser asks for it: it has no script but files of this service."""
    answer = client.get(path, headers={"Accept": BROWSER})
    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert "Accept" in answer.headers.get_all("Vary")
    assert answer.text.startswith("<!doctype html>")
    inline = r"<script(?! type=.module. src=./assets/)|<style|\bstyle=|\bon\w+="
    assert re.findall(rf"{inline}|@import|url\(|(?:src|href)=.(?:https?:)?//", answer.text) == []
    return answer.text


@pytest.mark.parametrize("code", ERROR_OF)
def test_every_problem_is_explained(client: DoorClient, code: str) -> None:
    answer = client.get(f"/problems/{code}")
    explained = dict(answer.json)
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert explained.keys() == MEMBERS
    assert (explained["type"], explained["code"]) == (f"/problems/{code}", code)
    assert all(explained.values())
    page = read_page(client, f"/problems/{code}")
    for member in MEMBERS - {"type"}:
        assert escape(explained[member]) in page


@pytest.mark.parametrize("error", STATUS_OF)
def test_every_error_says_itself_what_it_means_and_what_to_do(error: type[Any]) -> None:
    if error is ERROR_OF[error.code]:
        assert error.__doc__
        assert {"title", "advice"} <= vars(error).keys()
    explaining = ERROR_OF[error.code]
    assert (STATUS_OF[error], error.title) == (STATUS_OF[explaining], explaining.title)


def test_all_problems(client: DoorClient) -> None:
    items = client.get("/problems").json["items"]
    assert [item["status"] for item in items] == sorted(item["status"] for item in items)
    assert {item["code"] for item in items} == set(ERROR_OF)
    page = read_page(client, "/problems")
    for item in items:
        assert item == client.get(item["type"]).json
        assert f'href="{item["type"]}"' in page


def test_the_table_for_integrators_says_the_same(client: DoorClient) -> None:
    rows = re.findall(r"^\| (\d{3}) \| `(\w+)` \| (.+) \|$", DOCS, re.MULTILINE)
    items = client.get("/problems").json["items"]
    assert rows == [(str(item["status"]), item["code"], item["advice"]) for item in items]


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/nothing", {}),
        ("DELETE", "/shows", {}),
        ("GET", "/shows/1", {}),
        ("GET", "/bookings/x", {}),
        ("GET", "/shows?limit=0", {}),
        ("GET", "/shows?q=%ff", {}),
        ("POST", "/bookings", {}),
        ("GET", "/admin/stats", {}),
        ("OPTIONS", "/admin/stats", {"Origin": "https://x.example", "Access-Control-Request-Method": "GET"}),
    ],
)
def test_types_lead_to_what_explains_them(
    client: DoorClient, method: str, path: str, headers: dict[str, str]
) -> None:
    problem = client.open(path, method=method, headers=headers).json
    explained = client.get(problem["type"]).json
    assert {name: problem[name] for name in ("type", "code", "title", "status")}.items() <= explained.items()


@pytest.mark.parametrize("code", ["nothing", "HOLD_EXPIRED", "__class__", "<b>", "hold_expired/", ""])
def test_no_such_problem(client: DoorClient, code: str) -> None:
    for accept in (BROWSER, "*/*"):
        assert_problem(client.get(f"/problems/{code}", headers={"Accept": accept}), 404, "not_found")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "accept",
    [None, "", "*/*", "application/json", "application/problem+json", "text/html;q=0.5,application/json",
     "text/html, application/json", "image/png", ";;", "text/html;q=0", "text/html;q=x"],
)  # fmt: skip
def test_programs_get_json(client: DoorClient, path: str, accept: str | None) -> None:
    answer = client.get(path, headers={} if accept is None else {"Accept": accept})
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert "Accept" in answer.headers.get_all("Vary")
    assert answer.json


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("accept", ["text/html", "text/*", "text/html, */*;q=0.1", "TEXT/HTML"])
def test_people_get_a_page(client: DoorClient, path: str, accept: str) -> None:
    answer = client.get(path, headers={"Accept": accept})
    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")


def test_the_index_leads_to_what_is_there(client: DoorClient) -> None:
    index = client.get("/").json
    assert index["name"] == "Seatline"
    page = read_page(client, "/")
    assert sorted(index["links"].values()) == sorted(re.findall(r'<a href="([^"]+)"', page))
    for path in index["links"].values():
        assert client.get(path).status_code == 200


def test_pages_may_be_read_by_pages_of_other_origins(client: DoorClient) -> None:
    for path in PAGES:
        headers = client.get(path, headers={"Origin": "https://x.example"}).headers
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert headers["Cache-Control"] == "public, max-age=3600"
