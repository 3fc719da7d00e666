"""Traces without anything of a patient in them. Needs the extra `opentelemetry`.

The instrumentations put whole URLs into their spans, and exceptions with their messages. So what is
exported is a copy of each span, made of what is known to be harmless and nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status

from cds_service import __version__
from cds_service.operations.masking import reduced_url, resource_type

_NOT_TRACED: Final = "/healthz$,/readyz$,/metrics$"
_KEPT: Final = frozenset(
    (
        "asgi.event.type",
        "error.type",
        "http.method",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "http.scheme",
        "http.status_code",
        "network.protocol.version",
        "url.scheme",
    )
)
_URLS: Final = ("url.full", "http.url")


class Scrubbing(SpanExporter):
    """Exports copies of spans that hold nothing but what is known to be harmless."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export spans."""
        return self._inner.export([_scrubbed(span) for span in spans])

    def shutdown(self) -> None:
        """End."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Send what is held."""
        return self._inner.force_flush(timeout_millis)


def otlp() -> SpanProcessor:
    """Return what sends spans to the address in the environment."""
    return BatchSpanProcessor(Scrubbing(OTLPSpanExporter()))


def instrument(app: FastAPI, processor: SpanProcessor) -> Callable[[], None]:
    """Trace an application and the HTTP client.

    The provider is not made the global one: only what goes through here is exported.

    Returns:
        What ends it.
    """
    ours = Resource.create({"service.name": "iort-cds", "service.version": __version__})
    provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()))
    provider.add_span_processor(processor)
    FastAPIInstrumentor.instrument_app(
        app,
        tracer_provider=provider,
        excluded_urls=_NOT_TRACED,
        exclude_spans=["receive", "send"],
    )
    client = HTTPXClientInstrumentor()
    begun = not client.is_instrumented_by_opentelemetry
    if begun:
        client.instrument(tracer_provider=provider)

    def end() -> None:
        FastAPIInstrumentor.uninstrument_app(app)
        if begun:
            client.uninstrument()
        provider.shutdown()

    return end


def _scrubbed(span: ReadableSpan) -> ReadableSpan:
    attributes = dict(span.attributes or {})
    return ReadableSpan(
        name=_name(span, attributes),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_harmless(attributes),
        events=[_event(event) for event in span.events],
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _harmless(attributes: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in attributes.items() if name in _KEPT}
    if "http.route" not in attributes:  # a query of ours: the server, and the type asked for
        kept |= {name: reduced_url(str(attributes[name])) for name in _URLS if name in attributes}
    return kept


def _name(span: ReadableSpan, attributes: Mapping[str, Any]) -> str:
    if span.kind is not SpanKind.CLIENT:
        return span.name  # made of the route
    url = next((str(attributes[name]) for name in _URLS if name in attributes), "")
    found = resource_type(reduced_url(url))
    return f"{span.name} {found}" if found else span.name


def _event(event: Event) -> Event:
    found = (event.attributes or {}).get("exception.type")
    return Event(
        event.name, {"exception.type": found} if found else None, timestamp=event.timestamp
    )
