"""What is told of credentials that are refused: a metric of all, lines in the log of as many as it bears."""

import logging
from typing import Any

import pytest
from prometheus_client import REGISTRY

from api.contract import PAGES
from api.gate.key_ring import Reason
from api.gate.refusals import LINES_A_SECOND, Refusals
from api.request import Request
from tests.door import DoorClient
from tests.keys import choose_text, make_key, revoke, rotate
from tests.support import wait_until


def count(reason: str) -> float:
    return REGISTRY.get_sample_value("seatline_credentials_refused_total", {"reason": reason}) or 0


def list_lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [vars(line) for line in caplog.records if line.getMessage() == "credential refused"]


def find_line(client: DoorClient, credential: str, caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """What is logged of a credential: at once, unless other tests were refused too much within the second."""

    def try_out() -> list[dict[str, Any]]:
        caplog.clear()
        sent = {"Authorization": credential, "X-Request-ID": "asked-7"}
        assert client.get("/admin/stats", headers=sent).status_code in (401, 403)
        return list_lines(caplog)

    with caplog.at_level(logging.WARNING, "api.gate.refusals"):
        (line,) = wait_until(try_out)
    return dict(line)


def test_every_refusal_is_told_of(client: DoorClient, caplog: pytest.LogCaptureFixture) -> None:
    revoked, expired, rotated = make_key(), make_key(expires_in=-1), make_key()
    revoke(revoked)
    rotate(rotated, overlap_seconds=-1)
    unknown, partner = choose_text(), make_key()
    tried = {
        "revoked": (f"Bearer {revoked.text}", revoked.prefix),
        "expired": (f"Bearer {expired.text}", expired.prefix),
        "rotated": (f"Bearer {rotated.text}", rotated.prefix),
        "unknown": (f"Bearer {unknown}", unknown[4:12]),
        "malformed": ("Bearer some-secret-word", None),
        "scheme": ("Basic c29tZS1zZWNyZXQtd29yZA==", None),
        "role": (f"Bearer {partner.text}", None),
    }
    for reason, (credential, prefix) in tried.items():
        before, line = count(reason), find_line(client, credential, caplog)
        assert (line["reason"], line["route"], line["request_id"]) == (reason, "/admin/stats", "asked-7")
        assert line["client"] and "127.0.0.1" not in str(line["client"])
        assert line.get("prefix") == prefix
        assert not any(credential.split(" ")[1] in str(value) for value in line.values())
        assert count(reason) > before


def test_a_flood_is_counted_and_does_not_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    asked = Request(method="GET", path="/", query_string="", headers={}, operation=PAGES, address="192.0.2.1")
    now, before = [7.0], count("malformed")
    refusals = Refusals(clock=lambda: now[0])
    with caplog.at_level(logging.WARNING, "api.gate.refusals"):
        for _ in range(100):
            refusals.tell(asked, Reason.MALFORMED)
        assert len(list_lines(caplog)) == LINES_A_SECOND
        now[0] += 1
        for _ in range(2):
            refusals.tell(asked, Reason.MALFORMED)
    assert count("malformed") == before + 102
    told = [line.get("untold") for line in list_lines(caplog)[LINES_A_SECOND:]]
    assert told == [100 - LINES_A_SECOND, None]
