"""A streaming standby of an embedded PostgreSQL, on the same machine."""

from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

from local.data_dirs import ServerError
from local.servers import DATABASE, EmbeddedPostgres


class Standby(EmbeddedPostgres):
    """A copy of a running primary, which goes on following it until it is promoted.

    `primary_url` may be of any database of the primary. Its own URL leads to the database `seatline`.
    """

    def __init__(self, data_dir: Path, primary_url: str, *, durable: bool = True, port: int = 0) -> None:
        super().__init__(data_dir, durable=durable, port=port)
        self._primary = urlsplit(primary_url)

    def _prepare(self) -> None:
        # It has the primary's users, and their passwords.
        self._user, self._password = self._primary.username or "", self._primary.password or ""
        super()._prepare()

    def _build_fill_command(self, folder: Path) -> list[str]:
        source = f"postgresql://{self._primary.netloc}/?application_name={self.data_dir.name}"
        options = ["-d", source, "-D", str(folder), "-R", "-X", "stream", "-c", "fast"]
        return [str(self._bin_dir / "pg_basebackup"), *options]

    def _connect(self) -> str:
        psycopg2.connect(self.name_database("postgres"), connect_timeout=5).close()
        return self.name_database(DATABASE)

    def promote(self) -> None:
        """Make it a primary, and wait until it is one. Raises ServerError."""
        with closing(psycopg2.connect(self.name_database("postgres"))) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT pg_promote()")
            if cursor.fetchone() != (True,):
                raise ServerError(f"the standby on {self.data_dir} does not become a primary")
