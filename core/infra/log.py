"""Logs: one JSON object a line, so that nothing from input can forge a line; on a terminal in colours."""

import logging.config
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from core.infra import tracing
from core.infra.settings import get_settings
from core.infra.tls import is_verified

log = logging.getLogger(__name__)


def _add_trace(logger: Any, method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if trace_id := tracing.get_trace_id():
        fields["trace_id"] = trace_id
    return fields


SHARED = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.contextvars.merge_contextvars,
    _add_trace,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]

_AS_JSON = [structlog.processors.EventRenamer("message"), structlog.processors.JSONRenderer()]
_TRACEBACK = "exception"
_UNSHOWN = _TRACEBACK, "message"
_console = structlog.dev.ConsoleRenderer(colors=True)

# A line for every tick of beat and every nudge would drown what matters.
QUIETER = {
    "celery.worker.strategy": "WARNING",
    "celery.app.trace": "WARNING",
    "celery.beat": "WARNING",
    # Flower asks workers before they are there, and asks again.
    "flower.inspector": "ERROR",
    # The exporter tells of each try, then of the failure.
    "opentelemetry.exporter.otlp.proto.http.trace_exporter": "ERROR",
    # The SDK warns of each malformed traceparent: a client could fill the log, and hold up the event loop.
    "opentelemetry.trace": "ERROR",
}


def is_terminal() -> bool:
    """Whether a person reads this process's log as it is written."""
    return sys.stderr.isatty()


def describe_logging() -> dict[str, Any]:
    """The configuration of `logging` for every process: all loggers to stderr, in one form."""
    renderers = [_show] if is_terminal() else _AS_JSON
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        "foreign_pre_chain": SHARED,
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"seatline": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "seatline"}},
        "root": {"handlers": ["stderr"], "level": get_settings().log_level},
        "loggers": {name: {"level": level} for name, level in QUIETER.items()}
        # billiard tells of killed processes of a worker, and keeps its lines from the root logger.
        | {"multiprocessing": {"handlers": ["stderr"], "propagate": False}},
    }


def configure_logging() -> None:
    """Send every logger of this process to stderr, and say at once what is not safe."""
    logging.config.dictConfig(describe_logging())
    logging.captureWarnings(True)
    warn_of_unverified()


def show_line(fields: Mapping[str, Any]) -> str:
    """What a line of the log says, for a person, in colours."""
    return _show(None, "", {"event": fields.get("message", ""), **fields})


def _show(logger: Any, method: str, fields: Mapping[str, Any]) -> str:
    shown = {_escape(name): _escape(value) for name, value in fields.items() if name not in _UNSHOWN}
    if traceback := fields.get(_TRACEBACK):
        shown[_TRACEBACK] = "\n".join(map(_escape, str(traceback).split("\n")))
    return str(_console(logger, method, shown))


def _escape(value: Any) -> Any:
    # A terminal would obey control characters in what clients sent.
    return ascii(value) if isinstance(value, str) and not value.isprintable() else value


def warn_of_unverified() -> None:
    """Warn of each server that need not prove who it is, since its URL says so."""
    urls = get_settings().model_dump(include={"redis_url", "celery_broker_url", "events_broker_url"})
    if names := [name.upper() for name, url in urls.items() if not is_verified(url)]:
        log.warning(f"certificates are not verified: {', '.join(names)}")
