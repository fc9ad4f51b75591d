"""Pages for buyers: shells that name their script and style, in the person's language, under one policy."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from api.app import create_app
from api.assets import get_assets
from tests.apart import enter
from tests.api.asking import assert_problem
from tests.door import DoorClient, open_door

BOOKING = "/b/01890a5d-ac96-774b-bcce-b302099a8057"
SHELLS = {"/": "shows", "/s/1": "show", BOOKING: "booking"}
READ = ["/problems", "/problems/hold_expired", "/s/x", "/b/x"]
HTML = "text/html; charset=utf-8"
PERSON = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "lit-html",
}
OF_STRIPE = {
    "script-src": "'self' https://js.stripe.com https://*.js.stripe.com",
    "connect-src": "'self' https://api.stripe.com",
    "frame-src": "https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com",
    "trusted-types": "lit-html default",
}
STRIPE = {"PAYMENT_PROVIDER": "stripe", "STRIPE_API_KEY": "sk_test_1", "STRIPE_WEBHOOK_SECRET": "whsec_1"}
KEY = "pk_test_of_an_account"


def parse_policy(text: str) -> dict[str, str]:
    return dict(directive.split(" ", 1) for directive in text.split("; "))


@pytest.fixture
def build(database: dict[str, str]) -> Iterator[Callable[..., DoorClient]]:
    """Makes an application with variables of one's own, and opens a door to it."""
    with ExitStack() as stack:

        def with_variables(**variables: str) -> DoorClient:
            stack.enter_context(enter(variables))
            return stack.enter_context(open_door(create_app()))

        yield with_variables


@pytest.mark.parametrize(("path", "script"), SHELLS.items())
def test_a_shell_names_its_script_and_style(client: DoorClient, path: str, script: str) -> None:
    answer = client.get(path, headers=PERSON)
    assert (answer.status_code, answer.content_type) == (200, HTML)
    assets = f"/assets/{get_assets().digest}/pages"
    assert re.findall(r"<script[^>]*>", answer.text) == [f'<script type="module" src="{assets}/{script}.js">']
    assert re.findall(r'<link rel="stylesheet" href="([^"]+)">', answer.text) == [f"{assets}/pages.css"]
    assert '<meta charset="utf-8">' in answer.text
    assert 'content="width=device-width, initial-scale=1"' in answer.text
    assert '<main id="page">\n<noscript>' in answer.text
    assert re.search(r"<title>\w+ \S Seatline</title>", answer.text)


@pytest.mark.parametrize(("path", "script"), SHELLS.items())
def test_a_shell_has_all_modules_loaded_at_once(client: DoorClient, path: str, script: str) -> None:
    text = client.get(path, headers=PERSON).text
    preloaded = re.findall(r'<link rel="modulepreload" href="/assets/\w+/([^"]+)">', text)
    assert preloaded == get_assets().find_modules(f"pages/{script}.js")
    assert {"vendor/lit.js", "pages/frame.js", "elements/theme.js"} <= set(preloaded)


@pytest.mark.parametrize("path", [*SHELLS, *READ])
def test_one_policy_serves_all_pages(client: DoorClient, path: str) -> None:
    answer = client.get(path, headers=PERSON)
    assert answer.content_type == HTML
    assert parse_policy(answer.headers["Content-Security-Policy"]) == POLICY
    # Nothing that the policy would refuse.
    assert re.findall(r"<style|\bstyle=|\bon\w+=|<script>|javascript:|https?://", answer.text) == []


@pytest.mark.parametrize("path", [*SHELLS, *READ])
def test_files_that_a_page_names_are_there(client: DoorClient, path: str) -> None:
    named = re.findall(r'(?:src|href)="(/assets/[^"]+)"', client.get(path, headers=PERSON).text)
    assert named
    for file in named:
        answer = client.get(file)
        assert (answer.status_code, "immutable" in answer.headers["Cache-Control"]) == (200, True), file


@pytest.mark.parametrize("path", [*SHELLS, *READ])
def test_addresses_of_pages_are_told_to_no_other_site(client: DoorClient, path: str) -> None:
    headers = client.get(path, headers=PERSON).headers
    is_booking = path.startswith("/b/")
    assert headers.get_all("Referrer-Policy") == ["no-referrer" if is_booking else "same-origin"]
    assert headers.get("X-Robots-Tag") == ("noindex" if is_booking else None)


