"""Requests and answers about keys."""

from typing import Annotated

from pydantic import AfterValidator, Field

from api.schemas.fields import INT64, CreatedAt, Cursor, Next
from api.schemas.types import WHOLE_NUMBER, AnswerModel, QueryModel, RequestModel, Time
from core.access.principals import Role
from core.infra.rates import check_limit
from core.keys.rules import LONGEST_LIMIT, MAX_OVERLAP_SECONDS
from core.texts import NAME, TEXT, TRIMMED

KeyName = Annotated[str, TRIMMED, Field(min_length=1, max_length=200), NAME]
# It comes as text, which a strict model does not take for one.
KeyRole = Annotated[Role, Field(strict=False)]
RateLimit = Annotated[str, TRIMMED, Field(max_length=LONGEST_LIMIT), TEXT, AfterValidator(check_limit)]

NAMED = "whose it is, or what for: shown in the audit log"
MAY = "what it may do: an `admin` everything, a `partner` what anybody may, with an allowance of its own"
LIMIT = (
    "an allowance in place of all three that a client has, like `6000/minute`, or several, like"
    " `100/second;6000/minute`; null: those"
)


class KeyRequest(RequestModel):
    """A key that is to be made."""

    name: KeyName = Field(description=NAMED)
    role: KeyRole = Field(description=MAY)
    expires_at: Time | None = Field(default=None, description="when it ends, in the future; null: never")
    rate_limit: RateLimit | None = Field(default=None, description=LIMIT)


class KeyRotation(RequestModel):
    """How long the text that a key has now works on beside the new one."""

    overlap_seconds: int = Field(
        default=0,
        ge=0,
        le=MAX_OVERLAP_SECONDS,
        description="for so long; 0: it works no more, nor does any from before",
    )


class KeysQuery(QueryModel):
    """Which page of the keys."""

    limit: Annotated[int, Field(ge=1, le=200, description="keys a page"), WHOLE_NUMBER] = 50
    cursor: Cursor = None


class KeyAnswer(AnswerModel):
    """A key, without its text: that was shown when it was made."""

    id: int = Field(ge=1, description="the key's id, through all rotations", json_schema_extra=INT64)
    name: str = Field(description=NAMED)
    role: Role = Field(description=MAY)
    prefix: str = Field(description="the 8 characters after `slk_` of its newest text, to tell it by")
    rate_limit: str | None = Field(description=LIMIT)
    created_at: CreatedAt
    expires_at: Time | None = Field(description="when it ends; null: never")
    last_used_at: Time | None = Field(description="when it was used last, about; null: never")
    revoked_at: Time | None = Field(description="since when it works no more; null: it is not revoked")


class NewKeyAnswer(KeyAnswer):
    """A key with the text just made for it, which is not shown again."""

    key: str = Field(
        description="the credential: `slk_`, the prefix, `_`, and 32 characters of A to Z, a to z, 0 to 9"
    )


class KeyPage(AnswerModel):
    """A page of the keys, the newest first; revoked and expired ones too."""

    items: list[KeyAnswer] = Field(description="the keys")
    next: Next
