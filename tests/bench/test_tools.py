"""What wrk and pgbench print, and what is said where they are missing."""

from pathlib import Path

import pytest

from bench import programs
from bench.limit import parse_pgbench
from bench.loading import parse_wrk
from bench.target import BenchError

WRK = """Running 4s test @ http://127.0.0.1:1/bookings
  2 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    10.43ms   20.81ms   1.02s    79.00%
    Req/Sec    56.14     25.52   160.00     92.00%
  Latency Distribution
     50%  837.00us
     75%    1.47ms
     90%   43.83ms
     99%    1.02s
  3000 requests in 4.01s, 34.86KB read
Requests/sec:    748.13
Transfer/sec:     11.60KB
"""
WRK_WITH_ERRORS = WRK.replace(
    "Requests/sec",
    "  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 50\nRequests/sec",
)
PGBENCH = """pgbench (15.20, server 18.6)
number of transactions actually processed: 20812
latency average = 7.688 ms
initial connection time = 60.117 ms
tps = 4162.123456 (without initial connection time)
"""


def test_what_wrk_prints_is_understood() -> None:
    load = parse_wrk(WRK)
    assert (load.requests, load.seconds, load.errors) == (3000, 4.01, 0)
    assert load.rate == pytest.approx(748.13, abs=0.01)
    assert load.latency_ms == {50: 0.837, 75: 1.47, 90: 43.83, 99: 1020}


def test_every_kind_of_error_is_counted() -> None:
    load = parse_wrk(WRK_WITH_ERRORS)
    assert (load.errors, load.refused) == (60, 50)


def test_what_a_script_counted_is_kept() -> None:
    assert parse_wrk(f"{WRK}settled: 120\nunsettled: 0\n").counts == {"settled": 120, "unsettled": 0}


@pytest.mark.parametrize("said", ["", "unable to connect to 127.0.0.1:1 Connection refused"])
def test_wrk_that_measured_nothing_is_an_error(said: str) -> None:
    with pytest.raises(BenchError, match="wrk measured nothing"):
        parse_wrk(said)


def test_what_pgbench_prints_is_understood() -> None:
    assert parse_pgbench(PGBENCH) == pytest.approx(4162.123456)
    with pytest.raises(BenchError, match="no such table"):
        parse_pgbench("ERROR: no such table")


def test_a_missing_program_is_one_line_that_names_its_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "DEBIAN_POSTGRES", tmp_path)
    monkeypatch.setattr(programs, "find_postgres_programs", lambda: tmp_path)
    with pytest.raises(BenchError, match="wrk is missing: install it"):
        programs.find_wrk()
    with pytest.raises(BenchError, match="pgbench is missing: install it"):
        programs.find_pgbench()
