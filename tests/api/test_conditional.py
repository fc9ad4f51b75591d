"""ETag, If-None-Match and 304: on every route that has them, and never for something that has changed."""

from collections.abc import Callable

import pytest

from tests.api.asking import Asking
from tests.support import ADMIN

MAPS = [
    "/shows/{id}/seats",
    "/shows/{id}/seats?limit=3&status=available",
    "/shows/{id}/availability",
    "/shows/{id}/availability?format=states",
]
LAYOUTS = ["/shows/{id}/layout", "/shows/{id}/layout?format=columns"]
CHANGING = ["/shows", "/shows/{id}", *MAPS, "/shows/{id}/availability?since=1"]
CHANGES: dict[str, Callable[[Asking], object]] = {
    "a booking": lambda asking: asking.settled("1"),
    "a hold": lambda asking: asking.settled("1", hold=True),
}


def ask(asking: Asking, path: str, tag: str | None = None) -> tuple[int, str, bytes]:
    headers = {"If-None-Match": tag} if tag else {}
    answer = asking.client.get(path.format(id=asking.show_id), headers=headers)
    assert "Cache-Control" in answer.headers
    return answer.status_code, answer.headers["ETag"], answer.data


@pytest.mark.parametrize("path", [*CHANGING, *LAYOUTS])
def test_304_where_nothing_changed(asking: Asking, path: str) -> None:
    status, tag, body = ask(asking, path)
    assert (status, bool(body)) == (200, True)
    assert ask(asking, path, tag) == (304, tag, b"")
    assert ask(asking, path, f'"another", {tag}') == (304, tag, b"")
    assert ask(asking, path, '"another"') == (200, tag, body)


@pytest.mark.parametrize("happens", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("path", CHANGING)
def test_never_stale_after_a_settled_batch(
    asking: Asking, path: str, happens: Callable[[Asking], object]
) -> None:
    _, tag, before = ask(asking, path)
    happens(asking)
    status, new_tag, after = ask(asking, path, tag)
    assert status == 200
    assert new_tag != tag
    assert after != before
    assert ask(asking, path) == (200, new_tag, after)


@pytest.mark.parametrize("path", CHANGING)
def test_never_stale_after_expiry_or_cancel(asking: Asking, path: str) -> None:
    booking_id = asking.settled("1", hold=True)
    _, tag, _ = ask(asking, path)
    asking.act(booking_id, "cancel")
    asking.settle()
    assert ask(asking, path, tag)[0] == 200


@pytest.mark.parametrize("path", ["/shows", "/shows/{id}"])
def test_never_stale_after_a_change_of_the_show(asking: Asking, path: str) -> None:
    _, tag, _ = ask(asking, path)
    asking.client.patch(f"/admin/shows/{asking.show_id}", json={"name": "New"}, headers=ADMIN)
    status, tag, body = ask(asking, path, tag)
    assert (status, b'"New"' in body) == (200, True)
    asking.client.post(f"/admin/shows/{asking.show_id}/cancel", headers=ADMIN)
    status, _, body = ask(asking, path, tag)
    assert (status, b'"cancelled"' in body) == (200, True)


@pytest.mark.parametrize("path", LAYOUTS)
def test_layout_never_changes(asking: Asking, path: str) -> None:
    before = ask(asking, path)
    asking.settled("1")
    assert ask(asking, path) == before


def test_formats_of_one_address_have_no_answer_in_common(asking: Asking) -> None:
    assert len({ask(asking, path)[1:] for path in LAYOUTS}) == len(LAYOUTS)
    assert len({ask(asking, path)[2] for path in MAPS}) == len(MAPS)


def test_booking(asking: Asking) -> None:
    booking_id = asking.book("1")
    path = f"/bookings/{booking_id}"
    _, tag, _ = ask(asking, path)
    assert ask(asking, path, tag) == (304, tag, b"")
    asking.settle()
    status, new_tag, body = ask(asking, path, tag)
    assert (status, b"CONFIRMED" in body) == (200, True)
    assert ask(asking, path, new_tag)[0] == 304


@pytest.mark.parametrize("tag", ['W/"' + "9" * 5000 + '"', '"1', "W/", '"' + "9" * 19 + '"', '"٣"', ","])
@pytest.mark.parametrize("path", ["/shows", *MAPS])
def test_strange_tags_are_no_match(asking: Asking, path: str, tag: str) -> None:
    headers = {"If-None-Match": tag.encode().decode("latin1")}
    assert asking.client.get(path.format(id=asking.show_id), headers=headers).status_code == 200
