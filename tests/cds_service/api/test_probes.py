"""The probes of a service whose parts work, or do not."""

from pathlib import Path

import pytest

from tests.cds_service.api.calling import app_with, call, start
from tests.cds_service.trust.signing import entry, write_registry

pytestmark = pytest.mark.usefixtures("collector")


def test_a_service_with_a_store_is_ready_while_it_lives(tmp_path: Path) -> None:
    app = app_with(store=f"sqlite:///{tmp_path / 'store.db'}")

    assert call("GET", "/healthz", app).json() == {"status": "ok"}
    assert call("GET", "/readyz", app).json() == {"status": "ok"}
    start(app)


def test_a_service_whose_store_is_down_is_not_ready() -> None:
    app = app_with(store="postgresql+psycopg://nobody@127.0.0.1:1/nothing")

    response = call("GET", "/readyz", app)
    start(app)

    assert (response.status_code, response.json()["failed"]) == (503, ["store"])


def test_metrics_count_what_was_answered() -> None:
    app = app_with()
    call("GET", "/cds-services", app)

    assert 'iort_cds_requests_total{hook="none",outcome="ok"' in call("GET", "/metrics", app).text


def test_production_starts_without_the_warning_of_the_sandbox(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    registry = write_registry(tmp_path, north=entry())

    start(app_with(registry=registry))
    start(app_with(profile="production", registry=registry))

    assert caplog.text.count("profile sandbox: every caller is let in") == 1


def test_traces_end_with_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []
    app = app_with()
    app.state.end_tracing = lambda: ended.append("yes")

    start(app)

    assert ended == ["yes"]
