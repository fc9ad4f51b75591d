"""The machine's HAProxy with compose's configuration, and the name server that Docker would be to it."""

import shutil
import socket
import socketserver
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.embedded import find_free_port
from tests.support import ROOT, wait_until

CONFIGURATION = ROOT / "proxy" / "haproxy.cfg"
USUAL = "/usr/sbin:/usr/local/sbin:/usr/bin"
ADDRESS = 1
# An answer's name is a pointer to that of the question.
HEADER, POINTER = struct.Struct("!6H"), 0xC00C
TTL_SECONDS = 600


class Names(socketserver.UDPServer):
    """A name server that knows the addresses of one name, whatever it is asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.addresses: list[str] = []


class _Answering(socketserver.BaseRequestHandler):
    server: Names

    def handle(self) -> None:
        message, sender = self.request
        number = HEADER.unpack_from(message)[0]
        end = message.index(b"\0", HEADER.size) + 5
        (kind,) = struct.unpack_from("!H", message, end - 4)
        found = self.server.addresses if kind == ADDRESS else []
        records = b"".join(
            struct.pack("!3HIH4s", POINTER, ADDRESS, 1, TTL_SECONDS, 4, socket.inet_aton(address))
            for address in found
        )
        answer = HEADER.pack(number, 0x8180, 1, len(found), 0, 0) + message[HEADER.size : end] + records
        sender.sendto(answer, self.client_address)


class Proxy:
    """Compose's proxy before processes of `web` at one port of several addresses, which may change."""

    def __init__(self, folder: Path, names: Names, web_port: int) -> None:
        self.port, self._names = find_free_port(), names
        self.address = f"http://127.0.0.1:{self.port}"
        text = CONFIGURATION.read_text()
        for written, here in (
            ("bind :8000", f"bind 127.0.0.1:{self.port}"),
            ("parse-resolv-conf", f"nameserver test 127.0.0.1:{names.server_address[1]}"),
            ("web:8000", f"web:{web_port}"),
        ):
            assert text.count(written) == 1
            text = text.replace(written, here)
        self.file = folder / "haproxy.cfg"
        self.file.write_text(text)

    @property
    def addresses(self) -> list[str]:
        """Those that `web` has."""
        return self._names.addresses


def find_haproxy() -> str:
    """The machine's program. Fails the test where there is none."""
    program = shutil.which("haproxy", path=USUAL)
    assert program, "haproxy is not installed"
    return program


@contextmanager
def run_proxy(folder: Path, web_port: int) -> Iterator[Proxy]:
    """The proxy, which listens, and finds no `web` yet."""
    with Names() as names:
        threading.Thread(target=names.serve_forever, args=(0.01,), daemon=True).start()
        proxy = Proxy(folder, names, web_port)
        with (folder / "haproxy.log").open("wb") as log:
            process = subprocess.Popen([find_haproxy(), "-db", "-f", proxy.file], stdout=log, stderr=log)
        try:
            wait_until(lambda: not socket.socket().connect_ex(("127.0.0.1", proxy.port)))
            yield proxy
        finally:
            process.kill()
            process.wait()
            names.shutdown()
