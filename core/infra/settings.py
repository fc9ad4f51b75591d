"""The settings: one frozen object, read once from the environment."""

import os
import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from core.infra.combinations import judge_issuer, judge_provider, refuse_options
from core.infra.ports import MAX_PORT
from core.infra.rates import check_limit
from core.infra.sentinel import find_sentinel_fault, is_sentinel
from core.infra.tls import find_tls_fault
from core.infra.tracing_settings import TracingSettings
from core.infra.weak_secrets import MIN_KEY_LENGTH, MIN_SECRET_LENGTH, find_header_fault, find_weakness

DATABASE_SCHEMES = ("postgresql", "postgres")
REDIS_SCHEMES = ("redis", "rediss", "unix", "sentinel")
# An origin as browsers write it: in lower case, without a slash at its end.
ORIGIN = re.compile(r"https?://[a-z0-9.\-\[\]:]+", re.ASCII)
ISSUER = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9.\-_~%!$&'()*+,;=:@/]*)?", re.ASCII)
# Unless said otherwise: seats that a client without a credential may hold in production; streams and polls of
# each client, where clients are limited.
HELD_IN_PRODUCTION, STREAMS, POLLS = 20, 20, 100
# Pages of every origin may call.
ANY_ORIGIN = "*"
BROKER_SCHEMES = (*REDIS_SCHEMES, "amqp", "amqps")
# Unset, these default to another URL.
BROKERS = "CELERY_BROKER_URL", "EVENTS_BROKER_URL"


def count_default_processes() -> int:
    """Processes of one kind on this machine: one a core, at most four."""
    return min(os.cpu_count() or 1, 4)


def check_url(url: str, schemes: tuple[str, ...]) -> str:
    """The URL, or several with semicolons between. Raises ValueError, which never tells the value."""
    try:
        found = [urlsplit(each) for each in url.split(";")]
        is_well_formed = all(_is_well_formed(parts) for parts in found)
    except ValueError:
        is_well_formed = False
    if not is_well_formed:
        raise ValueError("is not a URL: what is not a letter or digit in its password must be %-coded")
    if any(parts.scheme not in schemes for parts in found):
        raise ValueError(f"must begin with one of {', '.join(f'{scheme}://' for scheme in schemes)}")
    return url


def check_broker_url(url: str, schemes: tuple[str, ...]) -> str:
    """The same of Redis or RabbitMQ, whose URLs have options of TLS, and of sentinels."""
    checked = check_url(url, schemes)
    if fault := find_tls_fault(checked) or find_sentinel_fault(checked):
        raise ValueError(fault)
    return url


def _is_well_formed(parts: SplitResult) -> bool:
    """Whether its hosts have a port at most each. PostgreSQL's may be several, after one @ at most."""
    hosts = [parts.netloc.rpartition("@")[2]]
    if parts.scheme in DATABASE_SCHEMES:
        if parts.netloc.count("@") > 1:
            return False
        hosts = hosts[0].split(",")
    # Raises ValueError.
    return all(urlsplit(f"//{host}").port != 0 for host in hosts)


