"""Keys: made, listed, rotated, revoked by admins; the text of one is in the answer that makes it only."""

from flask import Blueprint

from api.contract import operation
from api.paging import decode_cursor, encode_cursor
from api.request import get_current
from api.responses import NO_STORE, Answer, respond
from api.schemas import keys as schemas
from core.access.principals import Role
from core.audit.service import changing
from core.errors import InvalidRequestError, UnavailableError
from core.infra.db import primary
from core.keys import service
from core.keys.errors import KeyNotFoundError

blueprint = Blueprint("keys", __name__)
TAG = "Admin: keys"
PATH = "/admin/keys"
ERRORS = [KeyNotFoundError, UnavailableError]


@blueprint.post(PATH)
@operation(
    role=Role.ADMIN,
    summary="Make a key",
    description="It works everywhere at once. Its text, `key`, is in this answer and in no other: keep it.",
    tag=TAG,
    body=schemas.KeyRequest,
    headers={"Location": "where the key is"},
    returns={201: schemas.NewKeyAnswer},
    errors=[InvalidRequestError, UnavailableError],
)
def create_key(body: schemas.KeyRequest) -> Answer:
    """The key, with its text."""
    with changing(get_current().author) as change:
        made = service.create_key(
            change,
            name=body.name,
            role=body.role,
            rate_limit=body.rate_limit,
            expires_at=body.expires_at,
        )
    return _respond_new(made)


@blueprint.get(PATH)
@operation(
    role=Role.ADMIN,
    summary="List keys",
    description="The newest first; revoked and expired ones too.",
    tag=TAG,
    query=schemas.KeysQuery,
    returns={200: schemas.KeyPage},
    errors=[InvalidRequestError, UnavailableError],
)
def list_keys(query: schemas.KeysQuery) -> Answer:
    """A page of the keys."""
    before = service.PAST_ALL if query.cursor is None else decode_cursor(query.cursor, int)[0]
    with primary() as connection:
        found = service.list_keys(connection, before=before, limit=query.limit + 1)
    page = found[: query.limit]
    following = encode_cursor(page[-1].id) if len(found) > query.limit else None
    return respond({"items": [key.document for key in page], "next": following})


@blueprint.get(f"{PATH}/<key_id>")
@operation(role=Role.ADMIN, summary="Read a key", tag=TAG, returns={200: schemas.KeyAnswer}, errors=ERRORS)
def get_key(key_id: int) -> Answer:
    """The key as it is now."""
    with primary() as connection:
        return respond(service.get_key(connection, key_id).document)


@blueprint.delete(f"{PATH}/<key_id>")
@operation(
    role=Role.ADMIN,
    summary="Revoke a key",
    description="It is refused everywhere within 5 seconds, for good, and stays listed. Again: the same.",
    tag=TAG,
    returns={204: None},
    errors=ERRORS,
)
def revoke_key(key_id: int) -> Answer:
    """Nothing; the key works no more."""
    with changing(get_current().author) as change:
        service.revoke_key(change, key_id)
    return Answer(204, [("Cache-Control", NO_STORE)])


@blueprint.post(f"{PATH}/<key_id>/rotate")
@operation(
    role=Role.ADMIN,
    summary="Make a key a new text",
    description=(
        "The id, and with it the name, the role, idempotency keys and allowances, stay. What the key had for "
        "a text before works on for `overlap_seconds`, and ends within 5 seconds after; what an earlier "
        "rotation left works on until then, and no longer. Unlike reading it, rotating a key that is revoked "
        "or expired is `key_not_found`."
    ),
    tag=TAG,
    body=schemas.KeyRotation,
    headers={"Location": "where the key is"},
    returns={201: schemas.NewKeyAnswer},
    errors=[*ERRORS, InvalidRequestError],
)
def rotate_key(key_id: int, body: schemas.KeyRotation) -> Answer:
    """The key, with its new text."""
    with changing(get_current().author) as change:
        made = service.rotate_key(change, key_id, overlap_seconds=body.overlap_seconds)
    return _respond_new(made)


def _respond_new(made: service.NewKey) -> Answer:
    document = {**made.key.document, "key": made.text}
    return respond(document, status=201, Location=f"{PATH}/{made.key.id}")
