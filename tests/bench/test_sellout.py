"""The sell-out: it sells a show out, checks what it did, and would notice a seat in wrong hands."""

import re
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bench.checks import find_faults
from bench.client import Client
from bench.crowd import Crowd, Outcome
from bench.sellout import describe_progress, main, print_summary, sell_out
from bench.target import find_target
from core.infra.db import transaction
from core.shows.service import Show
from local.embedded import find_free_port
from local.servers import EmbeddedPostgres
from tests.support import ADMIN_KEY, HANGS_SECONDS

pytestmark = pytest.mark.processes

SWAP_OWNER = """
    UPDATE seats s SET booking_id = (
        SELECT o.booking_id FROM seats o WHERE o.show_id = :show AND o.booking_id <> s.booking_id LIMIT 1)
    WHERE s.show_id = :show AND s.seat_number = '1'
"""
FREE_A_SEAT = """
    UPDATE seats SET status = 'available', booking_id = NULL WHERE show_id = :show AND seat_number = '1'
"""
FAIL_A_SALE = """
    UPDATE bookings SET status = 'FAILED', failure_code = 'timed_out'
    WHERE id = (SELECT booking_id FROM seats WHERE show_id = :show AND seat_number = '1')
"""


def tamper(show: Show, statement: str) -> None:
    with transaction() as connection:
        assert connection.execute(text(statement), {"show": show.id}).rowcount == 1


def test_it_sells_out_and_its_checker_has_eyes(
    web: str, workers: None, make_show: Callable[..., Show], capsys: pytest.CaptureFixture[str]
) -> None:
    show = make_show(total_seats=60, hold_seconds=15)
    target = find_target(web)
    sale = sell_out(target, show.id, buyers=100, clients=16, seconds=HANGS_SECONDS)
    assert ("waiting for" in capsys.readouterr().out) == (sale.waited_seconds > 0)
    assert find_faults(target, sale.crowd) == []
    outcomes = [buyer.outcome for buyer in sale.crowd.buyers]
    # Who cancels or lets a hold expire is chance; that some buy and others come too late is not.
    assert {Outcome.BOUGHT, Outcome.SOLD_OUT} <= set(outcomes)
    assert sale.requests > len(outcomes)

    tamper(show, SWAP_OWNER)
    faults = "\n".join(find_faults(target, sale.crowd))
    assert "1 seats whose booking is not CONFIRMED, or does not name them: 1" in faults
    assert "1 seats of CONFIRMED bookings that do not carry its id: 1" in faults

    tamper(show, FREE_A_SEAT)
    faults = "\n".join(find_faults(target, sale.crowd))
    assert "1 seats that are not booked, in the database: 1" in faults
    assert "1 counts of the show that differ from its seats" in faults


def test_its_checker_knows_what_each_buyer_was_told(
    web: str, workers: None, make_show: Callable[..., Show]
) -> None:
    show = make_show(total_seats=4, hold_seconds=15)
    target = find_target(web)
    sale = sell_out(target, show.id, buyers=12, clients=4, seconds=HANGS_SECONDS)
    assert find_faults(target, sale.crowd) == []

    tamper(show, FAIL_A_SALE)
    assert any("(bought): the bookings are" in fault for fault in find_faults(target, sale.crowd))
    sale.crowd.buyers[0].booking_ids.clear()
    assert any("that nobody was told of" in fault for fault in find_faults(target, sale.crowd))


def test_too_few_buyers_leave_seats_and_that_is_a_fault(
    web: str, workers: None, make_show: Callable[..., Show], capsys: pytest.CaptureFixture[str]
) -> None:
    show = make_show(total_seats=60)
    assert main(["--url", web, "--show", str(show.id), "--buyers", "1", "--seconds", "20"]) == 1
    assert "the show is not sold out" in capsys.readouterr().err


