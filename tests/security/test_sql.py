"""No SQL is built from input: statements are put together as modules load, before there is any input."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT

SOURCES = sorted(path for folder in ("api", "core", "tasks") for path in (ROOT / folder).rglob("*.py"))
QUERIES = [path for path in SOURCES if path.name.endswith("queries.py")]
OTHERS = [path for path in SOURCES if path not in QUERIES]
# Functions of queries that put a text together, and of what.
KNOWN = {
    "_name_cursor": "a parameter's value, of a group's number",
    "_list_pairs": "stages and actions, as the module loads",
    "to_rfc_3339": "an expression of the module's, as it loads",
    "show": "tables and columns of the module's own, as it loads",
    "make_paid_effects": "the same",
    "_to_row": "as many marks of parameters as there are values, and times by the database's clock",
    "insert_requests": "statements of the module's, and rows of _to_row()",
    "_is_as_read": "a parameter and an expression of the module's, as it loads",
    "_to_kept": "the names of parameters",
    "_read_secret": "the name of a key, which is no statement",
    "copy_seats": "columns that are written there",
}
RUNS = {"text", "execute", "exec_driver_sql", "Prepared", "literal_column", "fetch_all", "copy_expert"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def is_built(node: ast.AST) -> bool:
    """Whether a text is put together there: by an f-string, an operator, format() or join()."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        sides = (node.left, node.right)
        return any(isinstance(side, ast.JoinedStr) or is_text(side) for side in sides)
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr in ("format", "join", "replace")


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def find_builders(source: str) -> Iterator[str]:
    """The functions of a module, the outermost, in which a text is put together."""
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, Function) and any(map(is_built, ast.walk(function))):
            yield function.name


def find_built_statements(source: str) -> Iterator[int]:
    """The lines in which what is run is put together on the spot."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and node.args:
            called = node.func
            runs = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if runs in RUNS and is_built(node.args[0]):
                yield node.lineno


def test_queries_are_put_together_as_modules_load() -> None:
    found = {(name(path), builder) for path in QUERIES for builder in find_builders(path.read_text())}
    assert {each for each in found if each[1] not in KNOWN} == set()


def test_elsewhere_none_is_put_together() -> None:
    found = [(name(path), line) for path in OTHERS for line in find_built_statements(path.read_text())]
    assert found == []


def test_the_linter_looks_for_it_everywhere_else() -> None:
    """S608 of ruff: whatever looks like a statement with something put in."""
    spared = [name(path) for path in SOURCES if re.search("noqa.*S608", path.read_text())]
    assert spared == ["core/infra/health.py"]
    settings = (ROOT / "pyproject.toml").read_text()
    assert re.findall(r'^"(?:api|core|tasks)\b.*S608.*$', settings, re.MULTILINE) == [
        '"core/**/*queries.py" = ["S608"]'
    ]


@pytest.mark.parametrize(
    "built",
    ['f"SELECT {x}"', '"SELECT %s" % x', '"SELECT " + x', '"SELECT {}".format(x)', '" ".join(x)'],
)
def test_what_is_built_is_seen(built: str) -> None:
    source = f"def select(connection, x):\n    connection.execute(text({built}))\n"
    assert list(find_builders(source)) == ["select"]
    assert list(find_built_statements(source)) == [2]
