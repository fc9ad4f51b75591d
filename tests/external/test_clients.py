"""Clients that generators make of the document: each compiles, creates a show, books, reads what changed."""

import json
import shutil
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.external.toolbox import CLIENTS, install_node, install_python, lay_out, need, run
from tests.support import ADMIN_KEY

pytestmark = [pytest.mark.external, pytest.mark.timeout(600), *need("npm", "java")]
PACKAGE = "seatline_client"
# Programs in which a client goes on its journey.
Program = list[str | Path]


@pytest.fixture(scope="module")
def document(web: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document of a running service, in a file."""
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    with urllib.request.urlopen(f"{web}/openapi.json") as answer:
        path.write_bytes(answer.read())
    return path


def generate(generator: str, document: Path, folder: Path, *options: str) -> None:
    """Run openapi-generator."""
    options = (*options, "--global-property", "apiTests=false,modelTests=false,apiDocs=false,modelDocs=false")
    program = install_python() / "openapi-generator-cli"
    run([program, "generate", "-g", generator, "-i", document, "-o", folder, *options])


def compile_python(package: Path) -> None:
    """Every module of a package is Python, and can be imported."""
    modules = [
        ".".join(path.relative_to(package.parent).with_suffix("").parts) for path in package.rglob("*.py")
    ]
    assert len(modules) > 50
    run(
        [install_python() / "python", "-W", "error", "-c", f"import {', '.join(modules)}"],
        folder=package.parent,
    )


def make_openapi_python_client(document: Path, folder: Path) -> Program:
    python = install_python()
    config = folder / "config.yml"
    config.write_text(f"project_name_override: seatline-client\npackage_name_override: {PACKAGE}\n")
    generated = folder / "generated"
    # It leaves out what it does not understand, and says so: here that is a failure.
    options = ["--path", document, "--config", config, "--output-path", generated, "--meta", "none"]
    run([python / "openapi-python-client", "generate", *options, "--fail-on-warning"], folder=folder)
    package = generated.rename(folder / PACKAGE)
    compile_python(package)
    driver = shutil.copy(CLIENTS / "drive_openapi_python_client.py", folder)
    return [python / "python", driver]


def make_openapi_generator_python(document: Path, folder: Path) -> Program:
    generate("python", document, folder, f"--package-name={PACKAGE}")
    compile_python(folder / PACKAGE)
    driver = shutil.copy(CLIENTS / "drive_openapi_generator.py", folder)
    return [install_python() / "python", driver]


def compile_typescript(folder: Path, driver: str) -> Program:
    """The driver, with all that it imports, in JavaScript."""
    lay_out(folder, "tsconfig.json", "package.json", driver)
    run([install_node() / ".bin" / "tsc", "--project", folder], folder=folder)
    return ["node", (folder / "built" / driver).with_suffix(".js")]


def make_typescript_fetch(document: Path, folder: Path) -> Program:
    generate("typescript-fetch", document, folder / "client")
    return compile_typescript(folder, "drive_typescript_fetch.ts")


def make_openapi_typescript(document: Path, folder: Path) -> Program:
    run([install_node() / ".bin" / "openapi-typescript", document, "--output", folder / "schema.d.ts"])
    return compile_typescript(folder, "drive_openapi_typescript.ts")


@pytest.mark.usefixtures("workers", "database")
@pytest.mark.parametrize(
    "make",
    [
        make_openapi_python_client,
        make_openapi_generator_python,
        make_typescript_fetch,
        make_openapi_typescript,
    ],
)
def test_journey(
    make: Callable[[Path, Path], Program],
    document: Path,
    web: str,
    tmp_path: Path,
) -> None:
    told: dict[str, Any] = json.loads(run([*make(document, tmp_path), web, ADMIN_KEY], folder=tmp_path))
    assert datetime.fromisoformat(told.pop("start_time")) == datetime(2099, 1, 10, 19, 30, tzinfo=UTC)
    assert told == {
        "status": "CONFIRMED",
        "seats": ["1", "2"],
        "amount": 5000,
        "nothing": [None] * 5,
        "booked": ["1", "2"],
        "changes": {"1": "booked", "2": "booked"},
        "refused": ["unknown_seats", "/seats/0"],
    }
