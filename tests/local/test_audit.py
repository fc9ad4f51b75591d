"""What `make audit` makes of a report."""

import json

import pytest

from local.audit import UnreachableError, list_findings, read_report

FINE = {"name": "flask", "version": "3.1.3", "vulns": []}
BAD = {"name": "jinja2", "version": "3.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1"]}]}
SKIPPED = {"name": "amqp", "skip_reason": "amqp: not found"}


def report(*packages: dict[str, object]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_what_is_known_is_told() -> None:
    assert list_findings(read_report(report(FINE, BAD))) == ["jinja2 3.0: PYSEC-1, mended in ['3.1']"]
    assert list_findings(read_report(report(FINE))) == []


def test_what_could_not_be_looked_up_is_a_finding() -> None:
    assert list_findings(read_report(report(FINE, SKIPPED))) == ["amqp: not found"]


@pytest.mark.parametrize("said", [report(SKIPPED), report(), "", "Traceback", "[]", "{}"])
def test_where_nothing_could_nothing_was_audited(said: str) -> None:
    with pytest.raises(UnreachableError):
        read_report(said)
