"""Requests and answers about the audit log."""

from typing import Annotated, Any

from pydantic import Field

from api.schemas.fields import INT64, Cursor, Next
from api.schemas.types import WHOLE_NUMBER, AnswerModel, QueryModel, Time
from core.access.principals import PrincipalKind, Role
from core.texts import TEXT

Filter = Annotated[str, Field(min_length=1, max_length=300), TEXT]

ACTION = "what was done, as `show.create`"
TARGET = "to what it was done, as `show:1`"


class AuditQuery(QueryModel):
    """Which entries an operator wants to see."""

    actor: Filter | None = Field(default=None, description="only what this actor did, by its id or name")
    action: Filter | None = Field(default=None, description=f"only this: {ACTION}")
    target: Filter | None = Field(default=None, description=f"only this: {TARGET}")
    limit: Annotated[int, Field(ge=1, le=200, description="entries a page"), WHOLE_NUMBER] = 50
    cursor: Cursor = None


class AuditActor(AnswerModel):
    """Who made a change, as it then was."""

    kind: PrincipalKind = Field(
        description="`key`: one of the table of keys. `oidc`: a JSON Web Token. `admin_key`: ADMIN_API_KEY. "
        "`command`: the command line"
    )
    id: str | None = Field(
        description="the key's id, the token's `sub`, the user who ran the command; null: ADMIN_API_KEY"
    )
    name: str = Field(description="what the key is called; the command")
    role: Role = Field(description="the role that it had")


class AuditEntry(AnswerModel):
    """A change. No secret and no address stands in it."""

    id: int = Field(ge=1, description="higher than that of any entry before it", json_schema_extra=INT64)
    at: Time = Field(description="when it was made")
    actor: AuditActor = Field(description="who made it")
    action: str = Field(description=ACTION)
    target: str = Field(description=TARGET)
    request_id: str | None = Field(description="the `X-Request-ID` of its request; null: a command")
    client: str | None = Field(
        description="a pseudonym of the address that it came from, the same for the same; null: a command"
    )
    before: dict[str, Any] | None = Field(description="what changed, as it was; null: there was nothing")
    after: dict[str, Any] | None = Field(description="what changed, as it then was; null: it is gone")


class AuditPage(AnswerModel):
    """What was changed, the last first."""

    items: list[AuditEntry] = Field(description="the changes")
    next: Next
