"""The variables of tracing: a wrong one ends a process at its start, and none is told."""

import os
import subprocess
import sys

import pytest
from opentelemetry.util.re import parse_env_headers
from pydantic import ValidationError

from core.infra import tracing
from core.infra.settings import Settings, describe_faults
from core.infra.tracing_settings import TracingSettings
from tests.support import HANGS_SECONDS, ROOT
from tests.tracing import Kept

HEADERS_WANTED = "must be like authorization=Bearer%20secret"


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("otel_exporter_otlp_endpoint", "collector:4318", "must be like http://collector.example:4318"),
        ("otel_exporter_otlp_traces_endpoint", "http://", "must be like http://collector.example:4318"),
        ("otel_exporter_otlp_endpoint", "http://collector:99999", "Port out of range"),
        ("otel_exporter_otlp_protocol", "grpc", "http/protobuf"),
        ("otel_exporter_otlp_headers", "Bearer s3cret", HEADERS_WANTED),
        ("otel_exporter_otlp_headers", 'authorization="s3cret"', HEADERS_WANTED),
        ("otel_exporter_otlp_headers", "a=b,=s3cret", HEADERS_WANTED),
        ("otel_exporter_otlp_headers", "authorization: Bearer s3cret", HEADERS_WANTED),
        ("otel_exporter_otlp_headers", "authorization=s3cret%0A", HEADERS_WANTED),
        ("otel_exporter_otlp_traces_headers", "=s3cret", HEADERS_WANTED),
        ("otel_exporter_otlp_endpoint", "http://collector/?key=s3cret", "HEADERS takes credentials"),
        ("otel_traces_sampler", "sometimes", "parentbased_traceidratio"),
        ("otel_traces_sampler_arg", "2", "less than or equal to 1"),
        ("otel_traces_sampler_arg", "nan", "1"),
    ],
)
def test_a_wrong_variable_is_refused(variable: str, value: str, told: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Settings.model_validate(
            {variable: value, "database_url": "postgresql://a/b", "redis_url": "redis://a"}
        )
    line = describe_faults(raised.value)
    assert told in line
    assert "s3cret" not in line


def test_headers_that_the_sdk_takes_are_taken() -> None:
    headers = "authorization=Bearer%20secret, x-tenant=a=b,x-empty="
    TracingSettings.model_validate({"otel_exporter_otlp_headers": headers})
    assert parse_env_headers(headers, liberal=True) == {
        "authorization": "Bearer secret",
        "x-tenant": "a=b",
        "x-empty": "",
    }


@pytest.mark.parametrize("variable", ["otel_exporter_otlp_endpoint", "otel_exporter_otlp_traces_endpoint"])
def test_an_endpoint_switches_it_on(variable: str) -> None:
    assert TracingSettings.model_validate({variable: "http://localhost:4318"}).is_traced
    assert not TracingSettings.model_validate({variable: None}).is_traced


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "100", "max_export_batch_size must be less than or equal"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT must be a non-negative"),
    ],
)
def test_what_the_sdk_refuses_ends_a_process_at_its_start(
    servers: dict[str, str], variable: str, value: str, told: str
) -> None:
    program = "from core.infra import tracing; tracing.begin('web'); print('begun')"
    variables = {**os.environ, **servers, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    command = [sys.executable, "-c", program]
    end = subprocess.run(
        command,
        cwd=ROOT,
        env={**variables, variable: value},
        capture_output=True,
        text=True,
        check=False,
        timeout=HANGS_SECONDS,
    )
    assert (end.returncode, end.stdout) == (1, "")
    assert end.stderr.startswith(f"seatline: a variable OTEL_… is wrong: {told}")
    assert end.stderr.count("\n") == 1


def test_an_sdk_that_is_switched_off_tells_no_trace(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with tracing.within(tracing.start_from({}, "request", "SERVER")):
        assert tracing.get_trace_id() is None
    assert kept.list_spans() == []