class Settings(TracingSettings):
    """Every variable Seatline reads; an empty one counts as unset."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore")

    database_url: str
    # The connection pooler before PostgreSQL, if any.
    database_pooler: Literal["pgbouncer"] | None = None
    database_replica_urls: Annotated[tuple[str, ...], NoDecode] = ()
    replica_max_lag_seconds: float = Field(default=1, gt=0, le=3600)
    redis_url: str
    celery_broker_url: str = ""
    events_broker_url: str = ""
    admin_api_key: str | None = Field(default=None, repr=False)
    # Signs tickets and hides addresses. One known to all does neither: production refuses to start with it.
    seatline_secret: str = Field(default="", repr=False)
    oidc_issuer: str | None = None
    oidc_audience: str | None = None
    oidc_roles_claim: str = "roles"
    seatline_env: Literal["development", "production"] = "development"
    host: str = "0.0.0.0"  # noqa: S104 (a service is there to be reached; bind it elsewhere with HOST)
    port: int = Field(default=8000, ge=1, le=MAX_PORT)
    web_concurrency: int = Field(default_factory=count_default_processes, ge=1, le=256)
    worker_concurrency: int = Field(default_factory=count_default_processes, ge=1, le=256)
    hold_seconds: int = Field(default=120, ge=15, le=900)
    accept_deadline_seconds: float = Field(default=60, gt=0, le=86_400)
    expiry_interval_seconds: float = Field(default=2, ge=0.1, le=3600)
    rate_limit_enabled: bool = False
    booking_rate_limit: str = "120/minute"
    admin_rate_limit: str = "600/minute"
    rate_limit: str = "1200/minute"
    # Seats that a client without a credential may hold in a show; None: as many as it likes.
    held_seats_per_client: int | None = Field(default=None, ge=1, le=100_000)
    streams_per_client: int | None = Field(default=None, ge=1, le=1_000_000)
    polls_per_client: int | None = Field(default=None, ge=1, le=1_000_000)
    max_waiting_bookings: int = Field(default=100_000, ge=1, le=100_000_000)
    cors_origins: Annotated[tuple[str, ...], NoDecode] = (ANY_ORIGIN,)
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    # Where workers and beat answer /metrics; None: nowhere.
    metrics_port: int | None = Field(default=None, ge=1, le=MAX_PORT)
    metrics_token: str | None = Field(default=None, repr=False)
    docs_enabled: bool = True
    webhook_allow_private: bool = False
    archive_after_days: int = Field(default=90, ge=1, le=36_500)
    # None: shows cannot require payment.
    payment_provider: Literal["sandbox", "stripe"] | None = None
    sandbox_port: int = Field(default=8010, ge=1, le=MAX_PORT)
    stripe_api_key: str | None = Field(default=None, repr=False)
    stripe_webhook_secret: str | None = Field(default=None, repr=False)
    # What pages show Stripe's fields with; None: they lead to Stripe's own page.
    stripe_publishable_key: str | None = None
    # Another server than Stripe's own, which speaks as it does: for tests.
    stripe_api_base: str | None = None
    # A line of the log for each request.
    request_log: bool = True
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    # The Prometheus client, in web and in Flower, reads the variable itself.
    prometheus_multiproc_dir: Path | None = None

    @property
    def most_streams(self) -> int | None:
        """Streams that one client may follow at one time; None: as many as there is room for."""
        return self.streams_per_client or (STREAMS if self.rate_limit_enabled else None)

    @property
    def most_polls(self) -> int | None:
        """Answers that one client may wait for at one time; None: as many as there is room for."""
        return self.polls_per_client or (POLLS if self.rate_limit_enabled else None)

    @field_validator("database_url")
    @classmethod
    def _take_database(cls, url: str) -> str:
        return check_url(url, DATABASE_SCHEMES)

    @field_validator("database_replica_urls", "cors_origins", mode="before")
    @classmethod
    def _split(cls, listed: object) -> object:
        if not isinstance(listed, str):
            return listed
        return tuple(each.strip() for each in listed.split(",") if each.strip())

    @field_validator("database_replica_urls")
    @classmethod
    def _take_replicas(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(check_url(url, DATABASE_SCHEMES) for url in urls)

    @field_validator("redis_url")
    @classmethod
    def _take_redis(cls, url: str) -> str:
        if ";" in url and not is_sentinel(url):
            raise ValueError("is of several servers, which only sentinel:// may be")
        return check_broker_url(url, REDIS_SCHEMES)

    @field_validator("celery_broker_url", "events_broker_url")
    @classmethod
    def _take_broker(cls, url: str) -> str:
        return check_broker_url(url, BROKER_SCHEMES) if url else url

    @field_validator(
        "admin_api_key", "metrics_token", "stripe_api_key", "stripe_webhook_secret", "stripe_publishable_key"
    )
    @classmethod
    def _take_credential(cls, credential: str | None) -> str | None:
        if credential and (fault := find_header_fault(credential)):
            raise ValueError(fault)
        return credential

    @field_validator("cors_origins")
    @classmethod
    def _take_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        if origins != (ANY_ORIGIN,) and not all(map(ORIGIN.fullmatch, origins)):
            raise ValueError(
                f"is neither {ANY_ORIGIN} nor a list of origins like https://tickets.example.com"
            )
        return origins

    @field_validator("oidc_issuer")
    @classmethod
    def _take_issuer(cls, url: str | None) -> str | None:
        # OIDC Discovery 1.0, 3: an issuer has neither query nor fragment.
        if url is not None and not ISSUER.fullmatch(check_url(url, ("https", "http"))):
            raise ValueError("is not like https://login.example.com/tenant, just as its tokens spell iss")
        return url

    @field_validator("stripe_api_base")
    @classmethod
    def _take_base(cls, url: str | None) -> str | None:
        return check_url(url, ("https", "http")) if url else url

    @field_validator("booking_rate_limit", "admin_rate_limit", "rate_limit")
    @classmethod
    def _take_limit(cls, limit: str) -> str:
        return check_limit(limit)

    @field_validator("prometheus_multiproc_dir")
    @classmethod
    def _take_folder(cls, folder: Path | None) -> Path | None:
        # The client would find out at each request, and that be a 500. A path that ends in a slash names a
        # folder or nothing.
        if folder and not os.access(f"{folder}/", os.W_OK | os.X_OK):
            raise ValueError("is no folder that this process may write to: make it before the start")
        return folder

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: dict[str, object]) -> dict[str, object]:
        broker = values.get("celery_broker_url") or values.get("redis_url") or ""
        filled = {"celery_broker_url": broker, "events_broker_url": values.get("events_broker_url") or broker}
        if values.get("seatline_env") != "production":
            filled["payment_provider"] = values.get("payment_provider", "sandbox")
        else:
            filled["rate_limit_enabled"] = values.get("rate_limit_enabled", True)
            filled["held_seats_per_client"] = values.get("held_seats_per_client", HELD_IN_PRODUCTION)
        return {**values, **filled}

    @model_validator(mode="after")
    def _judge_whole(self) -> "Settings":
        if self.seatline_env == "production":
            self._refuse_weak_secrets()
        if self.database_pooler:
            refuse_options("DATABASE_URL", self.database_url)
            refuse_options("DATABASE_REPLICA_URLS", *self.database_replica_urls)
        is_open = self.seatline_env == "development"
        judge_provider(
            self.payment_provider,
            key=self.stripe_api_key,
            secret=self.stripe_webhook_secret,
            base=self.stripe_api_base,
            is_open=is_open,
        )
        if self.oidc_issuer:
            judge_issuer(self.oidc_issuer, self.oidc_audience, is_open=is_open)
        return self

    def _refuse_weak_secrets(self) -> None:
        secrets = {
            "ADMIN_API_KEY": (self.admin_api_key or "", MIN_KEY_LENGTH),
            "SEATLINE_SECRET": (self.seatline_secret, MIN_SECRET_LENGTH),
        }
        if self.metrics_token:
            secrets["METRICS_TOKEN"] = self.metrics_token, MIN_KEY_LENGTH
        for name, (secret, length) in secrets.items():
            if weakness := find_weakness(secret, length=length):
                raise ValueError(f"{name} {weakness}")
        if len({secret for secret, _ in secrets.values()}) < len(secrets):
            raise ValueError(f"{', '.join(secrets)} must differ: whoever has one would have the other")


def describe_faults(error: ValidationError) -> str:
    """One line that names each variable at fault and what is wrong with it, without its value."""
    faults = {}
    for fault in error.errors(include_input=False, include_url=False):
        name = "_".join(str(part) for part in fault["loc"]).upper()
        message = fault["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
        faults[name] = "is not set" if fault["type"] == "missing" else message
    # An unset broker URL is a copy of another URL, whose fault is reported already.
    named = {name: told for name, told in faults.items() if name not in BROKERS or os.environ.get(name)}
    return "; ".join(f"{name} {told}".strip() for name, told in (named or faults).items())


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process.

    Exits with one line on stderr where the environment lacks or spoils a variable: every process reads
    its settings first, so an operator sees what to mend and no traceback.
    """
    try:
        return Settings()
    except ValidationError as error:
        sys.exit(f"seatline: {describe_faults(error)}")
