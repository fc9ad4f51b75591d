"""The settings: every bad variable is told in one line that names it and keeps its value to itself."""

import subprocess
import sys
from pathlib import Path
from secrets import token_hex, token_urlsafe

import pytest
from pydantic import ValidationError

from core.infra.settings import Settings, describe_faults
from core.infra.weak_secrets import MIN_KEY_LENGTH, MIN_SECRET_LENGTH, find_weakness
from tests.support import ROOT

GOOD = {
    "DATABASE_URL": "postgresql://seatline@127.0.0.1/seatline",
    "REDIS_URL": "redis://127.0.0.1/0",
    "ADMIN_API_KEY": "seventeen-letters",
    "SEATLINE_SECRET": "a secret of thirty-two characters",
}
BAD = [
    ("DATABASE_URL", "mysql://s3cret@host/db"),
    ("DATABASE_URL", "postgresql://s3cret:s3cret@host:s3cret/db"),
    ("DATABASE_URL", "postgresql://[s3cret"),
    ("DATABASE_REPLICA_URLS", "postgresql://host/db,s3cret"),
    ("REDIS_URL", "s3cret"),
    ("REDIS_URL", "redis://host:s3cret/0"),
    ("REDIS_URL", "redis://s3cret;redis://s3cret"),
    ("REDIS_URL", "sentinel://s3cret:26379/0"),
    ("REDIS_URL", "sentinel://host/s3cret?master_name=main"),
    ("CELERY_BROKER_URL", "sentinel://host?master_name=main;redis://s3cret"),
    ("CELERY_BROKER_URL", "sentinel://a?master_name=s3cret;sentinel://b?master_name=another"),
    ("EVENTS_BROKER_URL", "sentinel:///0?master_name=s3cret"),
    ("EVENTS_BROKER_URL", "sentinel://a/0?master_name=main;sentinel://s3cret/1"),
    ("EVENTS_BROKER_URL", "sentinel://:a@b?master_name=main;sentinel://:s3cret@b"),
    ("DATABASE_POOLER", "s3cret"),
    ("REPLICA_MAX_LAG_SECONDS", "0"),
    ("CELERY_BROKER_URL", "s3cret://host"),
    ("EVENTS_BROKER_URL", "s3cret://host"),
    ("SEATLINE_ENV", "s3cret"),
    ("PORT", "s3cret"),
    ("PORT", "0"),
    ("PORT", "65536"),
    ("WEB_CONCURRENCY", "0"),
    ("WORKER_CONCURRENCY", "s3cret"),
    ("HOLD_SECONDS", "14"),
    ("HOLD_SECONDS", "901"),
    ("ACCEPT_DEADLINE_SECONDS", "0"),
    ("ACCEPT_DEADLINE_SECONDS", "inf"),
    ("ACCEPT_DEADLINE_SECONDS", "1e300"),
    ("EXPIRY_INTERVAL_SECONDS", "nan"),
    ("EXPIRY_INTERVAL_SECONDS", "inf"),
    ("EXPIRY_INTERVAL_SECONDS", "s3cret"),
    ("RATE_LIMIT", "s3cret"),
    ("BOOKING_RATE_LIMIT", "s3cret"),
    ("ADMIN_RATE_LIMIT", "600/s3cret"),
    ("CORS_ORIGINS", "s3cret"),
    ("CORS_ORIGINS", "*,https://s3cret"),
    ("CORS_ORIGINS", "https://example.com/s3cret"),
    ("OIDC_ISSUER", "s3cret"),
    ("OIDC_ISSUER", "ftp://s3cret"),
    ("OIDC_ISSUER", "https://"),
    ("OIDC_ISSUER", "https://login.example.com:s3cret"),
    ("OIDC_ISSUER", "https://s3cret@login.example.com"),
    ("OIDC_ISSUER", "https://login.example.com/?s3cret"),
    ("OIDC_ISSUER", "https://login.example.com/#s3cret"),
    ("OIDC_ISSUER", "https://login.example.com/s3 cret"),
    ("OIDC_ISSUER", "https://login.example.com;https://s3cret"),
    ("RATE_LIMIT_ENABLED", "s3cret"),
    ("TRUSTED_PROXIES", "-1"),
    ("PAYMENT_PROVIDER", "s3cret"),
    ("SANDBOX_PORT", "s3cret"),
    ("SANDBOX_PORT", "65536"),
    ("STRIPE_API_KEY", "of two s3cret words"),
    ("STRIPE_WEBHOOK_SECRET", "of two s3cret words"),
    ("STRIPE_API_BASE", "s3cret"),
    ("STRIPE_API_BASE", "ftp://s3cret"),
    ("STRIPE_API_BASE", "http://host:s3cret"),
    ("LOG_LEVEL", "s3cret"),
    ("PROMETHEUS_MULTIPROC_DIR", "/nowhere/s3cret"),
    ("PROMETHEUS_MULTIPROC_DIR", __file__),
    ("PROMETHEUS_MULTIPROC_DIR", f"{__file__}/s3cret"),
]


