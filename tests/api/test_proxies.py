"""What proxies tell of a client: its address in all spellings, and nothing that is none."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from api.gate.proxies import find_client_address, find_scheme, parse_address
from core.shows.service import Show
from local.embedded import find_free_port
from tests.acting import ask
from tests.api.test_waiting import insist
from tests.support import run_process, wait_for_http

PEER = "192.0.2.1"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("2001:DB8:0:0::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
        ("fe80::1%" + "x" * 20_000, "fe80::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
    ],
)
def test_addresses(text: str, address: str) -> None:
    assert str(parse_address(text)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unknown",
        "x" * 20_000,
        "1" * 20_000,
        ":" * 20_000,
        "203.0.113.256",
        "203.0.113.7:port",
        "203.0.113.7:123456",
        "[203.0.113.7",
        "[2001:db8::7]x",
        "203.0.113.7\n",
        '"203.0.113.7"',
        "\x80",
        "٢٠٣.0.113.7",
        "2001:db8::7::1",
        "%eth0",
        "0x7f.1",
    ],
)
def test_what_is_no_address(text: str) -> None:
    assert parse_address(text) is None


@pytest.mark.parametrize(
    ("proxies", "told", "address"),
    [
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (2, "198.51.100.1, 203.0.113.7", "198.51.100.1"),
        # Who sends a quotation mark has not hidden what its proxy adds.
        (1, '"198.51.100.1, 203.0.113.7', "203.0.113.7"),
        (1, "198.51.100.1, nonsense", PEER),
        (2, "203.0.113.7", PEER),
        (0, "203.0.113.7", PEER),
        (1, "", PEER),
    ],
)
def test_as_many_proxies_are_heard_as_are_declared(proxies: int, told: str, address: str) -> None:
    assert find_client_address(f"{PEER}:4711", told, proxies) == address


@pytest.mark.parametrize(
    ("told", "scheme"),
    [("https", "https"), ("HTTPS", "https"), ("ws", "http"), ("x" * 999, "http"), ("", "http")],
)
def test_schemes(told: str, scheme: str) -> None:
    assert find_scheme("http", told, 1) == scheme


def test_what_one_client_says_of_itself_is_no_other_ones_affair(
    servers: dict[str, str], make_show: Callable[..., Show]
) -> None:
    """Behind a proxy, with rate limits: everybody's booking is accepted, whatever comes along with one."""
    port, show_id = find_free_port(), make_show(total_seats=200).id
    variables = {"TRUSTED_PROXIES": "1", "RATE_LIMIT_ENABLED": "true", "BOOKING_RATE_LIMIT": "10000/minute"}
    odd = ["x" * 20_000, "fe80::1%" + "z" * 20_000, ":" * 3_000, "é", "203.0.113.7"]

    def book(n: int) -> tuple[int, Any]:
        headers = {"X-Forwarded-For": odd[n % len(odd)], "Idempotency-Key": f"a key of number {n:04}"}
        body = {"show_id": show_id, "seats": [str(n + 1)]}
        status, _, document = insist("POST", f"http://127.0.0.1:{port}/bookings", body, headers)
        return status, document

    with run_process("web", {**servers, **variables, "PORT": str(port), "HOST": "127.0.0.1"}):
        wait_for_http(f"http://127.0.0.1:{port}/readyz")
        with ThreadPoolExecutor(40) as pool:
            answers = list(pool.map(book, range(200)))
    assert [document for status, document in answers if status != 202] == []
    assert ask("SELECT count(*) FROM bookings") == [(200,)]
