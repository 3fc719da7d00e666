"""Metrics: counts by kinds, one registry per application, workers added up."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from cds_service import __version__
from cds_service.operations import metrics as module
from cds_service.operations.context import RequestContext
from cds_service.operations.metrics import Metrics, render
from cds_service.operations.workers import FOLDER

WORKER: Final = """
from cds_service.operations.context import RequestContext
from cds_service.operations.metrics import Metrics
metrics = Metrics()
metrics.in_flight.inc()
metrics.answered(RequestContext("r", service="iort-coverage"), "ok", 0.1)
metrics.breaker("ehr", is_open=True)
"""


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER, raising=False)


def shown(metrics: Metrics) -> list[str]:
    return render(metrics.registry).decode().splitlines()


def test_a_request_counts_with_all_that_is_known_of_it() -> None:
    metrics = Metrics()
    context = RequestContext("r1", "iort-coverage", "order-sign")
    context.determinations += ["likely-covered", "likely-covered"]
    context.queried("Observation", "timed-out", 3.0)
    metrics.answered(context, "ok", 0.02)
    lines = shown(metrics)
    labels = 'hook="order-sign",outcome="ok",service="iort-coverage"'
    assert f"iort_cds_requests_total{{{labels}}} 1.0" in lines
    bucket = 'iort_cds_request_duration_seconds_bucket{le="0.025",service="iort-coverage"} 1.0'
    assert bucket in lines
    assert 'iort_cds_determinations_total{determination="likely-covered"} 2.0' in lines
    assert 'iort_cds_ehr_queries_total{outcome="timed-out",type="Observation"} 1.0' in lines
    assert 'iort_cds_ehr_query_duration_seconds_sum{type="Observation"} 3.0' in lines


def test_a_request_of_no_service_counts_too() -> None:
    metrics = Metrics()
    metrics.answered(RequestContext("r1"), "refused", 0.02)
    line = 'iort_cds_requests_total{hook="none",outcome="refused",service="none"} 1.0'
    assert line in shown(metrics)


def test_what_else_is_counted() -> None:
    metrics = Metrics()
    metrics.breaker("hospital", is_open=True)
    metrics.breaker("clinic", is_open=False)
    metrics.audit_dropped()
    metrics.feedback("overridden")
    lines = shown(metrics)
    assert 'iort_cds_ehr_breaker_open{ehr="hospital"} 1.0' in lines
    assert 'iort_cds_ehr_breaker_open{ehr="clinic"} 0.0' in lines
    assert "iort_cds_audit_dropped_total 1.0" in lines
    assert 'iort_cds_feedback_total{outcome="overridden"} 1.0' in lines
    assert f'iort_cds_build{{version="{__version__}"}} 1.0' in lines


def test_applications_do_not_share_their_counts() -> None:
    one, other = Metrics(), Metrics()
    one.audit_dropped()
    assert "iort_cds_audit_dropped_total 0.0" in shown(other)


def test_the_number_of_series_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_SERIES", 2)
    metrics = Metrics()
    for outcome in ("a", "b", "c", "d", "a"):
        metrics.feedback(outcome)
    found = [line for line in shown(metrics) if line.startswith("iort_cds_feedback_total")]
    assert found == [
        'iort_cds_feedback_total{outcome="a"} 2.0',
        'iort_cds_feedback_total{outcome="b"} 1.0',
        'iort_cds_feedback_total{outcome="other"} 2.0',
    ]


@pytest.fixture
def of_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of two workers that ended."""
    environment = {**os.environ, FOLDER: str(tmp_path)}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", WORKER], env=environment, check=True, timeout=60)
    monkeypatch.setenv(FOLDER, str(tmp_path))
    return tmp_path


def test_workers_add_up_and_the_dead_answer_nothing_any_more(of_workers: Path) -> None:
    lines = shown(Metrics())
    labels = 'hook="none",outcome="ok",service="iort-coverage"'
    assert f"iort_cds_requests_total{{{labels}}} 2.0" in lines
    assert not any(line.startswith("iort_cds_requests_in_flight") for line in lines)
    assert not list(of_workers.glob("gauge_live*"))


@pytest.mark.parametrize("error", [None, PermissionError])
def test_the_gauges_of_the_living_are_shown(
    of_workers: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception] | None
) -> None:
    def kill(pid: int, signal: int) -> None:
        assert signal == 0
        if error:
            raise error

    monkeypatch.setattr(os, "kill", kill)
    (of_workers / "gauge_livesum_odd.db").write_bytes((8).to_bytes(8, "little"))
    lines = shown(Metrics())
    assert "iort_cds_requests_in_flight 2.0" in lines
    assert 'iort_cds_ehr_breaker_open{ehr="ehr"} 1.0' in lines
