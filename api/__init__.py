"""HTTP and nothing else: parse, call one service, serialise."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

# An empty variable counts as unset; to the Prometheus client, once imported, it is the working folder.
if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)


def create_app() -> "Flask":
    """The application, where `flask --app api` looks for it."""
    # A lazy import: api.app loads the whole package, which an import of one module of it should not cost.
    from api.app import create_app as create  # noqa: PLC0415

    return create()