def start(environment: dict[str, str], code: str = "get_settings()") -> subprocess.CompletedProcess[str]:
    """A process that reads its settings, with these variables and no other."""
    command = [sys.executable, "-c", f"from core.infra.settings import get_settings; {code}"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def judge(values: dict[str, str]) -> str:
    """What such a process would be told, without one."""
    try:
        Settings.model_validate({name.lower(): value for name, value in values.items()})
    except ValidationError as error:
        return describe_faults(error)
    return ""


def test_good_ones_are_taken() -> None:
    started = start(GOOD, "print(get_settings().celery_broker_url)")
    assert (started.returncode, started.stdout, started.stderr) == (0, "redis://127.0.0.1/0\n", "")


@pytest.mark.parametrize(("name", "value"), BAD)
def test_bad_one_is_named_in_one_line(name: str, value: str) -> None:
    started = start({**GOOD, name: value})
    assert started.returncode == 1
    assert started.stderr.startswith(f"seatline: {name} ")
    assert started.stderr.count("\n") == 1
    assert "s3cret" not in started.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgres://host"),
        ("DATABASE_URL", "postgresql:///seatline?host=/run/postgresql"),
        ("DATABASE_URL", "postgresql://u@h1:1,h2:2/db?target_session_attrs=read-write"),
        ("DATABASE_URL", "postgresql://u@%2Frun%2Fpostgresql/db"),
        ("REDIS_URL", "unix:///run/redis.sock?db=1"),
        ("REDIS_URL", "sentinel://a:26379;sentinel://b:26379/1?master_name=main"),
        ("CELERY_BROKER_URL", "unix://:password@/run/redis.sock"),
        ("CELERY_BROKER_URL", "sentinel://a:26379;sentinel://b:26379/?master_name=main"),
        ("CELERY_BROKER_URL", "amqp://user:pass@host:5672//"),
        ("RATE_LIMIT", "10/second;600/minute"),
        ("BOOKING_RATE_LIMIT", "100/minute;1000/hour"),
        ("OIDC_ISSUER", "https://login.example.com/realms/tickets"),
        ("OIDC_ISSUER", "https://tenant.example.com/"),
        ("OIDC_ISSUER", "http://[::1]:8080/realms/tickets"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://tickets.example.com, http://[::1]:8000"),
    ],
)
def test_each_form_is_taken(name: str, value: str) -> None:
    assert start({**GOOD, "OIDC_AUDIENCE": "seatline", name: value}).returncode == 0


