"""Every variable is in .env.example and in the tables for operators, and compose passes it on."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from core.infra.settings import Settings
from tests.deploy.composing import OTHERS, SECRETS, read_given, read_services, run_compose
from tests.support import ROOT

SETTINGS = {name.upper(): field for name, field in Settings.model_fields.items()}
# Compose publishes there; in a container each process is where it always is.
PUBLISHED = {"HOST", "PORT", "FLOWER_ADDRESS", "FLOWER_PORT"}
# Compose has one of its own, or does without.
OF_ITS_OWN = {"PROMETHEUS_MULTIPROC_DIR", "SANDBOX_PORT", "SEATLINE_HOME", "SEATLINE_ENV"}
OF_FLOWER = {"FLOWER_USER", "FLOWER_PASSWORD"}
# They have no default, or one that the machine decides on.
EXAMPLES = {name for name, field in SETTINGS.items() if field.is_required() or field.default_factory} | {
    name for name, field in SETTINGS.items() if field.default in (None, "", ())
}
PAGE = (ROOT / "docs" / "operations.md").read_text()
SOURCES = [
    path
    for folder in ("api", "core", "tasks", "sandbox", "local", "migrations", ".")
    for path in (ROOT / folder).glob("*.py" if folder == "." else "**/*.py")
]


def read_table(heading: str) -> dict[str, str]:
    """The variables of the first table below a heading, and their defaults."""
    section = PAGE[PAGE.index(f"\n{heading}\n") :]
    table = section[section.index("| variable |") :].partition("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table]
    return {name.strip("`"): default for name, _, default in rows}


def read_example() -> dict[str, str]:
    """The variables of .env.example, those that are commented out as well."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    found = [re.fullmatch(r"#?([A-Z_]+)=(.*)", line) for line in lines]
    return dict(pair.groups() for pair in found if pair)


TABLE, OF_COMPOSE = read_table("## Variables"), read_table("## With Docker Compose")


def test_every_setting_is_in_the_table_and_no_other() -> None:
    assert TABLE.keys() == SETTINGS.keys() | PUBLISHED | OF_ITS_OWN | OF_FLOWER


def test_what_is_read_past_the_settings_is_in_the_table() -> None:
    texts = "\n".join(path.read_text() for path in SOURCES)
    read = set(re.findall(r"environ(?:\.get\(|\.pop\(|\[)\"([A-Z_]+)\"", texts))
    # Of the machine, and of the driver.
    assert read - {"PATH", "PGTZ"} <= TABLE.keys()


@pytest.mark.parametrize("name", SETTINGS)
def test_the_table_tells_the_default(name: str) -> None:
    field, told = SETTINGS[name], TABLE[name]
    if field.is_required():
        assert told.startswith("required")
    elif field.default_factory:
        assert told == "one a core, at most 4"
    elif field.default in (None, "", ()):
        assert told.startswith("none") or told.strip("`") in SETTINGS
    else:
        default = field.default[0] if isinstance(field.default, tuple) else field.default
        written = str(default).lower() if isinstance(default, bool) else str(default)
        assert written in re.split(r"[`\s;:]+", told)


def test_every_variable_is_in_the_example_once_and_no_other() -> None:
    assert read_example().keys() == TABLE.keys() | OF_COMPOSE.keys()
    text = (ROOT / ".env.example").read_text()
    assert not [name for name in read_example() if len(re.findall(rf"^#?{name}=", text, re.MULTILINE)) > 1]


def test_only_what_is_required_is_not_commented_out() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert {line for line in lines if line and not line.startswith("#")} == {f"{name}=" for name in SECRETS}


def test_the_example_s_values_are_taken_and_are_the_defaults() -> None:
    """Those of compose, where its differ."""
    bare = {name.lower(): value for name, value in read_given(read_services(SECRETS)["worker"]).items()}
    example = {name.lower(): value for name, value in read_example().items() if value}
    example |= {"admin_api_key": SECRETS["ADMIN_API_KEY"], "seatline_secret": SECRETS["SEATLINE_SECRET"]}
    example |= {"prometheus_multiproc_dir": None}
    of_compose, of_example = Settings.model_validate(bare), Settings.model_validate(example)
    for name in SETTINGS.keys() - EXAMPLES:
        assert getattr(of_example, name.lower()) == getattr(of_compose, name.lower()), name
    plain = {"FLOWER_ADDRESS", "FLOWER_PORT", "FLOWER_USER", "SEATLINE_HOME"}
    for name in plain | OF_COMPOSE.keys() - SECRETS.keys():
        assert read_example()[name] == (TABLE | OF_COMPOSE)[name].strip("`"), name


def test_every_variable_of_compose_is_in_a_table() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert set(re.findall(r"\$\{([A-Z_]+)", text)) <= TABLE.keys() | OF_COMPOSE.keys()
    for name in OF_COMPOSE.keys() - SECRETS.keys():
        assert f"${{{name}:-{OF_COMPOSE[name]}}}" in text, name


