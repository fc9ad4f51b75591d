"""Writing the audit log, in the transaction of the change that it tells of, and reading it."""

import logging
import os
import pwd
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from core.access.principals import Principal, PrincipalKind, Role
from core.audit import queries
from core.infra.db import transaction
from core.infra.json import to_json_text
from core.infra.log import configure_logging

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes a change, by which request, and from where: a pseudonym of the address."""

    principal: Principal
    request_id: str | None = None
    client: str | None = None

    def describe(self) -> dict[str, str | None]:
        """Who it is, for a line of a log."""
        return {
            "actor": self.principal.name,
            "actor_id": self.principal.id,
            "role": self.principal.role,
            "client": self.client,
            "request_id": self.request_id,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who made a change, as the log has it."""

    kind: str
    id: str | None
    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A change, as the log has it."""

    id: int
    at: datetime
    actor: Actor
    action: str
    target: str
    request_id: str | None
    client: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """Which entries to list; `actor` is an id or a name. Those with ids below that of the last one seen."""

    below: int
    actor: str | None = None
    action: str | None = None
    target: str | None = None
    limit: int = 50


class Change:
    """A transaction in which its author changes something, and tells the log of it."""

    def __init__(self, connection: Connection, author: Author) -> None:
        self.connection, self.author, self.is_told = connection, author, False
        self.told: list[tuple[str, str]] = []

    def tell(
        self,
        action: str,
        target: str,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Write what was done, as record() does.

        Of two documents what differs; where nothing does, nothing was done, and nothing is written.
        """
        self.is_told = True
        if before is not None and after is not None:
            changed = [name for name in after if before.get(name) != after[name]]
            if not changed:
                return
            before, after = ({name: one.get(name) for name in changed} for one in (before, after))
        record(self.connection, self.author, action, target, before=before, after=after)
        self.told.append((action, target))

    def tell_nothing(self) -> None:
        """Say that nothing was changed: it was so already."""
        self.is_told = True


@contextmanager
def changing(author: Author) -> Iterator[Change]:
    """A transaction that commits together with what the log is told of it.

    Raises LookupError, and takes everything back, where it was told nothing: none is forgotten. Raises
    UnavailableError as transaction() does.
    """
    with transaction() as connection:
        change = Change(connection, author)
        yield change
        if not change.is_told:
            raise LookupError("a change that the audit log was not told of")
    for action, target in change.told:
        log.info("changed", extra={"action": action, "target": target, **author.describe()})


def record(
    connection: Connection,
    author: Author,
    action: str,
    target: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write that the author did `action` (`show.create`) to `target` (`show:1`).

    `before` and `after` have what changed, and no secret.
    """
    principal = author.principal
    entry = {
        "actor_kind": principal.kind,
        "actor_id": principal.id,
        "actor_name": principal.name,
        "actor_role": principal.role,
        "action": action,
        "target": target,
        "request_id": author.request_id,
        "client": author.client,
        "before": None if before is None else to_json_text(before),
        "after": None if after is None else to_json_text(after),
    }
    queries.insert_entry(connection, entry)


def name_command(command: str) -> Author:
    """The author of what a command changes: the command (`flask after-restore`), by this machine's user."""
    try:
        # The user of the process: the environment, which has a user name too, can be set to any.
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        # Containers run as users that no file names.
        user = str(os.getuid())
    return Author(
        Principal(kind=PrincipalKind.COMMAND, id=user, name=command, role=Role.ADMIN, owner="command")
    )


@contextmanager
def changing_by_command(command: str) -> Iterator[Change]:
    """changing() by a command, whose process has a log from here on, as all others have."""
    configure_logging()
    with changing(name_command(command)) as change:
        yield change


def list_entries(connection: Connection, which: EntryFilter) -> list[Entry]:
    """A page of the log, newest first, and the first entry of the next page where there is one."""
    rows = queries.select_page(
        connection,
        actor=which.actor,
        action=which.action,
        target=which.target,
        below=which.below,
        limit=which.limit + 1,
    )
    return [_to_entry(row) for row in rows]


def _to_entry(row: Row[Any]) -> Entry:
    actor = Actor(kind=row.actor_kind, id=row.actor_id, name=row.actor_name, role=row.actor_role)
    return Entry(
        id=row.id,
        at=row.at,
        actor=actor,
        action=row.action,
        target=row.target,
        request_id=row.request_id,
        client=row.client,
        before=row.before,
        after=row.after,
    )
