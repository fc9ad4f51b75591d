"""What operators do from the command line, with `flask --app api`."""

import sys
from dataclasses import asdict

import click
from flask import Flask

from api.key_commands import keys
from core.audit.service import changing_by_command
from core.errors import UnavailableError
from core.infra.health import find_fault
from core.restoring import go_on_after_restore


def register_commands(app: Flask) -> None:
    """Add the commands to an application."""
    app.cli.add_command(after_restore)
    app.cli.add_command(keys)


@click.command("after-restore")
def after_restore() -> None:
    """Raise feed positions, map versions and ids past all given out before; run it after each restore."""
    # A command does not wait for the database as a process does: its operator is at the terminal.
    if fault := find_fault():
        sys.exit(f"seatline: {fault}")
    try:
        with changing_by_command("flask after-restore") as change:
            done = go_on_after_restore(change.connection)
            change.tell("database.after_restore", "database", after=asdict(done))
    except UnavailableError as error:
        sys.exit(f"seatline: {error} Run it again.")
    click.echo(
        f"The feed goes on at position {done.number}, the maps of {done.maps} shows at that version,"
        f" new shows, webhook endpoints and keys at id {done.identity}."
    )
