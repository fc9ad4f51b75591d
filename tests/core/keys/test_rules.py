"""What keys are made of, and which allowances they may have."""

import hashlib
import re

import pytest

from core.infra.rates import check_limit
from core.keys.rules import digest_key, make_secret


def test_texts_are_of_their_form_and_never_the_same() -> None:
    made = [make_secret() for _ in range(1000)]
    for secret in made:
        found = re.fullmatch(r"slk_([A-Za-z0-9]{8})_[A-Za-z0-9]{32}", secret.text)
        assert found
        assert found[1] == secret.prefix
        assert secret.digest == digest_key(secret.text) == hashlib.sha256(secret.text.encode()).digest()
        assert secret.text not in repr(secret)
    assert len({secret.prefix for secret in made}) == len({secret.digest for secret in made}) == 1000


def test_every_character_is_drawn() -> None:
    """190 bits: each of the 62 at each of the 32 places, with about the same chance."""
    texts = [make_secret().text.rpartition("_")[2] for _ in range(2000)]
    assert {len(set(column)) for column in zip(*texts, strict=True)} == {62}


@pytest.mark.parametrize("limit", ["6000/minute", "1/second", "100 per 2 hours", "100/second;6000/minute"])
def test_limit_is_taken(limit: str) -> None:
    assert check_limit(limit) == limit


@pytest.mark.parametrize(
    "limit", ["", "x", "6000", "/minute", "6000/eon", "-5/minute", "1.5/minute", "5/minute;"]
)
def test_limit_is_not_like_one(limit: str) -> None:
    with pytest.raises(ValueError, match="6000/minute"):
        check_limit(limit)


@pytest.mark.parametrize("limit", ["0/minute", "1000000001/minute", "9" * 90 + "/day", "5/2 years"])
def test_limit_is_out_of_bounds(limit: str) -> None:
    with pytest.raises(ValueError, match="1 to 1,000,000,000"):
        check_limit(limit)
