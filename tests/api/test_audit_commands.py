"""Every command that changes something is in the audit log: which it was, and which user ran it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping

import click
import pytest

from api.app import create_app
from local.demo import NAME
from tests.acting import ask
from tests.apart import live_apart
from tests.support import HANGS_SECONDS, ROOT

USER = "ann"
# Of each command that changes something, by its words: arguments with which it does, what the log then says.
CASES: dict[str, tuple[list[str], str, str]] = {
    "after-restore": ([], "database.after_restore", "database"),
}
READING: set[str] = set()


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


def run(program: list[str]) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", *program],
        cwd=ROOT,
        env={**os.environ, "LOGNAME": USER},
        capture_output=True,
        text=True,
        check=False,
        timeout=HANGS_SECONDS,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_each_command_has_a_case(servers: dict[str, str]) -> None:
    """One without was added: give it one above, by which it is judged below."""
    assert set(list_commands(create_app().cli.commands)) == CASES.keys() | READING


@pytest.mark.parametrize("command", CASES)
def test_a_command_leaves_one_entry(database: dict[str, str], command: str) -> None:
    arguments, action, target = CASES[command]
    run(["flask", "--app", "api", *command.split(), *arguments])
    (entry,) = ask("SELECT * FROM audit_log")
    assert (entry.action, entry.target) == (action, target)
    assert (entry.actor_kind, entry.actor_id, entry.actor_name) == ("command", USER, f"flask {command}")
    assert (entry.actor_role, entry.request_id, entry.client) == ("admin", None, None)


def test_the_demo_show_is_made_once_and_told_once(database: dict[str, str]) -> None:
    first, second = run(["local.demo"]), run(["local.demo"])
    assert first == second
    (entry,) = ask("SELECT * FROM audit_log")
    assert (entry.action, entry.target) == ("show.create", f"show:{first.strip()}")
    assert (entry.actor_kind, entry.actor_id, entry.actor_name) == ("command", USER, "make run")
    assert entry.after["name"] == NAME
