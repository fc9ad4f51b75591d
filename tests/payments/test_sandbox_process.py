"""The sandbox as a process of the Procfile: how it starts, stops, and is idle where it is not wanted."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.payments.errors import ProviderUnavailableError
from core.payments.providers.interface import Patience
from local.embedded import find_free_port
from local.procfile import find_marker
from proof.sink import run_sink
from tests.local.test_run import run_refused as refuse_run
from tests.measuring import measured
from tests.payments.sandboxing import SERVERS, Sandbox
from tests.support import HANGS_SECONDS, read_procfile, run_process, start_process, wait_until

pytestmark = pytest.mark.processes
# 9 MB, and room for other versions of Python.
IDLE_BYTES = 20 << 20
STRIPE = {"PAYMENT_PROVIDER": "stripe", "STRIPE_API_KEY": "a", "STRIPE_WEBHOOK_SECRET": "b"}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """One that has not been started; killed at the end where it still runs."""
    with run_sink() as sink:
        found = Sandbox(tmp_path, sink)
        yield found
        found.kill()


def run_refused(sandbox: Sandbox) -> str:
    """What one that cannot be says: one line."""
    sandbox.process = start_process("sandbox", sandbox.variables, log=sandbox.log)
    assert sandbox.process.wait(HANGS_SECONDS) == 1
    (line,) = sandbox.log.read_text().splitlines()
    return line


def test_it_ends_when_it_is_told_to_whatever_is_at_hand(sandbox: Sandbox) -> None:
    sandbox.start()
    listening = psutil.Process(sandbox.process.pid).net_connections("tcp")
    assert {each.laddr.ip for each in listening} == {"127.0.0.1"}
    offer = sandbox.offer()
    sandbox.sink.answers["/payments/webhooks/sandbox"] = sandbox.sink.hang
    sandbox.pay(offer)
    sandbox.await_received(offer, 1)
    sandbox.put_faults(slow_seconds=60)
    with pytest.raises(ProviderUnavailableError):
        sandbox.make_provider(Patience(seconds=0.1, retries=0)).fetch(offer.provider_id)
    sandbox.process.send_signal(signal.SIGTERM)
    with measured() as took:
        assert sandbox.process.wait(HANGS_SECONDS) == 0
    assert took.quiet < 2
    assert sandbox.log.read_text().count("\n") == 1


def test_a_port_in_use_is_one_line(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", sandbox.port)):
        line = run_refused(sandbox)
    assert (
        line == f"seatline: SANDBOX_PORT: cannot listen on 127.0.0.1:{sandbox.port}: address already in use"
    )


def test_a_folder_that_cannot_be_is_one_line(sandbox: Sandbox) -> None:
    sandbox.variables["SEATLINE_HOME"] = "/dev/null/home"
    assert run_refused(sandbox).startswith("seatline: SEATLINE_HOME: the sandbox cannot write to ")


def test_production_refuses_it(sandbox: Sandbox) -> None:
    sandbox.variables["SEATLINE_ENV"] = "production"
    sandbox.variables["ADMIN_API_KEY"] = "k3y-of-an-operator-9"
    assert "play money" in run_refused(sandbox)


def test_only_its_user_can_read_its_file(sandbox: Sandbox) -> None:
    sandbox.start()
    sandbox.offer()
    sandbox.kill()
    files = list((sandbox.folder / "home").iterdir())
    assert len(files) == 3
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_without_a_folder_it_leaves_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    sandbox.variables |= {"SEATLINE_HOME": "", "TMPDIR": str(temporary)}
    sandbox.start()
    sandbox.offer()
    assert list(temporary.glob("*/sandbox.sqlite3"))
    sandbox.process.send_signal(signal.SIGTERM)
    assert sandbox.process.wait(HANGS_SECONDS) == 0
    assert list(temporary.iterdir()) == []


def test_it_is_idle_where_another_provider_is_chosen(tmp_path: Path) -> None:
    log, port = tmp_path / "log", find_free_port()
    with run_process("sandbox", {**SERVERS, **STRIPE, "SANDBOX_PORT": str(port)}, log=log) as process:
        told = psutil.Process(process.pid)
        wait_until(lambda: "sigwait" in " ".join(told.cmdline()) and told.memory_info().rss)
        # So that what is left of a `make run` that was killed is found.
        assert find_marker(read_procfile()["sandbox"]) in " ".join(told.cmdline())
        wait_until(lambda: told.status() == psutil.STATUS_SLEEPING)
        assert told.memory_info().rss < IDLE_BYTES
        assert told.net_connections("tcp") == []
        process.send_signal(signal.SIGTERM)
        assert process.wait(HANGS_SECONDS) in (0, -signal.SIGTERM)
    assert log.read_text() == "sandbox: idle, as PAYMENT_PROVIDER is stripe\n"


def test_make_run_then_asks_nothing_of_its_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        said = refuse_run(tmp_path / "home", PORT=port, SANDBOX_PORT=port, **STRIPE)
    assert "SANDBOX_PORT" not in said
