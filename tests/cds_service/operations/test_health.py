"""The probes."""

import asyncio
import logging
import time
from collections.abc import Mapping

import httpx
import pytest
from fastapi import FastAPI

from cds_service.operations.health import Check, make_router
from cds_service.operations.metrics import Metrics


def get(path: str, checks: Mapping[str, Check] | None = None) -> httpx.Response:
    app = FastAPI()
    app.include_router(make_router(checks or {}, Metrics().registry, seconds=0.2))

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://cds") as client:
            return await client.get(path)

    return asyncio.run(send())


def fine() -> None:
    return None


async def fine_later() -> bool:
    return True


def broken() -> bool:
    raise OSError("db.internal refused Mary")


async def broken_later() -> bool:
    await asyncio.sleep(0)
    raise OSError("db.internal refused")


async def hanging() -> bool:
    await asyncio.sleep(60)
    return True


def hanging_thread() -> None:
    time.sleep(0.6)


def test_the_process_answers() -> None:
    response = get("/healthz", {"store": broken})
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


def test_ready_when_all_checks_hold() -> None:
    response = get("/readyz", {"guideline": fine, "store": fine_later, "more": lambda: True})
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


def test_ready_without_any_check() -> None:
    assert get("/readyz").status_code == 200


@pytest.mark.parametrize("check", [broken, broken_later, hanging, hanging_thread, lambda: False])
def test_a_check_that_fails_is_named_without_details(check: Check) -> None:
    response = get("/readyz", {"guideline": fine, "store": check})
    assert response.status_code == 503
    assert response.json() == {"status": "not-ready", "failed": ["store"]}


def test_the_log_names_the_place_of_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        get("/readyz", {"store": broken})
    assert "check store fails: OSError in broken:" in caplog.text
    assert "Mary" not in caplog.text


def test_metrics_are_text() -> None:
    response = get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    assert "iort_cds_requests_in_flight 0.0" in response.text


def test_the_probes_are_described() -> None:
    paths = get("/openapi.json").json()["paths"]
    assert set(paths) == {"/healthz", "/readyz", "/metrics"}
    assert "503" in paths["/readyz"]["get"]["responses"]
