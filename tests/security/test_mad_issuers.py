"""What an issuer may publish, by mistake or by malice, that is not to be taken."""

from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import jwt
import pytest
from jwt.algorithms import RSAAlgorithm
from jwt.warnings import InsecureKeyLengthWarning

from api.errors import UnauthorizedError
from api.gate import oidc
from api.gate.signing_keys import (
    DOCUMENT_BYTES,
    FRESH_SECONDS,
    RETRY_SECONDS,
    fetch_keys,
)
from core.errors import UnavailableError
from tests.security.issuer import (
    AUDIENCE,
    DISCOVERY,
    JWKS,
    Answer,
    Clock,
    Issuer,
    describe_key,
    describe_private_key,
    make_key,
    run_issuer,
    send,
    trust,
)
from tests.support import HANGS_SECONDS
from tests.tls import Authority


def answer(body: bytes, **more: Any) -> Answer:
    """An answer of this body."""
    return lambda handler: send(handler, body, **more)


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Promise more than comes."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"keys": []}')


@pytest.mark.parametrize("path", [DISCOVERY, JWKS])
@pytest.mark.parametrize(
    "mad",
    [
        answer(b""),
        answer(b"not JSON"),
        answer(b"[]"),
        answer(b'{"keys": {"first": {}}, "issuer": 5}'),
        answer(b"[" * 100_000),
        answer(b"\xff\xfe"),
        answer(b"{}", status=404),
        answer(b"{}", status=500),
        answer(b'{"keys": []}', status=203),
        answer(b" " * DOCUMENT_BYTES + b'{"keys": []}'),
        cut,
        lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n"),
        lambda handler: handler.wfile.write(b"HTTP/1.1 200 " + b"x" * 100_000),
        lambda handler: None,
    ],
)
def test_a_mad_answer_is_none_and_changes_nothing(
    issuer: Issuer, clock: Clock, mad: Answer, path: str
) -> None:
    trusted, token = trust(issuer, clock=clock), issuer.sign()
    issuer.answers[path] = mad
    with pytest.raises(UnavailableError):
        trusted.find_principal(token)
    del issuer.answers[path]
    clock.now += RETRY_SECONDS
    trusted.find_principal(token)
    issuer.answers[path] = mad
    clock.now += FRESH_SECONDS
    assert trusted.find_principal(token).id == "4711"


@pytest.mark.parametrize("path", [DISCOVERY, JWKS])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(issuer: Issuer, path: str, status: int) -> None:
    with run_issuer() as forger:
        forger.discovered, forger.keys = issuer.discovered, [describe_key(name="second")]
        issuer.answers[path] = answer(b"", status=status, Location=forger.url + path)
        with pytest.raises(UnavailableError):
            trust(issuer).find_principal(issuer.sign(key="second"))
        assert forger.asked == []


@pytest.mark.parametrize("other", ["https://another.example.com", "", None, 5, "{url}/"])
def test_a_discovery_document_must_tell_of_the_issuer_itself(issuer: Issuer, other: Any) -> None:
    issuer.discovered["issuer"] = other.replace("{url}", issuer.url) if isinstance(other, str) else other
    with pytest.raises(UnavailableError):
        trust(issuer).find_principal(issuer.sign())
    assert issuer.asked == [DISCOVERY]


@pytest.mark.parametrize(
    "address", [None, 5, "", "/keys", "file:///etc/passwd", "ftp://127.0.0.1/", "http:", "http://["]
)
def test_keys_are_at_a_url(issuer: Issuer, address: Any) -> None:
    issuer.discovered["jwks_uri"] = address
    with pytest.raises(UnavailableError):
        trust(issuer).find_principal(issuer.sign())


@pytest.mark.parametrize(
    "unusable",
    [
        describe_private_key(),
        describe_key(use="enc"),
        describe_key(key_ops=["sign"]),
        describe_key(key_ops=5),
        describe_key(alg="HS256"),
        describe_key(alg="none"),
        describe_key(alg="RSA-OAEP"),
        describe_key(alg="ES256"),
        describe_key(alg=["RS256"]),
        describe_key(kid=5),
        describe_key(kid=["first"]),
        describe_key(kty="oct"),
        describe_key(kty=["RSA"]),
        describe_key(n="!"),
        describe_key(n=5),
        describe_key(e={}),
        {"kty": "oct", "k": "c2VjcmV0", "kid": "first", "alg": "HS256"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "first", "alg": "RS256"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "first"},
        {"kty": "RSA", "kid": "first"},
        {},
        [],
        None,
        "first",
    ],
)
def test_a_key_that_cannot_be_used_is_passed_over(issuer: Issuer, unusable: Any) -> None:
    issuer.keys = [unusable, describe_key(name="second")]
    trusted = trust(issuer)
    assert trusted.find_principal(issuer.sign(key="second")).id == "4711"
    with pytest.raises(UnauthorizedError, match="no key"):
        trusted.find_principal(issuer.sign())


def test_a_short_key_is_none(issuer: Issuer) -> None:
    short = make_key(name="short", bits=1024)
    described = RSAAlgorithm.to_jwk(short.public_key(), as_dict=True)
    issuer.keys = [{**described, "kid": "short", "alg": "RS256"}]
    with pytest.warns(InsecureKeyLengthWarning):
        token = jwt.encode(issuer.make_claims(), short, "RS256", {"kid": "short"})
    with pytest.raises(UnauthorizedError, match="not valid"):
        trust(issuer).find_principal(token)


def test_over_tls_it_must_prove_who_it_is(
    issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path)
    port = int(issuer.url.rpartition(":")[2])
    with authority.run_front(port, name="127.0.0.1") as front:
        url = f"https://127.0.0.1:{front.port}"
        issuer.discovered = {"issuer": url, "jwks_uri": url + JWKS}
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
        trusted = oidc.Issuer(url, AUDIENCE, "roles", wait_seconds=HANGS_SECONDS)
        assert trusted.find_principal(issuer.sign(iss=url)).id == "4711"
        # Whoever is between could tell keys of his own.
        issuer.discovered["jwks_uri"] = issuer.url + JWKS
        with pytest.raises(ValueError, match="https"):
            fetch_keys(url)
        monkeypatch.setenv("SSL_CERT_FILE", str(other.path))
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            fetch_keys(url)
