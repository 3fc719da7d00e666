"""Metrics for Prometheus; labels name kinds of things, never callers or patients."""

import os
import re
from pathlib import Path
from typing import Final, Generic, Literal, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from cds_service import __version__
from cds_service.operations.context import RequestContext
from cds_service.operations.workers import FOLDER

_ANSWER_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 10)
_QUERY_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5)
_MOST_SERIES: Final = 500
_OTHER: Final = "other"
_LIVE: Final = re.compile(r"gauge_live[a-z]*_(\d+)\.db")
_Of = TypeVar("_Of", Counter, Gauge, Histogram)


class _Series(Generic[_Of]):
    """The series of a metric by their labels; a bounded number, whatever stands in a request."""

    def __init__(self, metric: _Of) -> None:
        self._metric: _Of = metric
        self._made: dict[tuple[str, ...], _Of] = {}

    def of(self, *labels: str) -> _Of:
        """Return a series; finding it here is cheaper than asking the metric for it."""
        found = self._made.get(labels)
        if found is None:
            if len(self._made) >= _MOST_SERIES:
                labels = (_OTHER,) * len(labels)
            found = self._made[labels] = self._metric.labels(*labels)
        return found


class Metrics:
    """The metrics of one application.

    Attributes:
        registry: where they are collected from.
        in_flight: requests that are being answered.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.in_flight = self._gauge(
            "iort_cds_requests_in_flight", "Requests that are being answered", "livesum"
        )
        self._requests = self._counter(
            "iort_cds_requests", "Requests by what became of them", "service", "hook", "outcome"
        )
        self._durations = self._histogram(
            "iort_cds_request_duration_seconds", "Time to answer", _ANSWER_SECONDS, "service"
        )
        self._determinations = self._counter(
            "iort_cds_determinations", "Orders by what was found", "determination"
        )
        self._queries = self._counter("iort_cds_ehr_queries", "Queries to EHRs", "type", "outcome")
        self._query_durations = self._histogram(
            "iort_cds_ehr_query_duration_seconds", "Time of a query", _QUERY_SECONDS, "type"
        )
        self._breakers = _Series(
            self._gauge(
                "iort_cds_ehr_breaker_open", "1 while an EHR is taken to be down", "livemax", "ehr"
            )
        )
        self._feedback = self._counter("iort_cds_feedback", "Feedback by outcome", "outcome")
        self._drops = Counter(
            "iort_cds_audit_dropped", "Audit records that were dropped", registry=self.registry
        )
        build = "1, with the version that runs"
        self._gauge("iort_cds_build", build, "livemax", "version").labels(__version__).set(1)

    def answered(self, context: RequestContext, outcome: str, seconds: float) -> None:
        """Count a request that ended, with all that its context holds."""
        service = context.service or "none"
        self._requests.of(service, context.hook or "none", outcome).inc()
        self._durations.of(service).observe(seconds)
        for determination in context.determinations:
            self._determinations.of(determination).inc()
        for query in context.queries:
            self._queries.of(query.type, query.outcome).inc()
            self._query_durations.of(query.type).observe(query.seconds)

    def breaker(self, ehr: str, *, is_open: bool) -> None:
        """Note the state of an EHR's breaker.

        Args:
            ehr: its name in the registry.
            is_open: whether it is not asked at present.
        """
        self._breakers.of(ehr).set(int(is_open))

    def audit_dropped(self, count: int = 1) -> None:
        """Count audit records that could not be kept."""
        self._drops.inc(count)

    def feedback(self, outcome: str) -> None:
        """Count a feedback: `accepted` or `overridden`."""
        self._feedback.of(outcome).inc()

    def _counter(self, name: str, text: str, *labels: str) -> _Series[Counter]:
        return _Series(Counter(name, text, labels, registry=self.registry))

    def _histogram(
        self, name: str, text: str, buckets: tuple[float, ...], *labels: str
    ) -> _Series[Histogram]:
        return _Series(Histogram(name, text, labels, registry=self.registry, buckets=buckets))

    def _gauge(
        self, name: str, text: str, over_workers: Literal["livesum", "livemax"], *labels: str
    ) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry, multiprocess_mode=over_workers)


def render(registry: CollectorRegistry) -> bytes:
    """Return the metrics as text; with several workers, those of all of them."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return generate_latest(registry)
    _forget_dead(folder)
    together = CollectorRegistry()
    MultiProcessCollector(together, folder)  # type: ignore[no-untyped-call]
    return generate_latest(together)


def _forget_dead(folder: str) -> None:
    """Take away the gauges of workers that ended; their counts stay."""
    found = (_LIVE.fullmatch(file.name) for file in Path(folder).glob("gauge_live*.db"))
    for pid in {int(one.group(1)) for one in found if one}:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
        except PermissionError:
            pass  # it lives, as another user's
