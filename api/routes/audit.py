"""The audit log: who changed what under /admin and by command."""

from flask import Blueprint

from api.contract import operation
from api.paging import decode_cursor, encode_cursor
from api.responses import Answer, respond
from api.schemas import audit as schemas
from api.schemas.types import MAX_ID
from core.access.principals import Role
from core.audit.service import EntryFilter, list_entries
from core.errors import InvalidRequestError, UnavailableError
from core.infra.db import primary

blueprint = Blueprint("audit", __name__)


@blueprint.get("/admin/audit")
@operation(
    role=Role.ADMIN,
    summary="List who changed what, newest first",
    description=(
        "Every change made under `/admin` or by command, written in the change's own transaction. What was "
        "refused, or found as it was wanted, changed nothing and is not in it."
    ),
    tag="Admin: audit",
    query=schemas.AuditQuery,
    returns={200: schemas.AuditPage},
    errors=[InvalidRequestError, UnavailableError],
)
def list_audit(query: schemas.AuditQuery) -> Answer:
    """A page of the log."""
    which = EntryFilter(
        below=MAX_ID if query.cursor is None else decode_cursor(query.cursor, int)[0],
        actor=query.actor,
        action=query.action,
        target=query.target,
        limit=query.limit,
    )
    # Of the primary: whoever just changed something looks for it.
    with primary() as connection:
        found = list_entries(connection, which)
    page = found[: query.limit]
    following = encode_cursor(page[-1].id) if len(found) > query.limit else None
    return respond({"items": page, "next": following})
