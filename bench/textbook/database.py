"""The textbook's way into its database."""

import os

from sqlalchemy import Engine, create_engine

URL_VARIABLE, BROKER_VARIABLE = "TEXTBOOK_DATABASE_URL", "TEXTBOOK_BROKER_URL"
THREADS = 16


def make_engine() -> Engine:
    """An engine with a connection for each thread."""
    # Plain `postgresql://` would mean another driver to SQLAlchemy.
    url = "postgresql+psycopg2://" + os.environ[URL_VARIABLE].split("://", 1)[1]
    return create_engine(url, pool_size=THREADS, max_overflow=0)
