"""Whom a token of an issuer stands for: its roles, its name, and for how long it is remembered."""

import hashlib
import time
from typing import Any

import pytest

from api.gate.oidc import REMEMBERED_SECONDS
from core.access.principals import Role
from core.texts import check_text
from tests.security.issuer import Clock, Issuer, trust


@pytest.mark.parametrize(
    ("claim", "claims", "role"),
    [
        ("roles", {"roles": ["partner"]}, Role.PARTNER),
        ("roles", {"roles": ["partner", "offline_access", "box_office"]}, Role.BOX_OFFICE),
        ("roles", {"roles": [5, None, ["admin"], "partner"]}, Role.PARTNER),
        ("roles", {"roles": "openid operator partner"}, Role.OPERATOR),
        ("roles", {"roles": "partner,admin"}, Role.ADMIN),
        ("realm_access.roles", {"realm_access": {"roles": ["operator"]}}, Role.OPERATOR),
        (
            "resource_access.seatline.roles",
            {"resource_access": {"seatline": {"roles": ["admin"]}}},
            Role.ADMIN,
        ),
        ("https://seatline.example/roles", {"https://seatline.example/roles": ["admin"]}, Role.ADMIN),
        ("a.b", {"a.b": ["partner"], "a": {"b": ["admin"]}}, Role.PARTNER),
    ],
)
def test_the_highest_role_counts(issuer: Issuer, claim: str, claims: dict[str, Any], role: Role) -> None:
    found = trust(issuer, claim).find_principal(issuer.sign(**{"roles": None, **claims}))
    assert found.role is role


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        ("roles", None),
        ("roles", []),
        ("roles", ["superuser", "Admin", "admin ", "administrator"]),
        ("roles", "administrator"),
        ("roles", {"admin": True}),
        ("roles", True),
        ("roles.admin", {"admin": True}),
        ("roles.nothing.there", ["admin"]),
        ("another", ["admin"]),
    ],
)
def test_without_a_role_that_is_known_it_has_none(issuer: Issuer, claim: str, roles: Any) -> None:
    assert trust(issuer, claim).find_principal(issuer.sign(roles=roles)).role is None


@pytest.mark.parametrize("name", [None, "", " ", "forged\nline", "\u202eada", "x" * 256, 5, ["ada"]])
def test_a_name_that_cannot_be_shown_is_the_subject(issuer: Issuer, name: Any) -> None:
    assert trust(issuer).find_principal(issuer.sign(preferred_username=name)).name == "4711"


def test_an_owner_stays_through_renewals(issuer: Issuer) -> None:
    trusted = trust(issuer)
    owner = trusted.find_principal(issuer.sign()).owner
    assert trusted.find_principal(issuer.sign(jti="another", roles=["admin"], name="other")).owner == owner
    assert trusted.find_principal(issuer.sign(sub="4712")).owner != owner
    long = trusted.find_principal(issuer.sign(sub="x" * 255)).owner
    assert len(long) == len(owner) < 64
    assert check_text(owner).startswith("oidc:")


def test_it_is_remembered_for_a_while_without_the_issuer(issuer: Issuer) -> None:
    clock = Clock()
    trusted, token = trust(issuer, clock=clock), issuer.sign()
    assert trusted.recall(token) is None
    found, asked = trusted.find_principal(token), len(issuer.asked)
    clock.now += REMEMBERED_SECONDS - 1
    assert trusted.recall(token) is found
    assert trusted.recall(token + "A") is trusted.recall(issuer.sign(jti="another")) is None
    clock.now += 1
    assert trusted.recall(token) is None
    assert len(issuer.asked) == asked


def test_it_is_not_remembered_longer_than_it_lasts(issuer: Issuer) -> None:
    clock = Clock()
    trusted, token = trust(issuer, clock=clock), issuer.sign(exp=int(time.time()) + 40)
    found = trusted.find_principal(token)
    assert trusted.recall(token) is found
    clock.now += 40
    assert trusted.recall(token) is None


def test_no_token_is_kept(issuer: Issuer) -> None:
    trusted, token = trust(issuer), issuer.sign()
    trusted.find_principal(token)
    assert list(trusted._remembered) == [hashlib.sha256(token.encode()).digest()]
