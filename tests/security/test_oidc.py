"""Tokens of an issuer: which are taken, and which are not, whatever they say of themselves."""

import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.errors import UnauthorizedError
from api.gate.oidc import TOKEN_BYTES
from api.gate.signing_keys import ALGORITHMS
from core.access.principals import PrincipalKind, Role
from tests.security.issuer import (
    AUDIENCE,
    Issuer,
    describe_key,
    encode_part,
    make_key,
    run_issuer,
    trust,
)


def refuse(issuer: Issuer, token: str, why: str = "The token") -> None:
    """The token is refused, and not remembered."""
    trusted = trust(issuer)
    with pytest.raises(UnauthorizedError, match=why):
        trusted.find_principal(token)
    assert trusted.recall(token) is None


def test_a_good_token_is_a_principal(issuer: Issuer) -> None:
    found = trust(issuer).find_principal(issuer.sign(preferred_username="ada"))
    assert (found.kind, found.id, found.name, found.role) == (
        PrincipalKind.OIDC,
        "4711",
        "ada",
        Role.OPERATOR,
    )
    assert found.rate_limit is None


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_asymmetric_algorithm_is_taken(issuer: Issuer, algorithm: str) -> None:
    issuer.keys = [describe_key(algorithm)]
    assert trust(issuer).find_principal(issuer.sign(algorithm)).id == "4711"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "ES384", "ES512", "EdDSA"])
def test_a_key_without_an_algorithm_has_that_of_its_type(issuer: Issuer, algorithm: str) -> None:
    issuer.keys = [{name: value for name, value in describe_key(algorithm).items() if name != "alg"}]
    assert trust(issuer).find_principal(issuer.sign(algorithm)).id == "4711"


def test_a_key_without_an_id_is_that_of_a_token_without_one(issuer: Issuer) -> None:
    issuer.keys = [describe_key(kid=None)]
    token = jwt.encode(issuer.make_claims(), make_key(), "RS256")
    assert trust(issuer).find_principal(token).id == "4711"
    refuse(issuer, issuer.sign())


NOW = int(time.time())


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"iss": "https://another.example.com"}, "another issuer"),
        ({"iss": None}, "lacks"),
        ({"iss": ["http://127.0.0.1"]}, "another issuer"),
        ({"aud": "another"}, "another audience"),
        ({"aud": ["another", "one"]}, "another audience"),
        ({"aud": "seat"}, "another audience"),
        ({"aud": None}, "lacks"),
        ({"aud": []}, "lacks"),
        ({"aud": {"seatline": True}}, "another audience"),
        ({"exp": NOW - 3600}, "expired"),
        ({"exp": NOW - 1}, "expired"),
        ({"exp": None}, "lacks"),
        ({"exp": "soon"}, "not valid"),
        ({"exp": {}}, "not valid"),
        ({"exp": float("nan")}, "not valid"),
        ({"exp": float("inf")}, "not valid"),
        ({"nbf": NOW + 36_000}, "not valid yet"),
        ({"iat": NOW + 36_000}, "not valid yet"),
        ({"sub": None}, "lacks"),
        ({"sub": ""}, "sub"),
        ({"sub": " "}, "sub"),
        ({"sub": 4711}, "not valid"),
        ({"sub": "x" * 256}, "sub"),
        ({"sub": "forged\nline"}, "sub"),
        ({"sub": "half \ud800"}, "sub"),
        ({"sub": "nul \0"}, "sub"),
    ],
)
def test_what_it_claims_must_be_right(issuer: Issuer, changes: dict[str, Any], why: str) -> None:
    refuse(issuer, issuer.sign(**changes), why)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["another", AUDIENCE]},
        # The issuer's clock may be a little ahead.
        {"iat": NOW + 15, "nbf": NOW + 15, "exp": NOW + 36_000},
        {"iat": None, "nbf": None},
        {"exp": 10**400},
        {"exp": NOW + 36_000.5},
        {"sub": "x" * 255},
        {"sub": "Zoë 🎭"},
    ],
)
def test_what_is_unusual_is_taken(issuer: Issuer, changes: dict[str, Any]) -> None:
    assert trust(issuer).find_principal(issuer.sign(**changes)).role is Role.OPERATOR


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "", "HS256", "HS384", "RS1", "ES256K", None, ["RS256"]]
)
def test_no_other_algorithm_is_taken(issuer: Issuer, algorithm: Any) -> None:
    unsigned = f"{encode_part({'alg': algorithm, 'kid': 'first'})}.{encode_part(issuer.make_claims())}."
    refuse(issuer, unsigned)
    refuse(issuer, unsigned + issuer.sign().rpartition(".")[2])
    # Nobody is asked for the sake of such a token.
    assert issuer.asked == []


