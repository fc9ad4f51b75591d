"""Keys from the command line: `flask --app api keys …`, the same as /admin/keys, by the same rules."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

import click

from api.parsing import parse_key_id, validate
from api.schemas.keys import KeyRequest, KeyRotation
from core.access.principals import Role
from core.audit.service import Change, changing_by_command
from core.errors import SeatlineError, UnavailableError
from core.infra.db import primary
from core.infra.health import find_fault
from core.keys import service

HEAD = "ID", "ROLE", "PREFIX", "STATE", "EXPIRES", "LAST USED", "NAME"
NOTHING = "-"


@click.group("keys")
def keys() -> None:
    """Make, list, rotate and revoke keys."""


@keys.command("create")
@click.option("--name", required=True, help="Whose it is, or what for.")
@click.option("--role", required=True, help=f"What it may do: {', '.join(Role)}.")
@click.option("--expires-at", metavar="TIME", help="When it ends, like 2027-01-10T19:30:00Z; else never.")
@click.option("--rate-limit", metavar="LIMIT", help="Its own allowance, like 6000/minute.")
def create_key(**given: str | None) -> None:
    """Make a key: its text, and nothing else, goes to standard output, this once."""
    with _tell_faults(), _changing("create") as change:
        asked = validate(KeyRequest, given)
        made = service.create_key(change, **asked.model_dump())
    _tell_new(made)


@keys.command("list")
def list_keys() -> None:
    """List all keys, the newest first, revoked and expired ones too."""
    with _tell_faults(), primary() as connection:
        found = service.list_keys(connection)
    rows = [HEAD, *map(_to_row, found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(map(str.ljust, row, widths)).rstrip())


@keys.command("rotate")
@click.argument("key_id", metavar="ID")
@click.option(
    "--overlap-seconds", metavar="SECONDS", type=int, default=0, help="How long the text before works on."
)
def rotate_key(key_id: str, overlap_seconds: int) -> None:
    """Make a key a new text, which goes to standard output, this once; those before end after the overlap."""
    with _tell_faults(), _changing("rotate") as change:
        asked = validate(KeyRotation, {"overlap_seconds": overlap_seconds})
        made = service.rotate_key(change, parse_key_id(key_id), overlap_seconds=asked.overlap_seconds)
    _tell_new(made)


@keys.command("revoke")
@click.argument("key_id", metavar="ID")
def revoke_key(key_id: str) -> None:
    """Let a key work no more, for good."""
    with _tell_faults(), _changing("revoke") as change:
        service.revoke_key(change, parse_key_id(key_id))
    click.echo(f"Key {key_id} is revoked: it is refused everywhere within 5 seconds.", err=True)


def _changing(command: str) -> AbstractContextManager[Change]:
    return changing_by_command(f"flask keys {command}")


@contextmanager
def _tell_faults() -> Iterator[None]:
    """What goes wrong ends the command with one line."""
    # A command does not wait for the database as a process does: its operator is at the terminal.
    if fault := find_fault():
        sys.exit(f"seatline: {fault}")
    try:
        yield
    except UnavailableError as error:
        sys.exit(f"seatline: {error} A change may have been made all the same: see `keys list`.")
    except SeatlineError as error:
        said = [f"{fault.pointer[1:]}: {fault.detail}" for fault in error.faults]
        sys.exit(f"seatline: {'; '.join(said) or error.detail}")


def _tell_new(made: service.NewKey) -> None:
    # Only the key: so that a script, or a secret's store, takes it as it is.
    click.echo(made.text)
    click.echo(f"Key {made.key.id} ({made.key.role}): {made.key.name}. It is not shown again.", err=True)


def _to_row(key: service.Key) -> Sequence[str]:
    state = "revoked" if key.revoked_at else "expired" if key.is_expired else "active"
    times = _tell_time(key.expires_at), _tell_time(key.last_used_at)
    return str(key.id), key.role, key.prefix, state, *times, key.name


def _tell_time(time: datetime | None) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}" if time else NOTHING