@pytest.mark.parametrize("path", SHELLS)
@pytest.mark.parametrize(
    ("accepted", "language"),
    [(None, "en"), ("de", "de"), ("de-AT,de;q=0.9,en;q=0.8", "de"), ("en-GB,de;q=0.5", "en"), ("fr", "en"),
     ("fr,de;q=0.3", "de"), ("*", "en"), ("de;q=0", "en"), ("DE-ch", "de"), (";;", "en"),
     ("de," * 200, "en")],
)  # fmt: skip
def test_the_language_is_the_one_that_the_person_prefers(
    client: DoorClient, path: str, accepted: str | None, language: str
) -> None:
    answer = client.get(path, headers={**PERSON, **({"Accept-Language": accepted} if accepted else {})})
    assert f'<html lang="{language}">' in answer.text
    assert ("Diese Seite braucht JavaScript." in answer.text) == (language == "de")
    assert "Accept-Language" in answer.headers.get_all("Vary")


@pytest.mark.parametrize("path", [*SHELLS, "/problems"])
def test_a_page_is_asked_about_each_time(client: DoorClient, path: str) -> None:
    answer = client.get(path, headers=PERSON)
    assert answer.headers["Cache-Control"] == "public, no-cache"


@pytest.mark.parametrize("path", list(SHELLS)[1:])
def test_shells_are_pages_whatever_is_asked_for(client: DoorClient, path: str) -> None:
    for accept in ("*/*", "application/json", "image/png"):
        assert client.get(path, headers={"Accept": accept}).content_type == HTML


@pytest.mark.parametrize(
    ("path", "code", "told"),
    [
        ("/s/x", "show_not_found", "There is no such show"),
        ("/s/0", "show_not_found", "There is no such show"),
        ("/s/1.0", "show_not_found", "There is no such show"),
        ("/s/<img onerror=alert(1)>", "show_not_found", "There is no such show"),
        ("/b/x", "booking_not_found", "There is no such booking"),
        ("/b/01890a5d", "booking_not_found", "There is no such booking"),
        (f"{BOOKING}0", "booking_not_found", "There is no such booking"),
    ],
)
def test_what_cannot_be_an_id_is_told_plainly(client: DoorClient, path: str, code: str, told: str) -> None:
    assert_problem(client.get(path), 404, code)
    page = client.get(path, headers=PERSON)
    assert (page.status_code, page.content_type) == (404, HTML)
    assert f"<h1>{told}</h1>" in page.text
    assert "<img" not in page.text
    assert 'href="/"' in page.text
    assert page.headers["Cache-Control"] == "public, no-cache"
    german = client.get(path, headers={**PERSON, "Accept-Language": "de"})
    assert '<html lang="de">' in german.text
    assert "gibt es nicht</h1>" in german.text


@pytest.mark.parametrize("path", ["/s", "/s/", "/b/", "/s/1/", "/s/1/x", f"{BOOKING}/"])
def test_nothing_is_around_the_pages(client: DoorClient, path: str) -> None:
    assert_problem(client.get(path, headers=PERSON), 404, "not_found")


def test_nothing_is_told_of_stripe_where_it_takes_no_money(build: Callable[..., DoorClient]) -> None:
    client = build(STRIPE_PUBLISHABLE_KEY=KEY)
    for path in SHELLS:
        # But for the name of a module.
        told = client.get(path, headers=PERSON).text.replace("/pages/stripe-policy.js", "")
        assert "stripe" not in told


def test_stripe_is_let_in_where_it_takes_the_money(build: Callable[..., DoorClient]) -> None:
    client = build(**STRIPE, STRIPE_PUBLISHABLE_KEY=KEY)
    for path in SHELLS:
        answer = client.get(path, headers=PERSON)
        assert parse_policy(answer.headers["Content-Security-Policy"]) == POLICY | OF_STRIPE
        assert f'<meta name="seatline-stripe-key" content="{KEY}">' in answer.text
        assert not any(secret in answer.text for secret in ("sk_test_1", "whsec_1"))


def test_without_a_publishable_key_no_key_is_told(build: Callable[..., DoorClient]) -> None:
    answer = build(**STRIPE).get("/s/1", headers=PERSON)
    assert parse_policy(answer.headers["Content-Security-Policy"]) == POLICY | OF_STRIPE
    assert "seatline-stripe-key" not in answer.text


def test_a_key_is_no_markup(build: Callable[..., DoorClient]) -> None:
    page = build(**STRIPE, STRIPE_PUBLISHABLE_KEY='pk"><script>').get("/s/1", headers=PERSON).text
    assert "<script>" not in page
