"""HTTP and nothing else: parse, call one service, serialise."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def create_app() -> "Flask":
    """The application, where `flask --app api` looks for it."""
    # A lazy import: api.app loads the whole package, which an import of one module of it should not cost.
    from api.app import create_app as create  # noqa: PLC0415

    return create()
