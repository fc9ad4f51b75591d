"""Examples of answers about keys, by model."""

from pydantic import BaseModel

from api.documentation.request_examples import KEY_EXPIRES_AT, REQUESTED_AT, Examples
from api.schemas import keys

_KEY = {
    "id": 1,
    "name": "Partner: tickets.example",
    "role": "partner",
    "prefix": "x7Kq2mZp",
    "rate_limit": "6000/minute",
    "created_at": REQUESTED_AT,
    "expires_at": KEY_EXPIRES_AT,
    "last_used_at": "2026-06-01T10:00:01Z",
    "revoked_at": None,
}
KEY_ANSWERS: dict[type[BaseModel], Examples] = {
    keys.KeyAnswer: {"key": _KEY},
    keys.KeyPage: {"page": {"items": [_KEY], "next": None}},
    keys.NewKeyAnswer: {
        "key": {**_KEY, "last_used_at": None, "key": "slk_x7Kq2mZp_AnExampleThatOpensNothing0123456"}
    },
}
