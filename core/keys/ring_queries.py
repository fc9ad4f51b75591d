"""The SQL statements by which web processes know keys: all that are live, some by digest, their use."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from core.access.principals import Principal, PrincipalKind, Role
from core.infra.prepared import Prepared
from core.infra.query import Query

# A key that is in use all the time is noted so often.
NOTED_EACH_SECONDS = 60


class KnownSecret(NamedTuple):
    """A secret's digest and its key; for how many seconds it is valid from now (None: no end is set).

    `refusal` says why it is valid no more: `revoked`, `rotated`, `expired`.
    """

    digest: bytes
    principal: Principal
    seconds_left: float | None
    refusal: str | None


# By the database's clock, by which the ends were written: web's own may be off by an hour. It is read once a
# statement, which waits for nothing, and not for each of thousands of rows.
_LIVE = "k.revoked_at IS NULL AND coalesce(least(k.expires_at, s.ends_at) > statement_timestamp(), true)"
_SECONDS_LEFT = "cast(extract(epoch FROM {ends_at} - statement_timestamp()) AS double precision)"

# The mark is that of all live keys: where it is as known only the mark comes back, and thousands of keys
# cost the event loop nothing. Without rows of its own (LEFT JOIN) it also says that there is no key at all.
_SELECT_LIVE = Prepared(
    "select_live_keys",
    f"""
    WITH live AS MATERIALIZED (
        SELECT s.digest, k.id, k.name, k.role, k.rate_limit, least(k.expires_at, s.ends_at) AS ends_at
        FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id
        WHERE {_LIVE}
    ), marked AS MATERIALIZED (
        SELECT coalesce(md5(string_agg(cast(l AS text), ',' ORDER BY l.digest)), 'none') AS mark FROM live l
    )
    SELECT m.mark, l.digest, l.id, l.name, l.role, l.rate_limit, {_SECONDS_LEFT.format(ends_at="l.ends_at")},
           NULL
    FROM marked m LEFT JOIN live l ON m.mark <> cast(:known_mark AS text)
    """,
)
_SELECT_SECRETS = Prepared(
    "select_key_secrets",
    f"""
    SELECT s.digest, k.id, k.name, k.role, k.rate_limit,
           {_SECONDS_LEFT.format(ends_at="least(k.expires_at, s.ends_at)")},
           CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked'
                WHEN s.ends_at <= statement_timestamp() THEN 'rotated'
                WHEN k.expires_at <= statement_timestamp() THEN 'expired' END
    FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id
    WHERE s.digest = ANY(cast(:digests AS bytea[]))
    """,
)
# SKIP LOCKED: whoever rotates or revokes a key is not waited for, and two processes that note the same keys
# do not wait for each other in a circle. What is skipped is noted at its next use.
_UPDATE_LAST_USED = Prepared(
    "update_keys_last_used",
    f"""
    UPDATE api_keys SET last_used_at = clock_timestamp()
    WHERE id = ANY(ARRAY(
        SELECT id FROM api_keys
        WHERE id = ANY(cast(:ids AS bigint[]))
          AND coalesce(last_used_at < clock_timestamp() - make_interval(secs => {NOTED_EACH_SECONDS}), true)
        FOR NO KEY UPDATE SKIP LOCKED
    ))
    RETURNING id
    """,
)


def _read_secret(row: Sequence[Any]) -> KnownSecret:
    digest, key_id, name, role, rate_limit, seconds_left, refusal = row
    principal = Principal(
        kind=PrincipalKind.KEY,
        id=str(key_id),
        name=name,
        role=Role(role),
        # Of the key and not of its secret: what belongs to it goes on doing so when it is rotated.
        owner=f"key:{key_id}",
        rate_limit=rate_limit,
    )
    return KnownSecret(bytes(digest), principal, seconds_left, refusal)


def _read_live(rows: Sequence[Sequence[Any]]) -> tuple[str, list[KnownSecret]]:
    return rows[0][0], [_read_secret(row[1:]) for row in rows if row[1] is not None]


def _read_secrets(rows: Sequence[Sequence[Any]]) -> list[KnownSecret]:
    return [_read_secret(row) for row in rows]


def _to_digests(digests: Iterable[bytes]) -> dict[str, Any]:
    return {"digests": list(digests)}


def _to_ids(ids: Iterable[int]) -> dict[str, Any]:
    return {"ids": list(ids)}


# The mark of all live secrets, and where it is not the one that is known they themselves.
SELECT_LIVE = Query(_SELECT_LIVE, lambda known_mark: {"known_mark": known_mark}, _read_live)
# The secrets of these digests, live or not; nothing of a digest that was never any.
SELECT_SECRETS = Query(_SELECT_SECRETS, _to_digests, _read_secrets)
# Notes that these keys were used just now, but for those of which that was noted within the minute.
UPDATE_LAST_USED = Query(_UPDATE_LAST_USED, _to_ids, len)
