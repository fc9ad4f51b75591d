"""The web process: granian, with this machine's settings."""

import gc
import resource
import sys

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels

# What its workers are to have is loaded here once: they are forked, start at once, and share its memory.
from api import app  # noqa: F401
from api.assets import get_assets
from api.gate.places import POLLS, STREAMS
from api.server.calling import let_requests_go
from api.server.processes import Server
from api.server.signals import keep_for_workers
from api.server.start import start
from core.infra import tracing
from core.infra.health import find_fault
from core.infra.log import describe_logging
from core.infra.ports import require_free_port, resolve
from core.infra.settings import get_settings
from core.payments.providers import IN_REQUEST, find_provider

# Connections that a process holds at once, also those that send nothing; whoever comes beyond waits in the
# kernel's queue. 1,000 viewers, 5,000 long polls and a stranger's 10,000 fit, at 3 KB each.
CONNECTIONS = 16_384
# The kernel cuts it to its own limit (net.core.somaxconn).
QUEUED_CONNECTIONS = 4096
# Open files that are no client's: of databases, Redis, this process, and bodies that are being sent.
OTHER_FILES = 1024
# Within it a head is whole; a connection that is kept alive has as long for its next.
HEAD_SECONDS = 30
# A longer head is refused. Of a large body granian holds a piece more than this for a client.
BUFFER_BYTES = 32 * 1024
# They read large bodies from files in memory (api/server/sending.py), which never blocks.
FILE_THREADS = 2
# A worker that died is replaced; one that does not stop within this is killed.
STOP_SECONDS = 8
RESPAWN_SECONDS = 0.5


def main() -> None:
    """Serve until told to stop, from when the database is fit.

    Exits with one line where the port is taken, or where it would wait for the database in vain.
    """
    settings = get_settings()
    # granian would share the port, and every other answer be somebody else's.
    require_free_port("PORT", settings.host, settings.port)
    fault = find_fault()
    if fault and fault.is_lasting:
        sys.exit(f"seatline: {fault}")
    if settings.payment_provider:
        # Its library takes half a second to load, and tens of megabytes: once, and shared.
        find_provider(settings.payment_provider, IN_REQUEST)
    get_assets()
    tracing.begin("web")
    _prepare_workers(settings.web_concurrency)
    server = Server(
        "api.server.worker:door",
        address=resolve(settings.host, settings.port)[1],
        port=settings.port,
        interface=Interfaces.RSGI,
        workers=settings.web_concurrency,
        loop=Loops.uvloop,
        backlog=QUEUED_CONNECTIONS,
        backpressure=_find_room(),
        # In `auto` a connection that sends nothing is waited for without end, as it might speak HTTP/2.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_SECONDS * 1000, max_buffer_size=BUFFER_BYTES),
        runtime_blocking_threads=FILE_THREADS,
        websockets=False,
        respawn_failed_workers=True,
        # Within it a second death of the same worker is taken for a fault of the code, and ends all.
        respawn_interval=RESPAWN_SECONDS,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.warning,
        log_dictconfig=describe_logging(),
        log_access=False,
    )
    if fault:
        start.begin_to_wait(fault)
    server.serve()
    if start.is_refused:
        sys.exit(1)


def _find_room() -> int:
    """How many connections a process may hold, with its limit of open files raised as far as that needs.

    Where it is not to be raised so far, the operator is told in one line: granian would accept, fail, and
    try again at once, without end.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = max(soft, min(hard, CONNECTIONS + OTHER_FILES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    room = min(CONNECTIONS, max(limit - OTHER_FILES, limit // 2))
    if room < CONNECTIONS:
        print(  # noqa: T201 (for the operator)
            f"seatline: a process of web takes {room} connections at once, as it may open {limit} files;"
            f" {CONNECTIONS} need {CONNECTIONS + OTHER_FILES} (ulimit -n)",
            file=sys.stderr,
            flush=True,
        )
    return room


def _prepare_workers(processes: int) -> None:
    """What is so before the fork is so in each worker."""
    STREAMS.spread(processes)
    POLLS.spread(processes)
    keep_for_workers()
    let_requests_go()
    # Pages that the collector writes to are shared no longer.
    gc.freeze()


if __name__ == "__main__":
    main()
