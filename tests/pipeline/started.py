"""Processes of the Procfile side by side, what each says, and what web answers."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from subprocess import Popen
from typing import Any

from tests.pipeline.test_processes import running
from tests.support import ADMIN, HANGS_SECONDS


class Started:
    """Processes side by side, and what each says."""

    def __init__(self, stack: ExitStack, variables: Mapping[str, str], folder: Path) -> None:
        self._stack, self._variables, self._folder = stack, dict(variables), folder
        self.processes: dict[str, Popen[bytes]] = {}
        self._address = f"http://127.0.0.1:{variables['PORT']}"

    def start(self, *names: str) -> None:
        for name in names:
            self.processes[name] = self._stack.enter_context(running(name, self._variables, self.log(name)))

    def log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def tells(self, name: str, words: str) -> bool:
        return words in self.log(name).read_text()

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Mapping[str, str], Any]:
        """Status, headers and document of web's answer; status 0 where there is none."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **ADMIN}
        request = urllib.request.Request(f"{self._address}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=HANGS_SECONDS) as answer:
                return answer.status, answer.headers, json.load(answer)
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.headers, json.load(refusal)
        except OSError:
            return 0, {}, None
