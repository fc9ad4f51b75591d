"""An issuer of tokens: a real HTTP server with a discovery document, its keys, and what signs by them."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, SECP521R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as make_ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as make_rsa_key
from jwt.algorithms import get_default_algorithms

from api.gate import oidc
from tests.support import HANGS_SECONDS

AUDIENCE = "seatline"
DISCOVERY, JWKS = "/.well-known/openid-configuration", "/keys"
CURVES = {"ES256": SECP256R1, "ES384": SECP384R1, "ES512": SECP521R1}

Answer = Callable[[BaseHTTPRequestHandler], None]


def make_key(algorithm: str = "RS256", name: str = "first", *, bits: int = 2048) -> Any:
    """A private key for an algorithm; of each name and type one, made once."""
    return _make_key(algorithm if algorithm in CURVES or algorithm == "EdDSA" else "RSA", name, bits)


@cache
def _make_key(kind: str, name: str, bits: int) -> Any:
    if curve := CURVES.get(kind):
        return make_ec_key(curve())
    return Ed25519PrivateKey.generate() if kind == "EdDSA" else make_rsa_key(65537, bits)


def describe_key(algorithm: str = "RS256", name: str = "first", **changes: Any) -> dict[str, Any]:
    """The JWK of a key's public half, as issuers publish it; its id is its name."""
    public = make_key(algorithm, name).public_key()
    described = get_default_algorithms()[algorithm].to_jwk(public, as_dict=True)
    return {**described, "kid": name, "alg": algorithm, "use": "sig", **changes}


def describe_private_key(algorithm: str = "RS256", name: str = "first") -> dict[str, Any]:
    """The JWK of a whole key, which nobody should publish."""
    described = get_default_algorithms()[algorithm].to_jwk(make_key(algorithm, name), as_dict=True)
    return {**described, "kid": name, "alg": algorithm, "use": "sig", "key_ops": ["sign", "verify"]}


def encode_part(part: object) -> str:
    """A part of a token: JSON, or bytes, in base64url."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Issuer:
    """What it publishes, how each path is answered where otherwise, and what it was asked."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.keys: list[Any] = [describe_key()]
        self.discovered: dict[str, Any] = {"issuer": self.url, "jwks_uri": self.url + JWKS}
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.let_go = threading.Event()

    def make_claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of a good token; a change to None leaves one out."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "4711",
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "roles": ["operator"],
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def sign(
        self,
        algorithm: str = "RS256",
        key: str = "first",
        *,
        headers: dict[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """A token of these claims, signed by a key of ours."""
        claims, header = self.make_claims(**changes), {"kid": key, **(headers or {})}
        # Not by jwt.encode(), which refuses to sign what it would refuse to take.
        return jwt.PyJWS().encode(json.dumps(claims).encode(), make_key(algorithm, key), algorithm, header)

    def count(self, path: str = JWKS) -> int:
        """How often it was asked for that."""
        return self.asked.count(path)

    def hang(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer nothing until it is let go; then as usual."""
        self.let_go.wait(60)
        self.answer(handler)

    def drip(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer a byte now and then, and never to the end."""
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not self.let_go.wait(0.05):
            handler.wfile.write(b" ")

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer as an issuer does."""
        documents = {DISCOVERY: self.discovered, JWKS: {"keys": self.keys}}
        found = documents.get(handler.path)
        send(handler, json.dumps(found or {}).encode(), status=200 if found else 404)


def send(handler: BaseHTTPRequestHandler, body: bytes, *, status: int = 200, **headers: str) -> None:
    """Send an answer."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


class Handler(BaseHTTPRequestHandler):
    """Notes what is asked, and answers as the issuer is told."""

    server: "Server"

    def do_GET(self) -> None:
        issuer = self.server.issuer
        issuer.asked.append(self.path)
        # Whoever asked may have gone.
        with suppress(OSError):
            issuer.answers.get(self.path, issuer.answer)(self)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """The server of an issuer."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.issuer = Issuer(self.server_port)


@contextmanager
def run_issuer(known: Issuer | None = None) -> Iterator[Issuer]:
    """An issuer; one that is known comes back where it was."""
    server = Server(int(known.url.rpartition(":")[2]) if known else 0)
    server.issuer = known or server.issuer
    serving = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    serving.start()
    try:
        yield server.issuer
    finally:
        server.issuer.let_go.set()
        server.shutdown()
        server.server_close()


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def trust(
    issuer: Issuer, claim: str = "roles", clock: Clock | None = None, *, wait_seconds: float = HANGS_SECONDS
) -> oidc.Issuer:
    """What takes the tokens of an issuer, which has all the time that a busy machine may need."""
    return oidc.Issuer(issuer.url, AUDIENCE, claim, clock=clock or Clock(), wait_seconds=wait_seconds)
