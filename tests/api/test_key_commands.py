"""`flask --app api keys …` as processes of their own, beside the API on the same database."""

import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from tests.acting import ask
from tests.api.key_asking import (
    IN_THE_FUTURE,
    PATH,
    TEXT,
    digest,
    expire,
    make_key,
    read,
    read_audit,
    read_ends,
    revoke,
)
from tests.door import DoorClient
from tests.support import ADMIN, HANGS_SECONDS, ROOT


class Terminal:
    """Where commands are typed, for a database."""

    def __init__(self, url: str) -> None:
        self._url = url

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        flask = Path(sys.executable).with_name("flask")
        return subprocess.run(
            [flask, "--app", "api", "keys", *arguments],
            cwd=ROOT,
            env={"DATABASE_URL": self._url, "REDIS_URL": "redis://127.0.0.1:1/0"},
            capture_output=True,
            text=True,
            check=False,
            timeout=HANGS_SECONDS,
        )

    def do(self, *arguments: str) -> str:
        """What a command that succeeds writes to standard output."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fail(self, *arguments: str) -> str:
        """The one line in which a command says why not."""
        done = self.run(*arguments)
        assert (done.returncode, done.stdout) == (1, ""), done
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert done.stderr.startswith("seatline: ")
        return done.stderr


@pytest.fixture
def terminal(database: dict[str, str]) -> Terminal:
    """A terminal for the tests' own database, which is empty; of Redis commands need nothing."""
    return Terminal(database["DATABASE_URL"])


def test_the_text_alone_is_on_standard_output(terminal: Terminal, client: DoorClient) -> None:
    done = terminal.run(
        *("create", "--name", " Partner ", "--role", "partner"),
        *("--expires-at", IN_THE_FUTURE, "--rate-limit", "6000/minute"),
    )
    text = done.stdout.removesuffix("\n")
    assert (done.returncode, TEXT.fullmatch(text) is not None) == (0, True)
    (key,) = client.get(PATH, headers=ADMIN).json["items"]
    assert {name: key[name] for name in ("name", "role", "expires_at", "rate_limit", "prefix")} == {
        "name": "Partner",
        "role": "partner",
        "expires_at": IN_THE_FUTURE,
        "rate_limit": "6000/minute",
        "prefix": text[4:12],
    }
    assert read_ends(key["id"]) == {digest(text): None}
    # After the line of the log.
    line, told = done.stderr.splitlines()
    assert told == f"Key {key['id']} (partner): Partner. It is not shown again."
    assert text[len("slk_") :] not in line


def test_rotated_and_revoked(terminal: Terminal, client: DoorClient) -> None:
    made = make_key(client)
    second = terminal.do("rotate", str(made["id"]), "--overlap-seconds", "3600").removesuffix("\n")
    assert TEXT.fullmatch(second)
    ends = read_ends(made["id"])
    assert 0 < (ends[digest(made["key"])] or 0) <= 3600
    assert ends[digest(second)] is None
    third = terminal.do("rotate", str(made["id"])).removesuffix("\n")
    ends = read_ends(made["id"])
    assert ends.pop(digest(third)) is None
    assert all(seconds is not None and seconds <= 0 for seconds in ends.values())
    assert terminal.do("revoke", str(made["id"])) == ""
    assert read(client, made["id"])["revoked_at"] is not None


def test_audit_log_names_the_command(app: Flask, client: DoorClient) -> None:
    key_id = str(make_key(client)["id"])
    for command in (
        ["create", "--name", "a", "--role", "partner"],
        ["rotate", key_id],
        ["revoke", key_id],
        ["revoke", key_id],
    ):
        assert app.test_cli_runner().invoke(args=["keys", *command]).exit_code == 0
    _, *entries = read_audit()
    assert [(entry["action"], entry["actor_name"]) for entry in entries] == [
        ("key.create", "flask keys create"),
        ("key.rotate", "flask keys rotate"),
        ("key.revoke", "flask keys revoke"),
    ]
    assert {(entry["actor_kind"], entry["actor_role"]) for entry in entries} == {("command", "admin")}
    assert {entry["target"] for entry in entries[1:]} == {f"key:{key_id}"}


def test_list(terminal: Terminal, client: DoorClient) -> None:
    fields = {"name": "Window 3", "role": "box_office"}
    oldest, middle, newest = (
        make_key(client, **fields, expires_at=end) for end in (IN_THE_FUTURE, None, None)
    )
    revoke(client, newest["id"])
    expire(middle["id"])
    head, *rows = terminal.do("list").splitlines()
    assert head.split() == ["ID", "ROLE", "PREFIX", "STATE", "EXPIRES", "LAST", "USED", "NAME"]
    assert [row.split()[:4] for row in rows] == [
        [str(key["id"]), "box_office", key["prefix"], state]
        for key, state in ((newest, "revoked"), (middle, "expired"), (oldest, "active"))
    ]
    assert rows[2].split()[4:] == [IN_THE_FUTURE, "-", "Window", "3"]
    assert {row.index("Window") for row in rows} == {head.index("NAME")}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "--name", " ", "--role", "partner"), "name: "),
        (("create", "--name", "a", "--role", "root"), "role: "),
        (("create", "--name", "a", "--role", "partner", "--rate-limit", "many"), "rate_limit: "),
        (("create", "--name", "a", "--role", "partner", "--expires-at", "tomorrow"), "expires_at: "),
        (
            ("create", "--name", "a", "--role", "partner", "--expires-at", "2020-01-01T00:00:00Z"),
            "expires_at: ",
        ),
        (("rotate", "7"), "There is no key 7."),
        (("rotate", "7", "--overlap-seconds", "604801"), "overlap_seconds: "),
        (("revoke", "x"), "There is no key x."),
    ],
)
@pytest.mark.usefixtures("database")
def test_refused_in_a_line(app: Flask, arguments: tuple[str, ...], said: str) -> None:
    # In this process: one of its own takes seconds to start.
    done = app.test_cli_runner().invoke(args=["keys", *arguments])
    assert done.exit_code == 1
    assert done.output.startswith("seatline: ")
    assert len(done.output.splitlines()) == 1
    assert said in done.output
    assert ask("SELECT FROM api_keys") == read_audit() == []


def test_refused_to_a_terminal(terminal: Terminal, client: DoorClient) -> None:
    key_id = make_key(client)["id"]
    revoke(client, key_id)
    assert terminal.fail("rotate", str(key_id)) == f"seatline: Key {key_id} is revoked: make a new one.\n"


def test_database_that_is_away() -> None:
    terminal = Terminal("postgresql://nobody@127.0.0.1:1/nothing")
    assert terminal.fail("list") == "seatline: DATABASE_URL: the database does not answer\n"
