"""Traces: only where somebody listens, and without anything of a patient."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from opentelemetry.instrumentation._semconv import (
    _OpenTelemetrySemanticConventionStability as Conventions,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from cds_service.operations import telemetry, tracing

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
SECRETS = ("Mary", "Smith", "smith-1", "123", "secret", "tenant", "agent-x", "?")


class Ehr(httpx.AsyncHTTPTransport):
    """Answers in the place of the network; what is traced is the class above."""


async def answer(_: Ehr, request: httpx.Request) -> httpx.Response:
    if request.url.path.endswith("down"):
        raise httpx.ConnectError("no route to Smith")
    return httpx.Response(200, json={})


@pytest.fixture(params=["", "http", "http/dup"])
def spans(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Sequence[ReadableSpan]]]:
    """Traces a call of an application; under the old names of attributes, the new, and both."""
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", request.param)
    monkeypatch.setattr(Conventions, "_initialized", False)
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", answer)
    exporter = InMemorySpanExporter()
    app = traced_app()
    end = tracing.instrument(app, SimpleSpanProcessor(tracing.Scrubbing(exporter)))

    def call(path: str) -> Sequence[ReadableSpan]:
        asyncio.run(send(app, path))
        return exporter.get_finished_spans()

    yield call
    end()


def traced_app() -> FastAPI:
    app = FastAPI()

    @app.get("/cds-services/{service_id}")
    async def serve(service_id: str, ask: str) -> dict[str, str]:
        async with httpx.AsyncClient(transport=Ehr()) as client:
            url = f"https://u:secret@ehr.example.org/tenant/{ask}"
            await client.get(url, headers={"authorization": "Bearer secret"})
        return {}

    @app.get("/healthz")
    async def healthz(request: Request) -> dict[str, str]:
        return {}

    return app


async def send(app: FastAPI, path: str) -> None:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://cds") as client:
        headers = {"user-agent": "agent-x", "authorization": "Bearer secret", "x-mary": "Mary"}
        await client.get(path, headers=headers)


def text(spans: Sequence[ReadableSpan]) -> str:
    """All that is exported of spans, but for the times and random ids."""
    shown = []
    for span in spans:
        content: dict[str, Any] = json.loads(span.to_json())
        for name in ("context", "parent_id", "start_time", "end_time"):
            content.pop(name)
        for event in content["events"]:
            event.pop("timestamp")
        shown.append(content)
    return json.dumps(shown)


def test_spans_hold_routes_and_types_but_no_ids_and_no_queries(spans: Any) -> None:
    client, server = found = spans("/cds-services/smith-1?ask=Patient/123%3F_format%3Djson")
    assert server.name == "GET /cds-services/{service_id}"
    assert server.attributes["http.route"] == "/cds-services/{service_id}"
    assert client.name == "GET Patient"
    urls = {
        client.attributes[name] for name in ("url.full", "http.url") if name in client.attributes
    }
    assert urls == {"https://ehr.example.org/Patient"}
    assert client.parent.span_id == server.context.span_id
    assert client.resource.attributes["service.name"] == "iort-cds"
    assert not [secret for secret in SECRETS if secret in text(found)]


def test_what_is_no_resource_is_named_by_its_server_alone(spans: Any) -> None:
    client, _ = found = spans("/cds-services/x?ask=Smith/123")
    assert client.name == "GET"
    assert not [secret for secret in SECRETS if secret in text(found)]


def test_of_exceptions_the_type_is_kept(spans: Any) -> None:
    client, server = found = spans("/cds-services/x?ask=Patient/down")
    (event,) = client.events
    assert event.attributes == {"exception.type": "httpx.ConnectError"}
    assert client.status.status_code is StatusCode.ERROR
    assert client.status.description is None
    assert server.status.status_code is StatusCode.ERROR
    assert not [secret for secret in SECRETS if secret in text(found)]


def test_unknown_paths_are_not_shown(spans: Any) -> None:
    (server,) = found = spans("/Patient/123?name=Smith")
    assert server.name == "GET"
    assert not [secret for secret in SECRETS if secret in text(found)]


def test_probes_are_not_traced(spans: Any) -> None:
    assert spans("/healthz") == ()


def test_an_event_of_another_kind_loses_all_but_its_name() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    scrubbing = tracing.Scrubbing(exporter)
    provider.add_span_processor(SimpleSpanProcessor(scrubbing))
    with provider.get_tracer("test").start_as_current_span("work") as span:
        span.add_event("read", {"patient": "Mary"})
    assert scrubbing.force_flush()
    (found,) = exporter.get_finished_spans()
    assert [(event.name, dict(event.attributes or {})) for event in found.events] == [("read", {})]
    provider.shutdown()


def test_what_fastapi_exports_by_itself_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", provider)
    for app in (FastAPI(), FastAPI(telemetry=telemetry.NATIVE)):
        asyncio.run(send(app, "/Patient/123?name=Smith"))
    assert len(exporter.get_finished_spans()) == 1  # of the first, for comparison
    provider.shutdown()


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*ENDPOINTS, "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("nowhere")
def test_nothing_is_traced_where_nobody_listens() -> None:
    assert telemetry.setup(FastAPI()) is None


@pytest.mark.usefixtures("nowhere")
def test_nothing_is_traced_where_it_is_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINTS[0], "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert telemetry.setup(FastAPI()) is None


@pytest.mark.usefixtures("nowhere")
def test_without_the_extra_it_is_said_that_nothing_is_traced(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(ENDPOINTS[0], "http://127.0.0.1:9")
    monkeypatch.delattr("cds_service.operations.tracing")
    monkeypatch.setitem(sys.modules, "cds_service.operations.tracing", None)
    assert telemetry.setup(FastAPI()) is None
    assert "extra 'opentelemetry' is not installed" in caplog.text


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("name", ENDPOINTS)
def test_where_somebody_listens_applications_are_traced(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    ends = [telemetry.setup(FastAPI()), telemetry.setup(FastAPI())]
    for end in reversed(ends):
        assert end is not None
        end()