def test_it_tells_what_it_waits_for_while_others_hold_all_seats(
    web: str, workers: None, make_show: Callable[..., Show], capsys: pytest.CaptureFixture[str]
) -> None:
    show = make_show(total_seats=4)
    target, client = find_target(web), Client(web)
    body = {"show_id": show.id, "quantity": 4, "hold": True}
    assert client.call("POST", "/bookings", body, Prefer="wait=20").document["held"]
    client.close()
    sale = sell_out(target, show.id, buyers=4, clients=4, seconds=3)
    lines = capsys.readouterr().out.splitlines()
    assert "0 of 4 seats sold, 0 of 4 buyers answered; waiting for 4 held seats, 3 s at most" in lines[0]
    print_summary(sale)
    found = re.search(
        r"^(.+) s of it with nothing to buy until holds ran out$", capsys.readouterr().out, re.M
    )
    assert found
    # As it is told, rounded.
    assert 3 <= float(found[1]) <= round(sale.seconds, 1)


@pytest.mark.parametrize(("ends_in", "told"), [(8.5, 9), (0.5, 1), (-1, 0)])
def test_it_tells_when_the_last_of_its_holds_runs_out(ends_in: float, told: int) -> None:
    crowd = Crowd(1, [{"seat_number": "1"}] * 2000, buyers=3000, seconds=99.5)
    now = datetime.now(UTC)
    for seconds in (ends_in - 5, ends_in, ends_in - 9):
        crowd.note_hold(now + timedelta(seconds=seconds))
    seats = {"available": 0, "held": 1200, "booked": 800}
    assert describe_progress(crowd, seats).endswith(
        "800 of 2,000 seats sold, 0 of 3,000 buyers answered; waiting for 1,200 held seats: "
        f"the last hold runs out in {told} s (100 s at most)"
    )
    assert describe_progress(crowd, seats | {"available": 1}).endswith("0 of 3,000 buyers answered")
    assert describe_progress(crowd, seats | {"held": 0}).endswith("0 of 3,000 buyers answered")


def test_no_service_and_a_wrong_key_are_one_line_each(
    web: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--url", f"http://127.0.0.1:{find_free_port()}"]) == 1
    assert "start the service with `make run`" in capsys.readouterr().err
    monkeypatch.setenv("ADMIN_API_KEY", "some-other-key-entirely")
    assert main(["--url", web]) == 1
    assert capsys.readouterr().err == (
        "sellout: the admin key is refused: set ADMIN_API_KEY to the service's own\n"
    )


@pytest.mark.parametrize("port", ["many", "0", "65536", "80/x"])
def test_a_port_that_is_none_is_one_line(
    port: str, web: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", port)
    assert main([]) == 1
    assert capsys.readouterr().err == "sellout: PORT must be a number from 1 to 65535\n"


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "http://127.0.0.1:many", "ftp://127.0.0.1", "http://["])
def test_a_url_that_is_none_is_one_line(url: str, web: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--url", url]) == 1
    said = capsys.readouterr().err
    assert said.startswith("sellout: --url ")
    assert said.count("\n") == 1


def test_it_finds_the_database_of_make_run(monkeypatch: pytest.MonkeyPatch) -> None:
    # Not under pytest's own folder, which is closed to the user that servers run as for root.
    with tempfile.TemporaryDirectory(prefix="seatline-test-") as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setenv("SEATLINE_HOME", folder)
        monkeypatch.delenv("DATABASE_URL", raising=False)
        monkeypatch.setenv("ADMIN_API_KEY", ADMIN_KEY)
        with EmbeddedPostgres(Path(folder) / "postgres", durable=False) as server:
            assert find_target(None).database_url == server.url


def test_it_finds_the_running_service_without_its_port(
    web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEATLINE_HOME", str(tmp_path))
    monkeypatch.delenv("PORT", raising=False)
    assert find_target(None).url == "http://127.0.0.1:8000"
    (tmp_path / "address").write_text("http://127.0.0.1:8001")
    assert find_target(None).url == "http://127.0.0.1:8001"
    monkeypatch.setenv("PORT", "8002")
    assert find_target(None).url == "http://127.0.0.1:8002"
    assert find_target("http://127.0.0.1:8003/").url == "http://127.0.0.1:8003"
