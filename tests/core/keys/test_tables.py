"""What the tables of keys hold by themselves; other constraints: tests/core/test_constraints.py."""

import pytest
from sqlalchemy.exc import IntegrityError

from core.access.principals import ADMIN_KEY, Role
from core.audit.service import Author, changing
from core.infra.db import transaction
from core.keys.service import NewKey, create_key, get_key, rotate_key
from tests.acting import ask, run

SECRET = "INSERT INTO api_key_secrets (digest, key_id, prefix, ends_at) VALUES (:digest, :id, 'a', {})"
AUTHOR = Author(ADMIN_KEY)


@pytest.fixture
def made(database: dict[str, str]) -> NewKey:
    """A key."""
    with changing(AUTHOR) as change:
        return create_key(change, name="A key", role=Role.PARTNER)


def add_secret(key_id: int, number: int, ends_at: str) -> None:
    run(SECRET.format(ends_at), digest=bytes([number]) * 32, id=key_id)


def test_one_secret_of_a_key_has_no_end(made: NewKey) -> None:
    with pytest.raises(IntegrityError, match="api_key_secrets_newest"):
        add_secret(made.key.id, 1, "NULL")
    for number in (2, 3):
        add_secret(made.key.id, number, "clock_timestamp()")


def test_a_digest_is_of_one_key(made: NewKey) -> None:
    add_secret(made.key.id, 1, "now()")
    with pytest.raises(IntegrityError, match="api_key_secrets_pkey"):
        add_secret(made.key.id, 1, "now()")


def test_a_key_that_is_deleted_takes_its_secrets_along(made: NewKey) -> None:
    run("DELETE FROM api_keys")
    assert ask("SELECT FROM api_key_secrets") == []


def test_what_is_taken_back_leaves_nothing(made: NewKey) -> None:
    with pytest.raises(ZeroDivisionError), changing(AUTHOR) as change:
        rotate_key(change, made.key.id, overlap_seconds=0)
        raise ZeroDivisionError
    assert len(ask("SELECT FROM api_key_secrets")) == len(ask("SELECT FROM audit_log")) == 1
    with transaction() as connection:
        assert get_key(connection, made.key.id) == made.key


def test_a_text_is_in_no_representation(made: NewKey) -> None:
    """Whatever logs an object, or shows it in a traceback, shows no key."""
    assert made.text not in repr(made)
    assert made.text.rpartition("_")[2] not in repr(made)
