"""A database and a Redis database of their own, for tests that must not meet another test's workers."""

import functools
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

import psycopg2
from psycopg2 import sql

from core.access.pseudonyms import hide
from core.infra import db, jobs, redis, replicas, slot_groups
from core.infra.settings import get_settings
from core.maps import cache
from core.maps.maps import kept_pages
from core.settling import lingering
from core.shows import catalogue
from tests.support import HANGS_SECONDS, ROOT

# To migrate takes a second, to copy what is migrated a tenth of it.
MIGRATED = "migrated"


def make_database(url: str, name: str, *, template: str = "template1") -> str:
    """Create a database of this name beside that of the URL where there is none; its URL."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
            if cursor.rowcount == 0:
                statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
                cursor.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    return f"{url.rpartition('/')[0]}/{name}"


def make_migrated_database(url: str, name: str) -> str:
    """The same, with everything that the migrations make."""
    _make_template(url.rpartition("/")[0] + "/postgres")
    return make_database(url, name, template=MIGRATED)


@functools.cache
def _make_template(url: str) -> None:
    migrated = migrate(make_database(url, MIGRATED))
    assert migrated.returncode == 0, migrated.stderr


def migrate(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Alembic on a database, `upgrade head` unless said otherwise."""
    return subprocess.run(
        [sys.executable, "-m", "alembic", *(arguments or ("upgrade", "head"))],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
        timeout=HANGS_SECONDS,
    )


@contextmanager
def enter(variables: Mapping[str, str]) -> Iterator[None]:
    """Let this process live by these variables for a while, as if it had been started with them."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    _forget()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        _forget()


def _forget() -> None:
    replicas.end_replicas()
    if any(engine.cache_info().currsize for engine in db.ENGINES):
        db.dispose_engines()
    for remembered in (
        get_settings,
        hide,
        *db.ENGINES,
        redis.get_redis,
        lingering.get_listener,
        jobs.get_celery,
        jobs.get_sender,
    ):
        remembered.cache_clear()
    sys.modules.pop("celeryconfig", None)
    redis.breaker.close()
    jobs.broker_breaker.close()
    forget_database()


def forget_database() -> None:
    """Keep nothing in memory of what the database holds: it is another one, or empty."""
    catalogue.forget_shows()
    slot_groups.forget_groups()
    cache.forget_bodies()
    kept_pages.forget()


@contextmanager
def live_apart(servers: Mapping[str, str], *, name: str, redis_database: int) -> Iterator[dict[str, str]]:
    """The same servers, with a migrated database and a Redis database of our own."""
    url = make_migrated_database(servers["DATABASE_URL"], name)
    redis_url = f"{servers['REDIS_URL'].rpartition('/')[0]}/{redis_database}"
    variables = {**servers, "DATABASE_URL": url, "REDIS_URL": redis_url}
    with enter(variables):
        yield variables