def test_a_folder_is_taken_by_who_may_write_to_it(tmp_path: Path) -> None:
    variables = {**GOOD, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    assert start(variables).returncode == 0
    tmp_path.chmod(0o500)
    # Root may, and so becomes somebody else; what it imports it has then.
    become = "import os; os.geteuid() == 0 and (Settings(), os.setuid(65534))"
    started = start(variables, f"from core.infra.settings import Settings; {become}; get_settings()")
    assert started.returncode == 1
    assert started.stderr.startswith("seatline: PROMETHEUS_MULTIPROC_DIR is no folder that this process may")


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_missing_one_is_named(name: str) -> None:
    started = start({**GOOD, name: ""})
    assert (started.returncode, started.stderr) == (1, f"seatline: {name} is not set\n")


def test_an_issuer_wants_an_audience() -> None:
    started = start({**GOOD, "OIDC_ISSUER": "https://login.example.com"})
    assert started.returncode == 1
    assert started.stderr.startswith("seatline: OIDC_AUDIENCE must be set ")
    assert started.stderr.count("\n") == 1


def test_production_takes_no_issuer_without_tls() -> None:
    variables = {**GOOD, "OIDC_ISSUER": "http://login.example.com", "OIDC_AUDIENCE": "seatline"}
    assert start(variables).returncode == 0
    started = start({**variables, "SEATLINE_ENV": "production"})
    assert started.returncode == 1
    assert started.stderr == "seatline: OIDC_ISSUER must begin with https:// in production\n"


def test_options_are_not_for_a_pooler() -> None:
    url = f"{GOOD['DATABASE_URL']}?options=-csearch_path%3Delsewhere"
    assert start({**GOOD, "DATABASE_URL": url}).returncode == 0
    started = start({**GOOD, "DATABASE_URL": url, "DATABASE_POOLER": "pgbouncer"})
    assert started.returncode == 1
    assert "DATABASE_URL has options" in started.stderr
    assert started.stderr.count("\n") == 1
    replicas = {**GOOD, "DATABASE_REPLICA_URLS": url, "DATABASE_POOLER": "pgbouncer"}
    assert "DATABASE_REPLICA_URLS has options" in start(replicas).stderr


def test_a_url_s_fault_is_told_once_and_not_of_brokers_that_nobody_named() -> None:
    started = start({**GOOD, "REDIS_URL": "sentinel://127.0.0.1:1/0"})
    assert started.stderr.startswith("seatline: REDIS_URL must name the master")
    assert "BROKER" not in started.stderr


WEAK = [
    "", "fifteen-letters", "changeme-changeme", "ChangeMe_ChangeMe_ChangeMe", "change-me-change-me-change-me",
    "password12345678", "admin-admin-admin-admin", "admin1234567890", "secret-secret-secret",
    "your-secret-key-here", "my_api_key_my_api_key", "test-test-test-test", "1234567890123456",
    "0123456789abcdef", "qwertyuiopqwerty", "abcdefghijklmnopqrstuvwxyz", "seatline-seatline",
    "x" * 40, "abab" * 10,
]  # fmt: skip


class TestSecretsInProduction:
    @pytest.mark.parametrize("name", ["ADMIN_API_KEY", "METRICS_TOKEN"])
    @pytest.mark.parametrize("secret", ["fifteen-letters", " " * 16, "changeme-changeme", "x" * 40])
    def test_refused_in_one_line_that_does_not_tell_it(self, name: str, secret: str) -> None:
        told = judge({**GOOD, "SEATLINE_ENV": "production", name: secret})
        assert told.startswith(f"{name} ")
        assert "\n" not in told
        assert secret not in told

    @pytest.mark.parametrize("secret", ["", "of-thirty-one-characters-only--", "changeme" * 4, " " * 32])
    def test_secret_that_hides_addresses(self, secret: str) -> None:
        told = judge({**GOOD, "SEATLINE_ENV": "production", "SEATLINE_SECRET": secret})
        assert told.startswith("SEATLINE_SECRET ")
        assert "\n" not in told

    def test_missing_key(self) -> None:
        started = start({**GOOD, "SEATLINE_ENV": "production", "ADMIN_API_KEY": ""})
        assert started.returncode == 1
        assert started.stderr.startswith("seatline: ADMIN_API_KEY must be set to at least 16 characters")
        assert started.stderr.count("\n") == 1

    @pytest.mark.parametrize("secret", WEAK)
    def test_weak(self, secret: str) -> None:
        assert find_weakness(secret, length=MIN_KEY_LENGTH)

    @pytest.mark.parametrize(
        "secret", [" 4f9c1e7a2b8d6035e1", "4f9c1e7a2b8d6035e1\n", "\t4f9c1e7a2b8d6035e1"]
    )
    def test_blank_around_it(self, secret: str) -> None:
        assert "blank" in str(find_weakness(secret, length=MIN_KEY_LENGTH))

    @pytest.mark.parametrize(
        "secret",
        ["7402958316409275", "4f9c1e7a2b8d6035e1", "admin-4f9c1e7a2b8d6035e1", "correct-horse-battery",
         "grün ist die Heide"],
    )  # fmt: skip
    def test_strong(self, secret: str) -> None:
        assert find_weakness(secret, length=MIN_KEY_LENGTH) is None

    def test_random_ones_are_taken(self) -> None:
        """As docs/operations.md and `make run` make them."""
        for _ in range(10_000):
            assert find_weakness(token_hex(24), length=MIN_SECRET_LENGTH) is None
            assert find_weakness(token_urlsafe(32), length=MIN_SECRET_LENGTH) is None

    @pytest.mark.parametrize("name", ["ADMIN_API_KEY", "METRICS_TOKEN"])
    def test_one_for_two_is_refused(self, name: str) -> None:
        one = "one-for-two-of-thirty-two-letters"
        told = judge({**GOOD, "SEATLINE_ENV": "production", "SEATLINE_SECRET": one, name: one})
        assert "must differ" in told
        assert one not in told

    def test_development_takes_short_ones(self) -> None:
        assert (
            start({**GOOD, "ADMIN_API_KEY": "x", "METRICS_TOKEN": "x", "SEATLINE_SECRET": "x"}).returncode
            == 0
        )


@pytest.mark.parametrize("environment", ["development", "production"])
@pytest.mark.parametrize(
    "name", ["ADMIN_API_KEY", "METRICS_TOKEN", "STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET"]
)
@pytest.mark.parametrize(
    "credential",
    ["a key of several words", "ein-schlüssel-für-alles", "a-key-and-a-line\n", "tab\tin-a-key-of-some",
     " " * 20, "slk_aBcDeFgH_0123456789abcdefghijklmnopqrstuv"],
)  # fmt: skip
def test_credential_that_no_header_carries(environment: str, name: str, credential: str) -> None:
    told = judge({**GOOD, "SEATLINE_ENV": environment, name: credential})
    assert told.startswith(f"{name} must ")
    assert "\n" not in told
    assert credential not in told


def test_rate_limits_are_on_in_production_unless_said_otherwise() -> None:
    code = "print(get_settings().rate_limit_enabled)"
    production = {**GOOD, "SEATLINE_ENV": "production"}
    assert start(GOOD, code).stdout == "False\n"
    assert start(production, code).stdout == "True\n"
    assert start({**production, "RATE_LIMIT_ENABLED": "false"}, code).stdout == "False\n"


def test_admin_key_is_not_in_what_is_printed() -> None:
    assert "seventeen-letters" not in start(GOOD, "print(repr(get_settings()))").stdout
