"""Probes: whether the process answers, whether it can do its work, and its metrics."""

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

import anyio
from anyio.to_thread import run_sync
from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry

from cds_service.faults import place_of
from cds_service.operations.metrics import render

Check = Callable[[], bool | Awaitable[bool | None] | None]
_SECONDS: Final = 2.0
_THREADS: Final = 4  # checks that hang take no thread of anybody else
_log = logging.getLogger(__name__)


def make_router(
    checks: Mapping[str, Check], registry: CollectorRegistry, seconds: float = _SECONDS
) -> APIRouter:
    """Make the routes of the probes.

    Args:
        checks: what has to work, by name. One fails by raising or by returning False; they
            are called in a thread, and what they return is awaited where it can be.
        registry: the metrics that are shown.
        seconds: time that the checks have together.
    """
    router = APIRouter(tags=["Operations"])
    router.add_api_route("/healthz", _healthz, summary="Whether the process answers")
    _add_readyz(router, checks, seconds)

    @router.get(
        "/metrics", summary="Metrics, as text for Prometheus", response_class=_MetricsResponse
    )
    def metrics() -> _MetricsResponse:
        return _MetricsResponse(render(registry))

    return router


def _add_readyz(router: APIRouter, checks: Mapping[str, Check], seconds: float) -> None:
    threads = anyio.CapacityLimiter(_THREADS)

    @router.get(
        "/readyz",
        summary="Whether the service can do its work",
        responses={503: {"description": "The checks that fail, by name"}},
    )
    async def readyz() -> JSONResponse:
        failed = await _failing(checks, threads, seconds)
        if failed:
            return JSONResponse({"status": "not-ready", "failed": failed}, 503)
        return JSONResponse({"status": "ok"})


async def _healthz() -> dict[str, str]:
    return {"status": "ok"}


class _MetricsResponse(Response):
    media_type = CONTENT_TYPE_LATEST


async def _failing(
    checks: Mapping[str, Check], threads: anyio.CapacityLimiter, seconds: float
) -> list[str]:
    passed: set[str] = set()

    async def run(name: str, check: Check) -> None:
        try:
            if await _holds(check, threads):
                passed.add(name)
        except Exception as error:  # noqa: BLE001 - whatever it is, the check fails
            _log.warning("check %s fails: %s", name, place_of(error))

    with anyio.move_on_after(seconds):
        async with anyio.create_task_group() as group:
            for name, check in checks.items():
                group.start_soon(partial(run, name, check))
    return [name for name in checks if name not in passed]


async def _holds(check: Check, threads: anyio.CapacityLimiter) -> bool:
    result = await run_sync(check, abandon_on_cancel=True, limiter=threads)
    if inspect.isawaitable(result):
        result = await result
    return result is not False
