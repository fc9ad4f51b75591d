"""The textbook's way into its database."""

import os

from sqlalchemy import Engine, create_engine

from core.db import name_driver

URL_VARIABLE, BROKER_VARIABLE = "TEXTBOOK_DATABASE_URL", "TEXTBOOK_BROKER_URL"
THREADS = 16


def make_engine() -> Engine:
    """An engine with a connection for each thread."""
    return create_engine(name_driver(os.environ[URL_VARIABLE]), pool_size=THREADS, max_overflow=0)
