"""A side of a measurement: an application by its address and its tables."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import psycopg2

from bench.bulk import create_shows
from bench.target import BenchError
from local.processes import wait_until

PATIENCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Side:
    """One of those that are measured: where it answers, and where its tables are."""

    url: str
    database_url: str
    # Whether its answer to POST is the outcome, and so a refusal where a seat is taken.
    is_synchronous: ClassVar[bool] = False

    @contextmanager
    def cursor(self) -> Iterator[Any]:
        """Into its tables, past it; each statement commits by itself and may take its time."""
        with closing(psycopg2.connect(self.database_url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor

    def make_shows(self, *, count: int = 1, seats: int) -> tuple[int, int]:
        """Fresh shows on sale; the first one's id and the last one's."""
        with self.cursor() as cursor:
            made = create_shows(cursor, count=count, seats=seats)
            cursor.execute("CHECKPOINT")
        return made


def await_none(side: Side, question: str, *parameters: object, what: str) -> None:
    """Wait until the answer to a question is no. Raises BenchError where it never is."""
    with side.cursor() as cursor:

        def is_none() -> bool:
            cursor.execute(question, parameters)
            return not cursor.fetchone()[0]

        if not wait_until(is_none, timeout_seconds=PATIENCE_SECONDS):
            raise BenchError(f"{what} still wait after {PATIENCE_SECONDS} s")
