"""A canary in every secret of the tests: whoever tells one, in a log or on a terminal, fails the test.

Whatever is written while a test runs is searched, by processes that it started too: what they write to the
terminal is captured with the test's own, and logs are watched. The test process loads this as a plugin.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

# Of letters alone: no URL, no JSON and no shell writes it otherwise.
CANARY = "CanaryThatNobodyTells"
# Secrets that the service makes by itself: keys, and what webhooks are signed with.
SECRET = re.compile(
    rb"%s|slk_[A-Za-z0-9]{8}_[A-Za-z0-9]{32}|whsec_[A-Za-z0-9+/]{20}" % CANARY.encode("ascii")
)
# No secret is longer: one that came in two pieces is seen with the second.
LONGEST = 200
_read_to: dict[Path, int] = {}


def watch(log: Path) -> None:
    """Look for secrets in this file as well, from now on, whatever is in it or will be."""
    _read_to.setdefault(log, 0)


def read_watched() -> Iterator[bytes]:
    """What came into each watched file since the last look."""
    for log, done in _read_to.items():
        if log.exists() and log.stat().st_size > done:
            with log.open("rb") as file:
                file.seek(max(0, done - LONGEST))
                yield file.read()
                _read_to[log] = file.tell()


def find_leak(said: Iterable[bytes]) -> str | None:
    """The first line that tells a secret, None where none does."""
    for text in said:
        if found := SECRET.search(text):
            start, end = text.rfind(b"\n", 0, found.start()) + 1, text.find(b"\n", found.end())
            return text[start : end if end > 0 else None].decode(errors="replace")
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Any:
    """Fail the test, or what was done before or after it, that told a secret."""
    report: pytest.TestReport = yield
    said = [text.encode() for title, text in report.sections if title.endswith(call.when)]
    if leak := find_leak([*said, *(read_watched() if call.when == "teardown" else ())]):
        report.outcome, report.longrepr = "failed", f"a secret was told: {leak}"
    return report
