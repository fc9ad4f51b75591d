"""HTTP and nothing else: parse, call one service, serialise."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def create_app() -> "Flask":
    """The application, where `flask --app api` looks for it."""
    # Not above: it needs nearly all of this package, and whoever wants a part of it need not wait for that.
    from api.app import create_app as create  # noqa: PLC0415

    return create()
