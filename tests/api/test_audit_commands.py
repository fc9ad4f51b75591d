"""Every command that changes something is in the audit log, and in its own: which it was, and whose."""

import json
import os
import pwd
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import click
import pytest

from api.app import create_app
from local.demo import NAME
from tests.acting import ask
from tests.apart import live_apart
from tests.support import HANGS_SECONDS, ROOT

USER = pwd.getpwuid(os.getuid()).pw_name


@dataclass(frozen=True, kw_only=True)
class Case:
    """Arguments with which a command changes something, once `first` made what they name."""

    action: str
    target: str
    arguments: str = ""
    first: str | None = None


# By the words of each command that changes something.
CASES = {
    "after-restore": Case(action="database.after_restore", target="database"),
    "keys create": Case(action="key.create", target=r"key:\d+", arguments="--name a --role partner"),
    "keys rotate": Case(
        action="key.rotate", target=r"key:\d+", arguments="{id}", first="keys create --name a --role partner"
    ),
    "keys revoke": Case(
        action="key.revoke", target=r"key:\d+", arguments="{id}", first="keys create --name a --role partner"
    ),
}
# Commands that change nothing.
READING = {"keys list"}


@pytest.fixture(scope="module")
def servers(servers: dict[str, str]) -> Iterator[dict[str, str]]:
    """Apart, since the ids of shows go on from where they were."""
    with live_apart(servers, name="commands", redis_database=12) as variables:
        yield variables


def list_commands(group: Mapping[str, click.Command], *before: str) -> Iterator[str]:
    """The words of each command, those of groups too."""
    for name, command in group.items():
        if isinstance(command, click.Group):
            yield from list_commands(command.commands, *before, name)
        else:
            yield " ".join((*before, name))


def run(program: list[str]) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(
        [sys.executable, "-m", *program],
        cwd=ROOT,
        # Whoever runs a command may choose what its environment says.
        env={**os.environ, "LOGNAME": "somebody-else"},
        capture_output=True,
        text=True,
        check=False,
        timeout=HANGS_SECONDS,
    )
    assert ended.returncode == 0, ended.stderr
    return ended


def run_flask(command: str) -> subprocess.CompletedProcess[str]:
    return run(["flask", "--app", "api", *command.split()])


def read_log() -> list[Any]:
    return ask("SELECT * FROM audit_log ORDER BY id")


def test_each_command_has_a_case(servers: dict[str, str]) -> None:
    """One without was added: give it one above, by which it is judged below."""
    assert set(list_commands(create_app().cli.commands)) == CASES.keys() | READING


@pytest.mark.parametrize("command", CASES)
def test_a_command_leaves_one_entry_and_one_line(database: dict[str, str], command: str) -> None:
    case = CASES[command]
    if case.first:
        run_flask(case.first)
    before = read_log()
    made = before[-1].target.partition(":")[2] if before else None
    ran = run_flask(f"{command} {case.arguments.format(id=made)}")
    (entry,) = read_log()[len(before) :]
    assert entry.action == case.action
    assert re.fullmatch(case.target, entry.target)
    assert (entry.actor_kind, entry.actor_id, entry.actor_name) == ("command", USER, f"flask {command}")
    assert (entry.actor_role, entry.request_id, entry.client) == ("admin", None, None)
    # Beside what it prints, which begins with no brace.
    (line,) = [json.loads(each) for each in ran.stderr.splitlines() if each.startswith("{")]
    assert {name: line[name] for name in ("message", "level", "action", "target", "actor", "actor_id")} == {
        "message": "changed",
        "level": "info",
        "action": case.action,
        "target": entry.target,
        "actor": f"flask {command}",
        "actor_id": USER,
    }


def test_the_demo_show_is_made_once_and_told_once(database: dict[str, str]) -> None:
    first, second = run(["local.demo"]).stdout, run(["local.demo"]).stdout
    assert first == second
    (entry,) = read_log()
    assert (entry.action, entry.target) == ("show.create", f"show:{first.strip()}")
    assert (entry.actor_kind, entry.actor_id, entry.actor_name) == ("command", USER, "make run")
    assert entry.after["name"] == NAME