def test_a_public_key_is_no_secret_of_hs256(issuer: Issuer) -> None:
    public = make_key().public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for secret in (pem, pem.rstrip(), der, json.dumps(describe_key()).encode(), describe_key()["n"].encode()):
        for header in ({"alg": "HS256", "kid": "first"}, {"alg": "HS256"}):
            signed = f"{encode_part(header)}.{encode_part(issuer.make_claims())}"
            signature = hmac.digest(secret, signed.encode(), "sha256")
            refuse(issuer, f"{signed}.{encode_part(signature)}", "algorithm")


def test_a_key_is_used_by_its_own_algorithm_alone(issuer: Issuer) -> None:
    trust(issuer).find_principal(issuer.sign())
    # The same key of RSA could verify all of them.
    for algorithm in ("RS384", "RS512", "PS256"):
        signed = jwt.encode(issuer.make_claims(), make_key(), algorithm, headers={"kid": "first"})
        refuse(issuer, signed, "no key")
    issuer.keys = [describe_key("ES256", alg="ES384")]
    refuse(issuer, issuer.sign("ES256"), "no key")


def test_a_signature_must_be_that_of_the_key(issuer: Issuer) -> None:
    refuse(issuer, issuer.sign(key="second", headers={"kid": "first"}), "not valid")
    head, _, signature = issuer.sign().split(".")
    refuse(issuer, f"{head}.{encode_part(issuer.make_claims(roles=['admin']))}.{signature}", "not valid")
    refuse(issuer, f"{head}.{encode_part(issuer.make_claims())}.", "not valid")


@pytest.mark.parametrize("header", ["jku", "x5u"])
def test_a_token_does_not_say_where_its_key_is(issuer: Issuer, header: str) -> None:
    with run_issuer() as forger:
        forger.keys = [describe_key(name="second")]
        elsewhere = {header: f"{forger.url}/keys"}
        refuse(issuer, issuer.sign(key="second", headers=elsewhere), "no key")
        refuse(issuer, issuer.sign(key="second", headers={"kid": "first", **elsewhere}), "not valid")
        assert forger.asked == []


@pytest.mark.parametrize(
    "headers",
    [
        {"jwk": describe_key(name="second"), "kid": "first"},
        {"jwk": describe_key(name="second")},
        {"kid": "../../keys/second"},
        {"kid": "' OR 1=1 --"},
    ],
)
def test_a_token_does_not_bring_its_key(issuer: Issuer, headers: dict[str, Any]) -> None:
    refuse(issuer, issuer.sign(key="second", headers=headers))


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"crit": []},
        {"crit": "b64"},
        {"kid": 5},
        {"kid": ["first"]},
        {"typ": "logout+jwt"},
        {"typ": "secevent+jwt"},
        {"typ": 5},
    ],
)
def test_a_header_must_be_understood(issuer: Issuer, header: dict[str, Any]) -> None:
    signed = f"{encode_part({'alg': 'RS256', 'kid': 'first', **header})}.{encode_part(issuer.make_claims())}"
    algorithm = jwt.get_algorithm_by_name("RS256")
    refuse(issuer, f"{signed}.{encode_part(algorithm.sign(signed.encode(), make_key()))}")


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "application/at+jwt"])
def test_access_tokens_are_taken(issuer: Issuer, kind: str) -> None:
    assert trust(issuer).find_principal(issuer.sign(headers={"typ": kind})).id == "4711"


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "é.é.é",
        "\ud800.\ud800.\ud800",
        f"{encode_part(b'[]')}.e30.",
        f"{encode_part(b'{}')}.e30.",
        f"{encode_part(b'[' * 5000)}.e30.",
        f"{encode_part({'alg': 'RS256'})}.{'A' * TOKEN_BYTES}.",
    ],
)
def test_what_is_no_token_asks_nobody(issuer: Issuer, token: str) -> None:
    refuse(issuer, token)
    assert issuer.asked == []


def test_large_tokens_are_taken_up_to_a_size(issuer: Issuer) -> None:
    assert trust(issuer).find_principal(issuer.sign(groups=["x" * 100] * 100)).id == "4711"
    refuse(issuer, issuer.sign(groups=["x" * 100] * 130), "too long")
