"""deploy/haproxy on this machine, with a certificate made for it, before processes of `web`."""

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme

from local.embedded import find_free_port
from tests.external.haproxy import find_haproxy
from tests.support import HANGS_SECONDS, ROOT, run_process, wait_for_http, wait_until

FOLDER = ROOT / "deploy" / "haproxy"
HOST = "127.0.0.1"
# From there /admin may be asked for; from all others not.
OPERATOR, CLIENT = "127.0.0.7", "127.0.0.8"
# Where processes of `web` are.
FIRST, SECOND = "127.0.0.2", "127.0.0.3"
WEB = {"WEB_CONCURRENCY": "1", "TRUSTED_PROXIES": "1"}
# What takes root.
PRIVILEGES = "    user haproxy\n    group haproxy\n    chroot /var/lib/haproxy\n"


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, taken whole."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def replace(text: str, changes: Mapping[str, str]) -> str:
    """The text with each of these, which it has once, changed."""
    for written, here in changes.items():
        assert text.count(written) == 1, written
        text = text.replace(written, here)
    return text


class Edge:
    """The proxy, and how to speak to it; `servers` are the addresses of `web` by name."""

    def __init__(self, folder: Path, servers: Mapping[str, str], beside: str = "servers.cfg") -> None:
        # The address of `web`, where there is one.
        self.web, self.pid = "", 0
        self.plain_port, self.port, self.figures_port = (find_free_port() for _ in range(3))
        self.socket, self.authority = folder / "admin.sock", folder / "authority.pem"
        self._certificates, self._issuer = folder / "certificates", trustme.CA()
        self._certificates.mkdir()
        self._issuer.cert_pem.write_to_path(str(self.authority))
        self.certify()
        operators = (FOLDER / "operators.lst").read_text()
        (folder / "operators.lst").write_text(replace(operators, {"127.0.0.0/8": f"{OPERATOR}/32"}))
        main = {
            # Twice as many files as are open at once; this machine may allow fewer.
            "maxconn 20000": "maxconn 2000",
            "bind :80,:::80 v6only\n": f"bind {HOST}:{self.plain_port}\n",
            "bind :443,:::443 v6only ": f"bind {HOST}:{self.port} ",
            "bind 127.0.0.1:8405": f"bind {HOST}:{self.figures_port}",
            "/etc/haproxy/certs/": f"{self._certificates}/",
            "/etc/haproxy/operators.lst": str(folder / "operators.lst"),
        }
        own = {"host.docker.internal": HOST}
        if beside == "servers.cfg":
            lines = [f"    server {name} {address}" for name, address in servers.items()]
            own = {"/run/haproxy/admin.sock mode": f"{self.socket} mode"}
            own |= {"    server one 127.0.0.1:8000": "\n".join(lines)}
            own |= {PRIVILEGES: ""} if os.getuid() else {}
        self.files = [folder / "haproxy.cfg", folder / beside]
        for file, changes in zip(self.files, (main, own), strict=True):
            file.write_text(replace((FOLDER / file.name).read_text(), changes))

    def certify(self) -> None:
        """Have a new certificate, as renewing one does."""
        issued = self._issuer.issue_cert(HOST, "localhost")
        issued.private_key_and_cert_chain_pem.write_to_path(str(self._certificates / "edge.pem"))

    def read_certificate(self, source: str) -> bytes | None:
        """The certificate that it shows."""
        with self.connect(source) as connection:
            return connection.getpeercert(binary_form=True)

    @property
    def command(self) -> Sequence[str | Path]:
        return [find_haproxy(), *(part for file in self.files for part in ("-f", file))]

    def trust(self, *protocols: str) -> ssl.SSLContext:
        """A client's context, which offers these protocols."""
        context = ssl.create_default_context(cafile=str(self.authority))
        context.set_alpn_protocols(protocols)
        return context

    def connect(self, source: str = CLIENT, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        """A connection, past its handshake."""
        raw = socket.create_connection((HOST, self.port), HANGS_SECONDS, source_address=(source, 0))
        try:
            return (context or self.trust("http/1.1")).wrap_socket(raw, server_hostname=HOST)
        except OSError:
            raw.close()
            raise

    def open(self, source: str = CLIENT) -> http.client.HTTPSConnection:
        """A connection that takes one request after another."""
        return http.client.HTTPSConnection(
            HOST, self.port, timeout=HANGS_SECONDS, source_address=(source, 0), context=self.trust("http/1.1")
        )

    def ask(
        self, method: str, path: str, body: Any = None, *, source: str = CLIENT, **headers: str
    ) -> Answered:
        """One request, on a connection of its own."""
        with closing(self.open(source)) as connection:
            return ask_on(connection, method, path, body, **headers)

    def tell(self, command: str) -> str:
        """What HAProxy answers to an operator's command."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.socket))
            client.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: client.recv(65_536), b"")).decode()


def ask_on(
    connection: http.client.HTTPConnection, method: str, path: str, body: Any = None, **headers: str
) -> Answered:
    """One request on a connection; names of headers have _ for -."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    data = None if body is None else json.dumps(body).encode()
    connection.request(method, path, data, {**sent, "Content-Type": "application/json"} if data else sent)
    answer = connection.getresponse()
    return Answered(answer.status, answer.headers, answer.read())


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0


@contextmanager
def run_edge(folder: Path, servers: Mapping[str, str]) -> Iterator[Edge]:
    """The proxy, which listens."""
    edge = Edge(folder, servers)
    with (folder / "haproxy.log").open("wb") as log:
        process = subprocess.Popen([*edge.command, "-W", "-db"], stdout=log, stderr=log)
    edge.pid = process.pid
    try:
        wait_until(lambda: process.poll() is not None or listens(edge.port))
        assert process.poll() is None, (folder / "haproxy.log").read_text()
        yield edge
    finally:
        # To its workers too, at once; a reload may have left two.
        process.send_signal(signal.SIGTERM)
        process.wait(HANGS_SECONDS)


def describe(address: str, port: int) -> dict[str, str]:
    return {**WEB, "HOST": address, "PORT": str(port)}


def count(address: str, route: str) -> int:
    """How many requests to this route a `web` has answered with 200."""
    line = f'seatline_http_requests_total{{method="GET",route="{route}",status="200"}}'
    with closing(http.client.HTTPConnection(address)) as connection:
        told = ask_on(connection, "GET", "/metrics").body.decode().splitlines()
    return int(float(next((each.split()[-1] for each in told if each.startswith(line)), 0)))


@contextmanager
def run_stand(folder: Path, servers: dict[str, str], **variables: str) -> Iterator[Edge]:
    """The proxy before one `web`, which it has found."""
    port = find_free_port()
    with (
        run_process("web", {**servers, **describe(FIRST, port), **variables}),
        run_edge(folder, {"one": f"{FIRST}:{port}"}) as edge,
    ):
        wait_for_http(f"http://{FIRST}:{port}/readyz")
        wait_until(lambda: edge.ask("GET", "/healthz", source=OPERATOR).status == 200)
        edge.web = f"{FIRST}:{port}"
        yield edge
