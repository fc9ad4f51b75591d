"""Writing the audit log, in the transaction of the change that it tells of."""

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from core.access.principals import Principal, PrincipalKind, Role
from core.audit import queries
from core.infra.json import to_json_text


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes a change, by which request, and from where: a pseudonym, or the principal's own name."""

    principal: Principal
    request_id: str | None = None
    client: str | None = None


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
        user = getpass.getuser()
    except (KeyError, OSError):
        # Containers run as users that no file names.
        user = str(os.getuid())
    return Author(
        Principal(kind=PrincipalKind.COMMAND, id=user, name=command, role=Role.ADMIN, owner="command")
    )
