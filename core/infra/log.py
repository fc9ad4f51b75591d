"""Logs: one JSON object a line, so that nothing from input can forge a line."""

import logging.config

import structlog

from core.infra.settings import get_settings
from core.infra.tls import is_verified

log = logging.getLogger(__name__)

SHARED = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.contextvars.merge_contextvars,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]

# A line for every tick of beat and every nudge would drown what matters.
CHATTY = ("celery.worker.strategy", "celery.app.trace", "celery.beat")


def configure_logging() -> None:
    """Send every logger of this process to stderr as JSON, and say at once what is not safe."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        structlog.processors.EventRenamer("message"),
                        structlog.processors.JSONRenderer(),
                    ],
                    "foreign_pre_chain": SHARED,
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["stderr"], "level": get_settings().log_level},
            "loggers": {name: {"level": "WARNING"} for name in CHATTY},
        }
    )
    warn_of_unverified()


def warn_of_unverified() -> None:
    """Warn of each server that need not prove who it is, since its URL says so."""
    urls = get_settings().model_dump(include={"redis_url", "celery_broker_url", "events_broker_url"})
    if names := [name.upper() for name, url in urls.items() if not is_verified(url)]:
        log.warning(f"certificates are not verified: {', '.join(names)}")
