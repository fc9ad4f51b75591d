"""The settings of tracing: OpenTelemetry's own variables, which its SDK reads too, judged at the start."""

import re
from typing import Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

Sampler = Literal[
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
]

# As the SDK takes them: it leaves a header out that it cannot read, and quotes it in the log.
HEADER = re.compile(r"[!#$%&'*+.^`|~\w-]+[ \t]*=[^\x00-\x1f\x7f-\U0010ffff\",;\\]*", re.ASCII)


class TracingSettings(BaseSettings):
    """Where traces are sent, and which; nothing is traced while no endpoint is set."""

    otel_exporter_otlp_endpoint: str | None = None
    otel_exporter_otlp_traces_endpoint: str | None = None
    # gRPC would need a library of compiled code for no gain.
    otel_exporter_otlp_protocol: Literal["http/protobuf"] = "http/protobuf"
    otel_exporter_otlp_headers: str | None = Field(default=None, repr=False)
    otel_exporter_otlp_traces_headers: str | None = Field(default=None, repr=False)
    otel_resource_attributes: str | None = None
    otel_traces_sampler: Sampler = "parentbased_always_on"
    otel_traces_sampler_arg: float | None = Field(default=None, ge=0, le=1)

    @property
    def is_traced(self) -> bool:
        """Whether there is a collector to trace for."""
        return bool(self.otel_exporter_otlp_endpoint or self.otel_exporter_otlp_traces_endpoint)

    @field_validator("otel_exporter_otlp_endpoint", "otel_exporter_otlp_traces_endpoint")
    @classmethod
    def _take_endpoint(cls, url: str | None) -> str | None:
        if url is None:
            return url
        parts = urlsplit(url)
        # A port out of range raises by itself.
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            raise ValueError("must be like http://collector.example:4318")
        if parts.query or parts.fragment:
            # The SDK appends its path to the whole, and the log has it where the collector is away.
            raise ValueError("must end before a ?: OTEL_EXPORTER_OTLP_HEADERS takes credentials")
        return url

    @field_validator("otel_exporter_otlp_headers", "otel_exporter_otlp_traces_headers")
    @classmethod
    def _take_headers(cls, headers: str | None) -> str | None:
        if not all(map(_is_header, filter(None, map(str.strip, (headers or "").split(","))))):
            raise ValueError("must be like authorization=Bearer%20secret")
        return headers


def _is_header(text: str) -> bool:
    return HEADER.fullmatch(text) is not None and unquote(text).isprintable()
