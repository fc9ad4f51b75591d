"""How the code is built: small, each thing in its place, every task routed."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT

FOLDERS = "api", "core", "tasks", "sandbox", "local", "migrations", "tests", "bench"
MAX_LINES, MAX_FUNCTION_LINES, MAX_TASK_LINES = 300, 40, 15
SOURCES = sorted(
    path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts
)
OWN = [path for path in SOURCES if path.relative_to(ROOT).parts[0] in ("api", "core", "tasks", "sandbox")]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def parse_functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, Function))


def count_lines(function: Function) -> int:
    """Lines of the body, its docstring aside."""
    first = function.body[1] if ast.get_docstring(function) and len(function.body) > 1 else function.body[0]
    return (function.end_lineno or 0) - first.lineno + 1


def test_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports"))]
    linted = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout


def test_files_are_short() -> None:
    assert [name(path) for path in SOURCES if len(path.read_text().splitlines()) > MAX_LINES] == []


def test_functions_are_short() -> None:
    # Migrations list columns; that is long, and reads at a glance.
    long = [
        f"{name(path)}:{function.name}"
        for path in SOURCES
        if "versions" not in path.parts
        for function in parse_functions(path)
        if count_lines(function) > MAX_FUNCTION_LINES
    ]
    assert long == []


def test_modules_say_what_lives_in_them() -> None:
    assert [name(p) for p in SOURCES if not ast.get_docstring(ast.parse(p.read_text()))] == []


def test_public_functions_give_their_promise() -> None:
    silent = [
        f"{name(path)}:{function.name}"
        for path in OWN
        for function in ast.parse(path.read_text()).body
        if isinstance(function, Function)
        and not function.name.startswith("_")
        and not ast.get_docstring(function)
    ]
    assert silent == []


def test_no_name_that_says_nothing() -> None:
    assert [name(p) for p in SOURCES if re.search(r"utils|helper|manager|common", name(p))] == []


def test_tasks_are_sent_by_nudges_alone() -> None:
    """A `.delay()` in a request would wait for a broker that is frozen; an eager task tests nothing."""
    for path in SOURCES:
        # The textbook is there to show what that costs.
        if path == Path(__file__) or "textbook" in path.parts:
            continue
        source = path.read_text()
        assert not re.search(r"\.(delay|apply_async)\((?!entry)", source), name(path)
        assert "always_eager" not in source, name(path)


def test_sql_lives_in_queries() -> None:
    """And in the health check, which asks whether there is a schema at all."""
    statement = re.compile(r"\btext\(f?\"")
    found = [name(p) for p in OWN if statement.search(p.read_text())]
    allowed = re.compile(r"queries\.py$|models\.py$|core/infra/health\.py$")
    assert [path for path in found if not allowed.search(path)] == []


def test_every_task_is_routed_and_scheduled_under_its_name(servers: dict[str, str]) -> None:
    import celeryconfig  # noqa: PLC0415 (reads the settings, which the servers set)
    from tasks import app, load_tasks  # noqa: PLC0415

    load_tasks()
    own = {task for task in app.tasks if task.startswith("tasks.")}
    queues = {queue.name for queue in celeryconfig.task_queues}
    assert set(celeryconfig.task_routes) == own
    assert {route["queue"] for route in celeryconfig.task_routes.values()} <= queues
    assert {entry["task"] for entry in celeryconfig.beat_schedule.values()} <= own
    assert celeryconfig.accept_content == ["json"]


@pytest.mark.parametrize("path", [p for p in OWN if p.parts[-2] == "tasks"], ids=name)
def test_tasks_are_thin(path: Path) -> None:
    assert [f.name for f in parse_functions(path) if count_lines(f) > MAX_TASK_LINES] == []


def test_every_queue_has_a_process(servers: dict[str, str]) -> None:
    import celeryconfig  # noqa: PLC0415

    consumed = set(re.findall(r"[\w]+", " ".join(re.findall(r"-Q (\S+)", (ROOT / "Procfile").read_text()))))
    assert consumed == {queue.name for queue in celeryconfig.task_queues}


DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *ROOT.glob("*.toml"),
    *ROOT.glob("*.txt"),
    *ROOT.glob("*.yml"),
    ROOT / "Makefile",
    ROOT / ".env.example",
]


@pytest.mark.parametrize("path", [*DOCUMENTS, *SOURCES], ids=name)
def test_nothing_names_the_machine_it_was_made_on(path: Path) -> None:
    """An absolute path of a checkout or a home means something to one person only."""
    found = re.findall(rf"{re.escape(str(ROOT))}|(?<![\w.}}])/(?:home|root|Users|work)/\w+", path.read_text())
    assert found == []


LOCKS = [
    *ROOT.glob("requirements*.txt"),
    ROOT / "tests" / "external" / "clients" / "requirements.txt",
    ROOT / "tests" / "external" / "clients" / "package-lock.json",
    ROOT / "bench" / "express" / "package-lock.json",
]


@pytest.mark.parametrize("path", LOCKS, ids=name)
def test_locks_name_no_address(path: Path) -> None:
    """What is installed is the lock's matter; from where is that of whoever installs it."""
    assert "://" not in path.read_text()


@pytest.mark.parametrize("path", [path for path in LOCKS if path.suffix == ".txt"], ids=name)
def test_every_package_of_a_lock_has_its_hashes(path: Path) -> None:
    """Whoever stands between the registry and this machine can give us nothing else."""
    lines = re.sub(r"\\\n", " ", path.read_text()).splitlines()
    pinned = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert pinned
    written = re.compile(r"[a-z0-9-]+==\S+( ;.+?)?( +--hash=sha256:[0-9a-f]{64})+")
    assert [line.split()[0] for line in pinned if not written.fullmatch(line.strip())] == []


@pytest.mark.parametrize("path", ["Makefile", "Dockerfile", "tests/external/toolbox.py"])
def test_what_installs_a_lock_judges_the_hashes(path: str) -> None:
    text = re.sub(r"\\\n", " ", (ROOT / path).read_text())
    installs = [line for line in text.splitlines() if re.match(r"[^#]*\bpip\b.*\binstall\b", line)]
    assert installs
    assert [line for line in installs if "--require-hashes" not in line] == []


def test_locks_are_made_with_hashes() -> None:
    assert "--generate-hashes" in (ROOT / "Makefile").read_text()