@pytest.fixture(scope="module", params=["environment", "file"])
def reached(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The services, with every variable set to what no default is: exported, or in .env."""
    # With an "=": compose, which traces itself, takes headers for its own.
    values = {name: f"set={name.lower()}" for name in TABLE | OF_COMPOSE}
    values |= {"HOST": "127.0.0.2", "PORT": "8001", "FLOWER_ADDRESS": "127.0.0.3", "FLOWER_PORT": "5556"}
    values |= {"POSTGRES_SCALE": "0", "REDIS_SCALE": "0", "POSTGRES_MEMORY": "11m", "WEB_MEMORY": "12m"}
    values |= {"WORKER_MEMORY": "13m"}
    if request.param == "environment":
        return read_services(values)
    file = tmp_path_factory.mktemp("compose") / ".env"
    file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return read_services({}, file)


@pytest.mark.parametrize("name", sorted(SETTINGS.keys() - PUBLISHED - OF_ITS_OWN))
def test_setting_reaches_every_process(reached: dict[str, Any], name: str) -> None:
    for service in reached.keys() - OTHERS:
        assert reached[service]["environment"][name] == f"set={name.lower()}", service


def test_the_others_reach_what_they_are_of(reached: dict[str, Any]) -> None:
    for name in OF_FLOWER:
        assert reached["flower"]["environment"][name] == f"set={name.lower()}"
    for service, published in (("proxy", ("127.0.0.2", "8001")), ("flower", ("127.0.0.3", "5556"))):
        assert [(port["host_ip"], port["published"]) for port in reached[service]["ports"]] == [published]
    assert (reached["postgres"]["scale"], reached["redis"]["scale"]) == (0, 0)
    assert reached["postgres"]["environment"]["POSTGRES_PASSWORD"] == "set=postgres_password"
    limits = [int(reached[name]["mem_limit"]) >> 20 for name in ("postgres", "web", "worker")]
    assert limits == [11, 12, 13]


def test_no_process_is_given_what_it_does_not_read(reached: dict[str, Any]) -> None:
    for service in reached.keys() - OTHERS:
        given = reached[service]["environment"].keys()
        assert given <= SETTINGS.keys() | (OF_FLOWER | PUBLISHED if service == "flower" else set()), service


def test_servers_are_compose_s_own_unless_their_urls_are_set() -> None:
    own = read_given(read_services(SECRETS)["web"])
    assert own["DATABASE_URL"] == "postgresql://seatline:a-password@postgres:5432/seatline"
    assert own["REDIS_URL"] == "redis://:a-password-of-redis@redis:6379/0"


def test_a_database_of_one_s_own_needs_no_password_and_no_server() -> None:
    variables = {name: SECRETS[name] for name in ("ADMIN_API_KEY", "SEATLINE_SECRET", "FLOWER_PASSWORD")}
    variables |= {"DATABASE_URL": "postgresql://seatline@postgres.example/seatline", "REDIS_PASSWORD": "x"}
    asked = run_compose("config", "-q", variables=variables)
    assert asked.stderr.count("\n") == 1
    assert "POSTGRES_SCALE is missing a value: is not set; 0, where DATABASE_URL leads" in asked.stderr
    services = read_services(variables | {"POSTGRES_SCALE": "0"})
    assert services["postgres"]["scale"] == 0
    assert read_given(services["web"])["DATABASE_URL"] == variables["DATABASE_URL"]


def test_a_redis_of_one_s_own_needs_no_password_and_no_server() -> None:
    variables = {name: secret for name, secret in SECRETS.items() if name != "REDIS_PASSWORD"}
    variables["REDIS_URL"] = "redis://redis.example:6379/0"
    asked = run_compose("config", "-q", variables=variables)
    assert asked.stderr.count("\n") == 1
    assert "REDIS_SCALE is missing a value: is not set; 0, where REDIS_URL leads" in asked.stderr
    services = read_services(variables | {"REDIS_SCALE": "0"})
    assert services["redis"]["scale"] == 0
    assert read_given(services["web"])["REDIS_URL"] == variables["REDIS_URL"]


def test_the_documented_copy_of_the_example_runs_as_it_is(tmp_path: Path) -> None:
    script = re.search(r"```sh\n(\[ -e \.env .*?)```", PAGE, re.DOTALL)
    assert script
    file = tmp_path / ".env"
    shutil.copy(ROOT / ".env.example", tmp_path)
    subprocess.run(["sh", "-ec", script[1]], cwd=tmp_path, check=True)
    services, copied = read_services({}, file), file.read_text()
    given = read_given(services["flower"])
    secrets = {given[name] for name in ("ADMIN_API_KEY", "SEATLINE_SECRET", "FLOWER_PASSWORD")}
    secrets.add(services["postgres"]["environment"]["POSTGRES_PASSWORD"])
    secrets.add(services["redis"]["environment"]["REDISCLI_AUTH"])
    assert len(secrets) == 5
    assert all(re.fullmatch(r"[0-9a-f]{48}", secret) for secret in secrets)
    assert read_given(services["web"]).keys() == read_given(read_services(SECRETS)["web"]).keys()
    assert file.stat().st_mode & 0o077 == 0
    # A second time it leaves the passwords as they are.
    subprocess.run(["sh", "-ec", script[1]], cwd=tmp_path, check=True)
    assert file.read_text() == copied


def test_the_example_says_what_it_wants_filled_in() -> None:
    asked = run_compose("config", "-q", variables={}, env_file=ROOT / ".env.example")
    told = re.findall(r"variable ([A-Z_]+) is missing a value: is not set", asked.stderr)
    assert sorted(told) == sorted(SECRETS)
    assert asked.stderr.count("\n") == len(SECRETS)
