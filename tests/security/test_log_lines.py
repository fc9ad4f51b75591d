"""Whatever comes in, a log has no line that the service did not write, and none that is not JSON."""

import http.client
import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from local.embedded import find_free_port
from tests.support import (
    ADMIN,
    FLOWER_PASSWORD,
    HANGS_SECONDS,
    ROOT,
    WORKER,
    run_process,
    wait_for_http,
    wait_until,
)

FORGED = '{"level": "info", "message": "forged"}'
# Every character at which somebody's terminal or parser may begin a line.
BREAKS = "\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\x1b[2K\r"
# Each is logged as a message, as its argument, beside it, and as what was raised.
LOG = """
import json, logging, sys
from core.infra.log import configure_logging

configure_logging()
log = logging.getLogger("x")
for text in json.load(sys.stdin):
    log.warning(text)
    log.warning("said %s", text)
    log.warning("said", extra={"customer": text, text: "as a name"})
    try:
        raise ValueError(text)
    except ValueError:
        log.exception("raised")
"""

# What the library of a worker's processes does.
END_OF_A_PROCESS = """
from billiard import util
from core.infra.log import configure_logging

{first}
{then}
util.error("Process %r exited with %r", "a", "signal 9")
"""
LOGGERS = "util.get_logger()", "configure_logging()"


@pytest.mark.parametrize(("first", "then"), [LOGGERS, LOGGERS[::-1]])
def test_a_process_of_a_worker_that_is_killed_is_told_as_all_else(
    servers: dict[str, str], first: str, then: str
) -> None:
    command = [sys.executable, "-c", END_OF_A_PROCESS.format(first=first, then=then)]
    ran = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=HANGS_SECONDS)
    (line,) = map(json.loads, ran.stderr.splitlines())
    assert (line["level"], line["message"]) == ("error", "Process 'a' exited with 'signal 9'")


def test_a_text_of_any_characters_stays_in_its_line(servers: dict[str, str]) -> None:
    texts = [f"x{each}{FORGED}{each}" for each in BREAKS]
    ran = subprocess.run(
        [sys.executable, "-c", LOG],
        input=json.dumps(texts),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=HANGS_SECONDS,
    )
    # As strict as can be: every character that Python takes for the end of a line.
    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    assert len(lines) == 4 * len(texts)
    assert "forged" not in [line["message"] for line in lines]


@pytest.mark.processes
def test_web_logs_no_line_of_its_clients(database: dict[str, str], tmp_path: Path) -> None:
    port, log = find_free_port(), tmp_path / "log"
    variables = {**database, "PORT": str(port), "HOST": "127.0.0.1", "LOG_LEVEL": "DEBUG"}
    with run_process("web", {**variables, "WEB_CONCURRENCY": "1"}, log=log):
        wait_for_http(f"http://127.0.0.1:{port}/readyz")
        for each in BREAKS:
            ask(port, quote(f"x{each}{FORGED}{each}"))
    for line in log.read_text().splitlines():
        assert isinstance(told := json.loads(line), dict), line
        assert told["message"] != "forged"


@pytest.mark.processes
@pytest.mark.parametrize("name", ["worker", "outbound", "beat", "flower"])
def test_every_other_process_logs_lines_of_that_form_alone(
    database: dict[str, str], tmp_path: Path, name: str
) -> None:
    """From its very start: whatever Celery warns of, such as a worker that is root, too."""
    log = tmp_path / "log"
    variables = {
        **database,
        **WORKER,
        "FLOWER_PORT": str(find_free_port()),
        "FLOWER_PASSWORD": FLOWER_PASSWORD,
    }
    with run_process(name, {**variables, "LOG_LEVEL": "DEBUG"}, log=log):
        wait_until(lambda: log.exists() and log.read_text().count("\n") >= 2)
    for line in log.read_text().splitlines():
        assert json.loads(line).keys() >= {"level", "logger", "message", "timestamp"}, line


def ask(port: int, text: str) -> None:
    """Say it wherever a request may say something."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HANGS_SECONDS)
    body = json.dumps({"show_id": 1, "seats": [text], "customer": text})
    headers = {"Content-Type": "application/json", "X-Request-ID": text, "User-Agent": text, "Referer": text}
    for method, path, sent in (
        ("GET", f"/shows?q={text}", None),
        ("GET", f"/shows/{text}", None),
        ("GET", f"/{text}", None),
        ("GET", f"/bookings?ids={text}", None),
        ("GET", f"/admin/bookings?customer={text}", None),
        ("POST", "/bookings", body),
        ("POST", "/bookings", text),
    ):
        for authorization in (ADMIN["Authorization"], f"Bearer {text}"):
            sending = {**headers, "Authorization": authorization, "Idempotency-Key": text[:250]}
            connection.request(method, path, body=sent, headers=sending)
            connection.getresponse().read()
    connection.close()
